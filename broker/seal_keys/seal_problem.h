// Refusals of this room's interfaces as ProblemDetails (RFC 9457; TS 29.122 clause 5.2.1.2.12: `cause`, `invalidParams`):
// the one table from a Code to a status.
//
// SEAL KM and KP answers have an error code besides (TS 33.434 tables 5.3.3-2 and 5.8.3-2, whose rows are not public):
// ours are in the same table, member "errorCode". Any shard.
#pragma once

#include <string_view>

#include "broker/seal_keys/key_query.h"
#include "broker/seal_keys/policy_guard.h"
#include "core/base/result.h"
#include "core/http/message.h"

namespace claviger::seal_keys {

inline constexpr std::string_view kJson = "application/json";
inline constexpr std::string_view kProblem = "application/problem+json";

// 429 and 503 with Retry-After.
http::Response refusal(const Error& error);
// 400 that names the parameter, or the member of a body (a JSON pointer, or "body").
http::Response fault_refusal(const QueryFault& fault);
// As refusal(); what is wrong with the token is said in WWW-Authenticate, too (RFC 6750 clause 3).
http::Response caller_refusal(std::string_view tenant, const Error& error);

// core/http/accept.h.
bool accepts_json(const http::Request& request);
// 429 or 403 for a call that the core function's access control policy does not allow; not for Admission::Admitted.
http::Response policy_refusal(Admission admission);

// MediaType, Empty.
Result<Unit> check_json_type(const http::Request& request);
// AcceptExcludes, and those.
Result<Unit> check_json_body(const http::Request& request);

}  // namespace claviger::seal_keys
