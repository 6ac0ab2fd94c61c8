#include "broker/identity/authorize_endpoint.h"

#include "broker/identity/authenticators/aka_sign_in.h"
#include "broker/identity/authenticators/connection_sign_in.h"
#include "broker/identity/authenticators/session_answer.h"
#include "broker/identity/authorization_request.h"
#include "broker/identity/authorization_response.h"
#include "broker/identity/client_authentication.h"
#include "broker/identity/client_name.h"
#include "broker/identity/consent.h"
#include "broker/identity/dpop_check.h"
#include "broker/identity/id_token_hint.h"
#include "broker/identity/identity_shard.h"
#include "broker/identity/interaction_cookie.h"
#include "broker/identity/page.h"
#include "broker/identity/page_language.h"
#include "broker/identity/pushed_request.h"
#include "broker/identity/request_form.h"
#include "broker/identity/ue_naming.h"
#include "broker/identity/ue_records.h"
#include "broker/tokens/token_shard.h"
#include "core/codec/json_writer.h"
#include "core/http/problem.h"

namespace claviger::identity {
namespace {

using broker::Context;
using runtime::Task;

Result<codec::Form> read_parameters(const http::Request& request) {
  if (request.method != http::Method::Post) return codec::parse_form(request.query);
  if (!is_form_content(request.field(http::Field::ContentType))) {
    return Error{Code::MediaTypeUnsupported, "authorize.content_type"};
  }
  if (!request.query.empty()) return Error{Code::ParameterInQuery, "authorize.query"};
  return codec::parse_form(request.body.text());
}

struct Begun {
  Interaction interaction;
  std::string cookie;
};
Result<Begun> begin_interaction(const Context& context, const Client& client, const Destination& destination,
                                const AuthorizationRequest& wanted, const http::Request& request, UeName ue,
                                WallTime now) {
  Begun begun;
  begun.cookie = interaction_cookie(request);
  if (begun.cookie.empty()) {
    CLAVIGER_TRY(made, make_interaction_cookie());
    begun.cookie = std::move(made);
  }
  Interaction& interaction = begun.interaction;
  // Codes lie in the order of the interactions that they come of (authorization_code.h).
  const std::span<std::byte> id(interaction.id);
  store_be(id.first<4>(), static_cast<std::uint32_t>(numeric_date(now)));
  CLAVIGER_TRY(filled, context.tokens->random().fill(id.subspan<4>()));
  interaction.expires_at = numeric_date(now + context.snapshot->settings->lifetimes.interaction);
  interaction.cookie_digest = cookie_digest(begun.cookie);
  interaction.challenge = wanted.challenge;
  interaction.response_mode = destination.response_mode;
  interaction.client_id = client.client_id;
  interaction.redirect_uri = destination.redirect_uri;
  interaction.state = destination.state;
  interaction.nonce = wanted.nonce;
  interaction.acr = wanted.acr;
  interaction.dpop_key = wanted.dpop_key;
  interaction.scopes.assign(wanted.scopes.begin(), wanted.scopes.end());
  const std::vector<std::string> consented = scopes_with_claims(interaction.scopes, wanted.claims_allowed);
  interaction.consent = consent_policy_of(*context.snapshot->settings, client, {consented.begin(), consented.end()},
                                          wanted.prompt.consent);
  interaction.language = page_text_for(request, wanted.ui_locales).language;
  interaction.claims_allowed = wanted.claims_allowed;
  if (wanted.claims_allowed != 0) interaction.claims = wanted.claims;
  interaction.ue = std::move(ue);
  return begun;
}

// For a UE without a browser: where to POST what (TS 24.482 6.2.1 leaves the form to us).
http::Response form_as_json(std::string_view tenant, std::string_view interaction, Seconds lifetime,
                            bool has_connection) {
  std::string body;
  codec::JsonWriter json(body);
  json.begin_object().member("action", "/idms/v1/" + std::string(tenant) + "/sign-in").member("method", "POST");
  json.member("interaction", interaction).name("fields").begin_array().value("username").value("password");
  json.end_array();
  // What may be sent as `action` instead of the fields.
  if (has_connection) json.name("actions").begin_array().value("connection").end_array();
  json.member("expires_in", lifetime.count()).end_object();
  return {200, "application/json", std::move(body)};
}

// Which UE it is, and the device cookie to keep it by. Who asks for JSON is no browser and gets no cookie.
struct FromUe {
  UeName name;
  std::string cookie;
  bool is_unheard_of = false;  // its cookie was made just now
};
Result<FromUe> read_ue_of_request(std::string_view tenant, const http::Request& request, const codec::Form& form,
                                  std::string proved) {
  FromUe from;
  from.cookie = ue_cookie(request);
  if (from.cookie.empty() && proved.empty() && !wants_json(request)) {
    CLAVIGER_TRY(made, make_ue_cookie());
    from.cookie = std::move(made);
    from.is_unheard_of = true;
  }
  CLAVIGER_TRY(name, name_ue(tenant, std::move(proved), optional(form, kUeParameter), from.cookie));
  from.name = std::move(name);
  if (from.name.proof != UeProof::Cookie) from.is_unheard_of = false;
  return from;
}

// Nobody is asked for his password on a UE that is lost. Which one is it must be proved: whether another is
// lost is nobody's business.
Task<Result<Unit>> check_not_lost(Context* context, std::string tenant, UeName name) {
  if (name.proof != UeProof::Cookie && name.proof != UeProof::Key) co_return Unit{};
  const auto ue = co_await read_ue(context, std::move(tenant), std::move(name.ue_id));
  if (ue.failed_with(Code::UeUnknown)) co_return Unit{};
  if (!ue) co_return ue.error();
  if (ue->is_lost) co_return Error{Code::UeLost, "authorize.ue"};
  co_return Unit{};
}

http::Response ask_user(const Context& context, const broker::TenantView& tenant, const Destination& destination,
                        const AuthorizationRequest& wanted, const http::Request& request, const Begun& begun,
                        std::string_view application, bool has_connection) {
  const auto sealed = seal_interaction(context.keys.interaction, tenant.tenant.name, begun.interaction);
  if (!sealed) return local_error_response(tenant.tenant.name, sealed.error(), request);
  const Seconds lifetime = context.snapshot->settings->lifetimes.interaction;
  http::Response response;
  if (wants_json(request)) {
    response = form_as_json(tenant.tenant.name, *sealed, lifetime, has_connection);
  } else {
    SignInPage page;
    page.tenant = tenant.tenant.name;
    page.tenant_name = tenant.tenant.display_name.empty() ? tenant.tenant.name : tenant.tenant.display_name;
    page.interaction = *sealed;
    page.redirect_uri = destination.redirect_uri;
    page.username = wanted.login_hint;
    page.application = application;
    page.has_connection = has_connection;
    response = sign_in_page(page, page_text_for(request, wanted.ui_locales));
  }
  return response;
}

// The cookies of whatever we answer: the interaction's and the device's.
http::Response with_cookies(const Context& context, http::Response response, const Begun& begun,
                            const std::string& ue_cookie) {
  const Seconds lifetime = context.snapshot->settings->lifetimes.interaction;
  response.with("set-cookie", set_cookie_field(begun.cookie, lifetime));
  if (!ue_cookie.empty()) response.with("set-cookie", set_ue_cookie_field(ue_cookie));
  return response;
}

// For an unknown client the table of spec 4.3 wants the word of the authorization endpoint, not invalid_client.
Error as_seen_here(Error error) {
  if (error.code == Code::ClientUnknown) error.code = Code::AuthorizeClientUnknown;
  return error;
}

Task<http::Response> handle(Contexts* contexts, SubscriberVectors* vectors, http::Request request,
                            http::PathValues path) {
  Context& context = here(*contexts);
  const std::string tenant = std::move(path[0]);
  if (context.snapshot->find(tenant) == nullptr) co_return http::problem(404);
  const http::Request* asked = &request;
  // What a subscriber module answers has all else of its first request with it.
  auto module = vectors == nullptr ? Result<AkaRequest>(AkaRequest()) : read_aka_request(request);
  if (!module) co_return local_error_response(tenant, {Code::ParameterMalformed, "authorize.digest"}, request);
  if (module->kind == AkaRequest::Kind::Answer) {
    auto answered = co_await answer_from_module(&context, vectors, tenant, std::move(module->credentials), asked);
    co_return answered;
  }
  auto form = read_parameters(request);
  if (!form) co_return local_error_response(tenant, form.error(), request);

  const auto client_id = read_client_id(*form);
  if (!client_id) co_return local_error_response(tenant, client_id.error(), request);
  std::string wanted_client(*client_id);
  const auto client = co_await context.identity->clients().find(tenant, std::move(wanted_client));
  const broker::TenantView* view = context.snapshot->find(tenant);  // read again after the wait
  if (view == nullptr) co_return http::problem(404);
  if (!client) co_return local_error_response(tenant, as_seen_here(client.error()), request);

  // RFC 9126 clause 4: of a request that was pushed nothing in this one counts but the client's name.
  std::string pushed_parameters;
  std::optional<PushedRequest::Id> sealed_push;
  std::int64_t pushed_at = 0;
  const std::string request_uri(optional(*form, "request_uri"));
  const bool is_pushed = request_uri.starts_with(kRequestUriPrefix) && !form->is_duplicated("request_uri");
  if (is_pushed) {
    std::string taker = (*client)->client_id;
    const DpopReplays::Source source = replay_source(context, request);
    auto taken = co_await take_pushed_request(&context, tenant, request_uri, std::move(taker), source);
    if (!taken) co_return local_error_response(tenant, taken.error(), request);
    sealed_push = taken->id;
    pushed_at = taken->pushed_at;
    pushed_parameters = std::move(taken->parameters);
    form = codec::parse_form(pushed_parameters);
    if (!form) co_return local_error_response(tenant, form.error(), request);
    view = context.snapshot->find(tenant);
    if (view == nullptr) co_return http::problem(404);
  }

  const auto destination = read_destination(*form, **client);
  if (!destination) co_return local_error_response(tenant, destination.error(), request);
  const ResponseTarget target{destination->redirect_uri, destination->state, destination->response_mode};
  if ((*client)->must_push_requests && !is_pushed) {
    co_return refusal_response(view->tenant, target, {Code::PushedRequestRequired, "authorize.request_uri"});
  }
  const auto wanted = read_request(*form, **client, view->tenant);
  if (!wanted) {
    co_return refusal_response(view->tenant, target, wanted.error());
  }
  auto proved = co_await ue_of_certificate(&context, tenant, ue_certificate(*request.peer));
  view = context.snapshot->find(tenant);
  if (view == nullptr) co_return http::problem(404);
  if (!proved) co_return local_error_response(tenant, proved.error(), request);
  auto from = read_ue_of_request(tenant, request, *form, *std::move(proved));
  if (!from) co_return refusal_response(view->tenant, target, from.error());
  if (!from->is_unheard_of) {
    UeName named = from->name;
    const auto may_sign_in = co_await check_not_lost(&context, tenant, std::move(named));
    view = context.snapshot->find(tenant);
    if (view == nullptr) co_return http::problem(404);
    if (!may_sign_in) co_return refusal_response(view->tenant, target, may_sign_in.error());
  }
  auto begun =
      begin_interaction(context, **client, *destination, *wanted, request, std::move(from->name), context.shard.wall());
  if (!begun) co_return local_error_response(tenant, begun.error(), request);
  if (sealed_push) {
    // However often it is shown, it is one sign-in.
    begun->interaction.id = *sealed_push;
    begun->interaction.expires_at = pushed_at + context.snapshot->settings->lifetimes.interaction.count();
  }
  auto subject = read_id_token_hint(context, *view, **client, *form);
  if (!subject) co_return refusal_response(view->tenant, target, subject.error());
  // OIDC Core clause 5.5.1: `sub` with a value means him, as id_token_hint does; both must mean the same.
  if (!subject->empty() && !wanted->subject.empty() && *subject != wanted->subject) {
    co_return refusal_response(view->tenant, target, {Code::LoginRequired, "authorize.claims"});
  }
  begun->interaction.subject = subject->empty() ? wanted->subject : *std::move(subject);

  // Signed in already? Else he is asked, which prompt=none forbids.
  auto answered = co_await answer_from_session(&context, tenant, asked, *client, begun->interaction, wanted->prompt);
  view = context.snapshot->find(tenant);
  if (view == nullptr) co_return http::problem(404);
  if (!answered) co_return refusal_response(view->tenant, target, answered.error());
  if (*answered) co_return with_cookies(context, std::move(**answered), *begun, from->cookie);
  if (module->kind == AkaRequest::Kind::First) {
    Interaction wants = begun->interaction;
    auto challenge = co_await challenge_module(&context, vectors, tenant, std::move(wants),
                                               std::move(module->private_identity), asked);
    co_return with_cookies(context, std::move(challenge), *begun, from->cookie);
  }
  std::vector<ProvedCredential> credentials = proved_by_connection(*request.peer);
  std::string acr = begun->interaction.acr;
  auto connected = co_await user_of_connection(&context, tenant, std::move(credentials), std::move(acr));
  view = context.snapshot->find(tenant);
  if (view == nullptr) co_return http::problem(404);
  if (!connected) co_return local_error_response(tenant, connected.error(), request);
  http::Response page = ask_user(context, *view, *destination, *wanted, request, *begun, name_for_people(**client),
                                 connected->has_value());
  co_return with_cookies(context, std::move(page), *begun, from->cookie);
}

}  // namespace

void add_authorize_routes(http::Router& router, Contexts& contexts, SubscriberVectors* vectors) {
  for (const http::Method method : {http::Method::Get, http::Method::Post}) {
    http::Route route;
    route.method = method;
    route.pattern = "/idms/v1/{tenant}/authorize";
    route.handler = [&contexts, vectors](http::Request request, http::PathValues path) {
      return handle(&contexts, vectors, std::move(request), std::move(path));
    };
    router.add(std::move(route));
  }
}

}  // namespace claviger::identity
