#include "broker/seal_keys/aef_message.h"

#include "broker/identity/val_identity.h"
#include "broker/seal_keys/capif_core.h"

namespace claviger::seal_keys {
namespace {

constexpr std::string_view kNotText = "must be a string of 1 to 255 characters without blanks";
constexpr std::size_t kFeaturesMax = 64;

using Fault = std::optional<QueryFault>;

Fault read_id(const codec::JsonObject& object, std::string_view name, std::string_view at, std::string& out) {
  const auto value = object.find(name);
  if (!value) return QueryFault{at, kIsMissing};
  const auto text = value->as_string();
  if (!text || text->size() > kCapifIdBytesMax || !identity::is_val_identity(*text)) return QueryFault{at, kNotText};
  out = *text;
  return std::nullopt;
}

Fault check_features(const codec::JsonObject& object) {
  constexpr std::string_view kAt = "/supportedFeatures";
  const auto value = object.find("supportedFeatures");
  if (!value) return QueryFault{kAt, kIsMissing};
  const auto text = value->as_string();
  const bool is_hex = text && text->size() <= kFeaturesMax &&
                      text->find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
  if (!is_hex) return QueryFault{kAt, "must be hexadecimal digits"};
  return std::nullopt;
}

Fault read_api_ids(const codec::JsonObject& info, std::vector<std::string>& out) {
  constexpr std::string_view kAt = "/revokeInfo/apiIds";
  const auto value = info.find("apiIds");
  if (!value) return QueryFault{kAt, kIsMissing};
  const auto array = value->as_array();
  if (!array || array->empty() || array->size() > kApiIdsMax) return QueryFault{kAt, "must be an array of 1 to 64"};
  for (const codec::JsonValue element : *array) {
    const auto text = element.as_string();
    if (!text || !identity::is_val_identity(*text)) return QueryFault{kAt, kNotText};
    out.emplace_back(*text);
  }
  return std::nullopt;
}

Fault read_revocation(const codec::JsonObject& info, RevokeAuthorization& out) {
  if (auto fault = read_id(info, "apiInvokerId", "/revokeInfo/apiInvokerId", out.invoker)) return fault;
  if (info.contains("aefId")) {
    if (auto fault = read_id(info, "aefId", "/revokeInfo/aefId", out.aef_id)) return fault;
  }
  if (auto fault = read_api_ids(info, out.api_ids)) return fault;
  const auto cause = info.find("cause");
  if (!cause) return QueryFault{"/revokeInfo/cause", kIsMissing};
  const auto text = cause->as_string();
  if (!text || text->empty()) return QueryFault{"/revokeInfo/cause", "must be a string"};
  out.cause = *text;
  return std::nullopt;
}

template <typename Body>
AefBodyOrFault<Body> refused(QueryFault fault) {
  return {std::nullopt, fault};
}

}  // namespace

AefBodyOrFault<CheckAuthentication> parse_check_authentication(codec::JsonReader& reader, std::string_view text) {
  using Body = CheckAuthentication;
  const auto document = reader.parse(text);
  if (!document) return refused<Body>({"body", "is not JSON"});
  const auto object = document->as_object();
  if (!object) return refused<Body>({"body", "must be an object"});
  Body body;
  if (auto fault = read_id(*object, "apiInvokerId", "/apiInvokerId", body.invoker)) return refused<Body>(*fault);
  if (auto fault = check_features(*object)) return refused<Body>(*fault);
  return {std::move(body), {}};
}

AefBodyOrFault<RevokeAuthorization> parse_revoke_authorization(codec::JsonReader& reader, std::string_view text) {
  using Body = RevokeAuthorization;
  const auto document = reader.parse(text);
  if (!document) return refused<Body>({"body", "is not JSON"});
  const auto object = document->as_object();
  if (!object) return refused<Body>({"body", "must be an object"});
  const auto info = object->find("revokeInfo");
  if (!info) return refused<Body>({"/revokeInfo", kIsMissing});
  const auto revocation = info->as_object();
  if (!revocation) return refused<Body>({"/revokeInfo", "must be an object"});
  Body body;
  if (auto fault = read_revocation(*revocation, body)) return refused<Body>(*fault);
  if (auto fault = check_features(*object)) return refused<Body>(*fault);
  return {std::move(body), {}};
}

}  // namespace claviger::seal_keys
