// One way to change a user: at his home, under his turn, guarded by his version, with all that must follow.
//
// For the procedures of this folder.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "broker/context.h"
#include "broker/identity/user.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::identity {

// May run several times, on the user's home shard; gets the time as NumericDate.
using UserEdit = std::function<Result<Unit>(User&, std::int64_t now)>;

enum class Sessions : bool { Keep, End };

// Whether an identity or a scope that `before` has is not `after`'s.
bool takes_away(const User& before, const User& after);

// With Sessions::End every token and session of the user up to now is dead on every shard when it returns: not_before
// is the next second, because iat and auth_time have whole seconds. Of whom the edit takes something away the tokens are
// dead all the same, which may name it, and with them the services that they opened; his sessions stay, and what they get
// next is as he is now.
runtime::Task<Result<User>> update_user(broker::Context* context, std::string tenant, std::string sub, UserEdit edit,
                                        Sessions sessions);

}  // namespace claviger::identity
