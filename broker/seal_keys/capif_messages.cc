#include "broker/seal_keys/capif_messages.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "broker/identity/val_identity.h"
#include "core/codec/json_writer.h"
#include "core/codec/uri.h"

namespace claviger::seal_keys {
namespace {

using Json = codec::JsonWriter<std::string>;

constexpr std::array<std::string_view, 2> kPolicyEvents{"ACCESS_CONTROL_POLICY_UPDATE",
                                                        "ACCESS_CONTROL_POLICY_UNAVAILABLE"};

// What the core function assigned comes back in URLs, scopes and our record.
Result<std::string> id_at(const codec::JsonObject& object, std::string_view name) {
  CLAVIGER_TRY(text, object.string_at(name));
  const bool is_good = identity::is_val_identity(text) && text.find_first_of(";,") == std::string_view::npos;
  if (!is_good) return Error{Code::BadValue, "capif.id"};
  return std::string(text);
}

void write_function(Json& json, std::string_view role, std::string_view info) {
  json.begin_object().member("apiProvFuncRole", role).member("apiProvFuncInfo", info);
  // TS 29.222 has the functions' certificates made here; ours come from the operator's PKI, so the key is none.
  json.name("regInfo").begin_object().member("apiProvPubKey", "").end_object().end_object();
}

std::string date_time(std::int64_t at) {
  std::array<char, 32> text{};
  const std::time_t time = at;
  std::tm parts{};
  gmtime_r(&time, &parts);
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return std::string(text.data(), size);
}

}  // namespace

std::string write_registration(std::string_view domain, std::string_view enrolment) {
  std::string text;
  Json json(text);
  json.begin_object().member("regSec", enrolment).member("apiProvDomInfo", domain);
  json.name("apiProvFuncs").begin_array();
  write_function(json, "AEF", "SEAL key management server");
  write_function(json, "APF", "SEAL key management server");
  json.end_array().member("suppFeat", "0").end_object();
  return text;
}

Result<Registration> read_registration(codec::JsonReader& reader, std::string_view text) {
  CLAVIGER_TRY(document, reader.parse(text));
  CLAVIGER_TRY(object, document.as_object());
  Registration registration;
  CLAVIGER_TRY(provider_id, id_at(object, "apiProvDomId"));
  registration.provider_id = std::move(provider_id);
  CLAVIGER_TRY(member, object.at("apiProvFuncs"));
  CLAVIGER_TRY(functions, member.as_array());
  for (const codec::JsonValue value : functions) {
    CLAVIGER_TRY(function, value.as_object());
    CLAVIGER_TRY(role, function.string_at("apiProvFuncRole"));
    if (role != "AEF" && role != "APF") continue;
    CLAVIGER_TRY(id, id_at(function, "apiProvFuncId"));
    (role == "AEF" ? registration.aef_id : registration.apf_id) = std::move(id);
  }
  if (registration.aef_id.empty() || registration.apf_id.empty()) return Error{Code::JsonMissing, "capif.functions"};
  return registration;
}

Result<std::string> write_service_api(const CapifCore& core, std::string_view origin, std::string_view prefix) {
  CLAVIGER_TRY(uri, codec::parse_uri(origin));
  std::string text;
  Json json(text);
  json.begin_object().member("apiName", kApiName).member("description", "SEAL key information retrieval");
  json.name("aefProfiles").begin_array().begin_object();
  json.member("aefId", core.assigned_aef_id.empty() ? core.aef_id : core.assigned_aef_id);
  json.name("versions").begin_array().begin_object().member("apiVersion", "v1");
  json.name("resources").begin_array().begin_object().member("resourceName", "key-records");
  json.member("commType", "REQUEST_RESPONSE").member("uri", "/key-records");
  json.name("operations").begin_array().value("GET").end_array().end_object().end_array();
  json.end_object().end_array();
  json.member("protocol", "HTTP_2").member("dataFormat", "JSON");
  json.name("securityMethods").begin_array().value("OAUTH").end_array();
  json.name("interfaceDescriptions").begin_array().begin_object();
  std::string_view host = uri.host;
  if (host.starts_with('[')) {
    host = host.substr(1, host.size() - 2);
    json.member("ipv6Addr", host);
  } else if (host.find_first_not_of("0123456789.") == std::string_view::npos) {
    json.member("ipv4Addr", host);
  } else {
    json.member("fqdn", host);
  }
  json.member("port", uri.effective_port().value_or(443)).member("apiPrefix", prefix);
  json.name("securityMethods").begin_array().value("OAUTH").end_array().end_object().end_array();
  json.end_object().end_array().member("supportedFeatures", "0").end_object();
  return text;
}

Result<std::string> read_service_api(codec::JsonReader& reader, std::string_view text) {
  CLAVIGER_TRY(document, reader.parse(text));
  CLAVIGER_TRY(object, document.as_object());
  return id_at(object, "apiId");
}

std::string write_policy_subscription(const CapifCore& core, std::string_view destination) {
  std::string text;
  Json json(text);
  json.begin_object().name("events").begin_array();
  for (const std::string_view event : kPolicyEvents) json.value(event);
  json.end_array().name("eventFilters").begin_array();
  // One filter for each of the events.
  for (std::size_t i = 0; i < kPolicyEvents.size(); ++i) {
    json.begin_object().name("apiIds").begin_array().value(core.service_api_id).end_array().end_object();
  }
  json.end_array().member("notificationDestination", destination).member("supportedFeatures", "0").end_object();
  return text;
}

Result<std::string> read_subscription_location(std::string_view location) {
  const std::string_view id = location.substr(location.rfind('/') + 1);
  // It comes back in a URL.
  const bool is_good = identity::is_val_identity(id) && id.find_first_of("?#%") == std::string_view::npos;
  if (!is_good) return Error{Code::BadValue, "capif.subscription"};
  return std::string(id);
}

Result<EventNotification> read_event_notification(codec::JsonReader& reader, std::string_view text) {
  CLAVIGER_TRY(document, reader.parse(text));
  CLAVIGER_TRY(object, document.as_object());
  EventNotification notification;
  CLAVIGER_TRY(subscription, object.string_at("subscriptionId"));
  CLAVIGER_TRY(event, object.string_at("events"));
  notification.subscription = subscription;
  notification.is_about_policy = std::ranges::find(kPolicyEvents, event) != kPolicyEvents.end();
  return notification;
}

std::string write_invocation_log(const CapifCore& core, std::span<const Invocation> calls) {
  CLAVIGER_ASSERT(!calls.empty());
  std::string text;
  Json json(text);
  json.begin_object().member("aefId", core.assigned_aef_id.empty() ? core.aef_id : core.assigned_aef_id);
  json.member("apiInvokerId", calls.front().invoker).name("logs").begin_array();
  for (const Invocation& call : calls) {
    json.begin_object().member("apiId", core.service_api_id).member("apiName", kApiName).member("apiVersion", "v1");
    json.member("resourceName", "key-records").member("uri", "/ss-kir/v1/key-records");
    json.member("protocol", "HTTP_2").member("operation", "GET");
    json.member("result", std::to_string(call.status)).member("invocationTime", date_time(call.at)).end_object();
  }
  json.end_array().member("supportedFeatures", "0").end_object();
  return text;
}

}  // namespace claviger::seal_keys
