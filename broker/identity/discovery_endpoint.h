// What a client needs to know of a tenant before it begins: metadata (OpenID Connect Discovery 1.0 clause 4, RFC 8414
// clause 3, the same document at both places) and the JWKS (RFC 7517).
//
// Public, cacheable, from the snapshot alone.
#pragma once

#include <string>

#include "broker/identity/routes.h"

namespace claviger::identity {

void add_discovery_routes(http::Router& router, Contexts& contexts);

// Only members for what exists.
std::string metadata_document(const settings::Settings& settings, const tenants::Tenant& tenant);

}  // namespace claviger::identity
