#include "broker/provisioning/identity_rows.h"

#include <algorithm>
#include <iterator>

#include "broker/record_key.h"
#include "broker/tables.h"

namespace claviger::provisioning {

namespace tables = broker::tables;

namespace {

constexpr std::string_view kGone = "gone";

std::string row_key(std::string_view tenant, const Membership& membership, std::string_view configuration_id) {
  return broker::record_key({tenant, membership.kind, membership.identity, membership.service, configuration_id});
}

}  // namespace

Memberships memberships_of(const Configuration& configuration) {
  Memberships memberships;
  for (const ValService& service : configuration.services) {
    for (const std::string& id : service.user_ids) memberships.insert({"user", id, service.id});
    for (const std::string& id : service.ue_ids) memberships.insert({"ue", id, service.id});
  }
  return memberships;
}

std::vector<Membership> change_rows(storage::Transaction& transaction, std::string_view tenant,
                                    std::string_view configuration_id, const Memberships& before,
                                    const Memberships& after) {
  std::vector<Membership> gone;
  std::ranges::set_difference(before, after, std::back_inserter(gone));
  std::vector<Membership> come;
  std::ranges::set_difference(after, before, std::back_inserter(come));
  for (const Membership& membership : gone) {
    transaction.erase(tables::kValIdentities, row_key(tenant, membership, configuration_id));
    transaction.put(tables::kValIdentities, gone_key(tenant, membership), {});
  }
  for (const Membership& membership : come) {
    transaction.put(tables::kValIdentities, row_key(tenant, membership, configuration_id), {});
  }
  return gone;
}

std::string membership_prefix(std::string_view tenant, const Membership& membership) {
  return broker::record_prefix({tenant, membership.kind, membership.identity, membership.service});
}

std::string gone_key(std::string_view tenant, const Membership& membership) {
  return broker::record_key({tenant, kGone, membership.kind, membership.identity, membership.service});
}

std::string gone_prefix(std::string_view tenant) { return broker::record_prefix({tenant, kGone}); }

Result<Membership> membership_of_gone(std::string_view rest) {
  const std::size_t kind_end = rest.find('\0');
  if (kind_end == std::string_view::npos) return Error{Code::Corrupt, "val_identities"};
  const std::size_t identity_end = rest.find('\0', kind_end + 1);
  if (identity_end == std::string_view::npos) return Error{Code::Corrupt, "val_identities"};
  Membership membership;
  membership.kind = rest.substr(0, kind_end);
  membership.identity = rest.substr(kind_end + 1, identity_end - kind_end - 1);
  membership.service = rest.substr(identity_end + 1);
  return membership;
}

}  // namespace claviger::provisioning
