#include "broker/identity/sign_in_endpoint.h"

#include "broker/identity/authenticators/browser_session.h"
#include "broker/identity/authenticators/connection_sign_in.h"
#include "broker/identity/authenticators/second_step_answer.h"
#include "broker/identity/authorization_request.h"
#include "broker/identity/authorization_response.h"
#include "broker/identity/client_authentication.h"
#include "broker/identity/client_name.h"
#include "broker/identity/consent_endpoint.h"
#include "broker/identity/identity_shard.h"
#include "broker/identity/interaction_cookie.h"
#include "broker/identity/oauth_error.h"
#include "broker/identity/page.h"
#include "broker/identity/page_language.h"
#include "broker/identity/proxies.h"
#include "broker/identity/request_form.h"
#include "broker/identity/secret_body.h"
#include "broker/identity/sign_in_procedure.h"
#include "core/http/problem.h"

namespace claviger::identity {
namespace {

using broker::Context;
using runtime::Task;
using Kind = SignInOutcome::Kind;

ResponseTarget target_of(const Interaction& interaction) {
  return {interaction.redirect_uri, interaction.state, interaction.response_mode, interaction.language};
}

// The form as typed, without the password, and what its page shows.
struct Typed {
  std::string interaction;
  std::string username;
  std::string application;
  bool has_connection = false;
  bool is_connection = false;  // that was chosen
  bool is_script = false;      // whose answer it was
};

Result<Interaction> read_interaction(const Context& context, std::string_view tenant, const http::Request& request,
                                     std::string_view text, WallTime now) {
  CLAVIGER_TRY(interaction, open_interaction(context.keys.interaction, tenant, text, numeric_date(now)));
  const std::string_view cookie = interaction_cookie(request);
  if (cookie.empty() || !equals_constant_time(cookie_digest(cookie), interaction.cookie_digest)) {
    return Error{Code::InteractionCookie, "interaction.cookie"};
  }
  return interaction;
}

http::Response form_again(const broker::TenantView& tenant, const Interaction& interaction, const Typed& typed,
                          std::uint16_t status, std::string_view alert) {
  SignInPage page;
  page.tenant = tenant.tenant.name;
  page.tenant_name = tenant.tenant.display_name.empty() ? tenant.tenant.name : tenant.tenant.display_name;
  page.interaction = typed.interaction;
  page.redirect_uri = interaction.redirect_uri;
  page.username = typed.username;
  page.alert = alert;
  page.application = typed.application;
  page.has_connection = typed.has_connection;
  return sign_in_page(page, page_text_named(interaction.language), status);
}

// The second step once more, or for the first time.
http::Response next_step(const Context& context, const broker::TenantView& tenant, const Interaction& interaction,
                         const Typed& typed, const http::Request& request, const SignInOutcome& outcome,
                         std::string_view alert, std::uint16_t status = 200) {
  auto asked = ask_next_step(context, tenant, interaction, outcome, request, typed.application, alert, status);
  if (!asked) return local_error_response(tenant.tenant.name, asked.error(), request);
  return *std::move(asked);
}

// The page stays where it is; what was typed was not looked at.
http::Response throttled(const Context& context, const broker::TenantView& tenant, const Interaction& interaction,
                         const Typed& typed, const http::Request& request, const SignInOutcome& outcome) {
  const auto seconds = static_cast<std::uint32_t>(std::chrono::ceil<Seconds>(outcome.retry_after).count());
  const bool has_page = interaction.progress.empty() || outcome.plan.next == SignInPlan::Next::SecondFactor ||
                        outcome.plan.next == SignInPlan::Next::Enrol;
  if (wants_json(request) || !has_page) {
    return local_error_response(tenant.tenant.name, {Code::SignInThrottled, "sign_in"}, request, seconds);
  }
  const std::string number = std::to_string(seconds);
  const PageText& text = page_text_named(interaction.language);
  std::string alert(text.slow_down);
  alert.append(" ").append(number).append(" ").append(text.seconds);
  http::Response response = interaction.progress.empty()
                                ? form_again(tenant, interaction, typed, 429, alert)
                                : next_step(context, tenant, interaction, typed, request, outcome, alert, 429);
  response.with("retry-after", number);
  return response;
}

// One text for every reason.
std::string_view wrong_text(const Interaction& interaction, const Typed& typed) {
  const PageText& text = page_text_named(interaction.language);
  if (typed.is_connection) return text.connection_wrong;
  if (interaction.progress.empty()) return text.wrong;
  return typed.is_script ? text.key_wrong : text.code_wrong;
}

http::Response answer(const Context& context, const broker::TenantView& tenant, const Interaction& interaction,
                      const Typed& typed, const http::Request& request, const SignInOutcome& outcome) {
  switch (outcome.kind) {
    case Kind::Passed:
      return code_response(tenant.tenant, target_of(interaction), outcome.code);
    case Kind::Throttled:
      return throttled(context, tenant, interaction, typed, request, outcome);
    case Kind::Exhausted:
    case Kind::Denied:
      return refusal_response(tenant.tenant, target_of(interaction), {Code::AccessDenied, "sign_in"});
    case Kind::NextStep:
      return next_step(context, tenant, interaction, typed, request, outcome, {});
    case Kind::EnrolFirst:
      return refusal_response(tenant.tenant, target_of(interaction), {Code::EnrolmentRequired, "sign_in"});
    case Kind::Unmet:
      return refusal_response(tenant.tenant, target_of(interaction), {Code::AuthenticationTooWeak, "sign_in"});
    case Kind::Wrong:
      break;
  }
  if (wants_json(request)) return oauth_error_response({Code::SignInRefused, "sign_in"});
  if (!interaction.progress.empty()) {
    return next_step(context, tenant, interaction, typed, request, outcome, wrong_text(interaction, typed));
  }
  return form_again(tenant, interaction, typed, 200, wrong_text(interaction, typed));
}

http::Response failure(const broker::TenantView& tenant, const Interaction& interaction, const Typed& typed,
                       const http::Request& request, const Error& error) {
  if (error.code == Code::ScopeNothing || error.code == Code::LoginRequired) {
    return refusal_response(tenant.tenant, target_of(interaction), error);
  }
  const bool is_busy = oauth_error_of(error.code).status == 503;
  // The second step's page is made by who knows the plan: going back to it is all there is to do.
  if (is_busy && !interaction.progress.empty()) {
    return local_error_response(tenant.tenant.name, error, request, kRetryAfterOverload);
  }
  if (!is_busy || wants_json(request)) return local_error_response(tenant.tenant.name, error, request);
  // Nothing is lost: the same form, to be sent again.
  http::Response response =
      form_again(tenant, interaction, typed, 503, page_text_named(interaction.language).overloaded);
  response.with("retry-after", std::to_string(kRetryAfterOverload));
  return response;
}

// Going on in a browser that is signed in proves nothing anew.
bool wanted_step_was_typed(const Interaction& interaction, const codec::Form& form) {
  return interaction.progress.empty() || optional(form, "action") != "continue";
}

// "Use another account": the same interaction, from its first step.
http::Response from_the_start(const Context& context, const broker::TenantView& tenant, Interaction interaction,
                              Typed typed, const http::Request& request) {
  interaction.progress.clear();
  const auto sealed = seal_interaction(context.keys.interaction, tenant.tenant.name, interaction);
  if (!sealed) return local_error_response(tenant.tenant.name, sealed.error(), request);
  typed.interaction = *sealed;
  typed.username.clear();
  return form_again(tenant, interaction, typed, 200, {});
}

Result<codec::Form> read_sign_in_form(const http::Request& request) {
  if (!is_form_content(request.field(http::Field::ContentType))) {
    return Error{Code::MediaTypeUnsupported, "sign_in.content_type"};
  }
  return read_form(request);
}

// Order of checks: interaction, cookie, client; only then the password is looked at.
Task<http::Response> handle(Contexts* contexts, http::Request request, http::PathValues path) {
  Context& context = here(*contexts);
  const std::string tenant = std::move(path[0]);
  if (context.snapshot->find(tenant) == nullptr) co_return http::problem(404);
  const SecretBody wiped_at_end(request.body);
  const auto form = read_sign_in_form(request);
  if (!form) co_return local_error_response(tenant, form.error(), request);

  Typed typed;
  typed.interaction = optional(*form, "interaction");
  typed.username = optional(*form, "username");
  typed.is_script = !optional(*form, "answer").empty();
  const auto interaction = read_interaction(context, tenant, request, typed.interaction, context.shard.wall());
  if (!interaction) co_return local_error_response(tenant, interaction.error(), request);
  std::string client_id = interaction->client_id;
  const auto client = co_await context.identity->clients().find(tenant, std::move(client_id));
  const broker::TenantView* view = context.snapshot->find(tenant);
  if (view == nullptr) co_return http::problem(404);
  if (!client) co_return local_error_response(tenant, client.error(), request);
  if (const auto checked = check_destination(**client, interaction->redirect_uri); !checked) {
    co_return local_error_response(tenant, checked.error(), request);
  }
  if (optional(*form, "action") == "cancel") {
    SignIn unwanted;
    unwanted.tenant = tenant;
    unwanted.interaction = *interaction;
    const auto cancelled = co_await cancel_sign_in(&context, std::move(unwanted));
    view = context.snapshot->find(tenant);
    if (view == nullptr) co_return http::problem(404);
    if (!cancelled) co_return local_error_response(tenant, cancelled.error(), request);
    co_return refusal_response(view->tenant, target_of(*interaction), {Code::AccessDenied, "sign_in.cancel"});
  }

  typed.application = name_for_people(**client);
  typed.is_connection = interaction->progress.empty() && optional(*form, "action") == "connection";
  std::vector<ProvedCredential> proved = proved_by_connection(*request.peer);
  std::string acr = interaction->acr;
  auto connected = co_await user_of_connection(&context, tenant, std::move(proved), std::move(acr));
  view = context.snapshot->find(tenant);
  if (view == nullptr) co_return http::problem(404);
  if (!connected) co_return failure(*view, *interaction, typed, request, connected.error());
  typed.has_connection = connected->has_value();

  if (optional(*form, "action") == "other") co_return from_the_start(context, *view, *interaction, typed, request);
  if (typed.is_connection && !*connected) {
    co_return answer(context, *view, *interaction, typed, request, outcome_of(Kind::Wrong));
  }

  SignIn wanted;
  wanted.tenant = tenant;
  wanted.interaction = *interaction;
  wanted.login = typed.username;
  wanted.password = SecretBytes(as_bytes(optional(*form, "password")));
  wanted.source = source_of(*context.snapshot->settings, request);
  if (typed.is_connection) {
    wanted.step = SignIn::Step::Connection;
    wanted.interaction.progress = encode_progress((*connected)->progress);
    wanted.credential_id = (*connected)->credential_id;
  } else if (!interaction->progress.empty()) {
    wanted.step = optional(*form, "action") == "continue" ? SignIn::Step::Session : SignIn::Step::SecondFactor;
    wanted.code = SecretBytes(as_bytes(optional(*form, "code")));
    wanted.answer = optional(*form, "answer");
  }
  const auto outcome = co_await sign_in(&context, std::move(wanted));
  view = context.snapshot->find(tenant);
  if (view == nullptr) co_return http::problem(404);
  if (!outcome) co_return failure(*view, *interaction, typed, request, outcome.error());
  http::Response response = [&] {
    if (outcome->kind != Kind::Passed || !outcome->must_ask_consent) {
      return answer(context, *view, *interaction, typed, request, *outcome);
    }
    return ask_consent(context, *view, request,
                       ConsentQuestion{*interaction, outcome->code, name_for_people(**client)});
  }();
  const bool is_kept = outcome->kind == Kind::Passed && wanted_step_was_typed(*interaction, *form) &&
                       allows_browser_session(outcome->plan.browser_session, (*client)->profile);
  if (is_kept) {
    const auto kept = browser_session_cookie(context, tenant, outcome->progress, interaction->ue);
    if (kept) response.with("set-cookie", *kept);
  }
  co_return response;
}

Task<http::Response> style(Contexts* contexts, http::Request, http::PathValues path) {
  if (here(*contexts).snapshot->find(path[0]) == nullptr) co_return http::problem(404);
  co_return style_sheet();
}

}  // namespace

void add_sign_in_routes(http::Router& router, Contexts& contexts) {
  http::Route sign_in_route;
  sign_in_route.method = http::Method::Post;
  sign_in_route.pattern = "/idms/v1/{tenant}/sign-in";
  sign_in_route.handler = [&contexts](http::Request request, http::PathValues path) {
    return handle(&contexts, std::move(request), std::move(path));
  };
  router.add(std::move(sign_in_route));
  http::Route style_route;
  style_route.method = http::Method::Get;
  style_route.pattern = "/idms/v1/{tenant}/style.css";
  style_route.handler = [&contexts](http::Request request, http::PathValues path) {
    return style(&contexts, std::move(request), std::move(path));
  };
  router.add(std::move(style_route));
}

}  // namespace claviger::identity
