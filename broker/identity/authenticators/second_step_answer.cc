#include "broker/identity/authenticators/second_step_answer.h"

#include <algorithm>

#include "broker/identity/authenticators/authenticator.h"
#include "broker/identity/authenticators/second_factor_page.h"
#include "broker/identity/page_language.h"
#include "broker/identity/request_form.h"
#include "core/base/clock.h"
#include "core/codec/base64url.h"
#include "core/crypto/random.h"

namespace claviger::identity {
namespace {

constexpr std::size_t kNonceBytes = 16;

// "ABCD EFGH ...": as people type it.
std::string grouped(std::string_view text) {
  constexpr std::size_t kGroup = 4;
  std::string groups;
  groups.reserve(text.size() + text.size() / kGroup);
  for (std::size_t i = 0; i < text.size(); i += kGroup) {
    if (i != 0) groups += ' ';
    groups += text.substr(i, kGroup);
  }
  return groups;
}

void wipe_text(std::string& text) { wipe(std::as_writable_bytes(std::span(text))); }

// What all of the plan's kinds show together: the first seed, the first script.
struct Asked {
  bool has_code = false;
  Offer offer;
};
Asked ask_all(const Question& question, const SignInPlan& plan) {
  Asked asked;
  const bool is_enrolment = plan.next == SignInPlan::Next::Enrol;
  for (const std::string_view kind : plan.kinds) {
    const Authenticator* authenticator = find_authenticator(kind);
    asked.has_code = asked.has_code || authenticator->input() == Input::Code;
    Offer offer = is_enrolment ? authenticator->offer(question) : authenticator->ask(question);
    if (asked.offer.otpauth_uri.empty()) {
      asked.offer.otpauth_uri.swap(offer.otpauth_uri);
      asked.offer.seed.swap(offer.seed);
    }
    if (asked.offer.script.empty()) {
      asked.offer.script = offer.script;
      asked.offer.options = std::move(offer.options);
    }
    wipe_text(offer.otpauth_uri);
    wipe_text(offer.seed);
  }
  return asked;
}

Result<std::string> make_nonce() {
  CLAVIGER_TRY(random, crypto::random_bytes<kNonceBytes>());
  std::string nonce;
  codec::base64url_encode(random.reveal(), nonce);
  return nonce;
}

}  // namespace

Result<http::Response> ask_next_step(const broker::Context& context, const broker::TenantView& tenant,
                                     Interaction interaction, const SignInOutcome& outcome,
                                     const http::Request& request, std::string_view application, std::string_view alert,
                                     std::uint16_t status) {
  interaction.progress = encode_progress(outcome.progress);
  CLAVIGER_TRY(sealed, seal_interaction(context.keys.interaction, tenant.tenant.name, interaction));
  const std::string& name = tenant.tenant.display_name.empty() ? tenant.tenant.name : tenant.tenant.display_name;
  const Question question{context,
                          tenant.tenant.name,
                          name,
                          tenant.tenant.issuer,
                          interaction,
                          outcome.progress.sub,
                          outcome.progress.login,
                          outcome.plan.enrolled};
  Asked asked = ask_all(question, outcome.plan);
  std::string nonce;
  if (!asked.offer.script.empty()) {
    CLAVIGER_TRY(made, make_nonce());
    nonce = std::move(made);
  }
  std::string seed_text = grouped(asked.offer.seed);
  SecondFactorPage page;
  page.tenant = tenant.tenant.name;
  page.interaction = sealed;
  page.redirect_uri = interaction.redirect_uri;
  page.alert = alert;
  page.application = application;
  page.is_enrolment = outcome.plan.next == SignInPlan::Next::Enrol;
  page.has_code = asked.has_code;
  page.otpauth_uri = asked.offer.otpauth_uri;
  page.seed = seed_text;
  page.script = asked.offer.script;
  page.options = asked.offer.options;
  page.nonce = nonce;
  const Seconds left(interaction.expires_at - numeric_date(context.shard.wall()));
  http::Response response = wants_json(request)
                                ? second_factor_json(page, left)
                                : second_factor_page(page, page_text_named(interaction.language), status);
  wipe_text(asked.offer.otpauth_uri);
  wipe_text(asked.offer.seed);
  wipe_text(seed_text);
  return response;
}

}  // namespace claviger::identity
