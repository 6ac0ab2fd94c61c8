#include "broker/identity/userinfo_endpoint.h"

#include "broker/identity/bearer.h"
#include "broker/identity/oauth_error.h"
#include "broker/identity/scope_grant.h"
#include "broker/identity/user_records.h"
#include "broker/tokens/token_shard.h"
#include "core/codec/json_writer.h"
#include "core/http/problem.h"

namespace claviger::identity {
namespace {

using broker::Context;
using runtime::Task;

// What is needed of the token once its bytes are gone.
struct Bearer {
  std::string sub;
  std::vector<std::string> scopes;
};

// RFC 8705 clause 3: a bound token is good on a connection with its certificate only. We bind to nothing else.
bool is_holder(const tokens::Claims& claims, const http::Request& request) {
  if (!claims.confirmation) return true;
  return !claims.confirmation->key && claims.confirmation->certificate == request.peer->certificate_digest;
}

Result<Bearer> verify_bearer(Context& context, const broker::TenantView& tenant, const http::Request& request,
                             std::string_view token) {
  const auto verified = context.tokens->verify_own(tenant, token);
  if (!verified) return verified.error();
  const tokens::Claims& claims = **verified;
  if (!is_holder(claims, request)) return Error{Code::TokenBinding, "userinfo.cnf"};
  // A token of client_credentials has no user to tell about.
  if (!claims.has_scope("openid")) return Error{Code::BearerScope, "userinfo.scope"};
  Bearer bearer;
  bearer.sub = claims.subject;
  const auto scopes = parse_scope(claims.scope);
  if (!scopes) return Error{Code::TokenScope, "userinfo.scope"};
  bearer.scopes.assign(scopes->begin(), scopes->end());
  return bearer;
}

http::Response describe(const User& user, const Bearer& bearer) {
  std::string body;
  codec::JsonWriter json(body);
  json.begin_object().member("sub", user.sub);
  if (contains_scope(bearer.scopes, "profile")) {
    if (!user.display_name.empty()) json.member("name", user.display_name);
    json.member("preferred_username", user.login);
  }
  const McIdentities identities = identities_for(bearer.scopes, user);
  if (!identities.mcptt_id.empty()) json.member("mcptt_id", identities.mcptt_id);
  if (!identities.mcvideo_id.empty()) json.member("mcvideo_id", identities.mcvideo_id);
  if (!identities.mcdata_id.empty()) json.member("mcdata_id", identities.mcdata_id);
  json.end_object();
  return {200, "application/json", std::move(body)};
}

Task<http::Response> handle(Contexts* contexts, http::Request request, http::PathValues path) {
  Context& context = here(*contexts);
  const broker::TenantView* view = context.snapshot->find(path[0]);
  if (view == nullptr) co_return http::problem(404);
  const auto token = read_bearer(request);
  if (!token) co_return bearer_error_response(path[0], token.error());
  const auto bearer = verify_bearer(context, *view, request, *token);
  if (!bearer) {
    const std::string_view needed = bearer.failed_with(Code::BearerScope) ? "openid" : "";
    co_return bearer_error_response(path[0], bearer.error(), needed);
  }
  const auto user = co_await read_user(&context, path[0], bearer->sub);
  if (!user && !user.failed_with(Code::UserUnknown)) co_return oauth_error_response(user.error());
  if (!user || user->status != UserStatus::Enabled) {
    co_return bearer_error_response(path[0], {Code::TokenSubject, "userinfo.user"});
  }
  co_return describe(*user, *bearer);
}

}  // namespace

void add_userinfo_routes(http::Router& router, Contexts& contexts) {
  for (const http::Method method : {http::Method::Get, http::Method::Post}) {
    http::Route route;
    route.method = method;
    route.pattern = "/idms/v1/{tenant}/userinfo";
    route.handler = [&contexts](http::Request request, http::PathValues path) {
      return handle(&contexts, std::move(request), std::move(path));
    };
    router.add(std::move(route));
  }
}

}  // namespace claviger::identity
