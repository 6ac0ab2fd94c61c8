// Signing a token's 500 bytes of signing input with each algorithm, against EVP_PKEY_sign() on a context that is made
// once and reused (ES256, RS256), and EVP_DigestSign() (EdDSA).
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "bench/core/crypto/interleaved.h"
#include "core/crypto/signing_key.h"

namespace claviger::crypto {
namespace {

const std::string kInput(500, 'x');

void BM_Sign(benchmark::State& state, SignatureAlgorithm algorithm) {
  const auto key = SigningKey::generate(algorithm);
  const auto pkcs8 = key->to_pkcs8();
  const unsigned char* at = as_uchar(pkcs8->reveal());
  PKCS8_PRIV_KEY_INFO* info = d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, static_cast<long>(pkcs8->size()));
  EVP_PKEY* pkey = EVP_PKCS82PKEY(info);
  PKCS8_PRIV_KEY_INFO_free(info);
  EVP_PKEY_CTX* evp = EVP_PKEY_CTX_new_from_pkey(nullptr, pkey, nullptr);
  EVP_MD_CTX* evp_digest = EVP_MD_CTX_new();
  if (algorithm == SignatureAlgorithm::EdDsa) {
    EVP_DigestSignInit(evp_digest, nullptr, nullptr, nullptr, pkey);
  } else {
    EVP_PKEY_sign_init(evp);
    EVP_PKEY_CTX_set_signature_md(evp, EVP_sha256());
    if (algorithm == SignatureAlgorithm::Rs256) EVP_PKEY_CTX_set_rsa_padding(evp, RSA_PKCS1_PADDING);
  }

  SigningContext context;
  std::array<std::byte, kSignatureBytesMax> out;
  std::array<unsigned char, kSignatureBytesMax> evp_out;
  bench::compare(
      state, 8,
      [&] {
        std::size_t size = evp_out.size();
        const auto* input = as_uchar(as_bytes(kInput));
        int done = 0;
        if (algorithm == SignatureAlgorithm::EdDsa) {
          EVP_DigestSignInit(evp_digest, nullptr, nullptr, nullptr, nullptr);
          done = EVP_DigestSign(evp_digest, evp_out.data(), &size, input, kInput.size());
        } else {
          std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
          SHA256(input, kInput.size(), digest.data());
          done = EVP_PKEY_sign(evp, evp_out.data(), &size, digest.data(), digest.size());
        }
        if (done != 1) state.SkipWithError("peer");
      },
      [&] {
        if (!key->sign(context, as_bytes(kInput), out)) state.SkipWithError("ours");
      });
  EVP_MD_CTX_free(evp_digest);
  EVP_PKEY_CTX_free(evp);
  EVP_PKEY_free(pkey);
}
BENCHMARK_CAPTURE(BM_Sign, ES256, SignatureAlgorithm::Es256)->UseManualTime();
BENCHMARK_CAPTURE(BM_Sign, EdDSA, SignatureAlgorithm::EdDsa)->UseManualTime();
BENCHMARK_CAPTURE(BM_Sign, RS256, SignatureAlgorithm::Rs256)->UseManualTime();

}  // namespace
}  // namespace claviger::crypto
