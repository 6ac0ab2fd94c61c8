#include "broker/identity/userinfo_endpoint.h"

#include "broker/identity/bearer.h"
#include "broker/identity/dpop_check.h"
#include "broker/identity/endpoint_urls.h"
#include "broker/identity/oauth_error.h"
#include "broker/identity/scope_grant.h"
#include "broker/identity/session_records.h"
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
  std::string sub;  // the user's, or pairwise
  std::string sid;
  std::vector<std::string> scopes;
};

// RFC 8705 clause 3: a bound token is good on a connection with its certificate only; RFC 9449 clause 7.1: and with a
// proof of its key only, which no other token may bring along. `dpop_key`: 32 bytes, or empty without a proof.
bool is_holder(const tokens::Claims& claims, const http::Request& request, std::string_view dpop_key) {
  if (!claims.confirmation) return dpop_key.empty();
  const tokens::Confirmation& confirmation = *claims.confirmation;
  if (!confirmation.certificate && !confirmation.key) return false;  // a method that we do not know
  if (confirmation.certificate && confirmation.certificate != request.peer->certificate_digest) return false;
  return confirmation.key ? as_text(*confirmation.key) == dpop_key : dpop_key.empty();
}

Result<Bearer> verify_bearer(Context& context, const broker::TenantView& tenant, const http::Request& request,
                             std::string_view token, std::string_view dpop_key) {
  const auto verified = context.tokens->verify_own(tenant, token);
  if (!verified) return verified.error();
  const tokens::Claims& claims = **verified;
  if (!is_holder(claims, request, dpop_key)) return Error{Code::TokenBinding, "userinfo.cnf"};
  // A token of client_credentials has no user to tell about.
  if (!claims.has_scope("openid")) return Error{Code::BearerScope, "userinfo.scope"};
  Bearer bearer;
  bearer.sub = claims.subject;
  bearer.sid = claims.sid;
  const auto scopes = parse_scope(claims.scope);
  if (!scopes) return Error{Code::TokenScope, "userinfo.scope"};
  bearer.scopes.assign(scopes->begin(), scopes->end());
  return bearer;
}

http::Response describe(const User& user, const Bearer& bearer) {
  std::string body;
  codec::JsonWriter json(body);
  json.begin_object().member("sub", bearer.sub);
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

// The key that a DPoP proof beside the token proves; empty for a bearer token.
Task<Result<std::string>> proven_key(Context* context, const http::Request* request, std::string tenant,
                                     std::string token) {
  if (!has_dpop_scheme(*request)) co_return std::string();
  if (!request->has(http::Field::Dpop)) co_return Error{Code::DpopInvalid, "userinfo.dpop"};
  const broker::TenantView* view = context->snapshot->find(tenant);
  if (view == nullptr) co_return Error{Code::TokenIssuer, "userinfo.tenant"};
  DpopRequest wanted;
  wanted.url = endpoint_base(*context->snapshot->settings, view->tenant) + "/userinfo";
  wanted.tenant = std::move(tenant);
  wanted.access_token = std::move(token);
  co_return co_await check_dpop(context, request, std::move(wanted));
}

// A pairwise `sub` says nothing to us: then the session knows whose it is.
Task<Result<User>> user_of(Context* context, std::string tenant, Bearer bearer) {
  auto user = co_await read_user(context, tenant, bearer.sub);
  if (!user.failed_with(Code::UserUnknown) || bearer.sid.empty()) co_return user;
  auto session = co_await read_session(context, tenant, bearer.sid);
  if (session.failed_with(Code::SessionUnknown)) co_return Error{Code::UserUnknown, "userinfo.session"};
  if (!session) co_return session.error();
  co_return co_await read_user(context, tenant, session->sub);
}

// Errors are about the token or its proof; what is wrong with us is a response already.
Task<Result<http::Response>> answer(Context* context, std::string tenant, const http::Request* request) {
  const auto token = has_dpop_scheme(*request) ? read_dpop_token(*request) : read_bearer(*request);
  if (!token) co_return token.error();
  std::string text(*token);
  auto key = co_await proven_key(context, request, tenant, std::move(text));
  if (!key && oauth_error_of(key.error().code).status == 503) co_return oauth_error_response(key.error());
  if (!key) co_return key.error();
  const broker::TenantView* view = context->snapshot->find(tenant);
  if (view == nullptr) co_return Error{Code::TokenIssuer, "userinfo.tenant"};
  CLAVIGER_CO_TRY(bearer, verify_bearer(*context, *view, *request, *token, *key));
  auto user = co_await user_of(context, tenant, bearer);
  if (user.failed_with(Code::UserUnknown)) co_return Error{Code::TokenSubject, "userinfo.user"};
  if (!user) co_return oauth_error_response(user.error());
  if (user->status != UserStatus::Enabled) co_return Error{Code::TokenSubject, "userinfo.user"};
  co_return describe(*user, bearer);
}

http::Response refusal(std::string_view tenant, const http::Request& request, const Error& error) {
  const bool is_dpop = has_dpop_scheme(request) && error.code != Code::BearerSeveral && error.code != Code::BearerScope;
  if (is_dpop) return dpop_challenge_response(tenant, error);
  return bearer_error_response(tenant, error, error.code == Code::BearerScope ? "openid" : "");
}

Task<http::Response> handle(Contexts* contexts, http::Request request, http::PathValues path) {
  Context& context = here(*contexts);
  const broker::TenantView* view = context.snapshot->find(path[0]);
  if (view == nullptr) co_return http::problem(404);
  const http::Request* asked = &request;
  std::string tenant = path[0];
  auto answered = co_await answer(&context, tenant, asked);
  http::Response response = answered ? *std::move(answered) : refusal(path[0], request, answered.error());
  offer_dpop_nonce(context, path[0], request, response);
  co_return response;
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
