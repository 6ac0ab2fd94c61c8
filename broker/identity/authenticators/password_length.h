// How long a new password must be: said for a tenant, eight characters unless it is (NIST SP 800-63B clause 5.1.1.2, which
// wants no other rules of composition). Passwords that are there and hashes made elsewhere are taken as they are.
//
// Record of tables::kAuthenticators, key tenant + "" + "policy" + "password-length": version (1 byte, 1) | characters (1 byte).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "broker/context.h"
#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/runtime/task.h"
#include "storage/transaction.h"

namespace claviger::identity {

inline constexpr std::uint8_t kPasswordLengthDefault = 8;
// Clause 5.1.1.2: what all verifiers take.
inline constexpr std::uint8_t kPasswordLengthMax = 64;
// Where the error of check_password_length() says it was.
inline constexpr std::string_view kPasswordLengthPlace = "user.password_length";

// 0: nothing is said, so kPasswordLengthDefault.
runtime::Task<Result<std::uint8_t>> read_password_length(broker::Context* context, std::string tenant);
// 0 takes it back; at most kPasswordLengthMax.
void put_password_length(storage::Transaction& transaction, std::string_view tenant, std::uint8_t characters);
// The same in a commit of its own. OutOfRange: more than kPasswordLengthMax.
runtime::Task<Result<Unit>> write_password_length(broker::Context* context, std::string tenant,
                                                  std::uint8_t characters);
// PasswordInvalid: `characters` of a new password are fewer.
runtime::Task<Result<Unit>> check_password_length(broker::Context* context, std::string tenant, std::size_t characters);
// Code points of a password in UTF-8.
std::size_t characters_of(Bytes password);

}  // namespace claviger::identity
