// The text of a password hash taken apart: kind, parameters, salt and tag (grammar in password_hash.h).
//
// Used by password_hash.cc, and by tests. A parsed text is within password_hash.h's bounds: deriving with it
// takes bounded time and memory. Pure, any thread. The tag is wiped when the value dies.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/crypto/password_hash.h"

namespace claviger::crypto {

enum class PasswordHashKind : std::uint8_t { Argon2id, Scrypt, Pbkdf2Sha256 };

struct ScryptParameters {
  std::uint32_t log_n = 0;
  std::uint32_t r = 0;
  std::uint32_t p = 0;
};

struct PasswordHashText {
  PasswordHashText() = default;
  PasswordHashText(const PasswordHashText&) = default;
  PasswordHashText& operator=(const PasswordHashText&) = default;
  ~PasswordHashText() { wipe(tag_bytes); }

  // PasswordHashFormat, PasswordHashCost.
  static Result<PasswordHashText> parse(std::string_view text);
  // Only of Argon2id: we make no others.
  std::string format() const;

  Bytes salt() const { return Bytes(salt_bytes).first(salt_size); }
  Bytes tag() const { return Bytes(tag_bytes).first(tag_size); }

  PasswordHashKind kind = PasswordHashKind::Argon2id;
  Argon2Parameters argon2;
  ScryptParameters scrypt;
  std::uint32_t pbkdf2_iterations = 0;
  std::array<std::byte, kHashSaltBytesMax> salt_bytes{};
  std::array<std::byte, kHashTagBytesMax> tag_bytes{};
  std::size_t salt_size = 0;
  std::size_t tag_size = 0;
};

}  // namespace claviger::crypto
