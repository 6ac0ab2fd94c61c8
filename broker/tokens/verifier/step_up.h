// Was the user authenticated well enough, and lately enough, for what is asked (RFC 9470)? And what a resource server
// answers when not, so that its client asks for a new sign-in.
//
// Pure functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/tokens/verifier/claims.h"
#include "core/base/clock.h"
#include "core/base/result.h"

namespace claviger::tokens {

struct AuthenticationRequirement {
  std::vector<std::string> acr_values;  // the token's acr is one of these; empty: any
  Seconds max_age{0};                   // since auth_time; 0: whenever
};

// AuthenticationTooWeak; also when the token does not say what is asked about.
Result<Unit> check_authentication(std::string_view acr, std::optional<std::int64_t> auth_time,
                                  const AuthenticationRequirement& requirement, std::int64_t now);
inline Result<Unit> check_authentication(const Claims& claims, const AuthenticationRequirement& requirement,
                                         std::int64_t now) {
  return check_authentication(claims.acr, claims.auth_time, requirement, now);
}

// The value of WWW-Authenticate beside a 401 (clause 3). `scheme`: Bearer or DPoP. What stands in the requirement must
// have neither quotes nor control characters: it is the server's own configuration.
std::string step_up_challenge(std::string_view scheme, std::string_view realm,
                              const AuthenticationRequirement& requirement);

}  // namespace claviger::tokens
