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
inline constexpr std::string_view kAcrPasswordWebAuthn = "urn:claviger:acr:password-webauthn";
inline constexpr std::string_view kAcrPasswordOutside = "urn:claviger:acr:password-outside";
inline constexpr std::string_view kAcrCertificate = "urn:claviger:acr:x509";

// What discovery publishes; weakest first.
std::vector<std::string_view> supported_acrs();
bool is_supported_acr(std::string_view acr);
// Every one of the space-separated `values` that we support is kept, in order.
bool has_supported_acr(std::string_view values);

struct SignInPlan {
  enum class Next : std::uint8_t {
    Done,          // `acr` and `amr` are reached
    SecondFactor,  // of one of `kinds`
    Enrol,         // he has none that does, and has shown what he has: `kinds` can be enrolled now
    EnrolFirst,    // he has none that is allowed, and an administrator must enrol him
    Unmet,         // no acr_values that he can reach
    Forbidden      // policy does not let him use what he came with: a password, or what took its place
  } next = Next::Unmet;
  std::string_view acr;
  std::vector<std::string> amr;
  std::vector<std::string_view> kinds;
  std::vector<AuthenticatorRecord> enrolled;  // what the page of the next step must know of
  BrowserSession browser_session = BrowserSession::Off;  // what policy says of one
};

// What was passed: `first` in the place of the password (empty: the password), and `second` after it (empty: nothing yet).
struct Passed {
  std::string_view first;
  std::string_view second;
};
SignInPlan reached_with(const Passed& passed);
SignInPlan plan_sign_in(std::string_view acr_values, const AuthenticationPolicy& policy,
                        const std::vector<AuthenticatorRecord>& enrolled, const Passed& passed);
// Is a sign-in that reached `acr` elsewhere (empty: nothing that we know of) what policy demands of this user here? With a
// second factor where one is demanded, and by a method that is allowed.
bool is_enough(std::string_view acr, const AuthenticationPolicy& policy,
               const std::vector<AuthenticatorRecord>& enrolled);
// Can this kind, which takes the place of a password, reach one of the `acr_values`?
bool serves_some(std::string_view kind, std::string_view acr_values);

}  // namespace claviger::identity
