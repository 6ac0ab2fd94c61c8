// Who may go between two systems, one row a user (seed: TS 23.280; set up by configuration, by ACM later).
//
// Rows of tables::kPartnerUsers, key tenant + partner + kind + id:
//   "sub", primary sub -> sub here      a user of the partner's, as whom he is known here
//   "mc", primary MC ID -> sub here     the same, by the MC ID that his security token carries
//                                       has one writing (RFC 3261 clause 19.1.4); earlier rows were moved to it
//   "out", sub here -> sub here         a user of ours who may go there (Outbound::Listed)
// Procedures, on whichever shard.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "broker/context.h"
#include "core/base/result.h"
#include "core/runtime/task.h"
#include "storage/transaction.h"

namespace claviger::partners {

enum class PartnerUserKind : std::uint8_t { PrimarySub, PrimaryMcId, Outbound };
std::string_view name_of(PartnerUserKind kind);  // "sub", "mc", "out"

struct PartnerUser {
  PartnerUserKind kind = PartnerUserKind::PrimarySub;
  std::string id;   // there; of Outbound: the sub here
  std::string sub;  // here
  std::uint64_t version = 0;
};

std::string partner_user_key(std::string_view tenant, std::string_view partner, PartnerUserKind kind,
                             std::string_view id);

// As rows are written: an MC ID that is a SIP or tel URI in the one writing that all of its have in common.
std::string partner_user_id(PartnerUserKind kind, std::string_view id);

// Under this writing, or the one of partner_user_id(); `id` of the result is the row's. PartnerUserUnknown.
runtime::Task<Result<PartnerUser>> read_partner_user(broker::Context* context, std::string tenant, std::string partner,
                                                     PartnerUserKind kind, std::string id);

struct PartnerUserPage {
  std::vector<PartnerUser> users;
  std::string next;  // pass as `after` for the next page; empty: this was the last
};
// In order of kind and id.
runtime::Task<Result<PartnerUserPage>> list_partner_users(broker::Context* context, std::string tenant,
                                                          std::string partner, std::string after, std::size_t limit);

}  // namespace claviger::partners
