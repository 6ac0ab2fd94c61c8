// The keys that one issuer signs with, by kid: an immutable snapshot (RFC 7517).
//
// Made by the host from its own keys or from a JWKS it fetched, and handed to each shard's Verifier, which takes it in
// place of the issuer's former set. Any thread. A kid is a name to look up and nothing else: it touches no file, no
// network and no database, and an unknown one is not answered by trying the others (attack list, rows 4 and 5).
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/crypto/jwk.h"

namespace claviger::tokens {

// ES256 keys with a table verify several times as fast; a table has 256 KiB. A host builds no more than this many: one
// for each key in use at a few dozen issuers; with the keys beyond it EVP verifies.
inline constexpr std::size_t kKeyTablesMax = 64;

class KeySet {
 public:
  using Key = crypto::Jwk;

  // BadValue for an issuer or a kid that is empty or too long; Duplicate for a kid that comes twice; TooMany beyond
  // crypto::kJwksKeysMax. Keys that `former`, the issuer's set until now, has under the same kid keep their tables.
  static Result<std::shared_ptr<const KeySet>> make(std::string issuer, std::vector<Key> keys,
                                                    const KeySet* former = nullptr);
  // Of a document that the host fetched from the issuer. Keys of kinds that we do not verify with are left out. Costs
  // milliseconds with RSA keys: off the loop.
  static Result<std::shared_ptr<const KeySet>> from_jwks(std::string issuer, std::string_view json,
                                                         const KeySet* former = nullptr);
  // The same set with a table for one key, which must be of this very key. NotFound.
  Result<std::shared_ptr<const KeySet>> with_table(std::string_view kid,
                                                   std::shared_ptr<const crypto::Es256Table> table) const;

  const std::string& issuer() const { return issuer_; }
  // In the order of their kids.
  std::span<const Key> keys() const { return keys_; }
  // nullptr when there is none.
  const Key* find(std::string_view kid) const;

 private:
  KeySet(std::string issuer, std::vector<Key> keys) : issuer_(std::move(issuer)), keys_(std::move(keys)) {}
  std::string issuer_;
  std::vector<Key> keys_;
};

}  // namespace claviger::tokens
