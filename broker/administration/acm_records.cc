#include "broker/administration/acm_records.h"

#include <algorithm>

#include "core/codec/json_reader.h"
#include "core/codec/json_writer.h"
#include "core/sip/scan.h"
#include "core/sip/uri.h"

namespace claviger::administration {
namespace {

using Json = codec::JsonWriter<std::string>;

constexpr char kVersion = 1;
constexpr codec::JsonLimits kLimits{
    .bytes_max = 16 * 1024 * 1024, .depth_max = 6, .members_max = 64, .values_max = 16 * kUsersMax};
constexpr Error kCorrupt{Code::Corrupt, "acm.record"};

void write_list(Json& json, std::string_view name, const std::vector<std::string>& values) {
  json.name(name).begin_array();
  for (const std::string& value : values) json.value(value);
  json.end_array();
}

// One record while it is read. A member that is absent leaves its field.
class Reader {
 public:
  explicit Reader(const storage::Value& value) : reader_(kLimits) {
    const std::string_view text = value.text();
    if (text.empty()) return;
    is_too_new_ = text.front() > kVersion;
    if (text.front() != kVersion) return;
    const auto parsed = reader_.parse(text.substr(1));
    if (!parsed) return;
    if (const auto object = parsed->as_object()) object_ = *object;
  }
  Result<Unit> check() const {
    if (is_too_new_) return Error{Code::SchemaTooNew, "acm.record"};
    return object_ ? Result<Unit>(Unit{}) : Result<Unit>(kCorrupt);
  }
  Reader& read(std::string_view name, std::string& field) {
    if (const auto text = object_->string_at(name)) field = *text;
    return *this;
  }
  Reader& read(std::string_view name, bool& field) {
    if (const auto truth = object_->bool_at(name)) field = *truth;
    return *this;
  }
  Reader& read(std::string_view name, std::int64_t& field) {
    if (const auto number = object_->int_at(name)) field = *number;
    return *this;
  }
  Reader& read(std::string_view name, std::vector<std::string>& field) {
    if (const auto value = object_->at(name)) field = texts(*value);
    return *this;
  }
  static std::vector<std::string> texts(codec::JsonValue value) {
    std::vector<std::string> all;
    const auto array = value.as_array();
    if (!array) return all;
    for (const codec::JsonValue each : *array)
      all.emplace_back(each.as_string() ? *each.as_string() : std::string_view());
    return all;
  }
  const codec::JsonObject& object() const { return *object_; }

