#include "core/crypto/signing_key.h"

#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <sodium.h>

#include <array>
#include <optional>

#include "core/crypto/digest.h"
#include "core/crypto/es256_signer.h"
#include "core/crypto/openssl.h"

namespace claviger::crypto {
namespace {

constexpr std::size_t kEd25519SeedBytes = 32;
static_assert(crypto_sign_SECRETKEYBYTES == 64 && crypto_sign_SEEDBYTES == kEd25519SeedBytes);
// A PKCS#8 of an 8192-bit RSA key has 4.7 KiB.
constexpr std::size_t kPkcs8BytesMax = 16 * 1024;

// The bytes that i2d_ functions allocate, wiped on the way out.
class SecretDer {
 public:
  explicit SecretDer(unsigned char* bytes, int size)
      : bytes_(bytes), size_(size < 0 ? 0 : static_cast<std::size_t>(size)) {}
  SecretDer(const SecretDer&) = delete;
  SecretDer& operator=(const SecretDer&) = delete;
  ~SecretDer() { OPENSSL_clear_free(bytes_, size_); }
  Bytes reveal() const { return std::as_bytes(std::span(bytes_, size_)); }

 private:
  unsigned char* bytes_;
  std::size_t size_;
};

Result<PkeyPtr> generate_pkey(SignatureAlgorithm algorithm) {
  EVP_PKEY* key = nullptr;
  switch (algorithm) {
    case SignatureAlgorithm::Es256:
      key = EVP_EC_gen("P-256");
      break;
    case SignatureAlgorithm::EdDsa:
      key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
      break;
    case SignatureAlgorithm::Rs256:
      key = EVP_RSA_gen(kRsaBitsGenerated);
      break;
  }
  if (key == nullptr) return openssl_error(Code::CryptoFailure, "key.generate");
  return PkeyPtr(key);
}

// A context that is ready to sign a SHA-256 digest with RSA; each signature works on a copy, so that the key is shared
// by all threads and no operation makes a context from the start.
Result<PkeyContextPtr> rsa_signer(EVP_PKEY* key) {
  PkeyContextPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  if (!context || EVP_PKEY_sign_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_signature_md(context.get(), EVP_sha256()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) != 1) {
    return openssl_error(Code::CryptoFailure, "key.signer");
  }
  return context;
}

// OpenSSL has checked 0 < d < n when it took the key.
Result<Es256Signer> es256_signer(EVP_PKEY* key) {
  BIGNUM* number = nullptr;
  const bool is_there = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &number) == 1;
  const BignumPtr owned(number);
  Secret<kP256Bytes> secret;
  const std::span<std::byte, kP256Bytes> bytes = secret.reveal_for_writing();
  if (!is_there || BN_bn2binpad(number, as_uchar(MutableBytes(bytes)), kP256Bytes) != static_cast<int>(kP256Bytes)) {
    return openssl_error(Code::KeyMalformed, "key.es256");
  }
  return Es256Signer(std::move(secret));
}

}  // namespace

struct SigningKey::Parts {
  explicit Parts(VerifyKey key) : verify_key(std::move(key)) {}
  VerifyKey verify_key;
  PkeyPtr pkey;
  std::optional<Es256Signer> es256;
  PkeyContextPtr rsa;                          // a template: only ever copied
  Secret<crypto_sign_SECRETKEYBYTES> ed25519;  // libsodium's form: seed and public key
};

struct SigningContext::Scratch {
  Es256SignerScratch es256;
};
SigningContext::SigningContext() : scratch_(std::make_unique<Scratch>()) {}
SigningContext::SigningContext(SigningContext&&) noexcept = default;
SigningContext& SigningContext::operator=(SigningContext&&) noexcept = default;
SigningContext::~SigningContext() = default;

SigningKey::SigningKey(std::unique_ptr<const Parts> parts) : parts_(std::move(parts)) {}
SigningKey::SigningKey(SigningKey&&) noexcept = default;
SigningKey& SigningKey::operator=(SigningKey&&) noexcept = default;
SigningKey::~SigningKey() = default;

Result<SigningKey> SigningKey::generate(SignatureAlgorithm algorithm) {
  CLAVIGER_TRY(pkey, generate_pkey(algorithm));
  return from_evp(pkey.get());
}

