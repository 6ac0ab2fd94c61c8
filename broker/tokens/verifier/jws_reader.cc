#include "broker/tokens/verifier/jws_reader.h"

#include <algorithm>

#include "core/codec/base64url.h"

namespace claviger::tokens {
namespace {

// Ten times what the standards' examples have; more is an attack on whoever walks it (attack list, row 19).
constexpr codec::JsonLimits kJsonLimits{.bytes_max = kTokenBytesMax, .depth_max = 16, .members_max = 256};

Result<std::string_view> decode_segment(std::string_view segment, MutableBytes out, std::string_view where) {
  const Result<std::size_t> size = codec::base64url_decode(segment, out);
  if (!size) return Error{Code::TokenEncoding, where};
  return as_text(out.first(*size));
}

}  // namespace

JwsReader::JwsReader() : header_json_(kJsonLimits), payload_json_(kJsonLimits) {}

Result<JwsReader::Opened> JwsReader::open(std::string_view token, AlgorithmSet allowed) {
  CLAVIGER_TRY(parts, split_compact(token));
  CLAVIGER_TRY(header, read_header(parts.header));
  if (header->has_crit) return Error{Code::TokenCritical, "jws.crit"};
  if (!header->algorithm || !allowed.contains(*header->algorithm)) return Error{Code::TokenAlgorithm, "jws.alg"};
  return Opened{parts, header};
}

Result<const JoseHeader*> JwsReader::read_header(std::string_view segment) {
  for (const KnownHeader& known : known_) {
    if (known.text.view() == segment) return &known.header;  // a segment is not empty
  }
  CLAVIGER_TRY(json, decode_segment(segment, header_bytes_, "jws.header"));
  const Result<codec::JsonValue> value = header_json_.parse_padded(json);
  if (!value) return Error{Code::TokenHeader, "jws.header"};
  CLAVIGER_TRY(header, read_jose_header(*value));
  header_ = header;
  return &header_;
}

Result<Unit> JwsReader::check_signature(const Opened& opened, const crypto::VerifyKey& key) {
  if (*opened.header->algorithm != key.algorithm()) return Error{Code::TokenKeyMismatch, "jws.alg"};
  std::array<std::byte, crypto::kSignatureBytesMax> signature;
  if (opened.parts.signature.size() > codec::base64url_encoded_size(signature.size())) {
    return Error{Code::TokenSignature, "jws.signature"};
  }
  CLAVIGER_TRY(decoded, decode_segment(opened.parts.signature, signature, "jws.signature"));
  if (!key.verify(context_, opened.parts.signed_bytes, as_bytes(decoded))) {
    return Error{Code::TokenSignature, "jws.signature"};
  }
  if (opened.header == &header_) remember(opened);
  return Unit{};
}

void JwsReader::remember(const Opened& opened) {
  if (opened.parts.header.size() > kHeaderTextMax) return;
  KnownHeader& place = known_[known_next_];
  place.text.assign(opened.parts.header);
  place.header = header_;
  known_next_ = (known_next_ + 1) % kHeadersKnown;
}

Result<const Claims*> JwsReader::read_payload(std::string_view payload) {
  CLAVIGER_TRY(json, decode_segment(payload, payload_bytes_, "jwt"));
  const Result<codec::JsonValue> value = payload_json_.parse_padded(json);
  if (!value) return Error{Code::TokenClaims, "jwt"};
  CLAVIGER_TRY(read, claims_.read(*value, json));
  return &claims_;
}

Result<Unit> check_type(const JoseHeader& header, std::span<const std::string_view> expected, bool may_be_absent) {
  if (header.is_typ_unusable) return Error{Code::TokenType, "jws.typ"};
  if (header.typ.empty()) {
    if (may_be_absent) return Unit{};
    return Error{Code::TokenType, "jws.typ"};
  }
  if (std::find(expected.begin(), expected.end(), header.typ.view()) == expected.end()) {
    return Error{Code::TokenType, "jws.typ"};
  }
  return Unit{};
}

}  // namespace claviger::tokens
