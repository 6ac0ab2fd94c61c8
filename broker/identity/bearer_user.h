// The user whose access token a request brings along (RFC 6750, RFC 8705 clause 3, RFC 9449 clause 7): for userinfo and for
// what a user may do with his own sessions.
//
// Called on any shard; `request` outlives the call.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/context.h"
#include "broker/identity/user.h"
#include "core/base/result.h"
#include "core/http/message.h"
#include "core/runtime/task.h"

namespace claviger::identity {

// What is needed of the token once its bytes are gone.
struct Bearer {
  std::string sub;  // the user's, or pairwise
  std::string sid;
  std::vector<std::string> scopes;
  std::string acr;
  std::optional<std::int64_t> auth_time;
};
struct BearerUser {
  Bearer bearer;
  User user;  // enabled
};

// `url_path`: of this very endpoint below the tenant's base, for the proof's htu: "/userinfo". `scope`: what the token must open; empty where the caller asks that. Codes of tokens, of DPoP
// proofs, BearerMissing, BearerSeveral, BearerScope; TokenSubject when he is there no more; what the store says.
runtime::Task<Result<BearerUser>> authenticate_bearer(broker::Context* context, std::string tenant,
                                                      const http::Request* request, std::string url_path,
                                                      std::string scope = "openid");
// How its errors are answered.
http::Response bearer_refusal(std::string_view tenant, const http::Request& request, const Error& error);

}  // namespace claviger::identity
