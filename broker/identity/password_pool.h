// Password hashes are made and verified in the pool for it (broker::Context::hash_pool): 20 ms and 19 MiB each.
//
// Called on any shard. Overload at once when the pool's queue is full.
#pragma once

#include <string>

#include "broker/context.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/crypto/password_hash.h"
#include "core/runtime/task.h"

namespace claviger::identity {

crypto::Argon2Parameters argon2_parameters(const settings::Settings& settings);

runtime::Task<Result<std::string>> hash_password(broker::Context* context, SecretBytes password);

struct PasswordVerdict {
  bool is_right = false;
  std::string new_hash;  // when right and the stored one was made with other parameters
};
// A hash that cannot be read counts as wrong.
runtime::Task<Result<PasswordVerdict>> verify_password(broker::Context* context, SecretBytes password,
                                                       std::string hash);

}  // namespace claviger::identity
