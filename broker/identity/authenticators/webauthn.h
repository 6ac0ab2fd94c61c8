// What a browser's authenticator says, checked (Web Authentication Level 2, clauses 7.1 and 7.2): a key was made for us, or
// a key that was made for us has signed, and its holder was verified by a finger, a face or a PIN.
//
// Pure functions, any thread. An answer is the JSON that our page's script sends:
//   made    {"id", "clientDataJSON", "attestationObject"}                          ; base64url strings
//   signed  {"id", "clientDataJSON", "authenticatorData", "signature", "userHandle"?}
// We ask for no attestation and trust none: what counts is that the same key answers again.
//
// WebAuthnInvalid, `where` saying which check failed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/crypto/verify_key.h"

namespace claviger::identity {

// An attestation statement with its chain has some 3 KiB; none has been asked for.
inline constexpr std::size_t kWebAuthnAnswerMax = 16 * 1024;
inline constexpr std::size_t kWebAuthnChallengeBytes = 32;
// Clause 6.5.1: credentialIdLength; longer ones are refused by CTAP.
inline constexpr std::size_t kCredentialIdMax = 1023;

struct RelyingParty {
  std::string id;      // host of the issuer: rpIdHash is its digest
  std::string origin;  // of the issuer, as browsers write it
};
RelyingParty relying_party_of(std::string_view issuer);

struct WebAuthnExpected {
  RelyingParty party;
  std::string challenge;  // base64url
};

struct WebAuthnCredential {
  std::string id;          // base64url
  std::string public_key;  // COSE_Key (RFC 9052 clause 7), as the authenticator wrote it
  std::uint32_t sign_count = 0;
};

Result<WebAuthnCredential> check_made(const WebAuthnExpected& expected, std::string_view answer);

// The credential that an answer is about; nothing of it is checked.
Result<std::string> credential_of(std::string_view answer);
// The sign counter as it is from now on. `user_handle` as given when the credential was made, base64url.
Result<std::uint32_t> check_signed(const WebAuthnExpected& expected, const WebAuthnCredential& credential,
                                   std::string_view user_handle, std::string_view answer);

// ES256, EdDSA with Ed25519, RS256 (RFC 9053, RFC 8812).
Result<crypto::VerifyKey> read_cose_key(Bytes cose);

}  // namespace claviger::identity
