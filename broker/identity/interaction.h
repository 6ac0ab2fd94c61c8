// A sign-in under way, kept by the browser instead of by us: everything the authorization request asked for, sealed, in
// a hidden field of the login page. A flood of authorization requests costs no store and no memory.
//
//   text      = base64url(sealed)
//   sealed    = %x02 salt aead            ; salt: 16 random octets
//   aead      = AES-256-GCM (core/crypto/aead.h) under HKDF(interaction key of the installation, salt): a key of its
//               own for each, because one key seals 2^32 values at most and anybody may ask for interactions
//   associated = "interaction" NUL tenant
//   plaintext = expiry id cookie challenge mode string*   ; expiry: 8OCTET, id: 16, cookie: 32, challenge: 32, mode: 1
//   string    = length octets             ; length: 2OCTET, big-endian; in the order of encode()
//
// Bound to the browser by the digest of its cookie, good once: its id is written with the code (tables::kInteractions).
// Pure functions, any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/identity/ue_naming.h"
#include "core/base/result.h"
#include "core/base/secret.h"

namespace claviger::identity {

enum class ResponseMode : std::uint8_t { Query = 0, FormPost = 1 };

struct Interaction {
  std::array<std::byte, 16> id{};
  std::int64_t expires_at = 0;               // NumericDate
  std::array<std::byte, 32> cookie_digest{};  // SHA-256 of the cookie's value
  std::array<std::byte, 32> challenge{};      // SHA-256 of the code verifier
  ResponseMode response_mode = ResponseMode::Query;
  std::string client_id;
  std::string redirect_uri;
  std::string state;
  std::string nonce;
  std::string acr;
  std::vector<std::string> scopes;  // allowed to the client
  std::string dpop_key;  // 32 bytes: thumbprint of the key the code will be bound to (RFC 9449 clause 10); or empty
  UeName ue;                        // from which it comes
};

// What we make fits: redirect URI 4 KiB, state 2 KiB, scopes 4 KiB, and base64url.
inline constexpr std::size_t kInteractionTextMax = 16 * 1024;

// CryptoFailure.
Result<std::string> seal_interaction(const Secret<32>& key, std::string_view tenant, const Interaction& interaction);
// InteractionInvalid (not one of ours, of another tenant, of another installation), InteractionExpired.
Result<Interaction> open_interaction(const Secret<32>& key, std::string_view tenant, std::string_view text,
                                     std::int64_t now);

}  // namespace claviger::identity
