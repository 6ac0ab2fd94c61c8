// The rows of tables::kValIdentities (broker/identity/val_identity.h tells their layout) that follow from a
// configuration, and what a change of it takes out.
//
// Pure functions, any thread.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "broker/provisioning/configuration.h"
#include "storage/transaction.h"

namespace claviger::provisioning {

// A VAL user or UE in a service.
struct Membership {
  std::string kind;  // "user", "ue"
  std::string identity;
  std::string service;
  auto operator<=>(const Membership&) const = default;
};
using Memberships = std::set<Membership>;

Memberships memberships_of(const Configuration& configuration);
// Whose rows.
struct RowsOf {
  std::string_view tenant;
  std::string_view server_id;
  std::string_view configuration_id;
};
// Puts and erases rows so that those of the configuration are `after`; each membership that goes leaves a "gone" row: what
// its VAL server still has to be told is done.
void change_rows(storage::Transaction& transaction, const RowsOf& of, const Memberships& before,
                 const Memberships& after);

// Of every row, whatever its configuration, that holds this membership.
std::string membership_prefix(std::string_view tenant, const Membership& membership);

// Taken out by this server, sessions not ended yet.
struct Gone {
  std::string server_id;
  Membership membership;
};
std::string gone_key(std::string_view tenant, const Gone& gone);
// Of a tenant; of one of its VAL servers.
std::string gone_prefix(std::string_view tenant);
std::string gone_prefix(std::string_view tenant, std::string_view server_id);
// A key that begins with the tenant's prefix. Corrupt.
Result<Gone> gone_of(std::string_view tenant, std::string_view key);

}  // namespace claviger::provisioning
