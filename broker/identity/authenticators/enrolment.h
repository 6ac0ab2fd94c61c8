// Enrolling TOTP on the page of a sign-in: the seed that is offered is derived from the interaction, so that nothing is
// kept, in the page or here, until the first right code proves that the user's app has it.
//
// Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "broker/identity/authenticators/authenticator_record.h"
#include "broker/identity/interaction.h"
#include "core/base/secret.h"

namespace claviger::identity {

// RFC 4226 clause 4, R6.
inline constexpr std::size_t kSeedBytes = 20;

Secret<kSeedBytes> offered_seed(const Secret<32>& interaction_key, std::string_view tenant, std::string_view sub,
                                const Interaction& interaction);

// otpauth://totp/Issuer:login?secret=...: what authenticator apps read as a QR code. Holds the seed: to be wiped.
std::string otpauth_uri(std::string_view issuer, std::string_view login, const AuthenticatorRecord& record, Bytes seed);
std::string_view name_of(crypto::OtpAlgorithm algorithm);  // "SHA1"

}  // namespace claviger::identity
