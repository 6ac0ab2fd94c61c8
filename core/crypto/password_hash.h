// Password hashes as text in PHC form: ours are Argon2id (RFC 9106); Argon2id, scrypt (RFC 7914) and
// PBKDF2-SHA-256 (RFC 8018) are verified, so that users can be imported with the hashes they have.
//
//   $argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>
//   $scrypt$ln=17,r=8,p=1$<salt>$<hash>
//   $pbkdf2-sha256$i=600000$<salt>$<hash>      and passlib's $pbkdf2-sha256$600000$<salt>$<hash>
//
// Salt and hash in base64 without padding ("." for "+" is read, passlib writes it). Strict: parameters in
// this order, decimal without leading zeros, nothing more.
//
// Pure functions, any thread. Making and verifying take some 20 ms and more, and the memory the hash asks
// for: in the password pool, never on a shard. A hostile hash cannot ask for more than the bounds below.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace claviger::crypto {

// UTF-8 bytes as sent, no normalisation. Longer only feeds an attacker's wish to keep us hashing.
inline constexpr std::size_t kPasswordBytesMax = 1024;

// One hash may take this much memory: scrypt with ln=18, r=8. The pool's threads bound how often at once.
inline constexpr std::uint64_t kHashMemoryBytesMax = 256ULL * 1024 * 1024;
// Memory times passes, the work of Argon2id and scrypt: about 3 s.
inline constexpr std::uint64_t kHashWorkBytesMax = 2048ULL * 1024 * 1024;
// About 1 s: 0.22 us an iteration.
inline constexpr std::uint32_t kPbkdf2IterationsMax = 5'000'000;
inline constexpr std::uint32_t kPbkdf2IterationsMin = 1000;
inline constexpr std::uint32_t kHashLanesMax = 16;
// PHC's own limits are 64 and 64; more than 64 bytes of either say nothing.
inline constexpr std::size_t kHashSaltBytesMin = 8;
inline constexpr std::size_t kHashSaltBytesMax = 64;
inline constexpr std::size_t kHashTagBytesMin = 16;
inline constexpr std::size_t kHashTagBytesMax = 64;
inline constexpr std::size_t kPasswordHashTextMax = 256;

// OWASP's and our default: 19 MiB, 2 passes, 1 lane, 19 ms.
struct Argon2Parameters {
  std::uint32_t memory_kib = 19 * 1024;
  std::uint32_t passes = 2;
  std::uint32_t lanes = 1;
  bool operator==(const Argon2Parameters&) const = default;
};

// PasswordHashCost when beyond the bounds or below what Argon2 allows (8 KiB a lane): for configurations.
Result<Unit> check_parameters(const Argon2Parameters& parameters);

// With a salt of 16 random bytes and a hash of 32. PasswordLength (empty or longer than kPasswordBytesMax),
// PasswordHashCost, CryptoFailure.
Result<std::string> hash_password(Bytes password, const Argon2Parameters& parameters);

// PasswordMismatch; PasswordLength; PasswordHashFormat and PasswordHashCost as below.
Result<Unit> verify_password(Bytes password, std::string_view hash);

// Whether `hash` can be verified at all, without doing it: at import. PasswordHashFormat, PasswordHashCost.
Result<Unit> check_password_hash(std::string_view hash);

// True when `hash` is not one that hash_password() would make with these parameters: after a sign-in that
// succeeded, make a new one.
bool needs_upgrade(std::string_view hash, const Argon2Parameters& parameters);

// A hash that no password matches and that costs as much to verify as a true one: for users that do not
// exist.
Result<std::string> dummy_password_hash(const Argon2Parameters& parameters);

}  // namespace claviger::crypto
