#include "core/crypto/one_time_password.h"

#include <openssl/hmac.h>

#include <array>

#include "core/base/secret.h"
#include "core/crypto/openssl.h"

namespace claviger::crypto {
namespace {

const EVP_MD* digest_of(OtpAlgorithm algorithm) {
  switch (algorithm) {
    case OtpAlgorithm::Sha256:
      return EVP_sha256();
    case OtpAlgorithm::Sha512:
      return EVP_sha512();
    case OtpAlgorithm::Sha1:
      break;
  }
  return EVP_sha1();  // HMAC with SHA-1 is not hurt by its collisions, and authenticator apps know no other by default
}

}  // namespace

Result<std::uint32_t> hotp(Bytes key, std::uint64_t counter, unsigned digits, OtpAlgorithm algorithm) {
  CLAVIGER_ASSERT(key.size() >= kOtpKeyBytesMin && key.size() <= kOtpKeyBytesMax);
  CLAVIGER_ASSERT(digits >= kOtpDigitsMin && digits <= kOtpDigitsMax);
  std::array<std::byte, 8> moving;
  store_be(moving, counter);
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac;
  unsigned size = 0;
  if (HMAC(digest_of(algorithm), key.data(), static_cast<int>(key.size()), as_uchar(Bytes(moving)), moving.size(),
           mac.data(), &size) == nullptr) {
    return openssl_error(Code::CryptoFailure, "hotp");
  }
  // Clause 5.3: the last nibble says where to cut. An index by a secret, over one or two cache lines, once a sign-in.
  const std::size_t offset = mac[size - 1] & 0x0FU;
  const std::uint32_t cut = load_be<std::uint32_t>(std::as_bytes(std::span(mac)).subspan(offset, 4)) & 0x7FFFFFFFU;
  wipe(std::as_writable_bytes(std::span(mac)));
  std::uint32_t modulus = 1;
  for (unsigned i = 0; i < digits; ++i) modulus *= 10;
  return cut % modulus;
}

}  // namespace claviger::crypto
