// The access token of a request (RFC 6750): the Authorization header and nothing else, and how its faults are answered.
//
// A view into the request. Pure functions, any thread.
#pragma once

#include <string_view>

#include "core/base/result.h"
#include "core/http/message.h"

namespace claviger::identity {

// BearerMissing (none, or another scheme), BearerSeveral (two headers, one more in the query, or not a token at all).
Result<std::string_view> read_bearer(const http::Request& request);
// The same for a token that comes with a DPoP proof (RFC 9449 clause 7.1): "Authorization: DPoP ...".
bool has_dpop_scheme(const http::Request& request);
Result<std::string_view> read_dpop_token(const http::Request& request);
// For what is wrong with the token, never for what is wrong with us. 401 without a word about errors when there was no
// token, else with error and error_description; 403 for BearerScope with the scope that is needed.
http::Response bearer_error_response(std::string_view tenant, const Error& error, std::string_view needed_scope = {});

}  // namespace claviger::identity
