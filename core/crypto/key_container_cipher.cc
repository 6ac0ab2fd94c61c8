#include "core/crypto/key_container_cipher.h"

#include <openssl/hmac.h>

#include <array>
#include <limits>

#include "core/crypto/openssl.h"

namespace claviger::crypto {
namespace {

constexpr std::size_t kBlock = 16;
constexpr std::size_t kSha1Bytes = 20;
constexpr Error kRefused{Code::CryptoFailure, "key_container"};

const EVP_CIPHER* cipher_for(std::size_t key_bytes) {
  switch (key_bytes) {
    case 16:
      return EVP_aes_128_cbc();
    case 24:
      return EVP_aes_192_cbc();
    case 32:
      return EVP_aes_256_cbc();
    default:
      return nullptr;
  }
}

}  // namespace

bool verify_hmac_sha1(Bytes key, Bytes message, Bytes mac) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> computed;
  unsigned size = 0;
  CLAVIGER_ASSERT(key.size() <= std::numeric_limits<int>::max());
  if (HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()), as_uchar(message), message.size(), computed.data(),
           &size) == nullptr) {
    ERR_clear_error();
    return false;
  }
  return size == kSha1Bytes && equals_constant_time(std::as_bytes(std::span(computed)).first(kSha1Bytes), mac);
}

Result<SecretBytes> decrypt_aes_cbc(Bytes key, Bytes sealed) {
  const EVP_CIPHER* cipher = cipher_for(key.size());
  const bool is_whole = sealed.size() >= 2 * kBlock && sealed.size() % kBlock == 0;
  if (cipher == nullptr || !is_whole || sealed.size() > std::numeric_limits<int>::max()) return kRefused;
  const CipherContextPtr context(EVP_CIPHER_CTX_new());
  if (context == nullptr) return openssl_error(Code::CryptoFailure, "key_container");
  const Bytes text = sealed.subspan(kBlock);
  SecretBytes plain(text.size());
  int size = 0;
  const bool is_done = EVP_DecryptInit_ex(context.get(), cipher, nullptr, as_uchar(key), as_uchar(sealed)) == 1 &&
                       EVP_CIPHER_CTX_set_padding(context.get(), 0) == 1 &&
                       EVP_DecryptUpdate(context.get(), as_uchar(plain.reveal_for_writing()), &size, as_uchar(text),
                                         static_cast<int>(text.size())) == 1;
  if (!is_done || static_cast<std::size_t>(size) != text.size()) {
    return openssl_error(Code::CryptoFailure, "key_container");
  }
  // XML Encryption clause 5.2: the last byte says how many; the others may be anything.
  const auto padding = std::to_integer<std::size_t>(plain.reveal().back());
  if (padding == 0 || padding > kBlock) return kRefused;
  return SecretBytes(plain.reveal().first(plain.size() - padding));
}

}  // namespace claviger::crypto
