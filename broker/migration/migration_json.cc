#include "broker/migration/migration_json.h"

#include <algorithm>
#include <array>

namespace claviger::migration {
namespace {

constexpr std::array<std::string_view, 5> kStates{"active", "suspended", "revoked", "prepared", "pending"};
constexpr std::array<std::string_view, 2> kModes{"static", "dynamic"};
constexpr std::array<std::string_view, 2> kDirections{"inbound", "outbound"};

// Reads members that may be absent, and remembers the first that is wrong.
class Members {
 public:
  explicit Members(codec::JsonObject object) : object_(object) {}

  Members& read(std::string_view name, std::string& field) {
    if (const auto value = object_.find(name)) {
      const auto text = value->as_string();
      if (text && text->find('\0') == std::string_view::npos) {
        field = *text;
      } else {
        fail(name);
      }
    }
    return *this;
  }
  Members& read(std::string_view name, std::vector<std::string>& field) {
    const auto value = object_.find(name);
    if (!value) return *this;
    const auto array = value->as_array();
    if (!array || array->size() > kAgreementListMax) {
      fail(name);
      return *this;
    }
    field.clear();
    for (const codec::JsonValue element : *array) {
      const auto text = element.as_string();
      if (!text || text->find('\0') != std::string_view::npos) {
        fail(name);
        return *this;
      }
      field.emplace_back(*text);
    }
    return *this;
  }
  Members& read(std::string_view name, std::int64_t& field) {
    if (const auto value = object_.find(name)) {
      if (const auto number = value->as_int()) {
        field = *number;
      } else {
        fail(name);
      }
    }
    return *this;
  }
  template <typename Enum, std::size_t N>
  Members& read(std::string_view name, Enum& field, const std::array<std::string_view, N>& names) {
    std::string text(names[static_cast<std::size_t>(field)]);
    read(name, text);
    // "STATIC" or "static": operators' lists have either.
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    std::ranges::transform(text, text.begin(), lower);
    const auto* found = std::ranges::find(names, text);
    if (found == names.end()) {
      fail(name);
    } else {
      field = static_cast<Enum>(found - names.begin());
    }
    return *this;
  }
  Members& read(std::string_view name, Access& field) {
    const auto value = object_.find(name);
    if (!value) return *this;
    const auto object = value->as_object();
    if (!object) {
      fail(name);
      return *this;
    }
    Members inner(*object);
    inner.read("realm", field.realm).read("proxy", field.proxy).read("networks", field.networks);
    if (inner.is_wrong_) fail(name);
    return *this;
  }
  Result<Unit> result() const {
    if (is_wrong_) return Error{Code::BindingInvalid, wrong_};
    return Unit{};
  }

 private:
  // The names are literals.
  void fail(std::string_view name) {
    if (!is_wrong_) wrong_ = name;
    is_wrong_ = true;
  }

