// The KMS provisioning interface (TS 33.180 Annex D, KM-UU): POST https://HOST/keymanagement/identity/v1/...
//
// The same root for all tenants: the access token's issuer says whose KMS is asked (kms_caller.h). Every answer but
// those of the HTTP layer itself (405, 413) is a KmsResponse.
#pragma once

#include "broker/identity/routes.h"
#include "broker/keys/kms.h"

namespace claviger::keys {

// `kms` lives as long as the router's listeners serve.
void add_kms_routes(http::Router& router, identity::Contexts& contexts, Kms& kms);

}  // namespace claviger::keys
