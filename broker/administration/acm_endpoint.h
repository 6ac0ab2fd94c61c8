// The ACM API on the HTTPS listener, for ACM clients and for the ACM servers of partners:
//
//   POST   /acm/v1/{tenant}/user-setups          Idempotency-Key: ...      202 process indication
//   GET    /acm/v1/{tenant}/user-setups/{id}     202 until it has ended, then 200 and the result
//   DELETE /acm/v1/{tenant}/user-setups/{id}     withdraws
//   GET    /acm/v1/{tenant}/inbound              what partners have asked for
//   POST   /acm/v1/{tenant}/inbound/{system}/{id}/approve, .../reject
// An ACM client comes with an authorised user's access token of scope acm.user-setup; a partner's server with its client
// certificate and nothing else. What changes anything is in the audit log (acm_audit.h).
#pragma once

#include "broker/administration/acm.h"
#include "broker/administration/acm_audit.h"
#include "core/http/router.h"

namespace claviger::administration {

inline constexpr std::string_view kAcmScope = "acm.user-setup";

// `audit` outlives the routes.
void add_acm_routes(http::Router& router, Contexts& contexts, Acm& acm, const AcmAudit& audit);

}  // namespace claviger::administration
