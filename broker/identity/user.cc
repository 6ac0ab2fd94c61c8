#include "broker/identity/user.h"

#include "broker/identity/user_generated.h"
#include "broker/record_key.h"
#include "core/codec/utf8.h"
#include "core/sip/uri.h"
#include "storage/record.h"

namespace claviger::identity {
namespace {

constexpr storage::RecordSchema kSchema{"users", 1};
constexpr std::size_t kLoginBytesMax = 255;

bool is_blank(char character) { return character == ' ' || character == '\t'; }

}  // namespace

Result<std::string> canonical_login(std::string_view login) {
  while (!login.empty() && is_blank(login.front())) login.remove_prefix(1);
  while (!login.empty() && is_blank(login.back())) login.remove_suffix(1);
  if (login.empty() || login.size() > kLoginBytesMax) return Error{Code::LoginInvalid, "login.length"};
  if (!codec::is_utf8(login)) return Error{Code::LoginInvalid, "login.utf8"};
  std::string canonical(login);
  for (char& character : canonical) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte < 0x20 || byte == 0x7F) return Error{Code::LoginInvalid, "login.control"};
    if (character >= 'A' && character <= 'Z') character = static_cast<char>(byte + ('a' - 'A'));
  }
  return canonical;
}

std::string user_key(std::string_view tenant, std::string_view sub) { return broker::record_key({tenant, sub}); }
std::string login_key(std::string_view tenant, std::string_view canonical) {
  return broker::record_key({tenant, canonical});
}
std::string mc_identity_key(std::string_view kind, std::string_view identity) {
  // Of all writings of a SIP or tel URI one (RFC 3261 clause 19.1.4): equivalent spellings are one identity, taken once.
  // What a VAL provider calls his users is his choice; MC identities are URIs.
  if (kind != "val") {
    if (const auto canonical = sip::canonical_identity(identity)) return broker::record_key({kind, *canonical});
  }
  return broker::record_key({kind, identity});
}

std::string encode_user(const User& user) {
  flatbuffers::FlatBufferBuilder builder(512);
  const auto login = builder.CreateString(user.login);
  const auto display_name = storage::put_text(builder, user.display_name);
  const auto mc_id = storage::put_text(builder, user.mc_id);
  const auto mcptt_id = storage::put_text(builder, user.mcptt_id);
  const auto mcvideo_id = storage::put_text(builder, user.mcvideo_id);
  const auto mcdata_id = storage::put_text(builder, user.mcdata_id);
  const auto scopes = storage::put_texts(builder, user.scopes);
  const auto password_hash = storage::put_text(builder, user.password_hash);
  const auto val_user_ids = storage::put_texts(builder, user.val_user_ids);
  schema::UserBuilder record(builder);
  record.add_schema_version(kSchema.version);
  record.add_login(login);
  record.add_display_name(display_name);
  record.add_status(static_cast<std::uint8_t>(user.status));
  record.add_mc_id(mc_id);
  record.add_mcptt_id(mcptt_id);
  record.add_mcvideo_id(mcvideo_id);
  record.add_mcdata_id(mcdata_id);
  record.add_scopes(scopes);
  record.add_password_hash(password_hash);
  record.add_password_changed_at(user.password_changed_at);
  record.add_not_before(user.not_before);
  record.add_created_at(user.created_at);
  record.add_val_user_ids(val_user_ids);
  builder.Finish(record.Finish());
  return storage::finished(builder);
}

Result<User> decode_user(const storage::Value& value, std::string_view sub) {
  CLAVIGER_TRY(record, storage::FlatRecord<schema::User>::open(value, kSchema));
  if (record->status() > static_cast<std::uint8_t>(UserStatus::Disabled)) return Error{Code::Corrupt, "users.status"};
  User user;
  user.sub = sub;
  user.login = storage::text_of(record->login());
  user.display_name = storage::text_of(record->display_name());
  user.status = static_cast<UserStatus>(record->status());
  user.mc_id = storage::text_of(record->mc_id());
  user.mcptt_id = storage::text_of(record->mcptt_id());
  user.mcvideo_id = storage::text_of(record->mcvideo_id());
  user.mcdata_id = storage::text_of(record->mcdata_id());
  user.scopes = storage::texts_of(record->scopes());
  user.password_hash = storage::text_of(record->password_hash());
  user.password_changed_at = record->password_changed_at();
  user.not_before = record->not_before();
  user.created_at = record->created_at();
  user.val_user_ids = storage::texts_of(record->val_user_ids());
  user.version = value.version();
  return user;
}

}  // namespace claviger::identity
