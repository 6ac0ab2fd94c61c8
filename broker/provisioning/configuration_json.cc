#include "broker/provisioning/configuration_json.h"

#include <set>

#include "broker/identity/val_identity.h"
#include "core/codec/json_reader.h"
#include "core/codec/json_writer.h"

namespace claviger::provisioning {
namespace {

using codec::JsonObject;
using codec::JsonValue;

// A service and an identity are an object each with a member or two.
constexpr std::size_t kValuesMax = 4 * kIdentitiesMax;
constexpr codec::JsonLimits kLimits{.bytes_max = kBodyBytesMax, .values_max = kValuesMax};

constexpr std::string_view kServer = "valServerId";
constexpr std::string_view kServices = "valSvcConf";
constexpr std::string_view kFeatures = "suppFeat";
// TS 29.571: hexadecimal digits; nobody has more features than this has bits.
constexpr std::size_t kFeaturesMax = 64;

std::string member_at(std::string_view parent, std::string_view name) {
  std::string member(parent);
  member.append(1, '/').append(name);
  return member;
}

using Fault = std::optional<BodyFault>;

Fault read_identity(JsonValue value, const std::string& at, ValService& service) {
  const auto object = value.as_object();
  if (!object) return BodyFault{at, "must be an object"};
  const auto user = object->find("valUserId");
  const auto ue = object->find("valUeId");
  if (user.has_value() == ue.has_value()) return BodyFault{at, "must have one of valUserId and valUeId"};
  const auto text = (user ? *user : *ue).as_string();
  if (!text || !identity::is_val_identity(*text)) {
    return BodyFault{member_at(at, user ? "valUserId" : "valUeId"), "must be 1 to 255 characters without blanks"};
  }
  (user ? service.user_ids : service.ue_ids).emplace_back(*text);
  return std::nullopt;
}

bool has_repetition(const std::vector<std::string>& texts) {
  return std::set<std::string_view>(texts.begin(), texts.end()).size() != texts.size();
}

Fault read_service(JsonValue value, const std::string& at, std::size_t& identities, ValService& service) {
  const auto object = value.as_object();
  if (!object) return BodyFault{at, "must be an object"};
  const auto id = object->string_at("valServiceId");
  if (!id || !identity::is_val_service_id(*id)) {
    return BodyFault{member_at(at, "valServiceId"), "must be 1 to 128 characters that a scope may have"};
  }
  service.id = *id;
  const std::string list_at = member_at(at, "idList");
  const auto list = object->find("idList");
  if (!list) return BodyFault{list_at, "is missing"};
  const auto array = list->as_array();
  if (!array || array->empty()) return BodyFault{list_at, "must be an array of at least one"};
  identities += array->size();
  if (identities > kIdentitiesMax) return BodyFault{list_at, "more than 8192 identities in one configuration"};
  std::size_t index = 0;
  for (const JsonValue element : *array) {
    if (auto fault = read_identity(element, member_at(list_at, std::to_string(index++)), service)) return fault;
  }
  if (has_repetition(service.user_ids) || has_repetition(service.ue_ids)) return BodyFault{list_at, "names an identity twice"};
  return std::nullopt;
}

Fault read_services(JsonValue value, std::vector<ValService>& services) {
  const std::string at = member_at("", kServices);
  const auto array = value.as_array();
  if (!array || array->empty()) return BodyFault{at, "must be an array of at least one"};
  if (array->size() > identity::kValServicesMax) return BodyFault{at, "more than 64 services in one configuration"};
  std::size_t identities = 0;
  std::set<std::string> ids;
  for (const JsonValue element : *array) {
    const std::string element_at = member_at(at, std::to_string(services.size()));
    ValService service;
    if (auto fault = read_service(element, element_at, identities, service)) return fault;
    if (!ids.insert(service.id).second) return BodyFault{element_at, "names a service twice"};
    services.push_back(std::move(service));
  }
  return std::nullopt;
}

Fault read_server(JsonValue value, std::string& server) {
  const auto text = value.as_string();
  if (!text || !identity::is_val_identity(*text)) {
    return BodyFault{member_at("", kServer), "must be 1 to 255 characters without blanks"};
  }
  server = *text;
  return std::nullopt;
}

Fault read_features(JsonObject object, bool& has_features) {
  const auto value = object.find(kFeatures);
  has_features = value.has_value();
  if (!value) return std::nullopt;
  const auto text = value->as_string();
  const bool is_hex = text && text->size() <= kFeaturesMax &&
                      text->find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
  if (!is_hex) return BodyFault{member_at("", kFeatures), "must be hexadecimal digits"};
  return std::nullopt;
}

std::string_view reason_of(Code code) {
  switch (code) {
    case Code::JsonDuplicate: return "repeats a member";
    case Code::TooLarge: return "larger than 256 KiB";
    case Code::TooDeep: return "nested too deeply";
    case Code::TooMany: return "too many values";
    case Code::Empty: return "is empty";
    case Code::Utf8Invalid: return "is not UTF-8";
    default: return "is not JSON";
  }
}

template <typename Body>
BodyOrFault<Body> refused(BodyFault fault) {
  return {std::nullopt, std::move(fault)};
}

template <typename Body>
void write_to(codec::JsonWriter<Body>& json, const Configuration& configuration, bool has_features) {
  json.begin_object().member(kServer, configuration.val_server_id).name(kServices).begin_array();
  for (const ValService& service : configuration.services) {
    json.begin_object().member("valServiceId", service.id).name("idList").begin_array();
    for (const std::string& id : service.user_ids) json.begin_object().member("valUserId", id).end_object();
    for (const std::string& id : service.ue_ids) json.begin_object().member("valUeId", id).end_object();
    json.end_array().end_object();
  }
  json.end_array();
  if (has_features) json.member(kFeatures, "0");
  json.end_object();
}

}  // namespace

BodyOrFault<ConfigurationBody> parse_configuration(std::string_view text) {
  using Body = ConfigurationBody;
  codec::JsonReader reader(kLimits);
  const auto document = reader.parse(text);
  if (!document) return refused<Body>({"", reason_of(document.error().code)});
  const auto object = document->as_object();
  if (!object) return refused<Body>({"", "must be an object"});
  const auto server = object->find(kServer);
  if (!server) return refused<Body>({member_at("", kServer), "is missing"});
  const auto services = object->find(kServices);
  if (!services) return refused<Body>({member_at("", kServices), "is missing"});
  Body body;
  if (auto fault = read_server(*server, body.val_server_id)) return refused<Body>(*fault);
  if (auto fault = read_services(*services, body.services)) return refused<Body>(*fault);
  if (auto fault = read_features(*object, body.has_features)) return refused<Body>(*fault);
  return {std::move(body), {}};
}

BodyOrFault<ConfigurationPatch> parse_patch(std::string_view text) {
  using Body = ConfigurationPatch;
  codec::JsonReader reader(kLimits);
  const auto document = reader.parse(text);
  if (!document) return refused<Body>({"", reason_of(document.error().code)});
  const auto object = document->as_object();
  if (!object) return refused<Body>({"", "must be an object"});
  Body body;
  if (const auto server = object->find(kServer)) {
    if (auto fault = read_server(*server, body.val_server_id.emplace())) return refused<Body>(*fault);
  }
  if (const auto services = object->find(kServices)) {
    if (auto fault = read_services(*services, body.services.emplace())) return refused<Body>(*fault);
  }
  if (auto fault = read_features(*object, body.has_features)) return refused<Body>(*fault);
  return {std::move(body), {}};
}

std::string write_configuration(const Configuration& configuration, bool has_features) {
  std::string text;
  codec::JsonWriter json(text);
  write_to(json, configuration, has_features);
  return text;
}

std::string write_configurations(const std::vector<Configuration>& configurations) {
  std::string text;
  codec::JsonWriter json(text);
  json.begin_array();
  for (const Configuration& configuration : configurations) write_to(json, configuration, false);
  json.end_array();
  return text;
}

}  // namespace claviger::provisioning
