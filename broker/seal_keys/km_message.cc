#include "broker/seal_keys/km_message.h"

#include <algorithm>
#include <array>

#include "broker/identity/val_identity.h"
#include "broker/seal_keys/key_wraps.h"
#include "core/codec/base64url.h"
#include "core/codec/json_writer.h"

namespace claviger::seal_keys {
namespace {

using Fault = std::optional<QueryFault>;

Fault read_service(const codec::JsonObject& object, std::string& service) {
  constexpr std::string_view kAt = "/valService";
  const auto value = object.find("valService");
  if (!value) return QueryFault{kAt, kIsMissing};
  const auto text = value->as_string();
  if (!text || !identity::is_val_service_id(*text)) {
    return QueryFault{kAt, "must be 1 to 128 characters that a scope may have"};
  }
  service = *text;
  return std::nullopt;
}

Fault read_optional_target(const codec::JsonObject& object, Target& target) {
  const auto value = object.find("valTgtUe");
  if (!value) return std::nullopt;
  const auto fault = read_target(*value, target);
  if (fault) return QueryFault{"/valTgtUe", fault->reason};
  return std::nullopt;
}

Fault read_key(const codec::JsonObject& object, BroughtKey& brought) {
  constexpr std::string_view kAt = "/key";
  const auto value = object.find("key");
  if (!value) return QueryFault{kAt, kIsMissing};
  const auto text = value->as_string();
  constexpr std::string_view kWrong = "must be 16 to 64 octets in base64url";
  if (!text || text->size() > codec::base64url_encoded_size(kKeyBytesMax)) return QueryFault{kAt, kWrong};
  Secret<kKeyBytesMax> key;
  const auto size = codec::base64url_decode(*text, key.reveal_for_writing());
  if (!size || *size < kKeyBytesMin) return QueryFault{kAt, kWrong};
  brought.key = SecretBytes(Bytes(key.reveal()).first(*size));
  return std::nullopt;
}

Fault read_algorithm(const codec::JsonObject& object, BroughtKey& brought) {
  const auto value = object.find("alg");
  if (!value) return std::nullopt;
  const auto text = value->as_string();
  if (!text || text->size() > kAlgorithmBytesMax || !identity::is_val_service_id(*text)) {
    return QueryFault{"/alg", "must be 1 to 32 characters"};
  }
  brought.algorithm = *text;
  return std::nullopt;
}

// A key of which only the length is said has the name that goes with it.
Fault settle_algorithm(BroughtKey& brought) {
  if (brought.algorithm.empty()) {
    brought.algorithm = name_for(brought.key.size());
    if (brought.algorithm.empty()) return QueryFault{"/alg", "must be given with a key of this length"};
    return std::nullopt;
  }
  if (is_name_of(brought.algorithm, brought.key.size())) return std::nullopt;
  return QueryFault{"/alg", "is for keys of another length"};
}

Fault read_date(const codec::JsonObject& object, std::string_view name, std::string_view at, std::int64_t& date) {
  const auto value = object.find(name);
  if (!value) return std::nullopt;
  const auto read = value->as_numeric_date();
  if (!read || *read == 0) return QueryFault{at, "must be a NumericDate"};
  date = *read;
  return std::nullopt;
}

Fault read_kp(const codec::JsonObject& object, KpRequest& request) {
  if (auto fault = read_service(object, request.service)) return fault;
  if (auto fault = read_optional_target(object, request.target)) return fault;
  if (auto fault = read_key(object, request.key)) return fault;
  if (auto fault = read_algorithm(object, request.key)) return fault;
  if (auto fault = settle_algorithm(request.key)) return fault;
  if (auto fault = read_date(object, "nbf", "/nbf", request.key.not_before)) return fault;
  return read_date(object, "exp", "/exp", request.key.expires_at);
}

Fault read_km(const codec::JsonObject& object, KmRequest& request) {
  if (const auto value = object.find("userUri")) {
    const auto text = value->as_string();
    if (!text || !identity::is_val_identity(*text)) return QueryFault{"/userUri", "must be a URI"};
    request.user_uri = *text;
  }
  if (auto fault = read_service(object, request.service)) return fault;
  return read_optional_target(object, request.target);
}

template <typename Body, Fault (*read)(const codec::JsonObject&, Body&)>
KmBodyOrFault<Body> parse(codec::JsonReader& reader, std::string_view text) {
  const auto document = reader.parse(text);
  if (!document) return {std::nullopt, {"body", "is not JSON"}};
  const auto object = document->as_object();
  if (!object) return {std::nullopt, {"body", "must be an object"}};
  Body body;
  if (const auto fault = read(*object, body)) return {std::nullopt, *fault};
  return {std::move(body), {}};
}

}  // namespace

KmBodyOrFault<KmRequest> parse_km_request(codec::JsonReader& reader, std::string_view text) {
  return parse<KmRequest, read_km>(reader, text);
}
KmBodyOrFault<KpRequest> parse_kp_request(codec::JsonReader& reader, std::string_view text) {
  return parse<KpRequest, read_kp>(reader, text);
}

std::string write_kp_response(const ServiceKeys& keys, const Generation& made) {
  std::string text;
  codec::JsonWriter json(text);
  json.begin_object().member("valService", keys.service);
  if (keys.target.kind != TargetKind::Service) {
    json.name("valTgtUe").begin_object();
    json.member(keys.target.kind == TargetKind::User ? "valUserId" : "valUeId", keys.target.id).end_object();
  }
  json.member("kid", made.kid).member("generation", made.number);
  json.member("nbf", made.not_before).member("exp", made.expires_at).end_object();
  return text;
}

}  // namespace claviger::seal_keys
