// One JWS after the other from compact text to claims (RFC 7515 clause 5.2): split, header, key match, signature, type,
// payload. It decides nothing about the claims.
//
// Owns the buffers and scratch space of all that, so that reading allocates nothing in the long run: one per Verifier,
// on its shard. What a call returns is valid until the next call of the same function.
//
// The steps are separate so that several tokens may be opened first and their signatures verified together: a batch
// for vector lanes needs the key and the bytes of each, which are an Opened and what find() of a key set gave for it.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "broker/tokens/verifier/claims.h"
#include "broker/tokens/verifier/compact_token.h"
#include "broker/tokens/verifier/jose_header.h"
#include "broker/tokens/verifier/verification_policy.h"
#include "core/base/result.h"
#include "core/codec/json_reader.h"
#include "core/crypto/verify_key.h"

namespace claviger::tokens {

class JwsReader {
 public:
  struct Opened {
    CompactToken parts;
    const JoseHeader* header;
  };

  JwsReader();

  // Steps 1 to 5: TokenTooLong, TokenSegments, TokenEncoding, TokenHeader, TokenCritical, TokenAlgorithm.
  Result<Opened> open(std::string_view token, AlgorithmSet allowed);
  // Rest of step 6, and 7: TokenKeyMismatch, TokenEncoding, TokenSignature.
  Result<Unit> check_signature(const Opened& opened, const crypto::VerifyKey& key);
  // Step 9: TokenEncoding, TokenClaims and what Claims::read() says.
  Result<const Claims*> read_payload(std::string_view payload);

 private:
  static constexpr std::size_t kDecodedMax = kTokenBytesMax / 4 * 3;
  // An issuer's tokens repeat the same header text, key by key; a verifier sees the keys of a few issuers.
  static constexpr std::size_t kHeadersKnown = 8;
  static constexpr std::size_t kHeaderTextMax = 255;
  struct KnownHeader {
    ShortText<kHeaderTextMax> text;
    JoseHeader header;
  };

  Result<const JoseHeader*> read_header(std::string_view segment);
  void remember(const Opened& opened);

  codec::JsonReader header_json_;
  codec::JsonReader payload_json_;
  crypto::VerifyContext context_;
  JoseHeader header_;
  Claims claims_;
  // Headers whose signature held, by their text: the same text means the same header, so no parsing (bench verify:
  // 0.2 µs). Texts of tokens that failed never come in here.
  std::array<KnownHeader, kHeadersKnown> known_;
  std::size_t known_next_ = 0;
  std::array<std::byte, kDecodedMax + codec::kJsonPadding> header_bytes_{};
  std::array<std::byte, kDecodedMax + codec::kJsonPadding> payload_bytes_{};
};

// Step 8: TokenType unless typ is one of `expected`, given as normalised_typ() gives it, or absent and that is allowed.
// A token made for another purpose must not pass for this one (RFC 8725 clause 3.11).
Result<Unit> check_type(const JoseHeader& header, std::span<const std::string_view> expected,
                        bool may_be_absent = false);

}  // namespace claviger::tokens
