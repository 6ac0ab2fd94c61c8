// What a user record may contain: checked where it comes in, from operators and from import files.
//
// Pure functions, any thread.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "broker/identity/user_procedures.h"

namespace claviger::identity {

// Everything but the password. LoginInvalid, McIdentityInvalid, ScopeMalformed, BadValue (display name),
// PasswordInvalid (too long, or beside a hash), PasswordHashFormat and what else check_password_hash() says.
Result<User> user_of(const UserDraft& draft);
Result<Unit> apply_change(const UserChange& change, User& user);
Result<Unit> check_password(const SecretBytes& password);

// The identities he has, with their kinds ("mc", "mcptt", ...). Views into the user.
std::vector<std::pair<std::string_view, std::string_view>> identities_of(const User& user);

}  // namespace claviger::identity