  codec::JsonObject object_;
  std::string_view wrong_;
  bool is_wrong_ = false;
};

Result<codec::JsonObject> object_of(codec::JsonReader& reader, std::string_view text) {
  CLAVIGER_TRY(value, reader.parse(text));
  return value.as_object();
}

}  // namespace

void write_texts(Json& json, std::string_view name, const std::vector<std::string>& texts) {
  json.name(name).begin_array();
  for (const std::string& text : texts) json.value(text);
  json.end_array();
}

void write_access(Json& json, const Access& access) {
  json.name("access").begin_object();
  if (!access.realm.empty()) json.member("realm", access.realm);
  if (!access.proxy.empty()) json.member("proxy", access.proxy);
  write_texts(json, "networks", access.networks);
  json.end_object();
}

void write_binding(Json& json, const Binding& binding) {
  json.begin_object().member("direction", kDirections[static_cast<std::size_t>(binding.direction)]);
  json.member("system", binding.system).member("mode", name_of(binding.mode)).member("state", name_of(binding.state));
  if (!binding.partner_impi.empty()) json.member("partner_impi", binding.partner_impi);
  write_texts(json, "partner_impus", binding.partner_impus);
  json.member("primary_impi", binding.primary_impi);
  write_texts(json, "primary_impus", binding.primary_impus);
  if (!binding.sub.empty()) json.member("sub", binding.sub);
  if (!binding.hosts.empty()) write_texts(json, "hosts", binding.hosts);
  if (!binding.realm.empty()) json.member("realm", binding.realm);
  if (binding.not_before != 0) json.member("not_before", binding.not_before);
  if (binding.not_after != 0) json.member("not_after", binding.not_after);
  json.member("origin", binding.is_configured_by_procedure ? "10.1.6.1.2 step 10" : "config");
  if (binding.is_held) json.member("held", true);
  if (binding.direction == Direction::Outbound) write_access(json, binding.access);
  json.member("created_at", binding.created_at).member("changed_at", binding.changed_at);
  json.member("version", binding.version).end_object();
}

std::string binding_text(const Binding& binding) {
  std::string text;
  Json json(text);
  write_binding(json, binding);
  return text;
}

Result<Binding> read_binding_object(codec::JsonObject object) {
  Binding binding;
  Members members(object);
  members.read("direction", binding.direction, kDirections).read("system", binding.system);
  // What operators who exchange lists call these may be in the singular.
  members.read("primary_system_id", binding.system);
  members.read("partner_impu", binding.partner_impus).read("primary_impu", binding.primary_impus);
  members.read("mode", binding.mode, kModes);
  if (binding.direction == Direction::Outbound && !object.contains("partner_impi"))
    binding.state = BindingState::Prepared;
  members.read("state", binding.state, kStates).read("partner_impi", binding.partner_impi);
  members.read("partner_impus", binding.partner_impus).read("primary_impi", binding.primary_impi);
  members.read("primary_impus", binding.primary_impus).read("sub", binding.sub).read("hosts", binding.hosts);
  members.read("realm", binding.realm).read("grant", binding.grant).read("not_before", binding.not_before);
  members.read("not_after", binding.not_after).read("access", binding.access);
  CLAVIGER_TRY(good, members.result());
  return binding;
}

Result<PrepareRequest> read_prepare_request(std::string_view text) {
  codec::JsonReader reader;
  CLAVIGER_TRY(object, object_of(reader, text));
  PrepareRequest request;
  Members members(object);
  members.read("primary_impi", request.primary_impi).read("primary_impus", request.primary_impus);
  members.read("hosts", request.hosts).read("realm", request.realm).read("grant", request.grant);
  members.read("not_after", request.not_after);
  CLAVIGER_TRY(good, members.result());
  return request;
}

Result<Ended> read_ended(std::string_view text) {
  codec::JsonReader reader;
  CLAVIGER_TRY(object, object_of(reader, text));
  Ended ended;
  Members members(object);
  members.read("primary_impi", ended.primary_impi).read("partner_impi", ended.partner_impi);
  CLAVIGER_TRY(good, members.result());
  return ended;
}

Result<std::string> read_problem_code(std::string_view text) {
  codec::JsonReader reader;
  CLAVIGER_TRY(object, object_of(reader, text));
  std::string code;
  Members members(object);
  members.read("code", code);
  CLAVIGER_TRY(good, members.result());
  return code;
}

Result<Prepared> read_prepared(std::string_view text) {
  codec::JsonReader reader;
  CLAVIGER_TRY(object, object_of(reader, text));
  Prepared prepared;
  Members members(object);
  members.read("partner_impi", prepared.partner_impi).read("partner_impus", prepared.partner_impus);
  members.read("access", prepared.access);
  CLAVIGER_TRY(good, members.result());
  return prepared;
}

Result<std::string> read_wanted_system(std::string_view text) {
  codec::JsonReader reader;
  CLAVIGER_TRY(value, reader.parse(text));
  CLAVIGER_TRY(object, value.as_object());
  CLAVIGER_TRY(system, object.string_at("mc_system"));
  if (!is_system_id(system)) return Error{Code::AgreementUnknown, "mc_system"};
  return std::string(system);
}

Result<ServiceRequest> read_service_request(std::string_view text) {
  codec::JsonReader reader;
  CLAVIGER_TRY(object, object_of(reader, text));
  ServiceRequest request;
  Members members(object);
  members.read("service", request.service).read("mc_service_id", request.mc_service_id);
  members.read("primary_mc_service_id", request.primary_mc_service_id).read("profile", request.profile);
  CLAVIGER_TRY(good, members.result());
  return request;
}

std::string write_service_request(const ServiceRequest& request) {
  std::string text;
  Json json(text);
  json.begin_object().member("service", request.service);
  json.member("primary_mc_service_id", request.primary_mc_service_id);
  if (!request.profile.empty()) json.member("profile", request.profile);
  json.end_object();
  return text;
}

std::string write_service_response(const ServiceRequest& request, std::string_view cause) {
  std::string text;
  Json json(text);
  json.begin_object().member("service", request.service);
  if (!request.mc_service_id.empty()) json.member("mc_service_id", request.mc_service_id);
  json.member("primary_mc_service_id", request.primary_mc_service_id).member("result", cause.empty());
  if (!cause.empty()) json.member("cause", cause);
  json.end_object();
  return text;
}

Result<ServiceResponse> read_service_response(std::string_view text) {
  codec::JsonReader reader;
  CLAVIGER_TRY(object, object_of(reader, text));
  ServiceResponse response;
  CLAVIGER_TRY(is_authorised, object.bool_at("result"));
  response.is_authorised = is_authorised;
  Members members(object);
  members.read("cause", response.cause);
  CLAVIGER_TRY(good, members.result());
  return response;
}

}  // namespace claviger::migration
