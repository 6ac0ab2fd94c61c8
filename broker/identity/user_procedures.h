// What operators do to users: create, change, set a password, disable, remove, find, list (TS 33.180 clause 5.1.2;
// uniqueness: TS 23.280 clause 10.1 and our own rules).
//
// Called on any shard; a change runs at home_of("user/" tenant "/" sub) under the user's turn. What must be unique is
// guarded by expect_absent in the same transaction, so two creations of one login never both succeed. An MC ID or MC
// service ID stays its user's for ever: also after a change and after removal nobody else gets it.
//
// Codes: UserUnknown, LoginInvalid, LoginTaken, McIdentityInvalid, McIdentityTaken, PasswordInvalid, ScopeMalformed,
// PasswordHashFormat, BadValue; Overload when the password pool is full; what the store says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "broker/context.h"
#include "broker/identity/user.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/runtime/task.h"

namespace claviger::identity {

// Members of a draft that an import may leave out: an existing user keeps what he has.
enum class UserMember : std::uint8_t { DisplayName, McId, McpttId, McvideoId, McdataId, Scopes, Status, ValUserIds };

struct UserDraft {
  std::string login;
  std::string display_name;
  std::string mc_id, mcptt_id, mcvideo_id, mcdata_id;
  std::vector<std::string> scopes;
  UserStatus status = UserStatus::Enabled;
  SecretBytes password;  // UTF-8 as typed; empty: see password_hash
  std::vector<std::string> val_user_ids;
  std::string password_hash;  // a PHC string made elsewhere (argon2id, scrypt, pbkdf2); both empty: cannot sign in
  std::vector<UserMember> left_out;  // said nothing of; matters to import_users() alone
};

// What is absent stays as it is.
struct UserChange {
  std::optional<std::string> login;
  std::optional<std::string> display_name;
  std::optional<std::string> mc_id, mcptt_id, mcvideo_id, mcdata_id;
  std::optional<std::vector<std::string>> scopes;
  std::optional<std::vector<std::string>> val_user_ids;
};

struct UserPage {
  std::vector<User> users;
  std::string next;  // pass as `after` for the next page; empty: this was the last
};

runtime::Task<Result<User>> create_user(broker::Context* context, std::string tenant, UserDraft draft);
// What is taken away no token names when this returns, and no service stands on (user_update.h).
runtime::Task<Result<User>> change_user(broker::Context* context, std::string tenant, std::string sub,
                                        UserChange change);
// Ends all sessions of the user: whoever had the old password is out.
runtime::Task<Result<Unit>> set_password(broker::Context* context, std::string tenant, std::string sub,
                                         SecretBytes password);
runtime::Task<Result<Unit>> enable_user(broker::Context* context, std::string tenant, std::string sub);
// No sign-in, no refresh, every token and session dead on every shard when it returns.
runtime::Task<Result<Unit>> disable_user(broker::Context* context, std::string tenant, std::string sub);
// As disable; then the login name is free for others, the MC identities are not.
runtime::Task<Result<Unit>> remove_user(broker::Context* context, std::string tenant, std::string sub);

runtime::Task<Result<User>> find_user(broker::Context* context, std::string tenant, std::string sub);
runtime::Task<Result<User>> find_user_by_login(broker::Context* context, std::string tenant, std::string login);
// kind: "mc", "mcptt", "mcvideo", "mcdata", "val". UserUnknown also when the identity is another tenant's.
runtime::Task<Result<User>> find_user_by_mc_identity(broker::Context* context, std::string tenant, std::string kind,
                                                     std::string identity);
// In order of sub, at most `limit` (<= storage::kRangeMax), after `after` (empty: from the first).
runtime::Task<Result<UserPage>> list_users(broker::Context* context, std::string tenant, std::string after,
                                           std::size_t limit);

}  // namespace claviger::identity
