#include "broker/tokens/verifier/key_set.h"

#include <algorithm>
#include <utility>

#include "broker/tokens/verifier/jose_header.h"
#include "broker/tokens/verifier/revocation.h"
#include "core/codec/json_reader.h"

namespace claviger::tokens {

static_assert(kKidMax == crypto::kKidBytesMax, "a key that a header could not name would never be found");

Result<std::shared_ptr<const KeySet>> KeySet::make(std::string issuer, std::vector<Key> keys, const KeySet* former) {
  if (issuer.empty() || issuer.size() > kIssuerMax) return Error{Code::BadValue, "key_set.issuer"};
  if (keys.size() > crypto::kJwksKeysMax) return Error{Code::TooMany, "key_set.keys"};
  std::sort(keys.begin(), keys.end(), [](const Key& left, const Key& right) { return left.kid < right.kid; });
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (keys[i].kid.empty() || keys[i].kid.size() > kKidMax) return Error{Code::BadValue, "key_set.kid"};
    if (i != 0 && keys[i].kid == keys[i - 1].kid) return Error{Code::Duplicate, "key_set.kid"};
    const Key* known = former == nullptr ? nullptr : former->find(keys[i].kid);
    if (known != nullptr && known->key.has_table() && known->key.thumbprint() == keys[i].key.thumbprint()) {
      keys[i].key = known->key;
    }
  }
  return std::shared_ptr<const KeySet>(new KeySet(std::move(issuer), std::move(keys)));
}

Result<std::shared_ptr<const KeySet>> KeySet::from_jwks(std::string issuer, std::string_view json,
                                                        const KeySet* former) {
  codec::JsonReader reader;
  CLAVIGER_TRY(set, crypto::read_jwks(reader, json));
  return make(std::move(issuer), std::move(set.keys), former);
}

Result<std::shared_ptr<const KeySet>> KeySet::with_table(std::string_view kid,
                                                         std::shared_ptr<const crypto::Es256Table> table) const {
  const Key* key = find(kid);
  if (key == nullptr) return Error{Code::NotFound, "key_set.kid"};
  std::vector<Key> keys = keys_;
  keys[static_cast<std::size_t>(key - keys_.data())].key = key->key.with_table(std::move(table));
  return std::shared_ptr<const KeySet>(new KeySet(issuer_, std::move(keys)));
}

const KeySet::Key* KeySet::find(std::string_view kid) const {
  const auto at = std::lower_bound(keys_.begin(), keys_.end(), kid,
                                   [](const Key& key, std::string_view name) { return key.kid < name; });
  return at != keys_.end() && at->kid == kid ? &*at : nullptr;
}

}  // namespace claviger::tokens
