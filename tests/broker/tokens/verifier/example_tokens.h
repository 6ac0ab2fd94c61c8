// Tokens of our own making: an issuer that signs whatever a test wants signed.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/tokens/verifier/key_set.h"
#include "broker/tokens/verifier/verifier.h"
#include "core/base/bytes.h"
#include "core/codec/base64url.h"
#include "core/crypto/signing_key.h"

namespace claviger::tokens {

inline constexpr std::int64_t kExampleNow = 1'700'000'100;
inline constexpr std::string_view kExampleIssuer = "https://idms.example";
inline constexpr std::string_view kExampleAudience = "https://mcptt.example";

inline std::string base64url(std::string_view text) {
  std::string encoded;
  codec::base64url_encode(as_bytes(text), encoded);
  return encoded;
}

// Members of a JSON object as JSON texts, in the order of their names.
using Json = std::map<std::string, std::string>;

inline std::string json_of(const Json& members) {
  std::string json = "{";
  for (const auto& [name, value] : members) {
    json += (json.size() == 1 ? "\"" : ",\"") + name + "\":" + value;
  }
  return json + "}";
}

inline std::string json_string(std::string_view text) { return '"' + std::string(text) + '"'; }

// The claims of a good access token; a test changes, adds or removes (with "") what it is about.
inline Json example_claims(const Json& changes = {}) {
  Json claims{{"iss", json_string(kExampleIssuer)},
              {"sub", json_string("user-17")},
              {"aud", json_string(kExampleAudience)},
              {"client_id", json_string("mcptt_client")},
              {"scope", json_string("openid 3gpp:mc:ptt_service 3gpp:mc:ptt_group_management_service")},
              {"mcptt_id", json_string("sip:alice@mcptt.example")},
              {"jti", json_string("token-1")},
              {"sid", json_string("session-1")},
              {"exp", std::to_string(kExampleNow + 300)},
              {"iat", std::to_string(kExampleNow - 10)}};
  for (const auto& [name, value] : changes) {
    claims.erase(name);
    if (!value.empty()) claims.emplace(name, value);
  }
  return claims;
}

class Mint {
 public:
  explicit Mint(crypto::SignatureAlgorithm algorithm = crypto::SignatureAlgorithm::Es256)
      : key_(*crypto::SigningKey::generate(algorithm)) {}

  const std::string& kid() const { return key_.kid(); }
  const crypto::VerifyKey& verify_key() const { return key_.verify_key(); }
  crypto::Jwk jwk(std::string kid = "") const { return {kid.empty() ? key_.kid() : std::move(kid), key_.verify_key()}; }

  std::string sign(std::string_view header, std::string_view payload) {
    std::string token = base64url(header) + '.' + base64url(payload);
    std::array<std::byte, crypto::kSignatureBytesMax> signature;
    const auto size = key_.sign(context_, as_bytes(token), signature);
    EXPECT_TRUE(size);
    return token + '.' + base64url(as_text(Bytes(signature).first(*size)));
  }
  Json header(const Json& changes = {}) const {
    Json header{{"typ", json_string("at+jwt")},
                {"alg", json_string(crypto::name_of(key_.algorithm()))},
                {"kid", json_string(key_.kid())}};
    for (const auto& [name, value] : changes) {
      header.erase(name);
      if (!value.empty()) header.emplace(name, value);
    }
    return header;
  }
  std::string access_token(const Json& changes = {}) {
    return sign(json_of(header()), json_of(example_claims(changes)));
  }
  std::string with_header(const Json& changes) { return sign(json_of(header(changes)), json_of(example_claims())); }

 private:
  crypto::SigningKey key_;
  crypto::SigningContext context_;
};

inline Verifier example_verifier(std::size_t cached_tokens = 1000, std::size_t revocations_max = kRevocationsMax) {
  VerifierOptions options;
  options.cached_tokens = cached_tokens;
  options.revocations_max = revocations_max;
  auto verifier = Verifier::create(std::move(options));
  EXPECT_TRUE(verifier);
  return *std::move(verifier);
}

inline std::shared_ptr<const KeySet> key_set(std::string_view issuer, std::vector<crypto::Jwk> keys) {
  auto set = KeySet::make(std::string(issuer), std::move(keys));
  EXPECT_TRUE(set);
  return *set;
}

inline PolicyOptions example_options() {
  PolicyOptions options;
  options.issuers = {std::string(kExampleIssuer)};
  options.audiences = {std::string(kExampleAudience)};
  return options;
}

inline Presentation at(std::int64_t now) {
  Presentation presentation;
  presentation.now = now;
  return presentation;
}

// The code of a refusal; nothing when it was accepted.
template <typename T>
std::optional<Code> refusal_of(const Result<T>& verdict) {
  if (verdict) return std::nullopt;
  return verdict.error().code;
}

}  // namespace claviger::tokens

namespace claviger {

// For gtest's messages.
inline void PrintTo(Code code, std::ostream* out) { *out << name_of(code); }

}  // namespace claviger
