// Clients that this shard has read, and Authorization headers that it has found right: bounded, the longest unused
// goes first.
//
// Part of ClientAuthenticator, its shard's alone. An entry that left the cache, by forget() or to make room, is stale,
// and so is every header that was remembered for it: authenticate_seen() never answers from a record that may have
// changed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "broker/identity/client.h"
#include "broker/identity/recent_map.h"
#include "core/crypto/jwk.h"
#include "core/crypto/universal_hash.h"

namespace claviger::identity {

class ClientCache {
 public:
  struct Entry {
    Client client;
    std::optional<crypto::JwkSet> keys;  // of `client.jwks`, parsed at first use
    bool is_stale = false;
  };
  using EntryRef = std::shared_ptr<Entry>;

  ClientCache();

  // Null when not cached. Allocates nothing.
  EntryRef find(std::string_view tenant, std::string_view client_id);
  EntryRef insert(std::string_view tenant, Client client, std::size_t entries_max);
  void forget(std::string_view tenant, std::string_view client_id);
  // Raised by every forget(): who read a record before it must not insert it afterwards.
  std::uint64_t epoch() const { return epoch_; }

  // By a keyed 128-bit hash of the whole header, so that neither the secret nor a digest of it lies in memory.
  EntryRef find_seen(std::string_view tenant, std::string_view authorization);
  void remember_seen(std::string_view tenant, std::string_view authorization, EntryRef entry,
                     std::size_t entries_max);

  std::size_t clients() const { return clients_.size(); }
  std::size_t seen() const { return seen_.size(); }

 private:
  // Whatever ends its stay in the map makes the entry stale.
  struct Held {
    explicit Held(EntryRef held) : entry(std::move(held)) {}
    Held(Held&&) noexcept = default;
    Held& operator=(Held&&) = delete;
    ~Held() {
      if (entry) entry->is_stale = true;
    }
    EntryRef entry;
  };
  struct HashOfHash {
    std::size_t operator()(const crypto::Hash128& hash) const { return static_cast<std::size_t>(hash.low); }
  };
  std::optional<crypto::Hash128> hash(char kind, std::string_view tenant, std::string_view text) const;

  crypto::UniversalHash hash_;
  std::uint64_t epoch_ = 0;
  RecentMap<crypto::Hash128, Held, HashOfHash> clients_{1};
  RecentMap<crypto::Hash128, EntryRef, HashOfHash> seen_{1};
};

}  // namespace claviger::identity
