// A secret in shares, of which any k bring it back and k - 1 say nothing of it (Shamir, over GF(2^8) with the polynomial of
// AES, FIPS 197 clause 4.2).
//
//   share = index octets        ; %x01-FF, as many octets as the secret and its check have
//   whole = secret check        ; the first 8 octets of SHA-256(secret): shares that do not fit together show
// Arithmetic without branches on or indexes by what is secret. Pure functions, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/secret.h"

namespace claviger::crypto {

// People who can be asked to meet.
inline constexpr std::size_t kSharesMax = 32;
inline constexpr std::size_t kShareCheckBytes = 8;

// `count` shares, `threshold` of which are needed. OutOfRange unless 2 <= threshold <= count <= kSharesMax; CryptoFailure.
Result<std::vector<SecretBytes>> split_secret(Bytes secret, std::size_t threshold, std::size_t count);

// From exactly as many shares as were needed, or more. CeremonyShares: too few, of another secret, altered, one twice.
Result<SecretBytes> combine_shares(const std::vector<SecretBytes>& shares);

}  // namespace claviger::crypto
