// Menu: validate a token not seen before (split, base64url, JSON, key look-up, signature, every claim check) with ES256
// (with and without the key's table), EdDSA and RS256, interleaved with OpenSSL's bare EVP_DigestVerify over the same
// bytes (reused context) and with our bare VerifyKey::verify.
//
// Counters, of CPU time: evp_us, signature_us (our bare verification), rest_us (all but that), sha_us (SHA-256 of the
// signed bytes, which is in signature_us except for EdDSA), ratio_evp (bar: ES256 2.5, EdDSA 2, RS256 0.93).
#include <benchmark/benchmark.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <memory>
#include <string>
#include <vector>

#include "bench/allocation_count.h"
#include "bench/broker/tokens/verifier/bench_tokens.h"
#include "core/crypto/digest.h"

namespace claviger::tokens::bench {
namespace {

constexpr std::size_t kTokens = 4096;
// Small enough to have forgotten a token before its turn comes again.
constexpr std::size_t kCachedTokens = 64;
// Operations of each kind in turn; a clock reading costs 0.3 µs.
constexpr std::size_t kTurn = 32;

struct Prepared {
  std::string token;
  Bytes signed_bytes;
  std::vector<std::byte> signature;          // raw, as in the token
  std::vector<unsigned char> evp_signature;  // DER for ECDSA
};

class EvpPeer {
 public:
  explicit EvpPeer(const crypto::VerifyKey& key) {
    const std::string point = [&key] {
      return '\x04' + std::string(as_text(key.first_component())) + std::string(as_text(key.second_component()));
    }();
    const Bytes x = key.first_component();
    switch (key.algorithm()) {
      case crypto::SignatureAlgorithm::EdDsa:
        key_ = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, as_uchar(x), x.size());
        break;
      case crypto::SignatureAlgorithm::Es256: {
        OSSL_PARAM_BLD* build = OSSL_PARAM_BLD_new();
        OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
        make("EC", build);
        break;
      }
      case crypto::SignatureAlgorithm::Rs256: {
        OSSL_PARAM_BLD* build = OSSL_PARAM_BLD_new();
        BIGNUM* n = BN_bin2bn(as_uchar(x), static_cast<int>(x.size()), nullptr);
        const Bytes y = key.second_component();
        BIGNUM* e = BN_bin2bn(as_uchar(y), static_cast<int>(y.size()), nullptr);
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n);
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e);
        make("RSA", build);
        BN_free(n);
        BN_free(e);
        break;
      }
    }
    CLAVIGER_ASSERT(key_ != nullptr);
    const EVP_MD* digest = key.algorithm() == crypto::SignatureAlgorithm::EdDsa ? nullptr : EVP_sha256();
    CLAVIGER_ASSERT(EVP_DigestVerifyInit(fresh_, nullptr, digest, nullptr, key_) == 1);
  }
  EvpPeer(const EvpPeer&) = delete;
  EvpPeer& operator=(const EvpPeer&) = delete;
  ~EvpPeer() {
    EVP_MD_CTX_free(fresh_);
    EVP_MD_CTX_free(context_);
    EVP_PKEY_free(key_);
  }

  bool verify(const Prepared& token) {
    return EVP_MD_CTX_copy_ex(context_, fresh_) == 1 &&
           EVP_DigestVerify(context_, token.evp_signature.data(), token.evp_signature.size(),
                            as_uchar(token.signed_bytes), token.signed_bytes.size()) == 1;
  }

 private:
  void make(const char* type, OSSL_PARAM_BLD* build) {
    OSSL_PARAM* params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX* maker = EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr);
    EVP_PKEY_fromdata_init(maker);
    EVP_PKEY_fromdata(maker, &key_, EVP_PKEY_PUBLIC_KEY, params);
    EVP_PKEY_CTX_free(maker);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
  }
  EVP_PKEY* key_ = nullptr;
  EVP_MD_CTX* fresh_ = EVP_MD_CTX_new();
  EVP_MD_CTX* context_ = EVP_MD_CTX_new();
};

std::vector<unsigned char> der_of(Bytes raw) {
  ECDSA_SIG* signature = ECDSA_SIG_new();
  ECDSA_SIG_set0(signature, BN_bin2bn(as_uchar(raw), 32, nullptr), BN_bin2bn(as_uchar(raw.subspan(32)), 32, nullptr));
  std::vector<unsigned char> der(static_cast<std::size_t>(i2d_ECDSA_SIG(signature, nullptr)));
  unsigned char* out = der.data();
  i2d_ECDSA_SIG(signature, &out);
  ECDSA_SIG_free(signature);
  return der;
}

