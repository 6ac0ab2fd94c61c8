#include "broker/identity/authorization_request.h"

#include <algorithm>

#include "broker/identity/authenticators/sign_in_plan.h"
#include "broker/identity/dpop_check.h"
#include "broker/identity/resource_indicators.h"
#include "broker/identity/scope_grant.h"
#include "core/codec/base64url.h"
#include "core/codec/redirect.h"
#include "core/codec/uri.h"

namespace claviger::identity {
namespace {

constexpr std::size_t kChallengeBytes = 43;

Error missing(std::string_view where) { return {Code::ParameterMissing, where}; }
Error malformed(std::string_view where) { return {Code::ParameterMalformed, where}; }

// Empty when absent: RFC 6749 clause 3.1 treats both alike.
std::string_view value_of(const codec::Form& form, std::string_view name) {
  return form.find(name).value_or(std::string_view());
}

ResponseMode mode_of(const codec::Form& form) {
  return value_of(form, "response_mode") == "form_post" ? ResponseMode::FormPost : ResponseMode::Query;
}

Result<Unit> check_repetitions(const codec::Form& form) {
  for (const std::string_view name : form.duplicates()) {
    if (name != "resource") return Error{Code::ParameterRepeated, "authorize.parameter"};  // RFC 8707 allows that one
  }
  return Unit{};
}

Result<Unit> check_unsupported(const codec::Form& form) {
  if (form.find("request")) return Error{Code::RequestObjectRefused, "authorize.request"};
  if (form.find("request_uri")) return Error{Code::RequestUriRefused, "authorize.request_uri"};
  if (form.find("authorization_details")) {
    return Error{Code::AuthorizationDetailsRefused, "authorize.authorization_details"};
  }
  return Unit{};
}

Result<Unit> check_response(const codec::Form& form, const Client& client) {
  const std::string_view type = value_of(form, "response_type");
  if (type.empty()) return missing("authorize.response_type");
  if (type != "code") return Error{Code::ResponseTypeUnsupported, "authorize.response_type"};
  if (!client.may_code) return Error{Code::GrantNotAllowed, "authorize.client"};
  const std::string_view mode = value_of(form, "response_mode");
  if (!mode.empty() && mode != "query" && mode != "form_post") return malformed("authorize.response_mode");
  return Unit{};
}

// TS 33.180 B.4.2.2 and TS 33.434 A.4.2.2 require state; OpenID Connect recommends it.
Result<Unit> check_state(const codec::Form& form, const Client& client) {
  const std::string_view state = value_of(form, "state");
  if (state.empty() && client.profile != ClientProfile::Plain) return missing("authorize.state");
  if (state.size() > kStateBytesMax) return malformed("authorize.state");
  return Unit{};
}

// All of them go on: which one is reached is seen when we know the user (authenticators/sign_in_plan.h). Empty: any.
Result<std::string_view> read_acr_values(const codec::Form& form, const Client& client) {
  const std::string_view values = value_of(form, "acr_values");
  if (values.empty()) {
    if (client.profile != ClientProfile::Plain) return missing("authorize.acr_values");
    return values;
  }
  if (values.size() > kAcrValuesBytesMax) return malformed("authorize.acr_values");
  if (!has_supported_acr(values)) return Error{Code::AcrUnsupported, "authorize.acr_values"};
  return values;
}

// OIDC Core clause 5.5.1.1: an essential `acr` with values is one that must be reached, like acr_values here; where there
// are both, what both name.
Result<std::string> choose_acr(const codec::Form& form, const Client& client,
                               const std::vector<std::string>& essential) {
  CLAVIGER_TRY(values, read_acr_values(form, client));
  if (essential.empty()) return std::string(values);
  std::string chosen;
  const std::string padded = ' ' + std::string(values) + ' ';
  for (const std::string& acr : essential) {
    if (acr.find(' ') != std::string::npos || !is_supported_acr(acr)) continue;
    if (!values.empty() && padded.find(' ' + acr + ' ') == std::string::npos) continue;
    if (!chosen.empty()) chosen += ' ';
    chosen += acr;
  }
  if (chosen.empty()) return Error{Code::AcrUnsupported, "authorize.claims"};
  return chosen;
}

Result<std::array<std::byte, 32>> read_pkce(const codec::Form& form) {
  const std::string_view challenge = value_of(form, "code_challenge");
  const std::string_view method = value_of(form, "code_challenge_method");
  if (challenge.empty()) return missing("authorize.code_challenge");
  if (method.empty()) return missing("authorize.code_challenge_method");
  if (method != "S256") return malformed("authorize.code_challenge_method");
  return read_challenge(challenge);
}

}  // namespace

Result<std::array<std::byte, 32>> read_challenge(std::string_view text) {
  std::array<std::byte, 32> challenge;
  if (text.size() != kChallengeBytes || !codec::base64url_decode(text, challenge)) {
    return malformed("authorize.code_challenge");
  }
  return challenge;
}

Result<std::string_view> read_client_id(const codec::Form& form) {
  if (form.is_duplicated("client_id")) return Error{Code::ParameterRepeated, "authorize.client_id"};
  const std::string_view client_id = value_of(form, "client_id");
  if (client_id.empty()) return missing("authorize.client_id");
  return client_id;
}

Result<Unit> check_destination(const Client& client, std::string_view redirect_uri) {
  const auto requested = codec::parse_absolute_uri(redirect_uri);
  const bool is_registered = requested && std::ranges::any_of(client.redirect_uris, [&](const std::string& text) {
                               const auto registered = codec::parse_absolute_uri(text);
                               return registered && codec::redirect_matches(*registered, *requested);
                             });
  if (!is_registered) return Error{Code::RedirectUnregistered, "authorize.redirect_uri"};
  if (!client.is_enabled) return Error{Code::GrantNotAllowed, "authorize.client"};
  return Unit{};
}

Result<Destination> read_destination(const codec::Form& form, const Client& client) {
  const std::string_view redirect_uri = value_of(form, "redirect_uri");
  if (redirect_uri.empty() || form.is_duplicated("redirect_uri")) {
    return Error{Code::RedirectMissing, "authorize.redirect_uri"};
  }
  if (!codec::parse_absolute_uri(redirect_uri)) return Error{Code::RedirectMissing, "authorize.redirect_uri"};
  CLAVIGER_TRY(checked, check_destination(client, redirect_uri));

  Destination destination;
  destination.redirect_uri = redirect_uri;
  const std::string_view state = value_of(form, "state");
  if (!form.is_duplicated("state") && state.size() <= kStateBytesMax) destination.state = state;
  destination.response_mode = mode_of(form);
  return destination;
}

Result<AuthorizationRequest> read_request(const codec::Form& form, const Client& client,
                                          const tenants::Tenant& tenant) {
  CLAVIGER_TRY(unrepeated, check_repetitions(form));
  CLAVIGER_TRY(supported, check_unsupported(form));
  CLAVIGER_TRY(response_checked, check_response(form, client));

  AuthorizationRequest request;
  const std::string_view scope = value_of(form, "scope");
  if (scope.empty()) return missing("authorize.scope");
  CLAVIGER_TRY(requested, parse_scope(scope));
  CLAVIGER_TRY(allowed, grant_to_client(requested, tenant, client));
  request.scopes = std::move(allowed);
  CLAVIGER_TRY(state_checked, check_state(form, client));
  request.claims = value_of(form, "claims");
  CLAVIGER_TRY(claims, read_requested_claims(request.claims));
  request.claims_allowed = claims_for_client(claims, client);
  request.subject = std::move(claims.subject);
  CLAVIGER_TRY(acr, choose_acr(form, client, claims.acr));
  request.acr = std::move(acr);
  CLAVIGER_TRY(challenge, read_pkce(form));
  request.challenge = challenge;
  if (const std::string_view jkt = value_of(form, "dpop_jkt"); !jkt.empty()) {
    CLAVIGER_TRY(dpop_key, read_dpop_jkt(jkt));
    request.dpop_key = std::move(dpop_key);
  }
  request.nonce = value_of(form, "nonce");
  if (request.nonce.size() > kNonceBytesMax) return malformed("authorize.nonce");
  CLAVIGER_TRY(resources, read_resources(form));
  CLAVIGER_TRY(aim, aim_at(tenant, std::move(request.scopes), resources));
  request.scopes = std::move(aim.scopes);
  // A UE of the MC and VAL profiles may be another person's by now: no name is shown there (spec 3.3).
  if (client.profile == ClientProfile::Plain) request.login_hint = value_of(form, "login_hint");
  request.ui_locales = value_of(form, "ui_locales");
  CLAVIGER_TRY(prompt, read_prompt(form));
  request.prompt = prompt;
  return request;
}

}  // namespace claviger::identity
