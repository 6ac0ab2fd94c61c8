// The parameters of an authentication request, checked (TS 33.180 clause B.4.2.2, TS 33.434 A.4.2.2, OIDC Core clause
// 3.1.2.1, RFC 6749 clause 4.1.1, RFC 7636, RFC 9700).
//
// Two steps, because the first decides whether a refusal may be sent to the client at all: read_destination() says
// where to, and what it refuses is shown to the user; read_request() refuses towards that place. Pure functions.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "broker/identity/authenticators/prompt.h"
#include "broker/identity/client.h"
#include "broker/identity/interaction.h"
#include "broker/identity/requested_claims.h"
#include "broker/tenants/tenant.h"
#include "core/base/result.h"
#include "core/codec/form.h"

namespace claviger::identity {

inline constexpr std::size_t kStateBytesMax = 2048;
inline constexpr std::size_t kNonceBytesMax = 512;
// A handful of URNs; they go along in the sealed interaction.
inline constexpr std::size_t kAcrValuesBytesMax = 1024;
inline constexpr std::string_view kAcrPassword = "3gpp:acr:password";

// Where the answer goes, good or bad. Views into the form.
struct Destination {
  std::string_view redirect_uri;
  std::string_view state;  // empty when absent, repeated or too long: then it is left out of the answer
  ResponseMode response_mode = ResponseMode::Query;
};
// ParameterMissing, ParameterRepeated. The client's id before anything else is known.
Result<std::string_view> read_client_id(const codec::Form& form);
// RedirectMissing, RedirectUnregistered, GrantNotAllowed (the client is disabled).
Result<Destination> read_destination(const codec::Form& form, const Client& client);

// Pages stay open, and clients are changed meanwhile: whether an answer may go there, still. GrantNotAllowed (disabled),
// RedirectUnregistered.
Result<Unit> check_destination(const Client& client, std::string_view redirect_uri);

// What a client asked for. Views into the form, the client and the tenant.
struct AuthorizationRequest {
  std::vector<std::string_view> scopes;  // allowed to the client, as far as `resource` lets them
  std::array<std::byte, 32> challenge{};
  std::string_view nonce;
  std::string acr;  // acr_values, those of an essential `acr` in `claims` only; empty: any
  Prompt prompt;
  std::string_view login_hint;  // empty where the page must not show a name
  std::string_view ui_locales;
  std::string dpop_key;         // 32 bytes: the code will be bound to it; empty: to none
  std::string_view claims;      // the parameter, read
  ClaimSet claims_allowed = 0;  // of it, to the client
  std::string subject;          // of it: who must sign in; empty: anybody
};
// ParameterRepeated, RequestObjectRefused, RequestUriRefused, AuthorizationDetailsRefused, ParameterMissing,
// ParameterMalformed, ResponseTypeUnsupported, GrantNotAllowed, ScopeMalformed, ScopeNothing, AcrUnsupported,
// TargetUnknown, LoginRequired.
Result<AuthorizationRequest> read_request(const codec::Form& form, const Client& client, const tenants::Tenant& tenant);

// 43 characters of base64url: SHA-256 of the verifier (RFC 7636 clause 4.2). ParameterMalformed.
Result<std::array<std::byte, 32>> read_challenge(std::string_view text);

}  // namespace claviger::identity
