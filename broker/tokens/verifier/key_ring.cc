#include "broker/tokens/verifier/key_ring.h"

#include <algorithm>
#include <utility>

#include "broker/tokens/verifier/revocation.h"
#include "core/base/assert.h"

namespace claviger::tokens {

std::optional<IssuerIndex> KeyRing::find_issuer(std::string_view name) const {
  const auto at = std::find_if(issuers_.begin(), issuers_.end(), [name](const Issuer& i) { return i.name == name; });
  if (at == issuers_.end()) return std::nullopt;
  return static_cast<IssuerIndex>(at - issuers_.begin());
}

Result<IssuerIndex> KeyRing::index_of(std::string_view issuer) {
  if (const auto known = find_issuer(issuer)) return *known;
  if (issuer.empty() || issuer.size() > kIssuerMax) return Error{Code::BadValue, "key_ring.issuer"};
  if (issuers_.size() == kIssuersMax) return Error{Code::TooMany, "key_ring.issuers"};
  issuers_.push_back({std::string(issuer), nullptr, {}});
  return static_cast<IssuerIndex>(issuers_.size() - 1);
}

KeySerial KeyRing::take_serial() {
  // Ends: fewer than kLiveKeysMax places are taken. Four thousand million keys come and go before a serial returns.
  do {
    ++last_serial_;
  } while (last_serial_ == 0 || live_[last_serial_ % kLiveKeysMax].serial != 0);
  return last_serial_;
}

Result<Unit> KeyRing::replace(std::shared_ptr<const KeySet> set) {
  CLAVIGER_TRY(index, index_of(set->issuer()));
  Issuer& issuer = issuers_[index];
  const std::size_t others = live_count_ - issuer.serials.size();
  if (others + set->keys().size() > kLiveKeysMax) return Error{Code::TooMany, "key_ring.keys"};

  std::vector<KeySerial> serials;
  for (const KeySet::Key& key : set->keys()) {
    const KeySet::Key* former = issuer.set == nullptr ? nullptr : issuer.set->find(key.kid);
    if (former == nullptr || former->key.thumbprint() != key.key.thumbprint()) {
      serials.push_back(0);
      continue;
    }
    KeySerial& kept = issuer.serials[static_cast<std::size_t>(former - issuer.set->keys().data())];
    serials.push_back(std::exchange(kept, 0));
  }
  for (const KeySerial gone : issuer.serials) {
    if (gone != 0) live_[gone % kLiveKeysMax] = LiveKey{};
  }
  for (std::size_t i = 0; i < serials.size(); ++i) {
    if (serials[i] != 0) continue;
    serials[i] = take_serial();
    live_[serials[i] % kLiveKeysMax] = LiveKey{serials[i], index, set->keys()[i].key.algorithm(), 0};
  }
  live_count_ = others + serials.size();
  issuer.serials = std::move(serials);
  issuer.set = std::move(set);
  return Unit{};
}

void KeyRing::remove(std::string_view issuer) {
  const auto index = find_issuer(issuer);
  if (!index) return;
  Issuer& gone = issuers_[*index];
  for (const KeySerial serial : gone.serials) live_[serial % kLiveKeysMax] = LiveKey{};
  live_count_ -= gone.serials.size();
  gone.serials.clear();
  gone.set = nullptr;
}

std::optional<KeyRing::Found> KeyRing::find(IssuerIndex issuer, std::string_view kid) {
  const Issuer& trusted = issuers_[issuer];
  if (trusted.set == nullptr) return std::nullopt;
  const KeySet::Key* key = trusted.set->find(kid);
  if (key == nullptr) return std::nullopt;
  const KeySerial serial = trusted.serials[static_cast<std::size_t>(key - trusted.set->keys().data())];
  return Found{key, &live_[serial % kLiveKeysMax]};
}

std::optional<TableWish> KeyRing::wanting_table(std::uint32_t uses_min) const {
  std::optional<TableWish> wish;
  std::uint32_t most = 0;
  for (const Issuer& issuer : issuers_) {
    for (std::size_t i = 0; i < issuer.serials.size(); ++i) {
      const std::uint32_t uses = live_[issuer.serials[i] % kLiveKeysMax].uses;
      const KeySet::Key& key = issuer.set->keys()[i];
      if (uses < uses_min || uses <= most || !key.key.wants_table()) continue;
      most = uses;
      wish = TableWish{issuer.name, key.kid};
    }
  }
  return wish;
}

}  // namespace claviger::tokens
