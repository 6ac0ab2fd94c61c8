#include "broker/identity/bearer_user.h"

#include "broker/identity/bearer.h"
#include "broker/identity/dpop_check.h"
#include "broker/identity/endpoint_urls.h"
#include "broker/identity/oauth_error.h"
#include "broker/identity/scope_grant.h"
#include "broker/identity/session_records.h"
#include "broker/identity/user_records.h"
#include "broker/tokens/token_shard.h"

namespace claviger::identity {

using broker::Context;
using runtime::Task;

namespace {

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
                             std::string_view token, std::string_view dpop_key, std::string_view scope) {
  const auto verified = context.tokens->verify_own(tenant, token);
  if (!verified) return verified.error();
  const tokens::Claims& claims = **verified;
  if (!is_holder(claims, request, dpop_key)) return Error{Code::TokenBinding, "bearer.cnf"};
  // A token of client_credentials has no user to tell about, and never `openid`.
  if (!scope.empty() && !claims.has_scope(scope)) return Error{Code::BearerScope, "bearer.scope"};
  Bearer bearer;
  bearer.sub = claims.subject;
  bearer.sid = claims.sid;
  bearer.acr = claims.acr;
  bearer.auth_time = claims.auth_time;
  const auto scopes = parse_scope(claims.scope);
  if (!scopes) return Error{Code::TokenScope, "bearer.scope"};
  bearer.scopes.assign(scopes->begin(), scopes->end());
  return bearer;
}

// The key that a DPoP proof beside the token proves; empty for a bearer token.
Task<Result<std::string>> proven_key(Context* context, const http::Request* request, std::string tenant,
                                     std::string token, std::string url_path) {
  if (!has_dpop_scheme(*request)) co_return std::string();
  if (!request->has(http::Field::Dpop)) co_return Error{Code::DpopInvalid, "bearer.dpop"};
  const broker::TenantView* view = context->snapshot->find(tenant);
  if (view == nullptr) co_return Error{Code::TokenIssuer, "bearer.tenant"};
  DpopRequest wanted;
  wanted.url = endpoint_base_at(*context->snapshot->settings, view->tenant, request->authority) + url_path;
  wanted.tenant = std::move(tenant);
  wanted.access_token = std::move(token);
  co_return co_await check_dpop(context, request, std::move(wanted));
}

// A pairwise `sub` says nothing to us: then the session knows whose it is.
Task<Result<User>> user_of(Context* context, std::string tenant, Bearer bearer) {
  auto user = co_await read_user(context, tenant, bearer.sub);
  if (!user.failed_with(Code::UserUnknown) || bearer.sid.empty()) co_return user;
  auto session = co_await read_session(context, tenant, bearer.sid);
  if (session.failed_with(Code::SessionUnknown)) co_return Error{Code::UserUnknown, "bearer.session"};
  if (!session) co_return session.error();
  co_return co_await read_user(context, tenant, session->sub);
}

}  // namespace

Task<Result<BearerUser>> authenticate_bearer(Context* context, std::string tenant, const http::Request* request,
                                             std::string url_path, std::string scope) {
  const auto token = has_dpop_scheme(*request) ? read_dpop_token(*request) : read_bearer(*request);
  if (!token) co_return token.error();
  std::string text(*token);
  auto key = co_await proven_key(context, request, tenant, std::move(text), std::move(url_path));
  if (!key) co_return key.error();
  const broker::TenantView* view = context->snapshot->find(tenant);
  if (view == nullptr) co_return Error{Code::TokenIssuer, "bearer.tenant"};
  BearerUser found;
  CLAVIGER_CO_TRY(bearer, verify_bearer(*context, *view, *request, *token, *key, scope));
  found.bearer = std::move(bearer);
  auto user = co_await user_of(context, tenant, found.bearer);
  if (user.failed_with(Code::UserUnknown)) co_return Error{Code::TokenSubject, "bearer.user"};
  if (!user) co_return user.error();
  if (user->status != UserStatus::Enabled) co_return Error{Code::TokenSubject, "bearer.user"};
  found.user = *std::move(user);
  co_return found;
}

http::Response bearer_refusal(std::string_view tenant, const http::Request& request, const Error& error) {
  const bool is_ours = oauth_error_of(error.code).status == 503 || error.code == Code::Corrupt ||
                       error.code == Code::SchemaTooNew || error.code == Code::Internal;
  if (is_ours) return oauth_error_response(error);
  const bool is_dpop = has_dpop_scheme(request) && error.code != Code::BearerSeveral && error.code != Code::BearerScope;
  if (is_dpop) return dpop_challenge_response(tenant, error);
  return bearer_error_response(tenant, error, error.code == Code::BearerScope ? "openid" : "");
}

}  // namespace claviger::identity
