#include "core/crypto/aead.h"

#include <climits>

#include "core/crypto/openssl.h"

namespace claviger::crypto {
namespace {

// Fetched once: a fetch by name costs more than sealing a short record. Never freed: contexts of other
// threads may outlive any order of destruction.
const EVP_CIPHER* aes_256_gcm() {
  static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  return cipher;
}

// EVP counts in int; records are far smaller, a longer one is our mistake.
int evp_size(Bytes bytes) {
  CLAVIGER_ASSERT(bytes.size() <= INT_MAX);
  return static_cast<int>(bytes.size());
}

// Null: the context has it. The nonce stands at the front of `out` already.
Result<std::size_t> seal_with(EVP_CIPHER_CTX* context, const Secret<kAeadKeyBytes>* key, Bytes associated,
                              Bytes plaintext, MutableBytes out) {
  unsigned char* const ciphertext = as_uchar(out) + kAeadNonceBytes;
  unsigned char* const tag = ciphertext + plaintext.size();
  int written = 0;
  if (EVP_EncryptInit_ex2(context, key == nullptr ? nullptr : aes_256_gcm(),
                          key == nullptr ? nullptr : as_uchar(key->reveal()), as_uchar(out), nullptr) != 1 ||
      EVP_EncryptUpdate(context, nullptr, &written, as_uchar(associated), evp_size(associated)) != 1 ||
      EVP_EncryptUpdate(context, ciphertext, &written, as_uchar(plaintext), evp_size(plaintext)) != 1 ||
      EVP_EncryptFinal_ex(context, tag, &written) != 1 ||
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kAeadTagBytes, tag) != 1) {
    return openssl_error(Code::CryptoFailure, "aead.seal");
  }
  return sealed_size(plaintext.size());
}

Result<std::size_t> open_with(EVP_CIPHER_CTX* context, const Secret<kAeadKeyBytes>* key, Bytes associated, Bytes sealed,
                              MutableBytes out) {
  if (sealed.size() < kAeadOverhead) return Error{Code::SealBroken, "aead.length"};
  const std::size_t size = sealed.size() - kAeadOverhead;
  CLAVIGER_ASSERT(out.size() >= size);
  const Bytes ciphertext = sealed.subspan(kAeadNonceBytes, size);
  // EVP takes the tag by a pointer to mutable bytes, though it only reads.
  std::array<unsigned char, kAeadTagBytes> tag;
  std::memcpy(tag.data(), sealed.data() + kAeadNonceBytes + size, tag.size());
  int written = 0;
  if (EVP_DecryptInit_ex2(context, key == nullptr ? nullptr : aes_256_gcm(),
                          key == nullptr ? nullptr : as_uchar(key->reveal()), as_uchar(sealed), nullptr) != 1 ||
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kAeadTagBytes, tag.data()) != 1 ||
      EVP_DecryptUpdate(context, nullptr, &written, as_uchar(associated), evp_size(associated)) != 1 ||
      EVP_DecryptUpdate(context, as_uchar(out), &written, as_uchar(ciphertext), evp_size(ciphertext)) != 1 ||
      EVP_DecryptFinal_ex(context, as_uchar(out) + size, &written) != 1) {
    wipe(out.first(size));  // unauthenticated plaintext is nobody's business
    return openssl_error(Code::SealBroken, "aead.tag");
  }
  return size;
}

Result<CipherContextPtr> new_context() {
  CipherContextPtr context(EVP_CIPHER_CTX_new());
  if (aes_256_gcm() == nullptr || !context) return openssl_error(Code::CryptoFailure, "aead.key");
  return context;
}

}  // namespace

struct Aead::Contexts {
  CipherContextPtr sealing{EVP_CIPHER_CTX_new()};
  CipherContextPtr opening{EVP_CIPHER_CTX_new()};
  RandomPool nonces;
};

Aead::Aead(std::unique_ptr<Contexts> contexts) : contexts_(std::move(contexts)) {}
Aead::Aead(Aead&&) noexcept = default;
Aead& Aead::operator=(Aead&&) noexcept = default;
Aead::~Aead() = default;

Result<Aead> Aead::make(const Secret<kAeadKeyBytes>& key) {
  const unsigned char* bytes = as_uchar(key.reveal());
  auto contexts = std::make_unique<Contexts>();
  if (aes_256_gcm() == nullptr || !contexts->sealing || !contexts->opening ||
      EVP_EncryptInit_ex2(contexts->sealing.get(), aes_256_gcm(), bytes, nullptr, nullptr) != 1 ||
      EVP_DecryptInit_ex2(contexts->opening.get(), aes_256_gcm(), bytes, nullptr, nullptr) != 1) {
    return openssl_error(Code::CryptoFailure, "aead.key");
  }
  return Aead(std::move(contexts));
}

Result<std::size_t> Aead::seal(Bytes associated, Bytes plaintext, MutableBytes out) {
  CLAVIGER_ASSERT(out.size() >= sealed_size(plaintext.size()));
  CLAVIGER_TRY(drawn, contexts_->nonces.fill(out.first(kAeadNonceBytes)));
  return seal_with(contexts_->sealing.get(), nullptr, associated, plaintext, out);
}

Result<SecretBytes> Aead::seal(Bytes associated, Bytes plaintext) {
  SecretBytes out(sealed_size(plaintext.size()));
  CLAVIGER_TRY(written, seal(associated, plaintext, out.reveal_for_writing()));
  return out;
}

Result<std::size_t> Aead::open(Bytes associated, Bytes sealed, MutableBytes out) {
  return open_with(contexts_->opening.get(), nullptr, associated, sealed, out);
}

Result<SecretBytes> Aead::open(Bytes associated, Bytes sealed) {
  if (sealed.size() < kAeadOverhead) return Error{Code::SealBroken, "aead.length"};
  SecretBytes out(sealed.size() - kAeadOverhead);
  CLAVIGER_TRY(written, open(associated, sealed, out.reveal_for_writing()));
  return out;
}

Result<std::size_t> seal_once(const Secret<kAeadKeyBytes>& key, Bytes associated, Bytes plaintext, MutableBytes out) {
  CLAVIGER_ASSERT(out.size() >= sealed_size(plaintext.size()));
  CLAVIGER_TRY(context, new_context());
  CLAVIGER_TRY(drawn, fill_random(out.first(kAeadNonceBytes)));
  return seal_with(context.get(), &key, associated, plaintext, out);
}

Result<SecretBytes> open_once(const Secret<kAeadKeyBytes>& key, Bytes associated, Bytes sealed) {
  if (sealed.size() < kAeadOverhead) return Error{Code::SealBroken, "aead.length"};
  CLAVIGER_TRY(context, new_context());
  SecretBytes out(sealed.size() - kAeadOverhead);
  CLAVIGER_TRY(written, open_with(context.get(), &key, associated, sealed, out.reveal_for_writing()));
  return out;
}

}  // namespace claviger::crypto
