// The access tokens of tests/vectors/jws.json: acceptable ones and attacks, under one context (identity.md, clause 5).
#pragma once

#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker/tokens/verifier/key_set.h"
#include "core/base/code.h"
#include "core/codec/json_reader.h"

namespace claviger::tokens {

struct AttackVector {
  std::string id;
  std::string token;
  bool is_acceptable;
};

struct AttackVectors {
  std::int64_t now = 0;
  std::int64_t leeway = 0;
  std::string issuer;
  std::string audience;
  std::shared_ptr<const KeySet> keys;
  std::vector<AttackVector> tokens;
};

inline AttackVectors load_attack_vectors() {
  std::ifstream file(std::string(CLAVIGER_SOURCE_DIR) + "/tests/vectors/jws.json", std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  codec::JsonReader reader({.bytes_max = 1024 * 1024, .values_max = 100'000});
  const auto document = reader.parse(text)->as_object();
  const auto context = document->at("token_context")->as_object();
  AttackVectors vectors;
  vectors.now = *context->int_at("now");
  vectors.leeway = *context->int_at("leeway_s");
  vectors.issuer = *context->string_at("issuer");
  vectors.audience = *context->string_at("audience");
  std::vector<crypto::Jwk> keys;
  const auto jwks = context->at("jwks")->as_object()->at("keys")->as_array();
  for (const codec::JsonValue jwk : *jwks) {
    keys.push_back(*crypto::read_jwk(*jwk.as_object()));
  }
  vectors.keys = *KeySet::make(vectors.issuer, std::move(keys));
  const auto tokens = document->at("access_tokens")->as_array();
  for (const codec::JsonValue value : *tokens) {
    const auto token = value.as_object();
    vectors.tokens.push_back({std::string(*token->string_at("id")), std::string(*token->string_at("compact")),
                              *token->string_at("expect") == "accept"});
  }
  return vectors;
}

// Why each of them is refused: the step that finds it first.
inline const std::map<std::string, Code, std::less<>>& attack_codes() {
  static const std::map<std::string, Code, std::less<>> codes{
      {"n01-alg-none", Code::TokenAlgorithm},
      {"n02-alg-nOnE", Code::TokenAlgorithm},
      {"n03-alg-missing", Code::TokenAlgorithm},
      {"n04-hs256-with-rsa-pem", Code::TokenAlgorithm},
      {"n05-hs256-with-spki-der", Code::TokenAlgorithm},
      {"n06-kid-traversal", Code::TokenAlgorithm},
      {"n07-kid-sql", Code::TokenKeyUnknown},
      {"n08-kid-unknown", Code::TokenKeyUnknown},
      {"n09-kid-of-other-type", Code::TokenKeyMismatch},
      {"n10-embedded-jwk", Code::TokenKeyUnknown},
      {"n11-jku", Code::TokenKeyUnknown},
      {"n12-x5u", Code::TokenKeyUnknown},
      {"n13-x5c", Code::TokenKeyUnknown},
      {"n14-crit-unknown", Code::TokenCritical},
      {"n15-crit-b64", Code::TokenCritical},
      {"n16-crit-empty", Code::TokenCritical},
      {"n17-crit-registered", Code::TokenCritical},
      {"n18-crit-absent-name", Code::TokenCritical},
      {"n19-dup-header-alg", Code::TokenHeader},
      {"n20-dup-claim", Code::TokenClaims},
      {"n21-dup-claim-escaped", Code::TokenClaims},
      {"n22-sig-der", Code::TokenSignature},
      {"n23-sig-zero", Code::TokenSignature},
      {"n24-sig-r-eq-n", Code::TokenSignature},
      {"n25-sig-short", Code::TokenSignature},
      {"n26-sig-long", Code::TokenSignature},
      {"n27-sig-empty", Code::TokenSignature},
      {"n28-padding", Code::TokenEncoding},
      {"n29-noncanonical-bits", Code::TokenEncoding},
      {"n30-std-alphabet", Code::TokenEncoding},
      {"n31-newline", Code::TokenSignature},  // it stands in the payload, which is decoded after the signature
      {"n32-two-parts", Code::TokenSegments},
      {"n33-four-parts", Code::TokenSegments},
      {"n34-jwe-shape", Code::TokenSegments},
      {"n35-exp-past", Code::TokenExpired},
      {"n36-exp-missing", Code::TokenClaims},
      {"n37a-exp-string", Code::TokenClaims},
      {"n37b-exp-overflow", Code::TokenClaims},
      {"n37c-exp-263", Code::TokenClaims},
      {"n37d-exp-264+1", Code::TokenClaims},
      {"n37e-exp-negative", Code::TokenClaims},
      {"n37f-exp-boolean", Code::TokenClaims},
      {"n37g-exp-null", Code::TokenClaims},
      {"n37h-exp-array", Code::TokenClaims},
      {"n37i-exp-leading", Code::TokenClaims},
      {"n37j-exp-NaN", Code::TokenClaims},
      {"n38-nbf-future", Code::TokenNotYetValid},
      {"n39-iat-future", Code::TokenIssuedInFuture},
      {"n40-typ-jwt", Code::TokenType},
      {"n41-typ-missing", Code::TokenType},
      {"n42-id-token", Code::TokenType},
      {"n43-logout-token", Code::TokenType},
      {"n44-security-token", Code::TokenType},
      {"n45-aud-other", Code::TokenAudience},
      {"n46-aud-empty", Code::TokenAudience},
      {"n47-aud-number", Code::TokenAudience},
      {"n48-aud-prefix", Code::TokenAudience},
      {"n49-iss-tenant", Code::TokenIssuer},
      {"n50-iss-slash", Code::TokenIssuer},
      {"n51-iss-missing", Code::TokenIssuer},
      {"n52-payload-array", Code::TokenClaims},
      {"n53-trailing-data", Code::TokenClaims},
      {"n54-bom", Code::TokenClaims},
      {"n55-bad-utf8", Code::TokenClaims},
      {"n56-nul-in-kid", Code::TokenKeyUnknown},
      {"n57-depth", Code::TokenClaims},
      {"n58-sub-256", Code::TokenSubject},
      {"n59-scope-array", Code::TokenClaims},
      {"n60-payload-tampered", Code::TokenSignature},
      {"n61-ed25519-S-plus-L", Code::TokenSignature},
      {"n62-ed25519-zero", Code::TokenSignature},
      {"n63-single-quotes", Code::TokenClaims},
      {"n64-lone-surrogate", Code::TokenClaims},
      {"n65-ps256-with-rs-key", Code::TokenAlgorithm},
  };
  return codes;
}

}  // namespace claviger::tokens
