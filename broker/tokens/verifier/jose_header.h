// What we look at in a JOSE header (RFC 7515 clause 4.1), and nothing else: jwk, jku, x5u, x5c and x5t are never read,
// so that no token can bring its own key or make us fetch one (RFC 8725 clause 3.10).
//
// A value, independent of the text it was read from. Pure function, any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "broker/tokens/verifier/short_text.h"
#include "core/base/result.h"
#include "core/codec/json_value.h"
#include "core/crypto/signature_algorithm.h"

namespace claviger::tokens {

// Ours are SHA-256 thumbprints of 43 characters; partners name keys as they like, but a name is not a document.
inline constexpr std::size_t kKidMax = 128;
// "application/" and the longest type we know, with room.
inline constexpr std::size_t kTypMax = 64;

struct JoseHeader {
  // Present at all: we understand no extension, so that is enough to refuse (clause 4.1.11).
  bool has_crit = false;
  // Empty: absent, not a string, or none of ours. Compared exactly: "nOnE" is as unknown as "none".
  std::optional<crypto::SignatureAlgorithm> algorithm;
  // Empty: absent, not a string, too long; no key has an empty name.
  ShortText<kKidMax> kid;
  // Lower case and without "application/", as clause 4.1.9 says to compare. Empty: absent.
  ShortText<kTypMax> typ;
  // Not a string, or too long: equal to no type, and not the same as absent.
  bool is_typ_unusable = false;
};

// TokenHeader when the value is not an object.
Result<JoseHeader> read_jose_header(const codec::JsonValue& value);

// The form in which `typ` is compared: for the names that a policy expects. Empty when it cannot be one.
ShortText<kTypMax> normalised_typ(std::string_view typ);

}  // namespace claviger::tokens
