// Verifying signatures of known keys over a token's 500 bytes of signing input, each against EVP_DigestVerify() with a
// context that is initialised once and reused:
//   ES256 with each engine of tables, and without a table; EdDSA; RS256 with 2048 bits
//   building a table; the scalars alone
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "bench/core/crypto/interleaved.h"
#include "core/crypto/es256_scalars.h"
#include "core/crypto/es256_signature.h"
#include "core/crypto/es256_table.h"
#include "core/crypto/signing_key.h"

namespace claviger::crypto {
namespace {

const std::string kInput(500, 'x');
// More than one, so that no branch and no row of a table is learnt by heart.
constexpr std::size_t kSignatures = 256;

struct Signed {
  std::string input;
  std::array<std::byte, kSignatureBytesMax> raw{};
  std::size_t raw_size = 0;
  std::array<std::byte, kEs256DerBytesMax> der{};
  std::size_t der_size = 0;
};

std::vector<Signed> sign_many(const SigningKey& key) {
  SigningContext context;
  std::vector<Signed> all(kSignatures);
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].input = kInput + std::to_string(i);
    all[i].raw_size = *key.sign(context, as_bytes(all[i].input), all[i].raw);
    if (key.algorithm() == SignatureAlgorithm::Es256) {
      all[i].der_size = es256_to_der(Bytes(all[i].raw).first(kEs256SignatureBytes), all[i].der);
    }
  }
  return all;
}

// The peer: a context made ready once, and again by each EVP_DigestVerifyInit() with nothing new.
class EvpVerifier {
 public:
  explicit EvpVerifier(const SigningKey& key) {
    const auto pkcs8 = key.to_pkcs8();
    const unsigned char* at = as_uchar(pkcs8->reveal());
    PKCS8_PRIV_KEY_INFO* info = d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, static_cast<long>(pkcs8->size()));
    pkey_ = EVP_PKCS82PKEY(info);
    PKCS8_PRIV_KEY_INFO_free(info);
    digest_ = key.algorithm() == SignatureAlgorithm::EdDsa ? nullptr : EVP_sha256();
    EVP_DigestVerifyInit(context_, nullptr, digest_, nullptr, pkey_);
  }
  EvpVerifier(const EvpVerifier&) = delete;
  EvpVerifier& operator=(const EvpVerifier&) = delete;
  ~EvpVerifier() {
    EVP_MD_CTX_free(context_);
    EVP_PKEY_free(pkey_);
  }
  bool verify(std::string_view input, Bytes signature) {
    EVP_DigestVerifyInit(context_, nullptr, nullptr, nullptr, nullptr);
    return EVP_DigestVerify(context_, as_uchar(signature), signature.size(), as_uchar(as_bytes(input)), input.size()) ==
           1;
  }

 private:
  EVP_MD_CTX* context_ = EVP_MD_CTX_new();
  EVP_PKEY* pkey_ = nullptr;
  const EVP_MD* digest_ = nullptr;
};

void compare_with_evp(benchmark::State& state, const SigningKey& signing_key, const VerifyKey& key) {
  const auto all = sign_many(signing_key);
  EvpVerifier evp(signing_key);
  VerifyContext context;
  const bool is_der = key.algorithm() == SignatureAlgorithm::Es256;
  std::size_t peer_at = 0;
  std::size_t our_at = 0;
  bench::compare(
      state, 16,
      [&] {
        const Signed& one = all[peer_at++ % all.size()];
        const Bytes signature = is_der ? Bytes(one.der).first(one.der_size) : Bytes(one.raw).first(one.raw_size);
        if (!evp.verify(one.input, signature)) state.SkipWithError("peer");
      },
      [&] {
        const Signed& one = all[our_at++ % all.size()];
        if (!key.verify(context, as_bytes(one.input), Bytes(one.raw).first(one.raw_size))) state.SkipWithError("ours");
      });
}

void BM_VerifyEs256(benchmark::State& state, Es256Engine engine) {
  const auto key = SigningKey::generate(SignatureAlgorithm::Es256);
  const VerifyKey& plain = key->verify_key();
  auto table = Es256Table::build(plain.first_component(), plain.second_component(), engine);
  if (!table) return state.SkipWithError("this processor has no such engine");
  compare_with_evp(state, *key, plain.with_table(*table));
}
BENCHMARK_CAPTURE(BM_VerifyEs256, lanes, Es256Engine::Lanes)->UseManualTime();
BENCHMARK_CAPTURE(BM_VerifyEs256, group, Es256Engine::Group)->UseManualTime();

void BM_VerifyWithoutTable(benchmark::State& state, SignatureAlgorithm algorithm) {
  const auto key = SigningKey::generate(algorithm);
  compare_with_evp(state, *key, key->verify_key());
}
BENCHMARK_CAPTURE(BM_VerifyWithoutTable, ES256, SignatureAlgorithm::Es256)->UseManualTime();
BENCHMARK_CAPTURE(BM_VerifyWithoutTable, EdDSA, SignatureAlgorithm::EdDsa)->UseManualTime();
BENCHMARK_CAPTURE(BM_VerifyWithoutTable, RS256, SignatureAlgorithm::Rs256)->UseManualTime();

void BM_BuildEs256Table(benchmark::State& state, Es256Engine engine) {
  const auto key = SigningKey::generate(SignatureAlgorithm::Es256);
  const VerifyKey& plain = key->verify_key();
  for (auto _ : state) {
    benchmark::DoNotOptimize(Es256Table::build(plain.first_component(), plain.second_component(), engine));
  }
}
BENCHMARK_CAPTURE(BM_BuildEs256Table, lanes, Es256Engine::Lanes)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(BM_BuildEs256Table, group, Es256Engine::Group)->Unit(benchmark::kMicrosecond);

void BM_Es256Scalars(benchmark::State& state) {
  const auto key = SigningKey::generate(SignatureAlgorithm::Es256);
  const auto all = sign_many(*key);
  Es256Calculator calculator;
  std::size_t at = 0;
  for (auto _ : state) {
    const Bytes signature = Bytes(all[at++ % all.size()].raw).first(kEs256SignatureBytes);
    benchmark::DoNotOptimize(calculator.scalars(signature.first(32), signature));
  }
}
BENCHMARK(BM_Es256Scalars);

}  // namespace
}  // namespace claviger::crypto
