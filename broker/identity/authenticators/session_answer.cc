#include "broker/identity/authenticators/session_answer.h"

#include "broker/identity/authenticators/browser_session.h"
#include "broker/identity/authenticators/second_factor_page.h"
#include "broker/identity/authenticators/second_step_answer.h"
#include "broker/identity/authorization_response.h"
#include "broker/identity/client_name.h"
#include "broker/identity/consent_endpoint.h"
#include "broker/identity/id_token_hint.h"
#include "broker/identity/page_language.h"
#include "broker/identity/proxies.h"
#include "broker/identity/sign_in_procedure.h"

namespace claviger::identity {
namespace {

using broker::Context;
using runtime::Task;
using Kind = SignInOutcome::Kind;
using Answered = std::optional<http::Response>;

// RFC 8252 clause 8.6: anybody may pretend to be a public client whose answer goes to a private-use scheme or to
// loopback; it gets nothing that the user has not asked for.
bool may_be_anybody(const Client& client, std::string_view redirect_uri) {
  if (client.authentication != ClientAuthentication::None) return false;
  return !redirect_uri.starts_with("https://");
}

// The session as it is to be used by this request, or nothing.
Task<Result<std::optional<SignInProgress>>> usable_session(Context* context, std::string tenant,
                                                           std::optional<Interaction> session, ClientRef client,
                                                           std::string ue_id, std::string subject, Prompt prompt) {
  if (!session || prompt.login) co_return std::optional<SignInProgress>();
  CLAVIGER_CO_TRY(progress, decode_progress(session->progress));
  const std::int64_t age = numeric_date(context->shard.wall()) - progress.auth_time;
  if (prompt.max_age && age > *prompt.max_age) co_return std::optional<SignInProgress>();
  // max_age=0 asks for a sign-in now, as prompt=login does.
  if (prompt.max_age && *prompt.max_age == 0) co_return std::optional<SignInProgress>();
  if (!is_hinted_user(*context, tenant, *client, subject, progress.sub)) co_return std::optional<SignInProgress>();
  CLAVIGER_CO_TRY(policy, co_await policy_for(context, tenant, client->client_id, progress.sub));
  if (!allows_browser_session(policy.browser_session, client->profile)) co_return std::optional<SignInProgress>();
  CLAVIGER_CO_TRY(over, co_await is_browser_session_over(context, tenant, *std::move(session), ue_id));
  if (over) co_return std::optional<SignInProgress>();
  co_return std::optional<SignInProgress>(std::move(progress));
}

Answered question(const Context& context, const broker::TenantView& tenant, const Client& client,
                  const Interaction& interaction, const SignInProgress& progress) {
  const auto sealed = seal_interaction(context.keys.interaction, tenant.tenant.name, interaction);
  if (!sealed) return std::nullopt;
  BrowserSessionPage page;
  page.tenant = tenant.tenant.name;
  page.interaction = *sealed;
  page.redirect_uri = interaction.redirect_uri;
  page.who = progress.login;
  page.application = name_for_people(client);
  return browser_session_page(page, page_text_named(interaction.language));
}

}  // namespace

Task<Result<Answered>> answer_from_session(Context* context, std::string tenant, const http::Request* request,
                                           ClientRef client, Interaction interaction, Prompt prompt) {
  constexpr Error kLogin{Code::LoginRequired, "authorize.prompt"};
  std::optional<Interaction> session = browser_session_of(*context, tenant, *request);
  CLAVIGER_CO_TRY(progress, co_await usable_session(context, tenant, std::move(session), client, interaction.ue.ue_id,
                                                    interaction.subject, prompt));
  if (!progress) {
    if (prompt.none) co_return kLogin;
    co_return Answered();
  }
  interaction.progress = encode_progress(*progress);
  const bool must_ask = prompt.select_account || may_be_anybody(*client, interaction.redirect_uri);
  if (must_ask && prompt.none) co_return Error{Code::InteractionRequired, "authorize.prompt"};
  if (must_ask) {
    const broker::TenantView* view = context->snapshot->find(tenant);
    if (view == nullptr) co_return Answered();
    co_return question(*context, *view, *client, interaction, *progress);
  }

  SignIn wanted;
  wanted.tenant = tenant;
  wanted.interaction = interaction;
  wanted.source = source_of(*context->snapshot->settings, *request);
  wanted.step = SignIn::Step::Session;
  auto outcome = co_await sign_in(context, std::move(wanted));
  if (!outcome) co_return outcome.error();
  const broker::TenantView* view = context->snapshot->find(tenant);
  if (view == nullptr) co_return Answered();
  if (outcome->kind == Kind::Passed && outcome->must_ask_consent) {
    if (prompt.none) co_return Error{Code::ConsentRequired, "authorize.prompt"};
    const std::string_view name = name_for_people(*client);
    co_return Answered(ask_consent(*context, *view, *request, ConsentQuestion{interaction, outcome->code, name}));
  }
  if (outcome->kind == Kind::Passed) {
    const ResponseTarget target{interaction.redirect_uri, interaction.state, interaction.response_mode};
    co_return Answered(code_response(view->tenant, target, outcome->code));
  }
  if (outcome->kind != Kind::NextStep) {
    if (prompt.none) co_return kLogin;
    co_return Answered();  // disabled, another password since, or more is wanted than he has: from the beginning
  }
  if (prompt.none) co_return Error{Code::InteractionRequired, "authorize.prompt"};
  CLAVIGER_CO_TRY(
      asked, ask_next_step(*context, *view, std::move(interaction), *outcome, *request, name_for_people(*client), {}));
  co_return Answered(std::move(asked));
}

}  // namespace claviger::identity
