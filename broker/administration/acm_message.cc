#include "broker/administration/acm_message.h"

#include <algorithm>
#include <set>

#include "broker/keys/date_time.h"
#include "core/codec/json_reader.h"
#include "core/codec/json_writer.h"

namespace claviger::administration {
namespace {

using Json = codec::JsonWriter<std::string>;

constexpr codec::JsonLimits kLimits{
    .bytes_max = kSetupBytesMax, .depth_max = 6, .members_max = 64, .values_max = 24 * kUsersMax};

// An element as a refusal names it: a literal, "acm." and its name in the message.
constexpr std::string_view kAcm = "acm.";
std::string_view name_in(std::string_view where) { return where.substr(kAcm.size()); }

Result<std::string> identity_at(codec::JsonObject object, std::string_view where) {
  CLAVIGER_TRY(text, object.string_at(name_in(where)));
  if (!is_identity(text)) return Error{Code::BadValue, where};
  return std::string(text);
}

Result<std::int64_t> time_at(codec::JsonObject object, std::string_view where) {
  if (!object.contains(name_in(where))) return std::int64_t{0};
  CLAVIGER_TRY(text, object.string_at(name_in(where)));
  const auto time = read_time(text);
  if (!time) return Error{Code::BadValue, where};
  return *time;
}

Result<SetupUser> parse_user(codec::JsonValue value) {
  CLAVIGER_TRY(object, value.as_object());
  SetupUser user;
  CLAVIGER_TRY(mc_id, identity_at(object, "acm.mc_id"));
  user.mc_id = one_writing(mc_id);
  if (const auto ids = object.find("mc_service_ids")) {
    CLAVIGER_TRY(services, ids->as_object());
    for (const codec::JsonMember member : services) {
      const auto* found = std::ranges::find(kServices, member.name);
      const auto text = member.value.as_string();
      if (found == kServices.end() || !text || !is_identity(*text)) return Error{Code::BadValue, "acm.mc_service_ids"};
      user.service_ids[static_cast<std::size_t>(found - kServices.begin())] = one_writing(*text);
    }
  }
  CLAVIGER_TRY(from, time_at(object, "acm.valid_from"));
  CLAVIGER_TRY(until, time_at(object, "acm.valid_until"));
  if (until != 0 && until <= from) return Error{Code::BadValue, "acm.valid_until"};
  user.valid_from = from;
  user.valid_until = until;
  return user;
}

}  // namespace

Result<std::int64_t> read_time(std::string_view text) {
  if (text.empty()) return std::int64_t{0};
  const auto time = keys::read_date_time(text);
  if (!time || *time <= 0) return Error{Code::BadValue, "acm.time"};
  return *time;
}
std::string write_time(std::int64_t time) { return keys::write_date_time(time); }

Result<SetupMessage> parse_setup(std::string_view body) {
  codec::JsonReader reader(kLimits);
  CLAVIGER_TRY(value, reader.parse(body));
  CLAVIGER_TRY(object, value.as_object());
  SetupMessage message;
  Setup& setup = message.setup;
  for (const auto& [where, field] : {std::pair("acm.request_id", &setup.id), std::pair("acm.home_system", &setup.home),
                                     std::pair("acm.home_acmc_id", &message.home_acmc_id)}) {
    if (!object.contains(name_in(where))) continue;
    CLAVIGER_TRY(text, identity_at(object, where));
    *field = std::move(text);
  }
  setup.acmc = message.home_acmc_id;
  CLAVIGER_TRY(targets, object.at("targets"));
  CLAVIGER_TRY(target_list, targets.as_array());
  for (const codec::JsonValue each : target_list) {
    const auto text = each.as_string();
    if (!text || !is_identity(*text)) return Error{Code::BadValue, "acm.targets"};
    const auto is_it = [&text](const std::string& other) { return is_same_name(other, *text); };
    if (std::ranges::any_of(setup.targets, is_it)) return Error{Code::BadValue, "acm.targets"};
    if (setup.targets.size() == kTargetsMax) return Error{Code::SetupListTooLong, "acm.targets"};
    setup.targets.emplace_back(*text);
  }
  if (setup.targets.empty()) return Error{Code::BadValue, "acm.targets"};
  if (const auto mode = object.find("mode")) {
    CLAVIGER_TRY(members, mode->as_object());
    if (const auto partial = members.find("partial")) {
      CLAVIGER_TRY(truth, partial->as_bool());
      setup.is_all_or_nothing = !truth;
    }
    if (const auto all = members.find("all_or_nothing")) {
      CLAVIGER_TRY(truth, all->as_bool());
      setup.is_all_or_nothing = truth;
    }
  }
  CLAVIGER_TRY(users, object.at("users"));
  CLAVIGER_TRY(user_list, users.as_array());
  std::set<std::string> seen;
  std::set<std::string> service_ids;
  for (const codec::JsonValue each : user_list) {
    if (setup.users.size() == kUsersMax) return Error{Code::SetupListTooLong, "acm.users"};
    CLAVIGER_TRY(user, parse_user(each));
    if (!seen.insert(user.mc_id).second) return Error{Code::BadValue, "acm.users"};
    // One identity is one user's; of his own services several may share it.
    const std::set<std::string> own(user.service_ids.begin(), user.service_ids.end());
    for (const std::string& id : own) {
      if (!id.empty() && !service_ids.insert(id).second) return Error{Code::BadValue, "acm.mc_service_ids"};
    }
    setup.users.push_back(std::move(user));
  }
  if (setup.users.empty()) return Error{Code::BadValue, "acm.users"};
  return message;
}

void write_service_ids(Json& json, const SetupUser& user) {
  json.name("mc_service_ids").begin_object();
  for (std::size_t i = 0; i < kServices.size(); ++i) {
    if (!user.service_ids[i].empty()) json.member(kServices[i], user.service_ids[i]);
  }
  json.end_object();
}

std::string write_setup(const Setup& setup, std::string_view own_system, std::string_view target, bool with_acmc) {
  std::string text;
  Json json(text);
  json.begin_object().member("request_id", setup.id).member("home_system", own_system);
  if (with_acmc && !setup.acmc.empty()) json.member("home_acmc_id", setup.acmc);
  json.name("targets").begin_array().value(target).end_array();
  json.name("mode").begin_object().member("partial", !setup.is_all_or_nothing).end_object();
  json.name("users").begin_array();
  for (const SetupUser& user : setup.users) {
    json.begin_object().member("mc_id", user.mc_id);
    write_service_ids(json, user);
    if (user.valid_from != 0) json.member("valid_from", write_time(user.valid_from));
    if (user.valid_until != 0) json.member("valid_until", write_time(user.valid_until));
    json.end_object();
  }
  json.end_array().end_object();
  return text;
}

bool is_good(std::string_view status) { return status == "CREATED" || status == "EXISTED"; }

std::string write_result(std::string_view system, const Setup& setup, const std::vector<UserResult>& results,
                         std::string_view reason) {
  const bool all_good = std::ranges::all_of(results, [](const UserResult& each) { return is_good(each.status); });
  std::string text;
  Json json(text);
  json.begin_object().member("system", system).member("result", all_good && !results.empty());
  if (!reason.empty()) json.member("reason", reason);
  json.name("users").begin_array();
  // Results are in the order of the setup's users.
  for (std::size_t i = 0; i < results.size() && i < setup.users.size(); ++i) {
    json.begin_object().member("mc_id", results[i].mc_id);
    write_service_ids(json, setup.users[i]);
    json.member("status", results[i].status).end_object();
  }
  json.end_array().end_object();
  return text;
}

Result<ResultMessage> parse_result(std::string_view body) {
  constexpr Error kNone{Code::ProtocolError, "acm.result"};
  codec::JsonReader reader(kLimits);
  const auto value = reader.parse(body);
  const auto object = value ? value->as_object() : Result<codec::JsonObject>(kNone);
  if (!object) return kNone;
  ResultMessage message;
  const auto system = object->string_at("system");
  const auto result = object->bool_at("result");
  const auto users = object->at("users");
  const auto array = users ? users->as_array() : Result<codec::JsonArray>(kNone);
  if (!system || !result || !array) return kNone;
  message.system = *system;
  message.is_good = *result;
  if (const auto reason = object->string_at("reason")) message.reason = reason->substr(0, kIdentityMax);
  for (const codec::JsonValue each : *array) {
    const auto one = each.as_object();
    if (!one || message.users.size() == kUsersMax) return kNone;
    const auto mc_id = one->string_at("mc_id");
    const auto status = one->string_at("status");
    constexpr std::array<std::string_view, 4> kStatuses{"CREATED", "EXISTED", "REJECTED", "FAILED"};
    if (!mc_id || !status || std::ranges::find(kStatuses, *status) == kStatuses.end()) return kNone;
    message.users.push_back({std::string(*mc_id), std::string(*status)});
  }
  return message;
}

}  // namespace claviger::administration
