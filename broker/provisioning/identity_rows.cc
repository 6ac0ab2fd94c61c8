#include "broker/provisioning/identity_rows.h"

#include <algorithm>
#include <iterator>

#include "broker/record_key.h"
#include "broker/tables.h"
#include "core/codec/urn.h"

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
    for (const std::string& id : service.ue_ids) memberships.insert({"ue", codec::canonical_urn(id), service.id});
  }
  return memberships;
}

void change_rows(storage::Transaction& transaction, const RowsOf& of, const Memberships& before,
                 const Memberships& after) {
  std::vector<Membership> gone;
  std::ranges::set_difference(before, after, std::back_inserter(gone));
  std::vector<Membership> come;
  std::ranges::set_difference(after, before, std::back_inserter(come));
  for (Membership& membership : gone) {
    transaction.erase(tables::kValIdentities, row_key(of.tenant, membership, of.configuration_id));
    const Gone row{std::string(of.server_id), std::move(membership)};
    transaction.put(tables::kValIdentities, gone_key(of.tenant, row), {});
  }
  for (const Membership& membership : come) {
    transaction.put(tables::kValIdentities, row_key(of.tenant, membership, of.configuration_id), {});
  }
}

std::string membership_prefix(std::string_view tenant, const Membership& membership) {
  return broker::record_prefix({tenant, membership.kind, membership.identity, membership.service});
}

std::string gone_key(std::string_view tenant, const Gone& gone) {
  const Membership& membership = gone.membership;
  return broker::record_key({tenant, kGone, gone.server_id, membership.kind, membership.identity, membership.service});
}

std::string gone_prefix(std::string_view tenant) { return broker::record_prefix({tenant, kGone}); }
std::string gone_prefix(std::string_view tenant, std::string_view server_id) {
  return broker::record_prefix({tenant, kGone, server_id});
}

Result<Gone> gone_of(std::string_view tenant, std::string_view key) {
  const std::string prefix = gone_prefix(tenant);
  if (!key.starts_with(prefix)) return Error{Code::Corrupt, "val_identities"};
  key.remove_prefix(prefix.size());
  Gone gone;
  for (std::string* part : {&gone.server_id, &gone.membership.kind, &gone.membership.identity}) {
    const std::size_t end = key.find('\0');
    if (end == std::string_view::npos) return Error{Code::Corrupt, "val_identities"};
    *part = key.substr(0, end);
    key.remove_prefix(end + 1);
  }
  if (key.find('\0') != std::string_view::npos) return Error{Code::Corrupt, "val_identities"};
  gone.membership.service = key;
  return gone;
}

}  // namespace claviger::provisioning
