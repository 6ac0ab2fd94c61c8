// The key sets of all issuers that one Verifier trusts, and which of their keys are in force right now.
//
// Each key gets a serial when it first appears and keeps it through every replacement of its set in which it stays the
// same; a key that goes takes its serial with it for good. Cached tokens remember the serial, so a look at it answers
// whether the key that verified them would still be believed.
//
// Owned by a Verifier, on its shard. The sets are shared, the ring is not.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "broker/tokens/verifier/key_set.h"
#include "core/base/result.h"

namespace claviger::tokens {

// A broker's tenants and their partners.
inline constexpr std::size_t kIssuersMax = 1024;
// In force at one time, over all issuers: four each. A power of two; serials are taken modulo it.
inline constexpr std::size_t kLiveKeysMax = 4096;

using IssuerIndex = std::uint16_t;
using KeySerial = std::uint32_t;  // 0: no key

// A key that would verify faster with a table. The names are those of the set that is in the ring.
struct TableWish {
  std::string_view issuer;
  std::string_view kid;
};

class KeyRing {
 public:
  struct LiveKey {
    KeySerial serial = 0;  // 0: the place is free
    IssuerIndex issuer = 0;
    crypto::SignatureAlgorithm algorithm = crypto::SignatureAlgorithm::Es256;
    std::uint32_t uses = 0;  // signatures verified with it; stops at its maximum
  };
  struct Found {
    const KeySet::Key* key;
    LiveKey* live;
  };

  KeyRing() : live_(kLiveKeysMax) {}

  // The number that stands for an issuer from now on, with or without keys. BadValue, TooMany.
  Result<IssuerIndex> index_of(std::string_view issuer);
  std::string_view name_of(IssuerIndex issuer) const { return issuers_[issuer].name; }

  // Takes the place of the issuer's former set. TooMany, and nothing changes, beyond kIssuersMax or kLiveKeysMax.
  Result<Unit> replace(std::shared_ptr<const KeySet> set);
  // The issuer is not trusted any longer: no key is left.
  void remove(std::string_view issuer);

  std::optional<Found> find(IssuerIndex issuer, std::string_view kid);
  // nullptr when that key has gone.
  const LiveKey* live(KeySerial serial) const {
    const LiveKey& key = live_[serial % kLiveKeysMax];
    return serial != 0 && key.serial == serial ? &key : nullptr;
  }
  // An issuer's set as it was last given; may be null.
  const std::shared_ptr<const KeySet>& set_of(IssuerIndex issuer) const { return issuers_[issuer].set; }
  // The most used of the keys that want a table and were used at least that often.
  std::optional<TableWish> wanting_table(std::uint32_t uses_min) const;
  std::size_t issuers() const { return issuers_.size(); }

 private:
  struct Issuer {
    std::string name;
    std::shared_ptr<const KeySet> set;
    std::vector<KeySerial> serials;  // in the order of the set's keys
  };
  std::optional<IssuerIndex> find_issuer(std::string_view name) const;
  KeySerial take_serial();

  std::vector<Issuer> issuers_;  // never shrinks: policies hold indexes
  std::vector<LiveKey> live_;
  std::size_t live_count_ = 0;
  KeySerial last_serial_ = 0;
};

}  // namespace claviger::tokens
