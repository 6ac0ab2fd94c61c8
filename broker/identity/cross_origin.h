// What a page of another origin may read: an application that runs in the browser is a public client with PKCE, and it
// calls the endpoints below by fetch() (CORS, WHATWG Fetch clause 3.2; RFC 9700 clause 2.6).
//
// For endpoints that know their caller by what the request says, never by a cookie: credentials are not allowed, and
// the authorization endpoint, the pages and the administrators' interface are not among them. A page is let in when its
// origin is that of a redirect URI of a client of the tenant (client_origins.h). Whoever is not is answered as before,
// without the headers that would let him read it.
#pragma once

#include <vector>

#include "broker/identity/routes.h"
#include "core/http/router.h"

namespace claviger::identity {

// The routes of one pattern, whose first value is the tenant, with the preflight request (OPTIONS) beside them.
void add_cross_origin_routes(http::Router& router, Contexts& contexts, std::vector<http::Route> routes);

}  // namespace claviger::identity
