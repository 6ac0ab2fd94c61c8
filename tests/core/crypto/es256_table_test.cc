// Every way of verifying ES256 (EVP, and tables with each engine) must say the same of every signature. The cases
// follow Project Wycheproof's: exceptional points of the addition, edges of both scalars, wrapped x.
#include "core/crypto/es256_table.h"

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include <random>

#include "core/crypto/digest.h"
#include "core/crypto/es256_lanes.h"
#include "core/crypto/openssl.h"
#include "core/crypto/signing_key.h"
#include "tests/core/crypto/vectors.h"

namespace claviger::crypto {
namespace {

using PointPtr = std::unique_ptr<EC_POINT, FreeWith<EC_POINT_free>>;
using Scalar = BignumPtr;

const EC_GROUP* group() {
  static const EC_GROUP* const p256 = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
  return p256;
}
BN_CTX* scratch() {
  static BN_CTX* const context = BN_CTX_new();
  return context;
}
const BIGNUM* order() { return EC_GROUP_get0_order(group()); }

Scalar scalar(const std::string& hex) {
  BIGNUM* number = nullptr;
  BN_hex2bn(&number, hex.c_str());
  return Scalar(number);
}
Scalar copy(const Scalar& number) { return Scalar(BN_dup(number.get())); }
Scalar product(const Scalar& a, const Scalar& b) {
  Scalar out(BN_new());
  BN_mod_mul(out.get(), a.get(), b.get(), order(), scratch());
  return out;
}
Scalar inverse(const Scalar& a) { return Scalar(BN_mod_inverse(nullptr, a.get(), order(), scratch())); }
Scalar negative(const Scalar& a) {
  Scalar out(BN_new());
  BN_mod_sub(out.get(), order(), a.get(), order(), scratch());
  return out;
}
std::vector<std::byte> bytes_of(const BIGNUM* number) {
  std::vector<std::byte> bytes(32);
  BN_bn2binpad(number, as_uchar(MutableBytes(bytes)), 32);
  return bytes;
}

// a G + b P
PointPtr combination(const Scalar& a, const EC_POINT* point, const Scalar& b) {
  PointPtr out(EC_POINT_new(group()));
  EC_POINT_mul(group(), out.get(), a.get(), point, b.get(), scratch());
  return out;
}
PointPtr multiple_of_generator(const Scalar& a) {
  PointPtr out(EC_POINT_new(group()));
  EC_POINT_mul(group(), out.get(), a.get(), nullptr, nullptr, scratch());
  return out;
}
Scalar x_of(const EC_POINT* point) {
  Scalar x(BN_new());
  EC_POINT_get_affine_coordinates(group(), point, x.get(), nullptr, scratch());
  return x;
}
Scalar x_modulo_order(const EC_POINT* point) {
  Scalar x = x_of(point);
  BN_nnmod(x.get(), x.get(), order(), scratch());
  return x;
}
VerifyKey key_at(const EC_POINT* point) {
  Scalar x(BN_new());
  Scalar y(BN_new());
  EC_POINT_get_affine_coordinates(group(), point, x.get(), y.get(), scratch());
  auto key = VerifyKey::from_p256(bytes_of(x.get()), bytes_of(y.get()));
  CLAVIGER_ASSERT(key.has_value());
  return *std::move(key);
}

// One key, verified with in every way there is.
class EveryWay {
 public:
  explicit EveryWay(const VerifyKey& key) : ways_{key} {
    for (const Es256Engine engine : {Es256Engine::Group, Es256Engine::Lanes}) {
      if (engine == Es256Engine::Lanes && !Es256LaneTable::has_lanes()) continue;
      auto table = Es256Table::build(key.first_component(), key.second_component(), engine);
      CLAVIGER_ASSERT(table.has_value());
      tables_.push_back(*table);
      ways_.push_back(key.with_table(*table));
    }
  }
  explicit EveryWay(const EC_POINT* point) : EveryWay(key_at(point)) {}

