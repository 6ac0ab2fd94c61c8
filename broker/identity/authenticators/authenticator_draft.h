// What an administrator says of an authenticator that he enrols for a user, and what comes of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "broker/identity/authenticators/authenticator_record.h"
#include "core/base/secret.h"

namespace claviger::identity {

struct AuthenticatorDraft {
  std::string kind;
  std::string label;
  std::string serial;  // of a hardware token; of a certificate "san:URI" or "x5t:THUMBPRINT"; empty: none
  SecretBytes seed;    // empty: we make one
  crypto::OtpAlgorithm algorithm = crypto::OtpAlgorithm::Sha1;
  unsigned digits = 6;
  std::uint32_t period_seconds = 30;
  std::uint64_t counter = 0;
  std::string certificate;  // PEM; in place of a serial
};

struct EnrolledAuthenticator {
  AuthenticatorRecord record;
  SecretBytes otpauth_uri;         // empty when the seed was given to us: it is somewhere else already
  std::vector<SecretBytes> codes;  // recovery codes, shown once
};

// Of whom, for the texts of what is made.
struct Enrollee {
  std::string tenant;
  std::string tenant_name;  // for people
  std::string sub;
  std::string login;
};

// In kCredentialIds and `record.serial`: what its owner calls it, marked so that it never meets a digest of ours.
inline constexpr std::string_view kSerialPrefix = "serial ";

}  // namespace claviger::identity
