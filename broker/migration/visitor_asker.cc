#include "broker/migration/visitor_asker.h"

#include <algorithm>

#include "core/diameter/names.h"

namespace claviger::migration {
namespace {

bool contains(const std::vector<std::string>& list, std::string_view one) {
  return std::ranges::find(list, one) != list.end();
}

// What it says of itself is what registers visitors, and is let end that: so it is what it proved to be, or, of an agent in
// front of others of its realm, one of those that are named as well.
bool speaks_for_itself(const Asker& asker, const Agreement& agreed) {
  if (!diameter::is_within(asker.origin_realm, asker.realm)) return false;
  return diameter::is_same_name(asker.origin_host, asker.identity) ||
         std::ranges::any_of(agreed.cscfs, [&](const std::string& one) {
           return diameter::is_same_name(one, asker.origin_host) && diameter::is_within(one, asker.realm);
         });
}

}  // namespace

bool is_of_own_realm(const Asker& asker, std::string_view own_realm) {
  return diameter::is_within(asker.realm, own_realm) && diameter::is_within(asker.origin_realm, own_realm);
}

bool may_ask_for_visitors(const Asker& asker, const Agreement& agreed, const AgreementTable& agreements,
                          std::string_view own_realm) {
  if (!agreed.cscfs.empty()) {
    return contains(agreed.cscfs, asker.identity) &&
           (is_of_own_realm(asker, own_realm) || speaks_for_itself(asker, agreed));
  }
  if (!is_of_own_realm(asker, own_realm)) return false;
  // Another system's realm may lie below ours.
  const auto is_its = [&](const Agreement& one) {
    return diameter::is_within(asker.realm, one.realm) || contains(one.agents, asker.identity) ||
           contains(one.mms_hosts, asker.identity) || contains(one.core_hosts, asker.identity);
  };
  return !agreements.find_any(is_its);
}

}  // namespace claviger::migration
