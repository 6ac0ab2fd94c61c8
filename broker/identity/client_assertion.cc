#include "broker/identity/client_assertion.h"

#include <algorithm>
#include <array>

#include "broker/tokens/verifier/compact_token.h"
#include "broker/tokens/verifier/jose_header.h"
#include "core/codec/base64url.h"

namespace claviger::identity {
namespace {

constexpr std::size_t kJtiBytesMax = 255;

Error invalid(std::string_view where) { return {Code::ClientAssertionInvalid, where}; }

// The segment as JSON; valid until the reader parses again.
Result<codec::JsonValue> read_segment(codec::JsonReader& reader, std::string_view segment) {
  std::array<std::byte, tokens::kTokenBytesMax> decoded;
  const auto size = codec::base64url_decode(segment, decoded);
  if (!size) return size.error();
  return reader.parse(as_text(Bytes(decoded).first(*size)));
}

const crypto::Jwk* choose_key(const crypto::JwkSet& keys, std::string_view kid) {
  if (!kid.empty()) return keys.find(kid);
  // Without a name the choice must be no choice: trying all keys would let anybody make us verify as often.
  return keys.keys.size() == 1 ? &keys.keys.front() : nullptr;
}

Result<Unit> check_header_and_signature(AssertionTools tools, const tokens::CompactToken& token,
                                        const crypto::JwkSet& keys) {
  const auto header_json = read_segment(tools.reader, token.header);
  if (!header_json) return invalid("client_assertion.header");
  const auto header = tokens::read_jose_header(*header_json);
  if (!header || header->has_crit || header->is_typ_unusable) return invalid("client_assertion.header");
  const std::string_view typ = header->typ.view();
  if (!typ.empty() && typ != "jwt" && typ != "client-authentication+jwt") return invalid("client_assertion.typ");
  const crypto::Jwk* key = choose_key(keys, header->kid.view());
  if (key == nullptr || header->algorithm != key->key.algorithm()) return invalid("client_assertion.key");
  std::array<std::byte, crypto::kSignatureBytesMax> signature;
  const auto size = codec::base64url_decode(token.signature, signature);
  if (!size) return invalid("client_assertion.signature");
  if (!key->key.verify(tools.context, token.signed_bytes, Bytes(signature).first(*size))) {
    return invalid("client_assertion.signature");
  }
  return Unit{};
}

bool is_meant_for_us(const codec::JsonValue& audience, const AssertionExpectation& expected) {
  const auto is_ours = [&](const codec::JsonValue& value) {
    const auto text = value.as_string();
    if (!text || text->empty()) return false;
    return *text == expected.issuer || *text == expected.token_endpoint || *text == expected.asked_endpoint;
  };
  const auto list = audience.as_array();
  if (!list) return is_ours(audience);
  for (const codec::JsonValue member : *list) {
    if (is_ours(member)) return true;
  }
  return false;
}

// Absent, or not after `latest`.
bool is_not_after(const codec::JsonObject& claims, std::string_view name, std::int64_t latest) {
  const auto value = claims.find(name);
  if (!value) return true;
  const auto date = value->as_numeric_date();
  return date && *date <= latest;
}

// Some libraries write an hour (Authlib): here an assertion that says when it was made ends kAssertionLifeMax after that,
// whatever else it says, so that none has to be remembered for longer.
std::int64_t end_of(const codec::JsonObject& claims, std::int64_t written_expiry) {
  const auto issued = claims.find("iat");
  if (!issued) return written_expiry;
  const auto issued_at = issued->as_numeric_date();
  if (!issued_at) return written_expiry;
  return std::min(written_expiry, *issued_at + kAssertionLifeMax.count());
}

}  // namespace

Result<std::string> unverified_client_id(AssertionTools tools, std::string_view assertion) {
  const auto token = tokens::split_compact(assertion);
  if (!token) return invalid("client_assertion.segments");
  const auto payload = read_segment(tools.reader, token->payload);
  if (!payload) return invalid("client_assertion.payload");
  const auto claims = payload->as_object();
  if (!claims) return invalid("client_assertion.payload");
  const auto subject = claims->string_at("sub");
  if (!subject || subject->empty()) return invalid("client_assertion.sub");
  return std::string(*subject);
}

Result<VerifiedAssertion> verify_assertion(AssertionTools tools, std::string_view assertion, const crypto::JwkSet& keys,
                                           const AssertionExpectation& expected) {
  const auto token = tokens::split_compact(assertion);
  if (!token) return invalid("client_assertion.segments");
  CLAVIGER_TRY(signed_well, check_header_and_signature(tools, *token, keys));
  const auto payload = read_segment(tools.reader, token->payload);
  if (!payload) return invalid("client_assertion.payload");
  const auto claims = payload->as_object();
  if (!claims) return invalid("client_assertion.payload");

  const auto issuer = claims->string_at("iss");
  const auto subject = claims->string_at("sub");
  if (!issuer || *issuer != expected.client_id) return invalid("client_assertion.iss");
  if (!subject || *subject != expected.client_id) return invalid("client_assertion.sub");
  const auto audience = claims->find("aud");
  if (!audience || !is_meant_for_us(*audience, expected)) return invalid("client_assertion.aud");

  const auto expiry_claim = claims->find("exp");
  if (!expiry_claim) return invalid("client_assertion.exp");
  const auto written_expiry = expiry_claim->as_numeric_date();
  if (!written_expiry) return invalid("client_assertion.exp");
  const std::int64_t leeway = kAssertionLeeway.count();
  if (!is_not_after(*claims, "nbf", expected.now + leeway)) return invalid("client_assertion.nbf");
  if (!is_not_after(*claims, "iat", expected.now + leeway)) return invalid("client_assertion.iat");
  const std::int64_t expires_at = end_of(*claims, *written_expiry);
  if (expires_at <= expected.now - leeway) return invalid("client_assertion.exp");
  if (expires_at > expected.now + kAssertionLifeMax.count() + leeway) return invalid("client_assertion.exp");

  const auto jti = claims->string_at("jti");
  if (!jti || jti->empty() || jti->size() > kJtiBytesMax) return invalid("client_assertion.jti");
  return VerifiedAssertion{std::string(*jti), expires_at};
}

}  // namespace claviger::identity
