#include "core/crypto/content_cipher.h"

#include <limits>

#include "core/crypto/openssl.h"
#include "core/crypto/random.h"

namespace claviger::crypto {
namespace {

constexpr std::size_t kTextMax = std::numeric_limits<int>::max() / 2;

}  // namespace

Result<std::string> encrypt_content(const Secret<kContentKeyBytes>& key, Bytes plaintext) {
  if (plaintext.size() > kTextMax) return Error{Code::TooLarge, "content_cipher"};
  std::string sealed(kContentIvBytes + plaintext.size() + kContentTagBytes, '\0');
  const MutableBytes out = std::as_writable_bytes(std::span(sealed));
  CLAVIGER_TRY(filled, fill_random(out.first(kContentIvBytes)));
  const CipherContextPtr context(EVP_CIPHER_CTX_new());
  int size = 0;
  int rest = 0;
  const MutableBytes text = out.subspan(kContentIvBytes);
  const bool is_done = context != nullptr &&
                       EVP_EncryptInit_ex(context.get(), EVP_aes_128_gcm(), nullptr, as_uchar(Bytes(key.reveal())),
                                          as_uchar(out)) == 1 &&
                       EVP_EncryptUpdate(context.get(), as_uchar(text), &size, as_uchar(plaintext),
                                         static_cast<int>(plaintext.size())) == 1 &&
                       EVP_EncryptFinal_ex(context.get(), as_uchar(text) + size, &rest) == 1 &&
                       EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(kContentTagBytes),
                                           as_uchar(text.last(kContentTagBytes))) == 1;
  if (!is_done || static_cast<std::size_t>(size) != plaintext.size()) {
    return openssl_error(Code::CryptoFailure, "content_cipher");
  }
  return sealed;
}

Result<SecretBytes> decrypt_content(const Secret<kContentKeyBytes>& key, Bytes sealed) {
  if (sealed.size() < kContentIvBytes + kContentTagBytes || sealed.size() > kTextMax) {
    return Error{Code::SealBroken, "content_cipher"};
  }
  const Bytes text = sealed.subspan(kContentIvBytes, sealed.size() - kContentIvBytes - kContentTagBytes);
  std::array<unsigned char, kContentTagBytes> tag{};
  std::memcpy(tag.data(), sealed.last(kContentTagBytes).data(), tag.size());
  SecretBytes plain(text.size());
  const CipherContextPtr context(EVP_CIPHER_CTX_new());
  int size = 0;
  int rest = 0;
  std::array<unsigned char, kContentTagBytes> none{};
  const bool is_done =
      context != nullptr &&
      EVP_DecryptInit_ex(context.get(), EVP_aes_128_gcm(), nullptr, as_uchar(Bytes(key.reveal())), as_uchar(sealed)) ==
          1 &&
      (text.empty() || EVP_DecryptUpdate(context.get(), as_uchar(plain.reveal_for_writing()), &size, as_uchar(text),
                                         static_cast<int>(text.size())) == 1) &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(tag.size()), tag.data()) == 1 &&
      EVP_DecryptFinal_ex(context.get(), none.data(), &rest) == 1;
  if (!is_done || static_cast<std::size_t>(size) != text.size()) {
    return openssl_error(Code::SealBroken, "content_cipher");
  }
  return plain;
}

}  // namespace claviger::crypto
