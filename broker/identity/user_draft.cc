#include "broker/identity/user_draft.h"

#include <algorithm>

#include "broker/identity/scope_grant.h"
#include "broker/identity/val_identity.h"
#include "core/codec/uri.h"
#include "core/codec/utf8.h"
#include "core/crypto/password_hash.h"

namespace claviger::identity {
namespace {

constexpr std::size_t kDisplayNameMax = 255;
// What a SIP header that repeats it still carries (broker/tokens/verifier/claims.h).
constexpr std::size_t kMcIdentityMax = 512;

Result<Unit> check_display_name(std::string_view name) {
  if (name.size() > kDisplayNameMax || !codec::is_utf8(name)) return Error{Code::BadValue, "user.display_name"};
  for (const char character : name) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte < 0x20 || byte == 0x7F) return Error{Code::BadValue, "user.display_name"};
  }
  return Unit{};
}

// TS 23.280 clause 8.1: MC service IDs are URIs. Empty: none.
Result<Unit> check_identity(std::string_view identity) {
  if (identity.empty()) return Unit{};
  if (identity.size() > kMcIdentityMax || !codec::parse_absolute_uri(identity)) {
    return Error{Code::McIdentityInvalid, "user.mc_identity"};
  }
  return Unit{};
}

// TS 23.434 clause 7.2: "for example a URI"; what identifies a user to a provider is the provider's choice.
Result<Unit> check_val_user_ids(const std::vector<std::string>& ids) {
  if (ids.size() > kValUserIdsMax) return Error{Code::McIdentityInvalid, "user.val_user_ids"};
  for (auto id = ids.begin(); id != ids.end(); ++id) {
    if (!is_val_identity(*id) || std::find(ids.begin(), id, *id) != id) {
      return Error{Code::McIdentityInvalid, "user.val_user_ids"};
    }
  }
  return Unit{};
}

Result<Unit> check_scopes(const std::vector<std::string>& scopes) {
  if (scopes.size() > kScopesMax) return Error{Code::ScopeMalformed, "user.scopes"};
  for (const std::string& scope : scopes) {
    if (!is_scope_token(scope)) return Error{Code::ScopeMalformed, "user.scopes"};
  }
  return Unit{};
}

Result<Unit> check_user(const User& user) {
  CLAVIGER_TRY(name, check_display_name(user.display_name));
  CLAVIGER_TRY(val_ids_checked, check_val_user_ids(user.val_user_ids));
  for (const auto& [kind, identity] : identities_of(user)) {
    if (kind == kValKind) continue;
    CLAVIGER_TRY(identity_checked, check_identity(identity));
  }
  return check_scopes(user.scopes);
}

}  // namespace

std::vector<std::pair<std::string_view, std::string_view>> identities_of(const User& user) {
  std::vector<std::pair<std::string_view, std::string_view>> identities;
  if (!user.mc_id.empty()) identities.emplace_back("mc", user.mc_id);
  if (!user.mcptt_id.empty()) identities.emplace_back("mcptt", user.mcptt_id);
  if (!user.mcvideo_id.empty()) identities.emplace_back("mcvideo", user.mcvideo_id);
  if (!user.mcdata_id.empty()) identities.emplace_back("mcdata", user.mcdata_id);
  for (const std::string& id : user.val_user_ids) identities.emplace_back(kValKind, id);
  return identities;
}

Result<Unit> check_password(const SecretBytes& password) {
  if (password.empty() || password.size() > crypto::kPasswordBytesMax) {
    return Error{Code::PasswordInvalid, "user.password"};
  }
  return Unit{};
}

Result<User> user_of(const UserDraft& draft) {
  User user;
  CLAVIGER_TRY(login, canonical_login(draft.login));
  user.login = std::move(login);
  user.display_name = draft.display_name;
  user.status = draft.status;
  user.mc_id = draft.mc_id;
  user.mcptt_id = draft.mcptt_id;
  user.mcvideo_id = draft.mcvideo_id;
  user.mcdata_id = draft.mcdata_id;
  user.scopes = draft.scopes;
  user.val_user_ids = draft.val_user_ids;
  user.password_hash = draft.password_hash;
  CLAVIGER_TRY(user_checked, check_user(user));
  if (!draft.password.empty()) {
    CLAVIGER_TRY(password_checked, check_password(draft.password));
    if (!draft.password_hash.empty()) return Error{Code::PasswordInvalid, "user.password_hash"};
  }
  if (!draft.password_hash.empty()) {
    CLAVIGER_TRY(hash_checked, crypto::check_password_hash(draft.password_hash));
  }
  return user;
}

Result<Unit> apply_change(const UserChange& change, User& user) {
  if (change.login) {
    CLAVIGER_TRY(login, canonical_login(*change.login));
    user.login = std::move(login);
  }
  if (change.display_name) user.display_name = *change.display_name;
  if (change.mc_id) user.mc_id = *change.mc_id;
  if (change.mcptt_id) user.mcptt_id = *change.mcptt_id;
  if (change.mcvideo_id) user.mcvideo_id = *change.mcvideo_id;
  if (change.mcdata_id) user.mcdata_id = *change.mcdata_id;
  if (change.scopes) user.scopes = *change.scopes;
  if (change.val_user_ids) user.val_user_ids = *change.val_user_ids;
  return check_user(user);
}

}  // namespace claviger::identity
