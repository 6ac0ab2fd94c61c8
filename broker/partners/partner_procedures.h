// What operators do to partners: add, enable, disable, remove, and set up who may go between.
//
// Called on any shard. A change of a record runs on the home of partners (Partners::home) under its turn, and returns
// when every shard sees it; disabling and removing return when all sessions that the partner's tokens made have ended
// (TS 33.180, spec 1.12 step 7).
//
// Codes: PartnerUnknown, PartnerTaken (name, issuer or resource), PartnerInvalid, PartnerUserUnknown, UserUnknown,
// TooMany, KeyPublished, ScopeMalformed; what the store says.
#pragma once

#include <cstdint>
#include <string>

#include "broker/partners/partner_draft.h"
#include "broker/partners/partner_users.h"
#include "broker/partners/partners.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::partners {

runtime::Task<Result<PartnerRef>> add_partner(Partners* partners, std::string tenant, PartnerDraft draft);
// `draft`: the partner as it shall be; `version`: of the record it was made from, or Conflict. Without a feed_secret the one
// we have stays. PartnerInvalid for another issuer: that is another partner. When its users may have less, or its keys come
// from elsewhere, it returns when the sessions that its tokens made have ended.
runtime::Task<Result<PartnerRef>> change_partner(Partners* partners, std::string tenant, PartnerDraft draft,
                                                 std::uint64_t version);
runtime::Task<Result<PartnerRef>> set_partner_enabled(Partners* partners, std::string tenant, std::string name,
                                                      bool is_enabled);
runtime::Task<Result<Unit>> remove_partner(Partners* partners, std::string tenant, std::string name);

// `sub`: of our user. An id has one user; setting it up again for another one is Duplicate.
runtime::Task<Result<Unit>> add_partner_user(Partners* partners, broker::Context* context, std::string tenant,
                                             std::string partner, PartnerUser user);
// Ends the sessions that he has from there.
runtime::Task<Result<Unit>> remove_partner_user(Partners* partners, broker::Context* context, std::string tenant,
                                                std::string partner, PartnerUserKind kind, std::string id);

}  // namespace claviger::partners
