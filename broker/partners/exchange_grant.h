// The primary side: a user's access token for a security token that a partner takes (RFC 8693; TS 33.180 clauses B.7.2,
// B.7.3; TS 24.547 clause 6.2.3).
//
// A defect of the subject token is invalid_request, a partner that is unknown or not for this user invalid_target
// (RFC 8693 clause 2.2.2). A session that a partner's token made is no subject: alpha -> bravo -> alpha ends here.
#pragma once

#include "broker/identity/extension_grant.h"
#include "broker/partners/partners.h"

namespace claviger::partners {

inline constexpr std::string_view kExchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange";

// `partners` and `call` outlive the Task. ParameterMissing, ParameterMalformed, ScopeMalformed, ExchangeSubject,
// ExchangeTarget, ExchangeForbidden; what the store says.
runtime::Task<Result<http::Response>> exchange_token(Partners* partners, const identity::ExtensionCall* call);

}  // namespace claviger::partners
