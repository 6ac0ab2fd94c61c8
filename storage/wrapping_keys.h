// The key-encryption keys of an installation: the few bytes that must not be lost and must not leak, in a file of their
// own, apart from the database and its backups.
//
//   file = "claviger-wrapping-keys 1" LF 1*16key     ; the last one wraps, all unwrap
//   key  = 16HEXDIG SP 64HEXDIG LF                   ; id, key; lower case
//
// Mode 0600, refused when group or others may read it. Written beside, synced, then put in place at once: there is
// always one complete file. During a rotation it holds the old key and the new one, so that a crash between the steps
// leaves nothing unreadable.
//
// Reads and writes block: call load(), create() and write() off the loop. Owned by the Sealer.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/secret.h"

namespace claviger::storage {

class WrappingKeys {
 public:
  static constexpr std::size_t kKeysMax = 16;
  static constexpr std::size_t kIdBytes = 8;
  using Id = std::array<std::byte, kIdBytes>;

  WrappingKeys() = default;

  // NotFound, PermissionsTooOpen, Corrupt, Io.
  static Result<WrappingKeys> load(const std::string& path);
  // One new key in a new file. Duplicate when the file exists.
  static Result<WrappingKeys> create(const std::string& path);
  // Replaces the file.
  Result<Unit> write(const std::string& path) const;

  // The text of the file.
  static Result<WrappingKeys> parse(std::string_view text);
  SecretBytes format() const;

  // A new key that wraps from now on.
  Result<Unit> add();
  // Drops all but the newest.
  void retire_old();

  std::size_t size() const { return keys_.size(); }
  const Id& newest() const { return keys_.back().id; }
  WrappingKeys duplicate() const;

  // Under the newest key; `associated` binds the result to its place.
  Result<std::string> wrap(Bytes associated, const Secret<32>& key) const;
  // SealBroken when there is no key of that id, or it does not open.
  Result<Secret<32>> unwrap(Bytes id, Bytes associated, Bytes wrapped) const;

 private:
  struct Key {
    Id id;
    Secret<32> key;
  };
  std::vector<Key> keys_;
};

}  // namespace claviger::storage
