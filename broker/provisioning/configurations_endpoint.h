// SS_IdmParameterProvisioning (TS 29.549 clause 7.4.1): {apiRoot}/ss-ipp/v1/configurations, where apiRoot is
// <public_origin>/idms/v1/<tenant>.
//
// Refusals are ProblemDetails (RFC 9457, TS 29.122 clause 5.2.1.2.12: with `cause` and `invalidParams`). Each configuration
// has an ETag; PUT, PATCH and DELETE honour If-Match (RFC 9110 clause 13.1.1).
#pragma once

#include "broker/identity/routes.h"

namespace claviger::provisioning {

void add_provisioning_routes(http::Router& router, identity::Contexts& contexts);

}  // namespace claviger::provisioning