Result<SigningKey> SigningKey::from_pkcs8(Bytes der) {
  if (der.empty() || der.size() > kPkcs8BytesMax) return Error{Code::KeyMalformed, "key.pkcs8"};
  using InfoPtr = std::unique_ptr<PKCS8_PRIV_KEY_INFO, FreeWith<PKCS8_PRIV_KEY_INFO_free>>;
  const unsigned char* at = as_uchar(der);
  const InfoPtr info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, static_cast<long>(der.size())));
  if (!info || at != as_uchar(der) + der.size()) return openssl_error(Code::KeyMalformed, "key.pkcs8");
  const PkeyPtr pkey(EVP_PKCS82PKEY(info.get()));
  if (!pkey) return openssl_error(Code::KeyMalformed, "key.pkcs8");
  return from_evp(pkey.get());
}

Result<SigningKey> SigningKey::from_evp(EVP_PKEY* key) {
  CLAVIGER_TRY(verify_key, VerifyKey::from_evp(key));
  const SignatureAlgorithm algorithm = verify_key.algorithm();
  auto parts = std::make_unique<Parts>(std::move(verify_key));
  EVP_PKEY_up_ref(key);
  parts->pkey.reset(key);
  if (algorithm == SignatureAlgorithm::EdDsa) {
    Secret<kEd25519SeedBytes> seed;
    std::size_t size = kEd25519SeedBytes;
    if (EVP_PKEY_get_raw_private_key(key, as_uchar(MutableBytes(seed.reveal_for_writing())), &size) != 1 ||
        size != kEd25519SeedBytes) {
      return openssl_error(Code::KeyMalformed, "key.ed25519");
    }
    std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> public_key;
    crypto_sign_seed_keypair(public_key.data(), as_uchar(MutableBytes(parts->ed25519.reveal_for_writing())),
                             as_uchar(seed.reveal()));
  } else if (algorithm == SignatureAlgorithm::Es256) {
    CLAVIGER_TRY(signer, es256_signer(key));
    parts->es256.emplace(std::move(signer));
  } else {
    CLAVIGER_TRY(signer, rsa_signer(key));
    parts->rsa = std::move(signer);
  }
  SigningKey signing_key(std::move(parts));

  // A key whose two parts do not belong together would fill the world with tokens that nobody can verify; an
  // RSA key with a wrong factor would give itself away in its first signature.
  SigningContext signing;
  VerifyContext verifying;
  std::array<std::byte, kSignatureBytesMax> signature;
  const Bytes probe = as_bytes("claviger key check");
  CLAVIGER_TRY(size, signing_key.sign(signing, probe, signature));
  if (!signing_key.verify_key().verify(verifying, probe, Bytes(signature).first(size))) {
    return Error{Code::KeyMalformed, "key.pair"};
  }
  return signing_key;
}

Result<SecretBytes> SigningKey::to_pkcs8() const {
  using InfoPtr = std::unique_ptr<PKCS8_PRIV_KEY_INFO, FreeWith<PKCS8_PRIV_KEY_INFO_free>>;
  const InfoPtr info(EVP_PKEY2PKCS8(parts_->pkey.get()));
  if (!info) return openssl_error(Code::CryptoFailure, "key.pkcs8");
  unsigned char* encoded = nullptr;
  const int size = i2d_PKCS8_PRIV_KEY_INFO(info.get(), &encoded);
  const SecretDer der(encoded, size);
  if (size <= 0) return openssl_error(Code::CryptoFailure, "key.pkcs8");
  return SecretBytes(der.reveal());
}

SignatureAlgorithm SigningKey::algorithm() const { return parts_->verify_key.algorithm(); }
const VerifyKey& SigningKey::verify_key() const { return parts_->verify_key; }

Result<std::size_t> SigningKey::sign(SigningContext& context, Bytes signing_input, MutableBytes out) const {
  CLAVIGER_ASSERT(out.size() >= signature_size());
  if (algorithm() == SignatureAlgorithm::EdDsa) {
    crypto_sign_detached(as_uchar(out), nullptr, as_uchar(signing_input), signing_input.size(),
                         as_uchar(parts_->ed25519.reveal()));
    return crypto_sign_BYTES;
  }
  const Sha256Digest digest = sha256(signing_input);
  if (algorithm() == SignatureAlgorithm::Es256) {
    if (auto done = parts_->es256->sign(context.scratch_->es256, digest, out.first<2 * kP256Bytes>()); !done)
      return done.error();
    return 2 * kP256Bytes;
  }
  const PkeyContextPtr signer(EVP_PKEY_CTX_dup(parts_->rsa.get()));
  std::size_t size = out.size();
  if (!signer || EVP_PKEY_sign(signer.get(), as_uchar(out), &size, as_uchar(Bytes(digest)), digest.size()) != 1) {
    return openssl_error(Code::CryptoFailure, "key.sign");
  }
  return size;
}

}  // namespace claviger::crypto
