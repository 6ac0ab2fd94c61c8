#include "core/crypto/password_hash.h"

#include <argon2.h>

#include <array>
#include <optional>

#include "core/base/secret.h"
#include "core/crypto/hash_memory.h"
#include "core/crypto/openssl.h"
#include "core/crypto/password_hash_text.h"
#include "core/crypto/random.h"

namespace claviger::crypto {
namespace {

constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kTagBytes = 32;

Result<Unit> check_password(Bytes password) {
  if (password.empty() || password.size() > kPasswordBytesMax) return Error{Code::PasswordLength, "password"};
  return Unit{};
}

Result<Unit> derive_argon2(Bytes password, const PasswordHashText& hash, MutableBytes out) {
  // The C interface takes mutable pointers that it only reads (no flag to clear the password is set).
  argon2_context context{};
  context.out = as_uchar(out);
  context.outlen = static_cast<std::uint32_t>(out.size());
  context.pwd = const_cast<unsigned char*>(as_uchar(password));
  context.pwdlen = static_cast<std::uint32_t>(password.size());
  context.salt = const_cast<unsigned char*>(as_uchar(hash.salt()));
  context.saltlen = static_cast<std::uint32_t>(hash.salt().size());
  context.t_cost = hash.argon2.passes;
  context.m_cost = hash.argon2.memory_kib;
  context.lanes = hash.argon2.lanes;
  context.threads = 1;  // the pool has the threads; lanes one after the other give the same hash
  context.version = ARGON2_VERSION_13;
  context.allocate_cbk = take_hash_memory;
  context.free_cbk = give_hash_memory;
  if (argon2id_ctx(&context) != ARGON2_OK) return Error{Code::CryptoFailure, "password.argon2id"};
  return Unit{};
}

// Writes as many bytes as `out` has. The hash's parameters are within the bounds: PasswordHashText::parse().
Result<Unit> derive(Bytes password, const PasswordHashText& hash, MutableBytes out) {
  const char* const text = as_text(password).data();
  switch (hash.kind) {
    case PasswordHashKind::Argon2id:
      return derive_argon2(password, hash, out);
    case PasswordHashKind::Scrypt:
      if (EVP_PBE_scrypt(text, password.size(), as_uchar(hash.salt()), hash.salt().size(),
                         std::uint64_t{1} << hash.scrypt.log_n, hash.scrypt.r, hash.scrypt.p,
                         // What OpenSSL counts beside the big block: p blocks and a few more.
                         kHashMemoryBytesMax + kHashMemoryBytesMax / 8, as_uchar(out), out.size()) != 1) {
        return openssl_error(Code::CryptoFailure, "password.scrypt");
      }
      return Unit{};
    case PasswordHashKind::Pbkdf2Sha256:
      if (PKCS5_PBKDF2_HMAC(text, static_cast<int>(password.size()), as_uchar(hash.salt()),
                            static_cast<int>(hash.salt().size()), static_cast<int>(hash.pbkdf2_iterations),
                            EVP_sha256(), static_cast<int>(out.size()), as_uchar(out)) != 1) {
        return openssl_error(Code::CryptoFailure, "password.pbkdf2");
      }
      return Unit{};
  }
  return Error{Code::PasswordHashFormat, "password.kind"};
}

// A text with a random salt; its tag is what `fill` writes.
Result<PasswordHashText> fresh_argon2(const Argon2Parameters& parameters) {
  CLAVIGER_TRY(allowed, check_parameters(parameters));
  PasswordHashText hash;
  hash.kind = PasswordHashKind::Argon2id;
  hash.argon2 = parameters;
  hash.salt_size = kSaltBytes;
  hash.tag_size = kTagBytes;
  CLAVIGER_TRY(filled, fill_random(MutableBytes(hash.salt_bytes).first(kSaltBytes)));
  return hash;
}

}  // namespace

Result<Unit> check_parameters(const Argon2Parameters& parameters) {
  const std::uint64_t memory = std::uint64_t{parameters.memory_kib} * 1024;
  if (parameters.lanes == 0 || parameters.lanes > kHashLanesMax || parameters.passes == 0 ||
      parameters.memory_kib < 8 * parameters.lanes || memory > kHashMemoryBytesMax ||
      parameters.passes > kHashWorkBytesMax / memory) {
    return Error{Code::PasswordHashCost, "password.argon2id"};
  }
  return Unit{};
}

Result<std::string> hash_password(Bytes password, const Argon2Parameters& parameters) {
  CLAVIGER_TRY(fits, check_password(password));
  CLAVIGER_TRY(hash, fresh_argon2(parameters));
  CLAVIGER_TRY(derived, derive(password, hash, MutableBytes(hash.tag_bytes).first(kTagBytes)));
  return hash.format();
}

Result<Unit> verify_password(Bytes password, std::string_view hash) {
  CLAVIGER_TRY(fits, check_password(password));
  CLAVIGER_TRY(expected, PasswordHashText::parse(hash));
  SecretBytes derived(expected.tag_size);
  CLAVIGER_TRY(computed, derive(password, expected, derived.reveal_for_writing()));
  if (!derived.equals(expected.tag())) return Error{Code::PasswordMismatch, "password"};
  return Unit{};
}

Result<Unit> check_password_hash(std::string_view hash) {
  CLAVIGER_TRY(parsed, PasswordHashText::parse(hash));
  return Unit{};
}

bool needs_upgrade(std::string_view hash, const Argon2Parameters& parameters) {
  const auto parsed = PasswordHashText::parse(hash);
  return !parsed || parsed->kind != PasswordHashKind::Argon2id || parsed->argon2 != parameters ||
         parsed->salt_size < kSaltBytes || parsed->tag_size < kTagBytes;
}

Result<std::string> dummy_password_hash(const Argon2Parameters& parameters) {
  CLAVIGER_TRY(hash, fresh_argon2(parameters));
  // A random tag: no password is known, or can be found, that gives it.
  CLAVIGER_TRY(filled, fill_random(MutableBytes(hash.tag_bytes).first(kTagBytes)));
  return hash.format();
}

}  // namespace claviger::crypto
