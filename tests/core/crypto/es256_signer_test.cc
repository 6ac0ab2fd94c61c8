#include "core/crypto/es256_signer.h"

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>

#include <pthread.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "core/codec/hex.h"
#include "core/crypto/digest.h"
#include "core/crypto/es256_signature.h"
#include "core/crypto/openssl.h"
#include "core/crypto/p256_modular.h"
#include "core/crypto/random.h"

namespace claviger::crypto {
namespace {

using Signature = std::array<std::byte, 64>;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kHasOrdinaryFrames = false;
#elif defined(__has_feature)
constexpr bool kHasOrdinaryFrames = !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer);
#else
constexpr bool kHasOrdinaryFrames = true;
#endif

Words256 number(std::string_view hex) {
  std::array<std::byte, 32> bytes{};
  EXPECT_TRUE(codec::hex_decode(hex, bytes));
  return words_from(bytes);
}
Secret<32> key_of(std::string_view hex) {
  Secret<32> secret;
  EXPECT_TRUE(codec::hex_decode(hex, secret.reveal_for_writing()));
  return secret;
}
// RFC 6979 A.2.5: the curve P-256 with SHA-256.
constexpr std::string_view kKey = "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721";

TEST(Es256Signer, ReproducesTheVectorsOfRfc6979) {
  struct Case {
    std::string_view message, nonce, r, s;
  };
  const Case cases[] = {{"sample", "A6E3C57DD01ABE90086538398355DD4C3B17AA873382B0F24D6129493D8AAD60",
                         "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
                         "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"},
                        {"test", "D16B6AE827F17175E040871A1C7EC3500192C4C92677336EC2537ACAEE0008E0",
                         "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367",
                         "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083"}};
  const Es256Signer signer(key_of(kKey));
  Es256SignerScratch scratch;
  for (const Case& one : cases) {
    Signature signature{};
    const auto done = signer.sign_with(scratch, sha256(as_bytes(one.message)), number(one.nonce), signature);
    ASSERT_TRUE(done && *done);
    EXPECT_EQ(words_from(Bytes(signature).first(32)), number(one.r));
    EXPECT_EQ(words_from(Bytes(signature).last(32)), number(one.s));
  }
}

TEST(Es256Signer, NeverUsesANonceTwice) {
  const Es256Signer signer(key_of(kKey));
  Es256SignerScratch scratch;
  std::set<Signature> firsts;
  for (int i = 0; i < 200; ++i) {
    Signature signature{};
    ASSERT_TRUE(signer.sign(scratch, sha256({}), signature));
    EXPECT_TRUE(is_es256_signature(signature));
    std::fill(signature.begin() + 32, signature.end(), std::byte{0});
    EXPECT_TRUE(firsts.insert(signature).second);
  }
}

// A signature made by a thread whose stack is looked into afterwards.
struct SignedOnAStack {
  explicit SignedOnAStack(const Es256Signer& by) : signer(by) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    EXPECT_EQ(pthread_attr_setstack(&attributes, stack.data(), stack.size()), 0);
    const auto run = [](void* self) -> void* {
      auto& signing = *static_cast<SignedOnAStack*>(self);
      signing.is_done = signing.signer.sign(signing.scratch, signing.digest, signing.signature).has_value();
      return nullptr;
    };
    pthread_t thread;
    EXPECT_EQ(pthread_create(&thread, &attributes, run, this), 0);
    EXPECT_EQ(pthread_join(thread, nullptr), 0);
    pthread_attr_destroy(&attributes);
  }
  // Any word of it, in either order of bytes.
  bool has(const Words256& secret) const {
    return std::ranges::any_of(secret, [this](std::uint64_t word) {
      const std::uint64_t reversed = __builtin_bswap64(word);
      return memmem(stack.data(), stack.size(), &word, sizeof word) != nullptr ||
             memmem(stack.data(), stack.size(), &reversed, sizeof reversed) != nullptr;
    });
  }

  const Es256Signer& signer;
  const Sha256Digest digest = sha256(as_bytes("digest"));
  Es256SignerScratch scratch;
  Signature signature{};
  bool is_done = false;
  std::vector<std::byte> stack = std::vector<std::byte>(256 * 1024);
};

Words256 inverse_of(const Words256& value) {  // Fermat: value^(n - 2)
  const Words256 exponent = difference_of(kP256Order, {2});
  Words256 result = {1};
  for (std::size_t bit = 256; bit-- > 0;) {
    result = product_modulo(kP256OrderModulus, result, result);
    if ((exponent[bit / 64] >> (bit % 64) & 1U) != 0) result = product_modulo(kP256OrderModulus, result, value);
  }
  return result;
}