  // The common verdict; a difference fails the test.
  bool verify(Bytes digest, Bytes signature) {
    const bool verdict = ways_[0].verify_es256(context_, digest, signature).has_value();
    for (std::size_t i = 1; i < ways_.size(); ++i) {
      EXPECT_EQ(ways_[i].verify_es256(context_, digest, signature).has_value(), verdict)
          << "table " << i << " digest " << to_hex(digest) << " signature " << to_hex(signature);
    }
    return verdict;
  }
  bool verify(const Scalar& digest, const Scalar& r, const Scalar& s) {
    std::vector<std::byte> signature = bytes_of(r.get());
    const auto second = bytes_of(s.get());
    signature.insert(signature.end(), second.begin(), second.end());
    return verify(bytes_of(digest.get()), signature);
  }
  // What the tables themselves say, without EVP behind them.
  std::vector<Es256Verdict> verdicts(const Scalar& digest, const Scalar& r, const Scalar& s) {
    std::vector<std::byte> signature = bytes_of(r.get());
    const auto second = bytes_of(s.get());
    signature.insert(signature.end(), second.begin(), second.end());
    std::vector<Es256Verdict> all;
    Es256Scratch table_scratch;
    for (const auto& table : tables_) all.push_back(table->check(table_scratch, bytes_of(digest.get()), signature));
    return all;
  }

