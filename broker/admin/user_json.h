// Users as JSON: what the admin API takes and shows. Pure but for what it appends to.
#pragma once

#include <optional>
#include <string>

#include "broker/identity/user_procedures.h"
#include "core/codec/json_value.h"
#include "core/codec/json_writer.h"

namespace claviger::admin {

enum class PasswordHashes : std::uint8_t { Hidden, Shown };

void write_user(codec::JsonWriter<std::string>& json, const identity::User& user, PasswordHashes hashes);

struct DraftOrWrong {
  identity::UserDraft draft;
  std::optional<std::string> wrong;  // what is wrong with the object, in words
};
// Members: login (required), display_name, mc_id, mcptt_id, mcvideo_id, mcdata_id, scopes, val_user_ids, enabled, password,
// password_hash. What `write_user` shows beside these (sub, created_at...) is taken and ignored, so that what was
// exported can be imported.
DraftOrWrong read_user_draft(codec::JsonObject object);

}  // namespace claviger::admin