TEST(Es256Signer, LeavesNothingOnTheStackThatGivesTheKeyAway) {
  const Es256Signer signer(key_of(kKey));
  const Words256 key = number(kKey);
  if (!kHasOrdinaryFrames) GTEST_SKIP() << "under sanitizers frames are several times as large";
  for (int i = 0; i < 20; ++i) {
    const SignedOnAStack made(signer);
    ASSERT_TRUE(made.is_done);
    const Words256 r = words_from(Bytes(made.signature).first(32));
    const Words256 s = words_from(Bytes(made.signature).last(32));
    const Words256 sum = sum_modulo(kP256OrderModulus, product_modulo(kP256OrderModulus, r, key),
                                    reduced_once(kP256OrderModulus, words_from(made.digest)));
    const Words256 nonce = product_modulo(kP256OrderModulus, sum, inverse_of(s));
    EXPECT_FALSE(made.has(nonce));
    EXPECT_FALSE(made.has(difference_of(kP256Order, nonce)));
    EXPECT_FALSE(made.has(inverse_of(nonce)));
    EXPECT_FALSE(made.has(key));
  }
}

// OpenSSL takes what we sign, with keys at the ends of the range.
TEST(Es256Signer, SignsWhatOpensslVerifies) {
  for (const std::string_view hex :
       {std::string_view(kKey), std::string_view("0000000000000000000000000000000000000000000000000000000000000001"),
        std::string_view("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632550")}) {
    Secret<32> secret = key_of(hex);
    const BignumPtr number(BN_bin2bn(as_uchar(secret.reveal()), 32, nullptr));
    EC_GROUP* group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    EC_POINT* point = EC_POINT_new(group);
    ASSERT_EQ(EC_POINT_mul(group, point, number.get(), nullptr, nullptr, nullptr), 1);
    std::array<unsigned char, 65> encoded;
    ASSERT_EQ(EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, encoded.data(), encoded.size(), nullptr),
              65U);
    std::string name = "P-256";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name.data(), 0),
                           OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, encoded.data(), encoded.size()),
                           OSSL_PARAM_construct_end()};
    const PkeyContextPtr maker(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
    EVP_PKEY* made = nullptr;
    ASSERT_EQ(EVP_PKEY_fromdata_init(maker.get()), 1);
    ASSERT_EQ(EVP_PKEY_fromdata(maker.get(), &made, EVP_PKEY_PUBLIC_KEY, params), 1);
    const PkeyPtr key(made);
    EC_POINT_free(point);
    EC_GROUP_free(group);

    const Es256Signer signer(std::move(secret));
    Es256SignerScratch scratch;
    for (int i = 0; i < 50; ++i) {
      const Sha256Digest digest = sha256(as_bytes(std::to_string(i)));
      Signature signature{};
      ASSERT_TRUE(signer.sign(scratch, digest, signature));
      std::array<std::byte, kEs256DerBytesMax> der;
      const std::size_t size = es256_to_der(signature, der);
      const PkeyContextPtr verifier(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
      ASSERT_EQ(EVP_PKEY_verify_init(verifier.get()), 1);
      EXPECT_EQ(EVP_PKEY_verify(verifier.get(), as_uchar(Bytes(der)), size, as_uchar(Bytes(digest)), digest.size()), 1)
          << hex << i;
    }
  }
}

// Against the library's arithmetic, with random numbers and the ends of the range.
TEST(P256Modular, AgreesWithOpenssl) {
  const auto to_bignum = [](const Words256& words) {
    return BignumPtr(BN_lebin2bn(reinterpret_cast<const unsigned char*>(words.data()), 32, nullptr));
  };
  BN_CTX* context = BN_CTX_new();
  const BignumPtr result(BN_new());
  for (const P256Modulus& modulus : {kP256OrderModulus, kP256PrimeModulus}) {
    std::vector<Words256> numbers = {{}, {1}, difference_of(modulus.value, {1}), modulus.r2};
    for (int i = 0; i < 40; ++i) {
      std::array<std::byte, 32> bytes;
      ASSERT_TRUE(fill_random(bytes));
      numbers.push_back(reduced_once(modulus, words_from(bytes)));
    }
    const BignumPtr value = to_bignum(modulus.value);
    for (const Words256& a : numbers) {
      for (const Words256& b : numbers) {
        ASSERT_EQ(BN_mod_mul(result.get(), to_bignum(a).get(), to_bignum(b).get(), value.get(), context), 1);
        EXPECT_EQ(BN_cmp(result.get(), to_bignum(product_modulo(modulus, a, b)).get()), 0);
        ASSERT_EQ(BN_mod_add(result.get(), to_bignum(a).get(), to_bignum(b).get(), value.get(), context), 1);
        EXPECT_EQ(BN_cmp(result.get(), to_bignum(sum_modulo(modulus, a, b)).get()), 0);
      }
    }
    constexpr Words256 kAllOnes = {~0ULL, ~0ULL, ~0ULL, ~0ULL};
    ASSERT_EQ(BN_mod(result.get(), to_bignum(kAllOnes).get(), value.get(), context), 1);
    EXPECT_EQ(BN_cmp(result.get(), to_bignum(product_modulo(modulus, kAllOnes, {1})).get()), 0);
    EXPECT_EQ(BN_cmp(result.get(), to_bignum(reduced_once(modulus, kAllOnes)).get()), 0);
  }
  BN_CTX_free(context);
}

}  // namespace
}  // namespace claviger::crypto
