// AgreementTable: all agreements of all tenants, immutable, one per change, on every shard.
//
// Made by Migration; a request holds the shared_ptr of what it found as long as it needs it.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "broker/migration/agreement.h"
#include "broker/migration/sip_identity.h"

namespace claviger::migration {

struct AgreementView {
  std::string tenant;
  Agreement agreement;
  std::string server_name;  // what we are called upstream
  std::size_t slot = 0;     // of its counters, on every shard (partner_counters.h)
};
using AgreementRef = std::shared_ptr<const AgreementView>;

struct AgreementTable {
  std::map<std::string, std::vector<AgreementRef>, std::less<>> by_tenant;

  // Null when there is none; those that are not in force, too.
  AgreementRef find(std::string_view tenant, std::string_view system) const {
    return find_if(tenant, [system](const Agreement& one) { return one.system == system; });
  }
  // Whose client calls here.
  AgreementRef find_caller(std::string_view tenant, std::string_view client_id) const {
    return find_if(tenant, [client_id](const Agreement& one) { return one.caller == client_id; });
  }
  AgreementRef find_partner(std::string_view tenant, std::string_view partner) const {
    return find_if(tenant, [partner](const Agreement& one) { return one.partner == partner; });
  }
  // In whose range this identity lies, whichever the tenant.
  AgreementRef find_range(std::string_view identity) const {
    const std::string_view domain = domain_of(identity);
    return find_any(
        [domain](const Agreement& one) { return std::ranges::find(one.ranges, domain) != one.ranges.end(); });
  }

  template <typename Predicate>
  AgreementRef find_any(Predicate predicate) const {
    for (const auto& [tenant, agreements] : by_tenant) {
      for (const AgreementRef& view : agreements) {
        if (predicate(view->agreement)) return view;
      }
    }
    return nullptr;
  }
  std::size_t size() const {
    std::size_t count = 0;
    for (const auto& [tenant, agreements] : by_tenant) count += agreements.size();
    return count;
  }

 private:
  template <typename Predicate>
  AgreementRef find_if(std::string_view tenant, Predicate predicate) const {
    const auto of_tenant = by_tenant.find(tenant);
    if (of_tenant == by_tenant.end()) return nullptr;
    for (const AgreementRef& view : of_tenant->second) {
      if (predicate(view->agreement)) return view;
    }
    return nullptr;
  }
};

}  // namespace claviger::migration