 private:
  VerifyContext context_;
  std::vector<VerifyKey> ways_;
  std::vector<std::shared_ptr<const Es256Table>> tables_;
};

// The signature and digest for which verifying computes u1 G + u2 Q, and whether they are valid.
struct Crafted {
  Scalar digest, r, s;
};
Crafted craft(const Scalar& u1, const Scalar& u2, Scalar r) {
  Scalar s = product(r, inverse(u2));
  Scalar digest = product(u1, s);
  return {std::move(digest), std::move(r), std::move(s)};
}

const std::string kOrderHex = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

std::vector<Scalar> edge_scalars() {
  std::vector<Scalar> all;
  for (const std::string_view hex : {"1", "2", "3", "80", "ff", "100", "10001", "ffffffffffffffffffffffffffffffff",
                                     "7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8",  // (n - 1) / 2
                                     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                                     "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550",     // n - 1
                                     "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc63254f"}) {  // n - 2
    all.push_back(scalar(std::string(hex)));
  }
  return all;
}

TEST(Es256Table, RandomSignatures) {
  std::mt19937_64 random(20240614);
  SigningContext signing;
  for (int k = 0; k < 3; ++k) {
    const auto key = SigningKey::generate(SignatureAlgorithm::Es256);
    ASSERT_TRUE(key);
    EveryWay ways(key->verify_key());
    for (int i = 0; i < 200; ++i) {
      const std::string text = std::to_string(random());
      const Sha256Digest digest = sha256(as_bytes(text));
      std::array<std::byte, 64> signature;
      ASSERT_TRUE(key->sign(signing, as_bytes(text), signature));
      EXPECT_TRUE(ways.verify(digest, signature));
      signature[random() % 64] ^= static_cast<std::byte>(1U << random() % 8);
      EXPECT_FALSE(ways.verify(digest, signature));
    }
  }
}

TEST(Es256Table, TheFastPathDecidesOrdinarySignatures) {
  const auto key = SigningKey::generate(SignatureAlgorithm::Es256);
  EveryWay ways(key->verify_key());
  SigningContext signing;
  for (int i = 0; i < 50; ++i) {
    std::array<std::byte, 64> signature;
    ASSERT_TRUE(key->sign(signing, as_bytes("text"), signature));
    const Sha256Digest digest = sha256(as_bytes("text"));
    const auto number = [](Bytes bytes) { return Scalar(BN_bin2bn(as_uchar(bytes), 32, nullptr)); };
    const Scalar r = number(Bytes(signature).first(32));
    const Scalar s = number(Bytes(signature).last(32));
    for (const Es256Verdict verdict : ways.verdicts(number(digest), r, s)) EXPECT_EQ(verdict, Es256Verdict::Valid);
    for (const Es256Verdict verdict : ways.verdicts(number(digest), s, r)) EXPECT_EQ(verdict, Es256Verdict::Invalid);
  }
}

// Keys whose logarithm is an edge make the parts of the sum meet each other: Q = G and -G double and cancel, Q =
// 2^(8 i) G makes rows of both tables the same points.
TEST(Es256Table, EdgeScalarsWithEdgeKeys) {
  std::vector<Scalar> logarithms;
  for (const std::string_view hex :
       {"1", "2", "100", "100000000000000000000000000000000000000000000000000000000000000"}) {
    logarithms.push_back(scalar(std::string(hex)));
    logarithms.push_back(negative(logarithms.back()));
  }
  const auto scalars = edge_scalars();
  for (const Scalar& d : logarithms) {
    const PointPtr point = multiple_of_generator(d);
    EveryWay ways(point.get());
    for (const Scalar& u1 : scalars) {
      for (const Scalar& u2 : scalars) {
        const PointPtr sum = combination(u1, point.get(), u2);
        if (EC_POINT_is_at_infinity(group(), sum.get()) == 1) {
          // No r fits the point at infinity, whatever a formula makes of its coordinates.
          for (const std::string_view r : {"1", "2", "ff"}) {
            const Crafted bad = craft(u1, u2, scalar(std::string(r)));
            EXPECT_FALSE(ways.verify(bad.digest, bad.r, bad.s));
          }
          continue;
        }
        const Crafted good = craft(u1, u2, x_modulo_order(sum.get()));
        if (BN_is_zero(good.r.get())) continue;
        EXPECT_TRUE(ways.verify(good.digest, good.r, good.s));
        EXPECT_TRUE(ways.verify(good.digest, good.r, negative(good.s))) << "the higher s is as good";
        const Crafted bad = craft(u1, u2, product(good.r, scalar("2")));
        EXPECT_FALSE(ways.verify(bad.digest, bad.r, bad.s));
      }
    }
  }
}

TEST(Es256Table, PointAtInfinityIsMet) {  // or the case above would be empty
  const Scalar one = scalar("1");
  const PointPtr minus_g = multiple_of_generator(negative(one));
  EXPECT_EQ(EC_POINT_is_at_infinity(group(), combination(one, minus_g.get(), one).get()), 1);
}

TEST(Es256Table, DigestZeroAndDigestOfTheOrder) {  // u1 = 0
  const Scalar d = scalar("123456789abcdef0fedcba98765432100123456789abcdef0fedcba987654321");
  const PointPtr point = multiple_of_generator(d);
  EveryWay ways(point.get());
  const Scalar zero(BN_new());
  for (const Scalar& u2 : edge_scalars()) {
    const PointPtr sum = combination(zero, point.get(), u2);
    const Crafted good = craft(zero, u2, x_modulo_order(sum.get()));
    EXPECT_TRUE(ways.verify(good.digest, good.r, good.s));
    EXPECT_TRUE(ways.verify(scalar(kOrderHex), good.r, good.s));
    EXPECT_FALSE(ways.verify(scalar("1"), good.r, good.s));
  }
}

TEST(Es256Table, DigestAboveTheOrder) {
  const Scalar d = scalar("deadbeef");
  const PointPtr point = multiple_of_generator(d);
  EveryWay ways(point.get());
  const Scalar u1 = scalar("3");
  const Scalar u2 = scalar("5");
  const PointPtr sum = combination(u1, point.get(), u2);
  Crafted good = craft(u1, u2, x_modulo_order(sum.get()));
  EXPECT_TRUE(ways.verify(good.digest, good.r, good.s));
  // e + n below 2^256 has the same residue, and is another digest only in form.
  Scalar larger(BN_new());
  BN_add(larger.get(), good.digest.get(), order());
  if (BN_num_bits(larger.get()) <= 256) {
    EXPECT_TRUE(ways.verify(larger, good.r, good.s));
  }
  static_cast<void>(ways.verify(scalar(std::string(64, 'f')), good.r, good.s));  // alike, whatever they say
}

TEST(Es256Table, NumbersOutOfRange) {
  const auto key = SigningKey::generate(SignatureAlgorithm::Es256);
  EveryWay ways(key->verify_key());
  const Scalar digest = scalar("42");
  const Scalar zero(BN_new());
  const std::string n_plus_1 = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632552";
  const std::string p = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";
  std::vector<Scalar> bad;
  bad.push_back(copy(zero));
  for (const std::string& hex : {kOrderHex, n_plus_1, p, std::string(64, 'f')}) bad.push_back(scalar(hex));
  for (const Scalar& one : bad) {
    for (const Scalar& other : bad) EXPECT_FALSE(ways.verify(digest, one, other));
    for (const Scalar& other : edge_scalars()) {
      EXPECT_FALSE(ways.verify(digest, one, other));
      EXPECT_FALSE(ways.verify(digest, other, one));
    }
  }
  // In range, but nobody's signature.
  for (const Scalar& r : edge_scalars()) {
    for (const Scalar& s : edge_scalars()) EXPECT_FALSE(ways.verify(digest, r, s));
  }
}

// Points whose x is not below n: r is x - n, and comparing r alone would refuse a good signature.
TEST(Es256Table, WrappedX) {
  const Scalar u1 = scalar("1234567");
  const Scalar u2 = scalar("89abcdef");
  int tried = 0;
  for (BN_ULONG offset = 0; tried < 6 && offset < 100; ++offset) {
    Scalar x(BN_dup(order()));
    BN_add_word(x.get(), offset);
    PointPtr sum(EC_POINT_new(group()));
    if (EC_POINT_set_compressed_coordinates(group(), sum.get(), x.get(), 1, scratch()) != 1) {
      ERR_clear_error();
      continue;
    }
    const Scalar r = x_modulo_order(sum.get());
    if (BN_is_zero(r.get())) continue;
    // The key for which u1 G + u2 Q is that point: Q = (R - u1 G) / u2.
    const PointPtr part = multiple_of_generator(negative(u1));
    EC_POINT_add(group(), sum.get(), sum.get(), part.get(), scratch());
    PointPtr key(EC_POINT_new(group()));
    EC_POINT_mul(group(), key.get(), nullptr, sum.get(), inverse(u2).get(), scratch());
    EveryWay ways(key.get());
    const Crafted good = craft(u1, u2, copy(r));
    EXPECT_TRUE(ways.verify(good.digest, good.r, good.s));
    for (const Es256Verdict verdict : ways.verdicts(good.digest, good.r, good.s)) {
      EXPECT_EQ(verdict, Es256Verdict::Valid);
    }
    ++tried;
  }
  EXPECT_EQ(tried, 6);
}

TEST(Es256Table, RandomScalarsWithRandomKeys) {
  for (int k = 0; k < 2; ++k) {
    Scalar d(BN_new());
    BN_rand_range(d.get(), order());
    const PointPtr point = multiple_of_generator(d);
    EveryWay ways(point.get());
    for (int i = 0; i < 300; ++i) {
      Scalar u1(BN_new());
      Scalar u2(BN_new());
      BN_rand_range(u1.get(), order());
      BN_rand_range(u2.get(), order());
      const Crafted good = craft(u1, u2, x_modulo_order(combination(u1, point.get(), u2).get()));
      EXPECT_TRUE(ways.verify(good.digest, good.r, good.s));
    }
  }
}

TEST(Es256Table, BelongsToOneKey) {
  const auto key = SigningKey::generate(SignatureAlgorithm::Es256);
  const auto other = SigningKey::generate(SignatureAlgorithm::Es256);
  const VerifyKey& verify_key = key->verify_key();
  EXPECT_TRUE(verify_key.wants_table());
  const auto table = verify_key.build_table();
  ASSERT_TRUE(table);
  EXPECT_TRUE((*table)->is_of(verify_key.first_component(), verify_key.second_component()));
  EXPECT_FALSE((*table)->is_of(other->verify_key().first_component(), other->verify_key().second_component()));
  EXPECT_LE((*table)->memory_bytes(), 300U * 1024);
  const VerifyKey fast = verify_key.with_table(*table);
  EXPECT_TRUE(fast.has_table());
  EXPECT_FALSE(fast.wants_table());
  EXPECT_FALSE(verify_key.has_table());
  EXPECT_EQ(fast.thumbprint(), key->kid());
  EXPECT_DEATH(static_cast<void>(other->verify_key().with_table(*table)), "is_of");
}

TEST(Es256Table, OnlyForEs256) {
  const auto key = SigningKey::generate(SignatureAlgorithm::EdDsa);
  EXPECT_FALSE(key->verify_key().wants_table());
  EXPECT_TRUE(key->verify_key().build_table().failed_with(Code::KeyType));
}

}  // namespace
}  // namespace claviger::crypto
