// The partner side: another system's security token for an access token of ours (RFC 7523 clause 2.1; TS 33.180 clauses
// B.7.4, B.7.5, B.11.3).
//
// The session that it makes belongs to our user; it remembers the partner and who he is at home, and ends when either
// side says so. Every refusal is invalid_grant, but for a missing parameter, the scope, and what a sign-in here would have
// been refused for, too: too weak, or no consent (visitor_policy.h). Which check failed is logged.
#pragma once

#include "broker/identity/extension_grant.h"
#include "broker/partners/partners.h"

namespace claviger::partners {

inline constexpr std::string_view kBearerGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer";

// `partners` and `call` outlive the Task. ParameterMissing, ScopeMalformed, ScopeNothing, PartnerUnknown,
// PartnerDisabled, PartnerKeysMissing, AssertionInvalid, AssertionReplayed, PartnerUserUnknown, AuthenticationTooWeak,
// ConsentRequired, UeLost, UeOfAnother, UeFull; Conflict when it would not end; what the store says.
runtime::Task<Result<http::Response>> redeem_assertion(Partners* partners, const identity::ExtensionCall* call);

}  // namespace claviger::partners
