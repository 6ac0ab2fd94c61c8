// Of which hashes a user's password hash was made, when sign-ins or imports renewed it because its parameters were not
// those of today: a file of users that brings a former one again brings no other password (user_import.h).
//
// For the procedures of this folder. A row of tables::kAuthenticators, key tenant + "" + "former-hash" + sub (no user has
// an empty sub): SHA-256 of the hash that the user has, and of at most kFormerHashesMax from which it came, the oldest
// first. It counts only while that is his hash: whoever gives him another password need not know of it.
#pragma once

#include <string>
#include <string_view>

#include "broker/context.h"
#include "core/base/result.h"
#include "core/runtime/task.h"
#include "storage/transaction.h"

namespace claviger::identity {

// The first is what a directory brings night after night, the last what was exported lately.
inline constexpr std::size_t kFormerHashesMax = 4;

// Is `hash` one from which `present`, the user's, was made?
runtime::Task<Result<bool>> is_former_hash(broker::Context* context, std::string tenant, std::string sub,
                                           std::string present, std::string hash);
// In the transaction that puts `renewed` in the place of `hash`.
runtime::Task<Result<Unit>> add_former_hash(broker::Context* context, std::string tenant, std::string sub,
                                            std::string hash, std::string renewed, storage::Transaction* transaction);
// He goes.
void forget_former_hashes(storage::Transaction& transaction, std::string_view tenant, std::string_view sub);

}  // namespace claviger::identity
