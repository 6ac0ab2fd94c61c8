#include "broker/admin/user_json.h"

#include "broker/admin/object_reader.h"
#include "broker/identity/authenticators/password_length.h"

namespace claviger::admin {

namespace {

void write_members(codec::JsonWriter<std::string>& json, const identity::User& user) {
  json.member("sub", user.sub).member("login", user.login).member("display_name", user.display_name);
  json.member("enabled", user.status == identity::UserStatus::Enabled);
  json.member("mc_id", user.mc_id).member("mcptt_id", user.mcptt_id);
  json.member("mcvideo_id", user.mcvideo_id).member("mcdata_id", user.mcdata_id);
  json.name("scopes").begin_array();
  for (const std::string& scope : user.scopes) json.value(scope);
  json.end_array().name("val_user_ids").begin_array();
  for (const std::string& id : user.val_user_ids) json.value(id);
  json.end_array().member("has_password", !user.password_hash.empty());
  json.member("password_changed_at", user.password_changed_at).member("not_before", user.not_before);
  json.member("created_at", user.created_at);
}

void write_end(codec::JsonWriter<std::string>& json, std::string_view name, Milliseconds wait, WallTime now) {
  if (wait > Milliseconds{0}) json.member(name, numeric_date(now + wait + Milliseconds{999}));
}

}  // namespace

void write_user(codec::JsonWriter<std::string>& json, const identity::User& user, PasswordHashes hashes) {
  json.begin_object();
  write_members(json, user);
  if (hashes == PasswordHashes::Shown && !user.password_hash.empty()) json.member("password_hash", user.password_hash);
  json.end_object();
}

void write_user(codec::JsonWriter<std::string>& json, const identity::User& user, const identity::SignInWaits& waits,
                WallTime now) {
  json.begin_object();
  write_members(json, user);
  write_end(json, "passwords_wait_until", waits.password, now);
  write_end(json, "passwords_elsewhere_wait_until", waits.password_elsewhere, now);
  write_end(json, "codes_wait_until", waits.code, now);
  if (waits.is_recovery_only) json.member("only_recovery_codes", true);
  json.end_object();
}

bool is_too_short(const Error& error) {
  return error.code == Code::PasswordInvalid && error.where == identity::kPasswordLengthPlace;
}

std::string wanted_password(std::uint8_t characters) {
  const int least = characters == 0 ? identity::kPasswordLengthDefault : characters;
  return "a new password of this tenant has at least " + std::to_string(least) +
         " characters (clavigerctl policy show)";
}

DraftOrWrong read_user_draft(codec::JsonObject object) {
  DraftOrWrong result;
  identity::UserDraft& draft = result.draft;
  bool is_enabled = true;
  std::string shown_text;
  bool shown_flag = false;
  std::optional<std::int64_t> shown_number;
  ObjectReader members(object);
  members.read("login", draft.login).require("login").read("display_name", draft.display_name);
  members.read("mc_id", draft.mc_id).read("mcptt_id", draft.mcptt_id);
  members.read("mcvideo_id", draft.mcvideo_id).read("mcdata_id", draft.mcdata_id);
  members.read("scopes", draft.scopes).read("enabled", is_enabled);
  members.read("val_user_ids", draft.val_user_ids);
  members.read("password", draft.password).read("password_hash", draft.password_hash);
  members.read("sub", shown_text).read("has_password", shown_flag).read("password_changed_at", shown_number);
  for (const char* shown :
       {"not_before", "created_at", "passwords_wait_until", "passwords_elsewhere_wait_until", "codes_wait_until"}) {
    members.read(shown, shown_number);
  }
  members.read("only_recovery_codes", shown_flag);
  using Member = identity::UserMember;
  constexpr std::pair<const char*, Member> kMayBeLeftOut[] = {
      {"display_name", Member::DisplayName}, {"mc_id", Member::McId},
      {"mcptt_id", Member::McpttId},         {"mcvideo_id", Member::McvideoId},
      {"mcdata_id", Member::McdataId},       {"scopes", Member::Scopes},
      {"enabled", Member::Status},           {"val_user_ids", Member::ValUserIds}};
  for (const auto& [name, member] : kMayBeLeftOut) {
    if (!members.has(name)) draft.left_out.push_back(member);
  }
  result.wrong = members.wrong();
  if (!result.wrong && !draft.password.empty() && !draft.password_hash.empty()) {
    result.wrong = "password and password_hash: one or the other";
  }
  draft.status = is_enabled ? identity::UserStatus::Enabled : identity::UserStatus::Disabled;
  return result;
}

}  // namespace claviger::admin
