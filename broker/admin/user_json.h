// Users as JSON: what the admin API takes and shows. Pure but for what it appends to.
#pragma once

#include <optional>
#include <string>

#include "broker/identity/sign_in_unlock.h"
#include "broker/identity/user_procedures.h"
#include "core/base/clock.h"
#include "core/codec/json_value.h"
#include "core/codec/json_writer.h"

namespace claviger::admin {

enum class PasswordHashes : std::uint8_t { Hidden, Shown };

void write_user(codec::JsonWriter<std::string>& json, const identity::User& user, PasswordHashes hashes);
// With who is held up at his login, as times: `passwords_wait_until`, `passwords_elsewhere_wait_until`,
// `codes_wait_until`, and `only_recovery_codes`; each is there only when somebody is.
void write_user(codec::JsonWriter<std::string>& json, const identity::User& user, const identity::SignInWaits& waits,
                WallTime now);

// Of what check_password_length() refuses: how long a password of this tenant is, in words. 0: nothing is said.
bool is_too_short(const Error& error);
std::string wanted_password(std::uint8_t characters);

struct DraftOrWrong {
  identity::UserDraft draft;
  std::optional<std::string> wrong;  // what is wrong with the object, in words
};
// Members: login (required), display_name, mc_id, mcptt_id, mcvideo_id, mcdata_id, scopes, val_user_ids, enabled, password,
// password_hash. What `write_user` shows beside these (sub, created_at...) is taken and ignored, so that what was
// exported can be imported.
DraftOrWrong read_user_draft(codec::JsonObject object);

}  // namespace claviger::admin
