// PartnerTable: all partners of all tenants with their keys, immutable, one per change, on every shard.
//
// Made by Partners; a request holds the shared_ptr of what it found as long as it needs it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "broker/partners/partner.h"
#include "broker/tokens/verifier/key_set.h"

namespace claviger::partners {

struct PartnerView {
  std::string tenant;
  Partner partner;
  std::shared_ptr<const tokens::KeySet> keys;  // null: none were ever had
  std::int64_t fetched_at = 0;                 // the keys, when they have a jwks_uri

  // The keys, unless they were fetched too long ago (partner.keys_kept). PartnerKeysMissing.
  Result<const tokens::KeySet*> usable_keys(std::int64_t now) const {
    if (keys == nullptr) return Error{Code::PartnerKeysMissing, "partner.keys"};
    const bool is_fetched = !partner.jwks_uri.empty();
    if (is_fetched && fetched_at + partner.keys_kept.count() <= now) {
      return Error{Code::PartnerKeysMissing, "partner.keys_kept"};
    }
    return keys.get();
  }
};
using PartnerRef = std::shared_ptr<const PartnerView>;

// Agreements of one agency; each is followed by two requests in flight at most.
inline constexpr std::size_t kPartnersMax = 256;

struct PartnerTable {
  std::map<std::string, std::vector<PartnerRef>, std::less<>> by_tenant;

  // Null when there is none; disabled ones, too.
  PartnerRef find(std::string_view tenant, std::string_view name) const {
    return find_if(tenant, [name](const Partner& partner) { return partner.name == name; });
  }
  PartnerRef find_issuer(std::string_view tenant, std::string_view issuer) const {
    return find_if(tenant, [issuer](const Partner& partner) { return partner.issuer == issuer; });
  }
  PartnerRef find_resource(std::string_view tenant, std::string_view resource) const {
    return find_if(tenant, [resource](const Partner& partner) { return partner.resource == resource; });
  }

 private:
  template <typename Predicate>
  PartnerRef find_if(std::string_view tenant, Predicate predicate) const {
    const auto of_tenant = by_tenant.find(tenant);
    if (of_tenant == by_tenant.end()) return nullptr;
    for (const PartnerRef& view : of_tenant->second) {
      if (predicate(view->partner)) return view;
    }
    return nullptr;
  }
};

}  // namespace claviger::partners
