#include "broker/identity/logout_endpoint.h"

#include <algorithm>

#include "broker/identity/authenticators/browser_session.h"
#include "broker/identity/authorization_response.h"
#include "broker/identity/browser_sign_off.h"
#include "broker/identity/client_authentication.h"
#include "broker/identity/identity_shard.h"
#include "broker/identity/interaction.h"
#include "broker/identity/interaction_cookie.h"
#include "broker/identity/logout_hint.h"
#include "broker/identity/page.h"
#include "broker/identity/page_language.h"
#include "broker/identity/request_form.h"
#include "broker/identity/session_procedures.h"
#include "broker/identity/ue_naming.h"
#include "broker/identity/ue_procedures.h"
#include "core/codec/redirect.h"
#include "core/crypto/random.h"
#include "core/http/problem.h"

namespace claviger::identity {
namespace {

using broker::Context;
using runtime::Task;

constexpr std::size_t kStateBytesMax = 2048;  // as in an authorization request

// What is asked, checked.
struct Logout {
  std::optional<LogoutHintClaims> hint;
  std::string client_id;     // of the hint, or as said; empty: not said
  std::string redirect_uri;  // registered for that client; empty: none
  std::string state;
  std::string ui_locales;
};

Result<codec::Form> read_logout_form(const http::Request& request) {
  if (request.method != http::Method::Post) return codec::parse_form(request.query);
  if (!is_form_content(request.field(http::Field::ContentType))) {
    return Error{Code::MediaTypeUnsupported, "logout.content_type"};
  }
  return read_form(request);
}

// All but the client's registration.
Result<Logout> read_logout(Context& context, const broker::TenantView& tenant, const codec::Form& form) {
  for (const std::string_view name : {"id_token_hint", "client_id", "post_logout_redirect_uri", "state"}) {
    if (form.is_duplicated(name)) return Error{Code::ParameterRepeated, "logout"};
  }
  Logout logout;
  logout.client_id = optional(form, "client_id");
  logout.redirect_uri = optional(form, "post_logout_redirect_uri");
  logout.state = optional(form, "state");
  logout.ui_locales = optional(form, "ui_locales");
  if (logout.state.size() > kStateBytesMax) return Error{Code::ParameterMalformed, "logout.state"};
  const std::string_view text = optional(form, "id_token_hint");
  if (text.empty()) return logout;
  auto hint = read_logout_hint(context, tenant, text);
  if (!hint) return logout;  // as good as none: the user is asked
  if (!logout.client_id.empty() && logout.client_id != hint->client_id) {
    return Error{Code::LogoutHint, "logout.client_id"};
  }
  logout.client_id = hint->client_id;
  logout.hint = *std::move(hint);
  return logout;
}

// Nothing is redirected to what nobody registered.
Task<Result<Unit>> check_redirect(Context* context, std::string tenant, std::string client_id, std::string uri) {
  if (client_id.empty()) {
    if (uri.empty()) co_return Unit{};
    co_return Error{Code::LogoutRedirect, "logout.client_id"};
  }
  const auto client = co_await context->identity->clients().find(tenant, std::move(client_id));
  if (client.failed_with(Code::ClientUnknown)) co_return Error{Code::AuthorizeClientUnknown, "logout.client_id"};
  if (!client) co_return client.error();
  const auto& registered = (*client)->post_logout_redirect_uris;
  if (!uri.empty() && std::ranges::find(registered, uri) == registered.end()) {
    co_return Error{Code::LogoutRedirect, "logout.post_logout_redirect_uri"};
  }
  co_return Unit{};
}

http::Response signed_off(std::string_view tenant, std::string_view redirect_uri, std::string_view state,
                          const PageText& text) {
  if (redirect_uri.empty()) return message_page(tenant, text.signed_off_title, text.signed_off_help, text);
  std::string location;
  codec::RedirectWriter writer(location, redirect_uri);
  if (!state.empty()) writer.add("state", state);
  http::Response response(302);
  response.with("location", std::move(location)).with("referrer-policy", "no-referrer");
  return response;
}

// The browser, too, is signed in no more, and no copy of its cookie is worth anything.
Task<Result<Unit>> end_in_browser(Context* context, std::string tenant, const http::Request* request) {
  auto session = browser_session_of(*context, tenant, *request);
  if (!session) co_return Unit{};
  co_return co_await end_browser_session(context, std::move(tenant), *std::move(session));
}

// What is sealed for a sign-off opens no sign-in: it is another tenant's, as far as interaction.h can tell.
std::string sealing_name(std::string_view tenant) { return std::string(tenant) + "/logout"; }

http::Response ask(Context& context, const std::string& tenant, const Logout& logout, const http::Request& request) {
  std::string cookie(interaction_cookie(request));
  if (cookie.empty()) {
    auto made = make_interaction_cookie();
    if (!made) return local_error_response(tenant, made.error(), request);
    cookie = *std::move(made);
  }
  const Seconds lifetime = context.snapshot->settings->lifetimes.interaction;
  const PageText& text = page_text_for(request, logout.ui_locales);
  Interaction interaction;
  interaction.language = text.language;
  interaction.expires_at = numeric_date(context.shard.wall() + lifetime);
  interaction.cookie_digest = cookie_digest(cookie);
  interaction.client_id = logout.client_id;
  interaction.redirect_uri = logout.redirect_uri;
  interaction.state = logout.state;
  const auto sealed = seal_interaction(context.keys.interaction, sealing_name(tenant), interaction);
  if (!sealed) return local_error_response(tenant, sealed.error(), request);
  http::Response response = sign_off_page({tenant, *sealed, logout.redirect_uri}, text);
  response.with("set-cookie", set_cookie_field(cookie, lifetime));
  return response;
}

// Everybody on this device; of a gateway, which carries many users, nobody: each has to say which session is his.
Task<Result<Unit>> end_on_device(Context* context, std::string tenant, std::string ue_id) {
  if (ue_id.empty()) co_return Unit{};
  auto ue = co_await find_ue(context, tenant, ue_id);
  if (ue && ue->ue_class == UeClass::Gateway) co_return Error{Code::LogoutHint, "logout.gateway"};
  if (!ue && !ue.failed_with(Code::UeUnknown)) co_return ue.error();
  auto ended = co_await end_sessions_of_ue(context, std::move(tenant), std::move(ue_id), SessionState::SignedOff);
  if (!ended) co_return ended.error();
  co_return Unit{};
}

// Empty: the request does not say.
Task<Result<std::string>> device_of(Context* context, std::string tenant, const http::Request* request) {
  CLAVIGER_CO_TRY(ue_id, co_await ue_of_certificate(context, tenant, ue_certificate(*request->peer)));
  const std::string_view device = ue_cookie(*request);
  if (ue_id.empty() && !device.empty()) co_return ue_id_of_cookie(tenant, device);
  co_return ue_id;
}

// The session that the hint names, what the browser's one sign-in serves beside it, and that sign-in itself: first of all, so
// that nothing begins from it while the others end.
Task<Result<Unit>> end_hinted(Context* context, std::string tenant, const http::Request* request,
                              LogoutHintClaims hint) {
  std::string device, sub;
  if (auto browser = browser_session_of(*context, tenant, *request)) {
    CLAVIGER_CO_TRY(client, co_await context->identity->clients().find(tenant, hint.client_id));
    CLAVIGER_CO_TRY(ue_id, co_await device_of(context, tenant, request));
    device = std::move(ue_id);
    Interaction copy = *browser;
    CLAVIGER_CO_TRY(user,
                    co_await who_signs_off(context, tenant, std::move(copy), device, std::move(client), hint.sub));
    sub = std::move(user);
    auto marked = co_await end_browser_session(context, tenant, *std::move(browser));
    if (!marked) co_return marked.error();
  }
  auto ended = co_await end_session(context, tenant, hint.sid, SessionState::SignedOff);
  if (!ended && !ended.failed_with(Code::SessionUnknown)) co_return ended.error();
  if (sub.empty()) co_return Unit{};
  co_return co_await end_sessions_served(context, std::move(tenant), std::move(device), std::move(sub));
}

// The page of ask() came back.
Task<http::Response> confirm(Context* context, std::string tenant, const http::Request* request,
                             const codec::Form* form) {
  const auto interaction = open_interaction(context->keys.interaction, sealing_name(tenant),
                                            optional(*form, "interaction"), numeric_date(context->shard.wall()));
  if (!interaction) co_return local_error_response(tenant, interaction.error(), *request);
  const std::string_view cookie = interaction_cookie(*request);
  if (cookie.empty() || !equals_constant_time(cookie_digest(cookie), interaction->cookie_digest)) {
    co_return local_error_response(tenant, {Code::InteractionCookie, "logout.cookie"}, *request);
  }
  const PageText* text = &page_text_named(interaction->language);
  if (optional(*form, "action") != "sign-off") {
    co_return message_page(tenant, text->not_signed_off_title, text->continue_help, *text);
  }
  auto ue_id = co_await device_of(context, tenant, request);
  if (!ue_id) co_return local_error_response(tenant, ue_id.error(), *request);
  auto ended = co_await end_on_device(context, tenant, *std::move(ue_id));
  if (!ended) co_return local_error_response(tenant, ended.error(), *request);
  auto forgotten = co_await end_in_browser(context, tenant, request);
  if (!forgotten) co_return local_error_response(tenant, forgotten.error(), *request);
  http::Response done = signed_off(tenant, interaction->redirect_uri, interaction->state, *text);
  done.with("set-cookie", no_browser_session_cookie(tenant));
  co_return done;
}

Task<http::Response> handle(Contexts* contexts, http::Request request, http::PathValues path) {
  Context& context = here(*contexts);
  const std::string tenant = std::move(path[0]);
  const broker::TenantView* view = context.snapshot->find(tenant);
  if (view == nullptr) co_return http::problem(404);
  const auto form = read_logout_form(request);
  if (!form) co_return local_error_response(tenant, form.error(), request);
  const http::Request* asked = &request;
  const codec::Form* fields = &*form;
  if (request.method == http::Method::Post && !optional(*form, "interaction").empty()) {
    http::Response confirmed = co_await confirm(&context, tenant, asked, fields);
    co_return confirmed;
  }
  const auto logout = read_logout(context, *view, *form);
  if (!logout) co_return local_error_response(tenant, logout.error(), request);
  auto checked = co_await check_redirect(&context, tenant, logout->client_id, logout->redirect_uri);
  if (!checked) co_return local_error_response(tenant, checked.error(), request);
  if (!logout->hint) co_return ask(context, tenant, *logout, request);
  LogoutHintClaims hint = *logout->hint;
  auto ended = co_await end_hinted(&context, tenant, asked, std::move(hint));
  if (!ended) co_return local_error_response(tenant, ended.error(), request);
  context.shard.logger().info("session.signed_off",
                              {{"tenant", tenant}, {"client", logout->client_id}, {"sid", logout->hint->sid}});
  http::Response done =
      signed_off(tenant, logout->redirect_uri, logout->state, page_text_for(request, logout->ui_locales));
  done.with("set-cookie", no_browser_session_cookie(tenant));
  co_return done;
}

}  // namespace

void add_logout_routes(http::Router& router, Contexts& contexts) {
  for (const http::Method method : {http::Method::Get, http::Method::Post}) {
    http::Route route;
    route.method = method;
    route.pattern = "/idms/v1/{tenant}/logout";
    route.handler = [&contexts](http::Request request, http::PathValues path) {
      return handle(&contexts, std::move(request), std::move(path));
    };
    router.add(std::move(route));
  }
}

}  // namespace claviger::identity
