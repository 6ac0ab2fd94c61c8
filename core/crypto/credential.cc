#include "core/crypto/credential.h"

#include <openssl/pem.h>

#include "core/crypto/openssl.h"

namespace claviger::crypto {
namespace {

// An RSA key of 16384 bits has 13 KiB of PEM.
constexpr std::size_t kKeyPemBytesMax = 64 * 1024;

// Without a callback OpenSSL would ask the terminal for a password.
int refuse_password(char*, int, int, void*) { return -1; }

}  // namespace

struct Credential::Parts {
  std::vector<Certificate> chain;
  PkeyPtr private_key;
};

Result<Credential> Credential::load(std::string_view chain_pem, Bytes private_key_pem) {
  CLAVIGER_TRY(chain, Certificate::from_pem(chain_pem));
  if (chain.empty()) return Error{Code::CertificateInvalid, "credential.chain"};
  if (private_key_pem.size() > kKeyPemBytesMax) return Error{Code::KeyMalformed, "credential.key"};
  const BioPtr bio(BIO_new_mem_buf(private_key_pem.data(), static_cast<int>(private_key_pem.size())));
  PkeyPtr key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse_password, nullptr) : nullptr);
  if (!key) return openssl_error(Code::KeyMalformed, "credential.key");
  if (X509_check_private_key(chain.front().x509(), key.get()) != 1) {
    return openssl_error(Code::KeyUse, "credential.key");
  }
  ERR_clear_error();
  auto parts = std::make_shared<Parts>();
  parts->chain = std::move(chain);
  parts->private_key = std::move(key);
  return Credential(std::move(parts));
}

const std::vector<Certificate>& Credential::chain() const { return parts_->chain; }
EVP_PKEY* Credential::private_key() const { return parts_->private_key.get(); }

}  // namespace claviger::crypto
