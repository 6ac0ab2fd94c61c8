#include "broker/tokens/verifier/dpop_proof.h"

#include <algorithm>

#include "broker/tokens/verifier/compact_token.h"
#include "broker/tokens/verifier/jose_header.h"
#include "core/codec/base64url.h"
#include "core/codec/uri.h"
#include "core/crypto/digest.h"
#include "core/crypto/jwk.h"

namespace claviger::tokens {
namespace {

// As jti of client assertions: whoever needs more is up to something.
constexpr std::size_t kJtiBytesMax = 255;

Error invalid(std::string_view where) { return {Code::DpopInvalid, where}; }

// The segment as JSON; valid until the reader parses again.
Result<codec::JsonObject> read_segment(codec::JsonReader& reader, std::string_view segment) {
  std::array<std::byte, kTokenBytesMax> decoded;
  CLAVIGER_TRY(size, codec::base64url_decode(segment, decoded));
  CLAVIGER_TRY(value, reader.parse(as_text(Bytes(decoded).first(size))));
  return value.as_object();
}

// Before a key is built of it: anybody may bring one, and what it costs to verify with is his choice.
bool is_quick(const codec::JsonObject& jwk) {
  const auto type = jwk.string_at("kty");
  if (!type || *type != "RSA") return true;
  const auto modulus = jwk.string_at("n");
  const auto exponent = jwk.string_at("e");
  return modulus && exponent && modulus->size() <= codec::base64url_encoded_size(kDpopRsaBitsMax / 8) &&
         *exponent == "AQAB";
}

// typ, alg, jwk (clause 4.2), and no extension.
Result<crypto::VerifyKey> read_header(const codec::JsonObject& object, const codec::JsonValue& value) {
  const auto header = read_jose_header(value);
  if (!header || header->has_crit || header->is_typ_unusable) return invalid("dpop.header");
  if (header->typ.view() != kDpopType) return invalid("dpop.typ");
  if (!header->algorithm) return invalid("dpop.alg");
  const auto member = object.find("jwk");
  if (!member) return invalid("dpop.jwk");
  const auto jwk_object = member->as_object();
  if (!jwk_object || !is_quick(*jwk_object)) return invalid("dpop.jwk");
  // Public only: read_jwk() refuses private and symmetric members.
  auto jwk = crypto::read_jwk(*jwk_object);
  if (!jwk || jwk->key.algorithm() != *header->algorithm) return invalid("dpop.jwk");
  return std::move(jwk->key);
}

Result<crypto::VerifyKey> check_header_and_signature(DpopTools tools, const CompactToken& token) {
  std::array<std::byte, kTokenBytesMax> decoded;
  const auto size = codec::base64url_decode(token.header, decoded);
  if (!size) return invalid("dpop.header");
  const auto value = tools.reader.parse(as_text(Bytes(decoded).first(*size)));
  if (!value) return invalid("dpop.header");
  const auto object = value->as_object();
  if (!object) return invalid("dpop.header");
  CLAVIGER_TRY(key, read_header(*object, *value));
  std::array<std::byte, crypto::kSignatureBytesMax> signature;
  const auto signature_size = codec::base64url_decode(token.signature, signature);
  if (!signature_size) return invalid("dpop.signature");
  if (!key.verify(tools.context, token.signed_bytes, Bytes(signature).first(*signature_size))) {
    return invalid("dpop.signature");
  }
  return key;
}

Result<Unit> check_times(const codec::JsonObject& claims, std::int64_t now, std::int64_t& issued_at) {
  const auto claim = claims.find("iat");
  if (!claim) return invalid("dpop.iat");
  const auto date = claim->as_numeric_date();
  if (!date || *date < now - kDpopAgeMax.count() || *date > now + kDpopAheadMax.count()) return invalid("dpop.iat");
  issued_at = *date;
  // Not asked for by clause 4.2, but a sender that says so means it (RFC 7519 clause 4.1.4).
  if (const auto expiry = claims.find("exp")) {
    const auto at = expiry->as_numeric_date();
    if (!at || *at <= now) return invalid("dpop.exp");
  }
  return Unit{};
}

// Clause 4.2: SHA-256 of the token's ASCII.
Result<Unit> check_access_token(const codec::JsonObject& claims, std::string_view access_token) {
  if (access_token.empty()) return Unit{};
  const auto ath = claims.string_at("ath");
  if (!ath) return invalid("dpop.ath");
  std::string expected;
  codec::base64url_encode(crypto::sha256(as_bytes(access_token)), expected);
  if (*ath != expected) return invalid("dpop.ath");
  return Unit{};
}

constexpr char lowered(char character) {
  return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a') : character;
}

bool equals_without_case(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, {}, lowered, lowered);
}

std::string_view without_query(std::string_view text) { return text.substr(0, text.find_first_of("?#")); }

}  // namespace

bool is_same_htu(std::string_view htu, std::string_view url) {
  const auto said = codec::parse_uri(without_query(htu));
  const auto meant = codec::parse_uri(without_query(url));
  if (!said || !meant || !said->has_authority || said->has_userinfo) return false;
  if (!equals_without_case(said->scheme, meant->scheme) || !equals_without_case(said->host, meant->host)) return false;
  if (said->effective_port() != meant->effective_port()) return false;
  const auto path_of = [](const codec::Uri& uri) { return uri.path.empty() ? std::string_view("/") : uri.path; };
  return path_of(*said) == path_of(*meant);
}

Result<DpopProof> read_dpop_proof(DpopTools tools, std::string_view proof, const DpopExpectation& expected) {
  const auto token = split_compact(proof);
  if (!token) return invalid("dpop.segments");
  const auto claims = read_segment(tools.reader, token->payload);
  if (!claims) return invalid("dpop.payload");

  const auto method = claims->string_at("htm");
  if (!method || *method != expected.method) return invalid("dpop.htm");
  const auto url = claims->string_at("htu");
  if (!url || !is_same_htu(*url, expected.url)) return invalid("dpop.htu");
  DpopProof read;
  CLAVIGER_TRY(times, check_times(*claims, expected.now, read.issued_at));
  CLAVIGER_TRY(bound, check_access_token(*claims, expected.access_token));
  if (const auto nonce = claims->find("nonce")) {
    const auto text = nonce->as_string();
    if (!text || text->empty() || text->size() > kDpopNonceMax) return invalid("dpop.nonce");
    read.nonce = *text;
  }
  const auto said = claims->string_at("jti");
  if (!said || said->empty() || said->size() > kJtiBytesMax) return invalid("dpop.jti");
  const std::string jti(*said);  // the reader goes on to the header
  if (expected.is_current_nonce && !expected.is_current_nonce(read.nonce)) return Error{Code::DpopNonce, "dpop.nonce"};

  CLAVIGER_TRY(key, check_header_and_signature(tools, *token));
  if (!codec::base64url_decode(key.thumbprint(), read.key)) return invalid("dpop.jwk");
  crypto::Sha256 id;
  id.update(read.key);
  id.update(as_bytes(jti));
  read.id = id.finish();
  return read;
}

}  // namespace claviger::tokens