std::vector<Prepared> prepare(Issuer& issuer) {
  std::vector<Prepared> tokens(issuer.verify_key().algorithm() == crypto::SignatureAlgorithm::Rs256 ? kTokens / 2
                                                                                                    : kTokens);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    Prepared& token = tokens[i];
    token.token = issuer.token(i);
    const CompactToken parts = *split_compact(token.token);
    token.signed_bytes = parts.signed_bytes;
    token.signature.resize(codec::base64url_decoded_size_max(parts.signature.size()));
    CLAVIGER_ASSERT(codec::base64url_decode(parts.signature, token.signature).has_value());
    if (issuer.verify_key().algorithm() == crypto::SignatureAlgorithm::Es256) {
      token.evp_signature = der_of(token.signature);
    } else {
      token.evp_signature.assign(as_uchar(Bytes(token.signature)),
                                 as_uchar(Bytes(token.signature)) + token.signature.size());
    }
  }
  return tokens;
}

void cold(benchmark::State& state, crypto::SignatureAlgorithm algorithm, bool has_table) {
  Issuer issuer(algorithm);
  const std::vector<Prepared> tokens = prepare(issuer);
  const crypto::VerifyKey key = has_table ? with_table(issuer.verify_key()) : issuer.verify_key();
  Verifier verifier = trusting(key, kCachedTokens);
  const VerificationPolicy policy = mcptt_policy(verifier);
  crypto::VerifyContext context;
  EvpPeer evp(key);

  double evp_seconds = 0;
  double ours_seconds = 0;
  double signature_seconds = 0;
  double sha_seconds = 0;
  std::size_t next = 0;
  std::size_t operations = 0;
  std::uint64_t allocations = 0;
  const auto timed = [](double& total, auto work) {
    const double start = cpu_seconds();
    work();
    const double spent = cpu_seconds() - start;
    total += spent;
    return spent;
  };
  for (auto _ : state) {
    const std::span turn(tokens.data() + next, kTurn);
    next = (next + kTurn) % tokens.size();
    timed(evp_seconds, [&] {
      for (const Prepared& token : turn) CLAVIGER_ASSERT(evp.verify(token));
    });
    timed(signature_seconds, [&] {
      for (const Prepared& token : turn)
        CLAVIGER_ASSERT(key.verify(context, token.signed_bytes, token.signature).has_value());
    });
    timed(sha_seconds, [&] {
      for (const Prepared& token : turn) benchmark::DoNotOptimize(crypto::sha256(token.signed_bytes));
    });
    const std::uint64_t before = claviger::bench::allocation_count();
    state.SetIterationTime(timed(ours_seconds, [&] {
      for (const Prepared& token : turn)
        CLAVIGER_ASSERT(verifier.verify(token.token, policy, presentation()).has_value());
    }));
    allocations += claviger::bench::allocation_count() - before;
    operations += kTurn;
  }
  CLAVIGER_ASSERT(verifier.counters().misses == operations);
  const double each = 1e6 / static_cast<double>(operations);
  state.SetItemsProcessed(static_cast<std::int64_t>(operations));
  state.counters["ours_us"] = ours_seconds * each;
  state.counters["evp_us"] = evp_seconds * each;
  state.counters["signature_us"] = signature_seconds * each;
  state.counters["rest_us"] = (ours_seconds - signature_seconds) * each;
  state.counters["sha_us"] = sha_seconds * each;
  state.counters["ratio_evp"] = evp_seconds / ours_seconds;
  state.counters["allocations"] = static_cast<double>(allocations) / static_cast<double>(operations);
  state.counters["token_bytes"] = static_cast<double>(tokens[0].token.size());
}
BENCHMARK_CAPTURE(cold, es256, crypto::SignatureAlgorithm::Es256, true)->UseManualTime();
BENCHMARK_CAPTURE(cold, es256_before_its_table, crypto::SignatureAlgorithm::Es256, false)->UseManualTime();
BENCHMARK_CAPTURE(cold, eddsa, crypto::SignatureAlgorithm::EdDsa, true)->UseManualTime();
BENCHMARK_CAPTURE(cold, rs256, crypto::SignatureAlgorithm::Rs256, true)->UseManualTime();

}  // namespace
}  // namespace claviger::tokens::bench
