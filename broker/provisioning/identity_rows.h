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
// Puts and erases rows so that those of `configuration_id` are `after`; each membership that goes becomes a "gone" row.
// Returns what went.
std::vector<Membership> change_rows(storage::Transaction& transaction, std::string_view tenant,
                                    std::string_view configuration_id, const Memberships& before,
                                    const Memberships& after);

// Of every row, whatever its configuration, that holds this membership.
std::string membership_prefix(std::string_view tenant, const Membership& membership);
std::string gone_key(std::string_view tenant, const Membership& membership);
std::string gone_prefix(std::string_view tenant);
// What follows the prefix in a key. Corrupt.
Result<Membership> membership_of_gone(std::string_view rest);

}  // namespace claviger::provisioning
