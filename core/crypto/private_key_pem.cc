#include "core/crypto/private_key_pem.h"

#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

#include "core/base/bytes.h"
#include "core/crypto/openssl.h"

namespace claviger::crypto {
namespace {

constexpr std::string_view kBegin = "-----BEGIN ";
// `openssl ecparam -genkey` writes the curve's name before the key.
constexpr std::string_view kParameters = "-----BEGIN EC PARAMETERS-----";

// What must stand in the text exactly once: a second key, or the chain of a certificate, is a mistake to tell.
std::size_t blocks_in(std::string_view pem) {
  std::size_t count = 0;
  for (std::size_t at = pem.find(kBegin); at != std::string_view::npos; at = pem.find(kBegin, at + 1)) {
    if (!pem.substr(at).starts_with(kParameters)) ++count;
  }
  return count;
}

// OpenSSL would ask the terminal otherwise.
int no_passphrase(char*, int, int, void*) { return -1; }

struct FreeDer {
  std::size_t size;
  void operator()(unsigned char* der) const { OPENSSL_clear_free(der, size); }
};

}  // namespace

Result<SecretBytes> pkcs8_of_pem(std::string_view pem) {
  const Error malformed{Code::KeyMalformed, "key.pem"};
  if (pem.empty() || pem.size() > kPrivateKeyPemMax || blocks_in(pem) != 1) return malformed;
  if (pem.find("ENCRYPTED") != std::string_view::npos) return Error{Code::KeyMalformed, "key.encrypted"};
  using MemoryPtr = std::unique_ptr<BIO, FreeWith<BIO_free_all>>;
  const MemoryPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!bio) return openssl_error(Code::CryptoFailure, "key.pem");
  const PkeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (!key) return openssl_error(Code::KeyMalformed, "key.pem");
  using InfoPtr = std::unique_ptr<PKCS8_PRIV_KEY_INFO, FreeWith<PKCS8_PRIV_KEY_INFO_free>>;
  const InfoPtr info(EVP_PKEY2PKCS8(key.get()));
  if (!info) return openssl_error(Code::KeyMalformed, "key.pem");
  unsigned char* encoded = nullptr;
  const int size = i2d_PKCS8_PRIV_KEY_INFO(info.get(), &encoded);
  if (size <= 0) return openssl_error(Code::KeyMalformed, "key.pem");
  const std::unique_ptr<unsigned char, FreeDer> der(encoded, FreeDer{static_cast<std::size_t>(size)});
  return SecretBytes(std::as_bytes(std::span(der.get(), static_cast<std::size_t>(size))));
}

}  // namespace claviger::crypto
