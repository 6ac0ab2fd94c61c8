// A sign-in under way, kept by the browser instead of by us: everything the authorization request asked for, sealed, in
// a hidden field of the login page. A flood of authorization requests costs no store and no memory.
//
//   text      = sealed_text.h, for the purpose "interaction"
//   plaintext = expiry id cookie challenge mode consent [claims] string*   ; 8OCTET, 16, 32, 32, 1, 1, 1
//   string    = length octets             ; length: 2OCTET, big-endian; in the order of encode()
//
// Bound to the browser by the digest of its cookie, good once: its code is its own (authorization_code.h), and a row of
// tables::kInteractions says that the user did not want.
// Pure functions, any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/identity/requested_claims.h"
#include "broker/identity/sealed_text.h"
#include "broker/identity/ue_naming.h"
#include "core/base/result.h"
#include "core/base/secret.h"

namespace claviger::identity {

enum class ResponseMode : std::uint8_t { Query = 0, FormPost = 1 };
// Is the user asked whether the client may have what it wants (consent.h)? Once: unless he agreed already.
enum class ConsentPolicy : std::uint8_t { None = 0, Once = 1, Always = 2 };

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
  std::string acr;                  // acr_values as asked for; empty: any
  std::vector<std::string> scopes;  // allowed to the client
  ConsentPolicy consent = ConsentPolicy::None;
  std::string language;  // of the pages (page_language.h)
  std::string dpop_key;  // 32 bytes: thumbprint of the key the code will be bound to (RFC 9449 clause 10); or empty
  UeName ue;                        // from which it comes
  std::string progress;             // authenticators/sign_in_progress.h
  std::string subject;              // as the client knows him: who must sign in (id_token_hint.h); empty: anybody
  std::string claims;               // the parameter, checked; empty: the client may have none of it
  ClaimSet claims_allowed = 0;      // of it, to the client
};

inline constexpr std::size_t kInteractionTextMax = kSealedTextMax;

// CryptoFailure.
Result<std::string> seal_interaction(const Secret<32>& key, std::string_view tenant, const Interaction& interaction);
// InteractionInvalid (not one of ours, of another tenant, of another installation), InteractionExpired.
Result<Interaction> open_interaction(const Secret<32>& key, std::string_view tenant, std::string_view text,
                                     std::int64_t now);

}  // namespace claviger::identity
