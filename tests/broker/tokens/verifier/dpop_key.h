// A client's key for DPoP proofs, and the proofs it makes, good and bad (RFC 9449 clause 4.2).
//
// For tests; one thread.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "core/codec/base64url.h"
#include "core/codec/json_writer.h"
#include "core/crypto/digest.h"
#include "core/crypto/jwk.h"
#include "core/crypto/signing_key.h"

namespace claviger::tokens {

inline std::string encoded(std::string_view text) {
  std::string out;
  codec::base64url_encode(as_bytes(text), out);
  return out;
}

// Members of the payload as JSON; an empty one is left out.
struct ProofParts {
  std::string method = "POST";
  std::string url;
  std::int64_t issued_at = 0;
  std::string jti = "j1";
  std::string nonce = {};
  std::string access_token = {};
  std::string typ = "dpop+jwt";
  std::string alg = {};          // empty: the key's
  std::string header_more = {};  // ",\"crit\":[\"x\"]"
  std::string payload_more = {};
  std::string jwk = {};  // empty: the key's
};

class DpopKey {
 public:
  explicit DpopKey(crypto::SignatureAlgorithm algorithm = crypto::SignatureAlgorithm::Es256) : key_(make(algorithm)) {}

  std::string thumbprint() const { return key_.kid(); }
  std::string jwk() const {
    std::string text;
    crypto::write_jwk(key_.verify_key(), text);
    return text;
  }
  std::string proof(const ProofParts& parts) {
    const std::string alg = parts.alg.empty() ? std::string(crypto::name_of(key_.algorithm())) : parts.alg;
    const std::string header = "{\"typ\":\"" + parts.typ + "\",\"alg\":\"" + alg +
                               "\",\"jwk\":" + (parts.jwk.empty() ? jwk() : parts.jwk) + parts.header_more + "}";
    std::string payload;
    codec::JsonWriter json(payload);
    json.begin_object();
    if (!parts.jti.empty()) json.member("jti", parts.jti);
    if (!parts.method.empty()) json.member("htm", parts.method);
    if (!parts.url.empty()) json.member("htu", parts.url);
    if (parts.issued_at != 0) json.member("iat", parts.issued_at);
    if (!parts.nonce.empty()) json.member("nonce", parts.nonce);
    if (!parts.access_token.empty()) {
      std::string hash;
      codec::base64url_encode(crypto::sha256(as_bytes(parts.access_token)), hash);
      json.member("ath", hash);
    }
    json.end_object();
    payload.insert(payload.size() - 1, parts.payload_more);
    const std::string input = encoded(header) + "." + encoded(payload);
    std::string signature(key_.signature_size(), '\0');
    const auto size = key_.sign(context_, as_bytes(input), std::as_writable_bytes(std::span(signature)));
    EXPECT_TRUE(size.has_value());
    return input + "." + encoded(signature);
  }

 private:
  static crypto::SigningKey make(crypto::SignatureAlgorithm algorithm) {
    auto key = crypto::SigningKey::generate(algorithm);
    EXPECT_TRUE(key.has_value());
    return *std::move(key);
  }
  crypto::SigningKey key_;
  crypto::SigningContext context_;
};

}  // namespace claviger::tokens
