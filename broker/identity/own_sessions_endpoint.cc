#include "broker/identity/own_sessions_endpoint.h"

#include "broker/identity/authenticators/browser_session.h"
#include "broker/identity/bearer.h"
#include "broker/identity/bearer_user.h"
#include "broker/identity/dpop_check.h"
#include "broker/identity/oauth_error.h"
#include "broker/identity/request_form.h"
#include "broker/identity/session_procedures.h"
#include "broker/tokens/verifier/step_up.h"
#include "core/codec/json_writer.h"
#include "core/http/problem.h"

namespace claviger::identity {
namespace {

using broker::Context;
using runtime::Task;

// Each is a read; further ones with ?after=.
constexpr std::size_t kPage = 100;

void write_own(codec::JsonWriter<std::string>& json, const Session& session, std::string_view current) {
  json.begin_object().member("sid", session.sid).member("client_id", session.client_id);
  if (!session.ue_id.empty()) json.member("ue_id", session.ue_id);
  json.member("acr", session.acr).member("auth_time", session.auth_time);
  json.member("last_used_at", session.last_used_at).member("expires_at", session.expires_at);
  json.member("current", session.sid == current).end_object();
}

Task<Result<http::Response>> list_own(Context* context, std::string tenant, BearerUser who, std::string after) {
  auto page = co_await list_sessions(context, std::move(tenant), who.user.sub, std::move(after), kPage);
  if (!page) co_return page.error();
  std::string body;
  codec::JsonWriter json(body);
  json.begin_object().name("items").begin_array();
  for (const Session& session : page->sessions) {
    if (session.state == SessionState::Active) write_own(json, session, who.bearer.sid);
  }
  json.end_array();
  if (!page->next.empty()) json.member("next", page->next);
  json.end_object();
  co_return http::Response(200, "application/json", std::move(body));
}

Task<Result<http::Response>> end_own(Context* context, std::string tenant, BearerUser who, std::string sid) {
  auto session = co_await find_session(context, tenant, sid);
  if (!session) co_return session.error();
  // Another's is as good as none.
  if (session->sub != who.user.sub) co_return Error{Code::SessionUnknown, "sessions.sid"};
  // First where the next session would come from: the other device's browser would have one again without asking.
  auto over = co_await end_browser_sign_in(context, tenant, session->sub, session->auth_time);
  if (!over) co_return over.error();
  auto ended = co_await end_session(context, std::move(tenant), std::move(sid), SessionState::SignedOff);
  if (!ended) co_return ended.error();
  co_return http::Response(204);
}

Task<Result<http::Response>> end_all_own(Context* context, std::string tenant, BearerUser who) {
  auto ended = co_await end_sessions_of_user(context, std::move(tenant), who.user.sub);
  if (!ended) co_return ended.error();
  co_return http::Response(204);
}

// RFC 9470: looking is free, ending is not, where the operator says so.
std::optional<http::Response> step_up(const Context& context, std::string_view tenant, const http::Request& request,
                                      const Bearer& bearer) {
  const settings::AccountRequirement& account = context.snapshot->settings->account;
  const tokens::AuthenticationRequirement wanted{account.acr_values, account.max_age};
  const std::int64_t now = numeric_date(context.shard.wall());
  if (tokens::check_authentication(bearer.acr, bearer.auth_time, wanted, now)) return std::nullopt;
  http::Response response(401);
  response.with("www-authenticate",
                tokens::step_up_challenge(has_dpop_scheme(request) ? "DPoP" : "Bearer", tenant, wanted));
  return response;
}

Task<http::Response> handle(Contexts* contexts, http::Request request, http::PathValues path) {
  Context& context = here(*contexts);
  const std::string tenant = std::move(path[0]);
  if (context.snapshot->find(tenant) == nullptr) co_return http::problem(404);
  const std::string sid = path.size() > 1 ? path[1] : std::string();
  const http::Request* asked = &request;
  std::string url_path = sid.empty() ? "/sessions" : "/sessions/" + sid;
  auto who = co_await authenticate_bearer(&context, tenant, asked, std::move(url_path));
  http::Response response;
  std::optional<http::Response> refused;
  if (who && request.method == http::Method::Delete) refused = step_up(context, tenant, request, who->bearer);
  if (!who) {
    response = bearer_refusal(tenant, request, who.error());
  } else if (refused) {
    response = *std::move(refused);
  } else {
    Result<http::Response> done = Error{Code::Internal, "sessions"};
    if (request.method != http::Method::Delete) {  // GET, and the HEAD that the router serves by it
      std::string after;
      if (const auto form = codec::parse_form(request.query)) after = optional(*form, "after");
      done = co_await list_own(&context, tenant, *std::move(who), std::move(after));
    } else if (sid.empty()) {
      done = co_await end_all_own(&context, tenant, *std::move(who));
    } else {
      done = co_await end_own(&context, tenant, *std::move(who), sid);
    }
    if (done) {
      response = *std::move(done);
    } else {
      response = done.failed_with(Code::SessionUnknown) ? http::problem(404) : oauth_error_response(done.error());
    }
  }
  offer_dpop_nonce(context, tenant, request, response);
  co_return response;
}

}  // namespace

void add_own_session_routes(http::Router& router, Contexts& contexts) {
  const auto add = [&](http::Method method, std::string_view pattern) {
    http::Route route;
    route.method = method;
    route.pattern = pattern;
    route.handler = [&contexts](http::Request request, http::PathValues path) {
      return handle(&contexts, std::move(request), std::move(path));
    };
    router.add(std::move(route));
  };
  add(http::Method::Get, "/idms/v1/{tenant}/sessions");
  add(http::Method::Delete, "/idms/v1/{tenant}/sessions");
  add(http::Method::Delete, "/idms/v1/{tenant}/sessions/{sid}");
}

}  // namespace claviger::identity
