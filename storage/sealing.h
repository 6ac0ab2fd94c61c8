// Sealing: secrets (private keys, subscriber keys, TOTP seeds) lie in records as AES-256-GCM under a data key, bound to
// their place by the associated data, so that a sealed value copied elsewhere does not open.
//
//   sealed     = %x01 data-key-id aead      ; id: 4OCTET, big-endian
//   aead       = nonce ciphertext tag       ; 12 octets, as long as the plaintext, 16 octets (core/crypto/aead.h)
//   associated = table %x00 key             ; the table's name
// A 32-octet secret under data key 1 is 01 00000001 and 60 octets more.
//
// Data keys are random, made by us, kept in a table of their own, each wrapped by the wrapping key of the installation
// (storage/wrapping_keys.h, or storage/key_wrapper.h). Both rotate online: new seals use the newest data key, older ones stay to open what they
// sealed; rotating the wrapping key wraps the data keys again and touches no record.
//
// One Sealer per process, made on a shard at start, alive until the shards have ended. seal() and open() may be called
// on any thread and never wait: contexts are per shard, one more is shared by all other threads.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/runtime/offload.h"
#include "storage/key_wrapper.h"
#include "storage/store.h"
#include "storage/wrapping_keys.h"

namespace claviger::storage {

struct SealerOptions {
  Store* store;
  std::vector<TableOptions> tables;  // the store's: names are part of what is sealed
  TableId data_keys;
  std::string wrapping_key_file;     // made, mode 0600, at first start
  runtime::OffloadPool* file_pool;   // reads, writes and syncs the file
  std::size_t shards;
  // Wraps in place of the file. What the file had wrapped still opens by it, until the wrapping key is rotated.
  KeyWrapper* wrapper = nullptr;
};

class Sealer {
 public:
  // One rotation a month is 85 years.
  static constexpr std::size_t kDataKeysMax = 1024;
  // Random nonces: NIST SP 800-38D clause 8.3 allows 2^32 seals under one key. Counted from each start on; a process
  // that ever gets near asks for a rotation long before.
  static constexpr std::uint64_t kSealsMax = std::uint64_t{1} << 31U;
  static constexpr std::size_t kOverhead = 1 + 4 + 12 + 16;

  // On a shard. Makes the wrapping key and the first data key of a new installation. PermissionsTooOpen: others can
  // read the file. Unreadable: data keys exist, the file does not. SealBroken: it is not the file they were wrapped by.
  static Task<Result<std::unique_ptr<Sealer>>> start(SealerOptions options);
  explicit Sealer(SealerOptions options);
  Sealer(const Sealer&) = delete;
  Sealer& operator=(const Sealer&) = delete;
  ~Sealer();

  Result<std::string> seal(TableId table, std::string_view key, Bytes plaintext);
  // SealBroken: another place, another key, or a bit has changed.
  Result<SecretBytes> open(TableId table, std::string_view key, Bytes sealed);
  // Into `out`, which has room for sealed.size() - kOverhead bytes (asserted); how many were written.
  Result<std::size_t> open_into(TableId table, std::string_view key, Bytes sealed, MutableBytes out);

  // On a shard. Conflict: another rotation was first.
  Task<Result<Unit>> rotate_data_key();
  Task<Result<Unit>> rotate_wrapping_key();
  // How many data keys there are, and whether each is wrapped by the key that wraps now.
  struct Standing {
    std::size_t data_keys = 0;
    std::size_t wrapped_by_former = 0;
    std::uint64_t seals = 0;  // by the newest, since it is in use or since the start
    bool is_wrapped_outside = false;
  };
  Task<Result<Standing>> standing();
  // True when the present data key has sealed as much as one key should.
  bool wants_rotation() const { return seals_.load(std::memory_order_relaxed) >= kSealsMax; }
  std::uint32_t data_key_id() const { return current_.load(std::memory_order_acquire); }

 private:
  class DataKey;
  struct Part {
    DataKey* key;
    Bytes aead;
  };

  Task<Result<std::size_t>> load();  // how many data keys there are
  Task<Result<Unit>> make_data_key(std::uint32_t id);
  Task<Result<Unit>> wrap_again();
  Task<Result<Unit>> rotate_wrapping_file();
  WrappingKeys::Id newest_wrapping_key() const;
  // `key` outlives it: a data key's, or the caller's frame.
  Task<Result<std::string>> wrap(std::uint32_t id, const Secret<32>* key);
  Task<Result<Secret<32>>> unwrap(std::uint32_t id, std::string wrapping_key, std::string wrapped);
  Result<Part> find(Bytes sealed);
  std::string place(TableId table, std::string_view key) const;
  Result<Unit> install(std::uint32_t id, Secret<32> key);

  SealerOptions options_;
  WrappingKeys wrapping_keys_;  // on the shard that started or rotates
  std::array<std::atomic<DataKey*>, kDataKeysMax> keys_{};  // by id - 1; set once, freed at the end
  std::atomic<std::uint32_t> current_{0};
  std::atomic<std::uint64_t> seals_{0};
};

}  // namespace claviger::storage
