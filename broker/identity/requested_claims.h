// The `claims` parameter of an authentication request (OIDC Core clause 5.5): claims that a client asks for one by one,
// in its ID token or from userinfo.
//
// What can be asked for beyond what scopes give anyway: the user's name and login name (in both places), and in userinfo
// how and when he signed in. An MC identity comes with its service's scope and in no other way (TS 33.180 clause B.2.1.3):
// asking for one by name changes nothing. What we do not know is ignored, and nothing is refused because a claim cannot be
// given (clause 5.5.1), but for two that say who must sign in and how: `sub` with a value, and an essential `acr`.
//
// Pure functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/identity/client.h"
#include "broker/identity/user.h"
#include "core/base/result.h"

namespace claviger::identity {

// It goes along in the sealed interaction, a field of the login page; a request for all that we know has 400 octets.
inline constexpr std::size_t kClaimsBytesMax = 2048;
// Values that a client would take of one claim.
inline constexpr std::size_t kClaimValuesMax = 16;

// What a session was asked for: bits of a record (session.fbs), never given another meaning.
using ClaimSet = std::uint32_t;
namespace claim {
inline constexpr ClaimSet kIdTokenName = 1U << 0U;
inline constexpr ClaimSet kIdTokenUsername = 1U << 1U;
inline constexpr ClaimSet kUserinfoName = 1U << 2U;
inline constexpr ClaimSet kUserinfoUsername = 1U << 3U;
inline constexpr ClaimSet kUserinfoAcr = 1U << 4U;
inline constexpr ClaimSet kUserinfoAmr = 1U << 5U;
inline constexpr ClaimSet kUserinfoAuthTime = 1U << 6U;
// Those that the scope `profile` would give: a client that may not have it gets them in no other way.
inline constexpr ClaimSet kOfProfile = kIdTokenName | kIdTokenUsername | kUserinfoName | kUserinfoUsername;
}  // namespace claim

struct RequestedClaim {
  ClaimSet claim = 0;
  bool is_bound = false;  // only when the user's is one of `values`
  std::vector<std::string> values;
};
struct RequestedClaims {
  std::vector<RequestedClaim> claims;
  std::string subject;           // `sub` with a value: nobody else may sign in; empty: anybody
  std::vector<std::string> acr;  // of an essential `acr` with values; empty: any
};
// ParameterMalformed: no JSON object of clause 5.5, too long, or a `sub` that several users could be. Empty: nothing.
Result<RequestedClaims> read_requested_claims(std::string_view text);

// What of it this client may have of anybody.
ClaimSet claims_for_client(const RequestedClaims& requested, const Client& client);
ClaimSet claims_for_client(ClaimSet claims, const Client& client);
// What of it is true of this user.
ClaimSet claims_for_user(const RequestedClaims& requested, const User& user);

// Scopes that a user is asked to agree to (consent.h): with `profile` when claims of it were asked for one by one.
std::vector<std::string> scopes_with_claims(std::vector<std::string> scopes, ClaimSet claims);

}  // namespace claviger::identity
