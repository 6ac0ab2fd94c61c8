// POST /idms/v1/{tenant}/par: a client pushes its authorization request (RFC 9126) and gets a request_uri for it.
//
// What is wrong with the request is said here already, as JSON, to a client that has said who it is.
#pragma once

#include "broker/identity/routes.h"

namespace claviger::identity {

void add_par_route(http::Router& router, Contexts& contexts);

}  // namespace claviger::identity
