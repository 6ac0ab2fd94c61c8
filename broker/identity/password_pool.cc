#include "broker/identity/password_pool.h"

#include "core/runtime/offload.h"

namespace claviger::identity {

using broker::Context;
using runtime::Task;

crypto::Argon2Parameters argon2_parameters(const settings::Settings& settings) {
  return {settings.argon2.memory_kib, settings.argon2.passes, settings.argon2.lanes};
}

Task<Result<std::string>> hash_password(Context* context, SecretBytes password) {
  const crypto::Argon2Parameters parameters = argon2_parameters(*context->snapshot->settings);
  auto work = [password = std::move(password), parameters]() {
    return crypto::hash_password(password.reveal(), parameters);
  };
  auto done = co_await runtime::offload(&context->hash_pool, std::move(work));
  if (!done) co_return done.error();
  co_return *std::move(done);
}

Task<Result<PasswordVerdict>> verify_password(Context* context, SecretBytes password, std::string hash) {
  const crypto::Argon2Parameters parameters = argon2_parameters(*context->snapshot->settings);
  auto work = [password = std::move(password), hash = std::move(hash), parameters]() {
    PasswordVerdict verdict;
    verdict.is_right = crypto::verify_password(password.reveal(), hash).has_value();
    if (verdict.is_right && crypto::needs_upgrade(hash, parameters)) {
      auto made = crypto::hash_password(password.reveal(), parameters);
      if (made) verdict.new_hash = *std::move(made);
    }
    return verdict;
  };
  auto done = co_await runtime::offload(&context->hash_pool, std::move(work));
  if (!done) co_return done.error();
  co_return *std::move(done);
}

}  // namespace claviger::identity
