#include "broker/partners/visitor_policy.h"

#include <algorithm>

#include "broker/identity/authenticators/authenticator_record.h"
#include "broker/identity/authenticators/policy.h"
#include "broker/identity/authenticators/sign_in_plan.h"
#include "broker/identity/authorization_request.h"
#include "broker/identity/consent.h"

namespace claviger::partners {
namespace {

using runtime::Task;

constexpr std::size_t kAcrMax = 255;

struct Mapping {
  std::string_view theirs;
  std::string_view ours;
};
Mapping mapping_of(std::string_view text) {
  // No acr of ours has a "=".
  const std::size_t separator = text.rfind('=');
  if (separator == std::string_view::npos) return {text, text};
  return {text.substr(0, separator), text.substr(separator + 1)};
}

}  // namespace

bool is_acr_mapping(std::string_view text) {
  const Mapping mapping = mapping_of(text);
  const bool is_text = !mapping.theirs.empty() && mapping.theirs.size() <= kAcrMax &&
                       std::ranges::all_of(mapping.theirs, [](char c) { return c > ' ' && c < '\x7f'; });
  return is_text && identity::is_supported_acr(mapping.ours);
}

std::string acr_here(const Partner& partner, std::string_view asserted) {
  for (const std::string& text : partner.accepted_acrs) {
    const Mapping mapping = mapping_of(text);
    if (mapping.theirs == asserted) return std::string(mapping.ours);
  }
  return asserted == identity::kAcrPassword ? std::string(asserted) : std::string();
}

Task<Result<Unit>> check_sign_in(const identity::ExtensionCall* call, std::string sub, std::string acr) {
  CLAVIGER_CO_TRY(policy, co_await identity::policy_for(call->context, call->tenant, call->client->client_id, sub));
  CLAVIGER_CO_TRY(enrolled, co_await identity::read_authenticators(call->context, call->tenant, std::move(sub)));
  if (!identity::is_enough(acr, policy, enrolled)) co_return Error{Code::AuthenticationTooWeak, "assertion.acr"};
  co_return Unit{};
}

Task<Result<Unit>> check_consent(const identity::ExtensionCall* call, std::string sub,
                                 std::vector<std::string> scopes) {
  const std::vector<std::string_view> wanted(scopes.begin(), scopes.end());
  const identity::ConsentPolicy policy =
      identity::consent_policy_of(*call->context->snapshot->settings, *call->client, wanted, false);
  CLAVIGER_CO_TRY(must_ask, co_await identity::must_ask_consent(call->context, call->tenant, std::move(sub),
                                                                call->client->client_id, policy, std::move(scopes)));
  if (must_ask) co_return Error{Code::ConsentRequired, "assertion.consent"};
  co_return Unit{};
}

}  // namespace claviger::partners
