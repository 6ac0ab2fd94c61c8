// Access tokens as in the issue's bar: 400 bytes of claims, 685 bytes with ES256 or EdDSA, and a verifier that trusts
// their issuer.
#pragma once

#include <ctime>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "broker/tokens/verifier/verifier.h"
#include "core/base/assert.h"
#include "core/codec/base64url.h"
#include "core/crypto/signing_key.h"

namespace claviger::tokens::bench {

inline constexpr std::int64_t kNow = 1'764'000'000;
inline constexpr std::string_view kIssuer = "https://idms.alpha.example";
inline constexpr std::string_view kAudience = "https://mcptt.alpha.example";
inline constexpr std::string_view kIdentity = "sip:officer.12@mcptt.alpha.example";
inline constexpr std::size_t kClaimsBytes = 400;
inline constexpr std::string_view kKid = "alpha-11";

// CPU time of this thread: what else runs on the machine is not counted.
inline double cpu_seconds() {
  std::timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

inline std::string base64url(std::string_view text) {
  std::string encoded;
  codec::base64url_encode(as_bytes(text), encoded);
  return encoded;
}

class Issuer {
 public:
  explicit Issuer(crypto::SignatureAlgorithm algorithm) : key_(*crypto::SigningKey::generate(algorithm)) {
    header_ = base64url(R"({"typ":"at+jwt","alg":")" + std::string(crypto::name_of(algorithm)) + R"(","kid":")" +
                        std::string(kKid) + R"("})");
  }

  std::string token(std::uint64_t number) {
    std::string jti = std::to_string(number);
    jti.insert(0, 22 - jti.size(), '0');
    std::string claims =
        R"({"iss":")" + std::string(kIssuer) + R"(","sub":"5f1c2f6e-6a3f-4a55-9b5e-1f0f1f6f2a10","aud":")" +
        std::string(kAudience) + R"(","exp":1764000300,"iat":1763999990,"jti":")" + jti +
        R"(","sid":"Jq0bT4nNQ2m1x8yZ7w3K5g","client_id":"mc-native-1","scope":"openid 3gpp:mc:ptt_service )" +
        R"(3gpp:mc:ptt_key_management_service","mcptt_id":")" + std::string(kIdentity) +
        R"(","acr":"3gpp:acr:password")";
    // The rest as a claim that nobody asks for.
    CLAVIGER_ASSERT(claims.size() + 9 <= kClaimsBytes);
    claims += R"(,"x":")" + std::string(kClaimsBytes - claims.size() - 8, 'x') + "\"}";
    std::string token = header_ + '.' + base64url(claims);
    std::array<std::byte, crypto::kSignatureBytesMax> signature;
    const auto size = key_.sign(context_, as_bytes(token), signature);
    return token + '.' + base64url(as_text(Bytes(signature).first(*size)));
  }
  const crypto::VerifyKey& verify_key() const { return key_.verify_key(); }

 private:
  crypto::SigningKey key_;
  crypto::SigningContext context_;
  std::string header_;
};

// With its table, if the algorithm has one: as a host gives it a second after start.
inline crypto::VerifyKey with_table(const crypto::VerifyKey& key) {
  return key.wants_table() ? key.with_table(*key.build_table()) : key;
}

inline Verifier trusting(const crypto::VerifyKey& key, std::size_t cached_tokens) {
  VerifierOptions options;
  options.cached_tokens = cached_tokens;
  Verifier verifier = *Verifier::create(std::move(options));
  const auto keys = KeySet::make(std::string(kIssuer), {{std::string(kKid), key}});
  CLAVIGER_ASSERT(verifier.set_keys(*keys).has_value());
  return verifier;
}

// What an MCPTT server asks.
inline VerificationPolicy mcptt_policy(Verifier& verifier) {
  PolicyOptions options;
  options.issuers = {std::string(kIssuer)};
  options.audiences = {std::string(kAudience)};
  options.scopes_all = {"3gpp:mc:ptt_service"};
  options.identity = McService::Ptt;
  return *verifier.make_policy(std::move(options));
}

inline Presentation presentation() {
  Presentation presentation;
  presentation.now = kNow;
  presentation.identity = kIdentity;
  return presentation;
}

}  // namespace claviger::tokens::bench
