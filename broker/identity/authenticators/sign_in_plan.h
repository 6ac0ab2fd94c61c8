// What a sign-in still needs: the client's acr_values against what policy demands and the user has (spec 3.4).
//
//   acr_values are walked left to right; the first that the user can reach is the goal. A stronger context serves for a
//   weaker one only where kOrder says so. What is issued is what was reached.
//
// Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "broker/identity/authenticators/authenticator_record.h"
#include "broker/identity/authenticators/policy.h"

namespace claviger::identity {

inline constexpr std::string_view kAcrPasswordOtp = "urn:claviger:acr:password-totp";

// What discovery publishes; weakest first.
std::vector<std::string_view> supported_acrs();
bool is_supported_acr(std::string_view acr);
// Every one of the space-separated `values` that we support is kept, in order.
bool has_supported_acr(std::string_view values);

struct SignInPlan {
  enum class Next : std::uint8_t {
    Done,          // `acr` and `amr` are reached
    SecondFactor,  // of one of `kinds`
    Enrol,         // he has none: `kinds` can be enrolled now
    EnrolFirst,    // he has none, and an administrator must enrol him
    Unmet,         // no acr_values that he can reach
    Forbidden      // policy does not let him use a password
  } next = Next::Unmet;
  std::string_view acr;
  std::vector<std::string> amr;
  std::vector<std::string_view> kinds;
};

// With this kind after the password; empty: with the password alone.
SignInPlan reached_with(std::string_view second);
// The password was right; `second` is the kind that was passed after it, empty: none yet.
SignInPlan plan_sign_in(std::string_view acr_values, const AuthenticationPolicy& policy,
                        const std::vector<AuthenticatorRecord>& enrolled, std::string_view second);

}  // namespace claviger::identity
