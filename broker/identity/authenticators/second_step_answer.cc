#include "broker/identity/authenticators/second_step_answer.h"

#include "broker/identity/authenticators/enrolment.h"
#include "broker/identity/authenticators/second_factor_page.h"
#include "broker/identity/request_form.h"
#include "core/base/clock.h"
#include "core/codec/base32.h"

namespace claviger::identity {
namespace {

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

}  // namespace

Result<http::Response> ask_next_step(const broker::Context& context, const broker::TenantView& tenant,
                                     Interaction interaction, const SignInOutcome& outcome,
                                     const http::Request& request, std::string_view alert, std::uint16_t status) {
  interaction.progress = encode_progress(outcome.progress);
  CLAVIGER_TRY(sealed, seal_interaction(context.keys.interaction, tenant.tenant.name, interaction));
  SecondFactorPage page;
  page.tenant = tenant.tenant.name;
  page.interaction = sealed;
  page.redirect_uri = interaction.redirect_uri;
  page.alert = alert;
  std::string uri;
  std::string seed_text;
  if (outcome.plan.next == SignInPlan::Next::Enrol) {
    const auto seed = offered_seed(context.keys.interaction, tenant.tenant.name, outcome.progress.sub, interaction);
    AuthenticatorRecord record;
    record.kind = "totp";
    const std::string& name = tenant.tenant.display_name.empty() ? tenant.tenant.name : tenant.tenant.display_name;
    uri = otpauth_uri(name, outcome.progress.login, record, seed.reveal());
    seed_text = grouped(codec::base32_encode(seed.reveal()));
  }
  page.otpauth_uri = uri;
  page.seed = seed_text;
  const Seconds left(interaction.expires_at - numeric_date(context.shard.wall()));
  http::Response response = wants_json(request) ? second_factor_json(page, left)
                                                : second_factor_page(page, kEnglish, status);
  wipe_text(uri);
  wipe_text(seed_text);
  return response;
}

}  // namespace claviger::identity
