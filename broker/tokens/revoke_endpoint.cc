#include "broker/tokens/revoke_endpoint.h"

#include "broker/identity/client_authentication.h"
#include "broker/identity/cross_origin.h"
#include "broker/identity/identity_shard.h"
#include "broker/identity/oauth_error.h"
#include "broker/identity/refresh_token.h"
#include "broker/identity/request_form.h"
#include "broker/identity/secret_body.h"
#include "broker/identity/session_procedures.h"
#include "broker/tokens/revocations.h"
#include "broker/tokens/token_shard.h"
#include "core/http/problem.h"
#include "core/runtime/call.h"

#include <chrono>

namespace claviger::tokens {
namespace {

using broker::Context;
using identity::ClientRef;
using runtime::Task;

// RFC 7009 clause 2.1, for an access token: the verifier's word is enough, nothing is looked up.
Task<Result<Unit>> revoke_access_token(Context* context, std::string tenant, std::string jti,
                                       std::optional<std::int64_t> expires) {
  const broker::TenantView* view = context->snapshot->find(tenant);
  if (view == nullptr) co_return Error{Code::NotFound, "revoke.tenant"};
  std::vector<Revocation> revocations{revocation_of_token(*context, *view, jti, expires)};
  storage::Transaction change;
  add_revocation(change, tenant, revocations.front());
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(change)));
  context->figures->revocations.add();
  auto published = co_await publish_revocations(context, std::move(revocations));
  co_return published;
}

Task<Result<Unit>> revoke_refresh_token(Context* context, std::string tenant, identity::RefreshToken token,
                                        std::string client_id) {
  auto session = co_await identity::find_session(context, tenant, token.sid);
  if (!session && (session.error().code == Code::SessionUnknown || session.error().code == Code::NotFound))
    co_return Unit{};
  if (!session) co_return session.error();
  // Not one of ours after all: as unknown as any.
  if (!identity::is_genuine(token, context->identity->refresh_mac(), tenant, *session)) co_return Unit{};
  if (session->client_id != client_id) co_return Error{Code::TokenOfAnother, "revoke.client"};
  // The grant of this client ends (RFC 7009 clause 2.1) and no more: the sign-in at the browser is the user's, and serves his
  // other clients. Whoever means that signs off (OIDC RP-Initiated Logout), revokes the session, or is an operator.
  auto ended = co_await identity::end_session(context, tenant, token.sid, identity::SessionState::SignedOff);
  co_return ended;
}

struct Caller {
  std::string tenant;
  std::string who;
};
Task<Result<Milliseconds>> take_quota_at_home(Context* context, Caller caller) {
  const std::uint32_t per_minute = context->snapshot->settings->limits.revocations_per_minute;
  co_return context->tokens->revocation_quota().take(caller.tenant + '/' + caller.who, per_minute,
                                                     context->shard.now());
}

// `who`: a service by its client, a user by his session.
Task<Result<Milliseconds>> take_quota(Context* context, std::string tenant, std::string who) {
  runtime::Shard* home = &context->home_of(identity::home_name("revocations", tenant, who));
  Context* there = &context->at(*home);
  Caller caller{std::move(tenant), std::move(who)};
  auto start = [there, caller = std::move(caller)] { return take_quota_at_home(there, caller); };
  co_return co_await runtime::call_on(home, std::move(start));
}

struct Revoked {
  Milliseconds wait{0};  // not zero: nothing was revoked, there were too many
  bool is_token = true;  // of ours, and live or a refresh token
};

// What the presented token is, decided without suspending. The hint only says where to look first (clause 2.1).
Task<Result<Revoked>> revoke(Context* context, std::string tenant, SecretBytes token, std::string client_id) {
  const std::string_view text = as_text(token.reveal());
  if (auto refresh = identity::parse_refresh_token(text)) {
    CLAVIGER_CO_TRY(
        done, co_await revoke_refresh_token(context, std::move(tenant), *std::move(refresh), std::move(client_id)));
    co_return Revoked{};
  }
  const broker::TenantView* view = context->snapshot->find(tenant);
  if (view == nullptr) co_return Error{Code::NotFound, "revoke.tenant"};
  const auto verified = context->tokens->verify_own(*view, text);
  if (!verified)
    co_return Revoked{.is_token = false};  // unknown, foreign, expired, revoked: nothing to do (clause 2.2)
  if ((*verified)->client_id != client_id) co_return Error{Code::TokenOfAnother, "revoke.client"};
  std::string jti((*verified)->jti);
  const std::optional<std::int64_t> expires = (*verified)->expires;
  std::string who = (*verified)->sid.empty() ? "client " + client_id : "sid " + std::string((*verified)->sid);
  CLAVIGER_CO_TRY(wait, co_await take_quota(context, tenant, std::move(who)));
  Revoked revoked;
  revoked.wait = wait;
  if (wait > Milliseconds{0}) co_return revoked;
  // To its end even when the client goes away: what is durable must reach every shard.
  auto start = [context, tenant, jti = std::move(jti), expires]() mutable {
    return revoke_access_token(context, std::move(tenant), std::move(jti), expires);
  };
  CLAVIGER_CO_TRY(done, co_await runtime::call_on(&context->shard, std::move(start)));
  co_return revoked;
}

Task<http::Response> handle(Contexts* contexts, http::Request request, http::PathValues path) {
  Context& context = here(*contexts);
  if (context.snapshot->find(path[0]) == nullptr) co_return http::problem(404);
  const identity::SecretBody wiped_at_end(request.body);
  auto form = identity::read_form(request);
  if (!form) co_return identity::oauth_error_response(form.error());
  const codec::Form* fields = &*form;
  auto client = co_await context.identity->clients().authenticate(path[0], &request, fields);
  if (!client) co_return identity::client_error_response(client.error(), request);
  const auto token = identity::required(*form, "token");
  if (!token) co_return identity::oauth_error_response(token.error());
  SecretBytes presented(as_bytes(*token));
  auto done = co_await revoke(&context, path[0], std::move(presented), (*client)->client_id);
  if (!done) co_return identity::oauth_error_response(done.error());
  if (done->wait > Milliseconds{0}) {
    context.shard.logger().warning("revoke.quota", {{"tenant", path[0]}, {"client", (*client)->client_id}});
    const auto seconds = static_cast<std::uint32_t>(std::chrono::ceil<Seconds>(done->wait).count());
    co_return identity::oauth_error_response({Code::SignInThrottled, "revoke.quota"}, seconds);  // 429
  }
  // No hint keeps a live token alive (clause 2.2). Where there is none, a type that is not ours is told so (clause 2.2.1).
  const std::string_view hint = identity::optional(*form, "token_type_hint");
  if (!done->is_token && !hint.empty() && hint != "access_token" && hint != "refresh_token") {
    co_return identity::oauth_error_response({Code::TokenType, "revoke.hint"});
  }
  co_return http::Response(200);
}

}  // namespace

void add_revoke_route(http::Router& router, Contexts& contexts) {
  http::Route route{http::Method::Post, "/idms/v1/{tenant}/revoke", 64 * 1024, {}, {}};
  route.handler = [&contexts](http::Request request, http::PathValues path) {
    return handle(&contexts, std::move(request), std::move(path));
  };
  identity::add_cross_origin_routes(router, contexts, {std::move(route)});
}

}  // namespace claviger::tokens
