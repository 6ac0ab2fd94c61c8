#include "core/crypto/password_key.h"

#include <argon2.h>

namespace claviger::crypto {

Result<Secret<kPasswordKeyBytes>> derive_password_key(Bytes password,
                                                      std::span<const std::byte, kPasswordKeySaltBytes> salt,
                                                      const Argon2Parameters& parameters) {
  if (password.empty() || password.size() > kPasswordBytesMax) return Error{Code::PasswordLength, "password_key"};
  CLAVIGER_TRY(allowed, check_parameters(parameters));
  Secret<kPasswordKeyBytes> key;
  const auto out = key.reveal_for_writing();
  if (argon2id_hash_raw(parameters.passes, parameters.memory_kib, parameters.lanes, password.data(), password.size(),
                        salt.data(), salt.size(), out.data(), out.size()) != ARGON2_OK) {
    return Error{Code::CryptoFailure, "password_key"};
  }
  return key;
}

}  // namespace claviger::crypto