 private:
  codec::JsonReader reader_;
  std::optional<codec::JsonObject> object_;
  bool is_too_new_ = false;
};

constexpr std::array<std::string_view, 9> kStages{"SENDING", "WAITING",  "PENDING",     "RUNNING",  "DONE",
                                                  "FAILED",  "REJECTED", "WITHDRAWING", "WITHDRAWN"};

}  // namespace

std::string_view name_of(Stage stage) { return kStages[static_cast<std::size_t>(stage)]; }

bool is_under_way(Stage stage) {
  return stage == Stage::Sending || stage == Stage::Waiting || stage == Stage::Pending || stage == Stage::Running ||
         stage == Stage::Withdrawing;
}

std::string encode(const AcmClient& record) {
  std::string text(1, kVersion);
  Json json(text);
  json.begin_object().member("id", record.id).member("may_approve", record.may_approve);
  json.member("created_at", record.created_at);
  write_list(json, "operators", record.operators);
  write_list(json, "partners", record.partners);
  write_list(json, "domains", record.domains);
  json.end_object();
  return text;
}

Result<AcmClient> decode_client(const storage::Value& value) {
  Reader reader(value);
  CLAVIGER_TRY(good, reader.check());
  AcmClient record;
  reader.read("id", record.id).read("may_approve", record.may_approve).read("created_at", record.created_at);
  reader.read("operators", record.operators).read("partners", record.partners).read("domains", record.domains);
  return record;
}

std::string encode(const AcmPartner& record) {
  std::string text(1, kVersion);
  Json json(text);
  json.begin_object().member("system", record.system).member("own_system", record.own_system).member("url", record.url);
  json.member("ca", record.ca_pem).member("certificate", record.certificate_pem).member("key", record.sealed_key);
  json.member("digest", record.certificate_digest).member("partner", record.partner).member("quota", record.quota);
  json.member("manual", record.is_manual).member("wants_acmc", record.wants_acmc);
  json.member("created_at", record.created_at);
  write_list(json, "domains", record.domains);
  write_list(json, "services", record.services);
  json.end_object();
  return text;
}

Result<AcmPartner> decode_partner(const storage::Value& value) {
  Reader reader(value);
  CLAVIGER_TRY(good, reader.check());
  AcmPartner record;
  std::int64_t quota = 0;
  reader.read("system", record.system).read("own_system", record.own_system).read("url", record.url);
  reader.read("ca", record.ca_pem).read("certificate", record.certificate_pem).read("key", record.sealed_key);
  reader.read("digest", record.certificate_digest).read("partner", record.partner).read("quota", quota);
  reader.read("manual", record.is_manual).read("wants_acmc", record.wants_acmc).read("created_at", record.created_at);
  reader.read("domains", record.domains).read("services", record.services);
  record.quota = static_cast<std::uint64_t>(quota);
  return record;
}

std::string encode(const Setup& record) {
  std::string text(1, kVersion);
  Json json(text);
  json.begin_object().member("id", record.id).member("acmc", record.acmc).member("who", record.who);
  json.member("home", record.home).member("all", record.is_all_or_nothing).member("created_at", record.created_at);
  write_list(json, "targets", record.targets);
  json.name("users").begin_array();
  for (const SetupUser& user : record.users) {
    json.begin_array().value(user.mc_id);
    for (const std::string& id : user.service_ids) json.value(id);
    json.value(user.valid_from).value(user.valid_until).end_array();
  }
  json.end_array().end_object();
  return text;
}

Result<Setup> decode_setup(const storage::Value& value) {
  Reader reader(value);
  CLAVIGER_TRY(good, reader.check());
  Setup record;
  reader.read("id", record.id).read("acmc", record.acmc).read("who", record.who).read("home", record.home);
  reader.read("all", record.is_all_or_nothing).read("created_at", record.created_at).read("targets", record.targets);
  CLAVIGER_TRY(users, reader.object().at("users"));
  CLAVIGER_TRY(array, users.as_array());
  for (const codec::JsonValue each : array) {
    CLAVIGER_TRY(parts, each.as_array());
    SetupUser user;
    std::size_t at = 0;
    for (const codec::JsonValue part : parts) {
      if (at == 0) user.mc_id = part.as_string() ? *part.as_string() : std::string_view();
      if (at >= 1 && at <= 3) user.service_ids[at - 1] = part.as_string() ? *part.as_string() : std::string_view();
      if (at == 4) user.valid_from = part.as_int() ? *part.as_int() : 0;
      if (at == 5) user.valid_until = part.as_int() ? *part.as_int() : 0;
      ++at;
    }
    if (at != 6 || record.users.size() == kUsersMax) return kCorrupt;
    record.users.push_back(std::move(user));
  }
  return record;
}

std::string encode(const StageRecord& record) {
  std::string text(1, kVersion);
  Json json(text);
  json.begin_object()
      .member("stage", name_of(record.stage))
      .member("href", record.href)
      .member("reason", record.reason);
  json.member("by", record.by).member("unanswered", name_of(record.unanswered)).member("listed", record.is_listed);
  json.member("updated_at", record.updated_at).end_object();
  return text;
}

Result<StageRecord> decode_stage(const storage::Value& value) {
  Reader reader(value);
  CLAVIGER_TRY(good, reader.check());
  StageRecord record;
  std::string stage, unanswered(name_of(Stage::Done));
  reader.read("unanswered", unanswered);
  reader.read("stage", stage).read("href", record.href).read("reason", record.reason).read("by", record.by);
  reader.read("updated_at", record.updated_at).read("listed", record.is_listed);
  const auto* found = std::ranges::find(kStages, stage);
  const auto* before = std::ranges::find(kStages, unanswered);
  if (found == kStages.end() || before == kStages.end()) return kCorrupt;
  record.stage = static_cast<Stage>(found - kStages.begin());
  record.unanswered = static_cast<Stage>(before - kStages.begin());
  record.version = value.version();
  return record;
}

std::string encode(const Visitor& record) {
  std::string text(1, kVersion);
  Json json(text);
  json.begin_object().member("mc_id", record.mc_id).member("setup", record.setup).member("sub", record.sub);
  json.member("from", record.valid_from).member("until", record.valid_until);
  json.member("open", record.is_open).member("idms", record.idms);
  write_list(json, "ids", record.service_ids);
  json.end_object();
  return text;
}

Result<Visitor> decode_visitor(const storage::Value& value) {
  Reader reader(value);
  CLAVIGER_TRY(good, reader.check());
  Visitor record;
  reader.read("mc_id", record.mc_id).read("setup", record.setup).read("sub", record.sub);
  reader.read("from", record.valid_from).read("until", record.valid_until).read("ids", record.service_ids);
  reader.read("open", record.is_open).read("idms", record.idms);
  record.version = value.version();
  return record;
}

bool is_identity(std::string_view text) {
  return !text.empty() && text.size() <= kIdentityMax && std::ranges::all_of(text, [](char character) {
    const auto octet = static_cast<unsigned char>(character);
    return octet > 0x20 && octet != 0x7F;
  });
}

std::string_view domain_of(std::string_view identity) {
  const std::size_t at = identity.rfind('@');
  // Nothing of a SIP URI holds a second one (RFC 3261 clause 25.1): with two, readers differ on which is the one.
  if (at == std::string_view::npos || at != identity.find('@')) return {};
  const std::string_view rest = identity.substr(at + 1);
  return rest.substr(0, rest.find_first_of(":;?>"));
}

std::string one_writing(std::string_view identity) {
  auto canonical = sip::canonical_identity(identity);
  return canonical ? *std::move(canonical) : std::string(identity);
}

bool is_same_name(std::string_view one, std::string_view other) { return sip::equals_ignoring_case(one, other); }

}  // namespace claviger::administration
