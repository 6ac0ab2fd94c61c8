// The engines of the field against one another and against OpenSSL's BIGNUMs; scalars and points at their edges.
#include "core/crypto/mikey/field.h"

#include <gtest/gtest.h>

#include "core/crypto/mikey/curve.h"
#include "core/crypto/mikey/pairing.h"
#include "core/crypto/openssl.h"
#include "tests/core/crypto/mikey/published.h"

namespace claviger::mikey {
namespace {

Fp below_prime(std::uint64_t distance) {
  Fp out;
  subtract(out, kPrime, from_word<16>(distance));
  return out;
}

std::vector<Fp> edges() {
  std::vector<Fp> all = {
      Fp{},           from_word<16>(1), from_word<16>(2), field_modulus().one, field_modulus().square,
      below_prime(1), below_prime(2)};
  Fp ones;
  ones.fill(~std::uint64_t{0});
  ones[15] = kPrime[15] - 1;
  all.push_back(ones);
  for (int i = 0; i < 24; ++i) all.push_back(*random_below(kPrime));
  return all;
}

crypto::BignumPtr bignum_of(const Fp& a) {
  return crypto::BignumPtr(BN_lebin2bn(reinterpret_cast<const unsigned char*>(a.data()), 128, nullptr));
}
Fp words_of(const BIGNUM* number) {
  Fp out;
  EXPECT_EQ(BN_bn2lebinpad(number, reinterpret_cast<unsigned char*>(out.data()), 128), 128);
  return out;
}

TEST(Field, EnginesAgreeWithOpensslAndWithOneAnother) {
  const std::unique_ptr<BN_CTX, crypto::FreeWith<BN_CTX_free>> context(BN_CTX_new());
  const crypto::BignumPtr p = bignum_of(kPrime);
  const crypto::BignumPtr expected(BN_new());
  for (const Fp& a : edges()) {
    for (const Fp& b : edges()) {
      ASSERT_EQ(BN_mod_mul(expected.get(), bignum_of(a).get(), bignum_of(b).get(), p.get(), context.get()), 1);
      Fp portable;
      multiply_portable(portable, field_modulus().to_form(a), field_modulus().to_form(b));
      EXPECT_EQ(field_modulus().from_form(portable), words_of(expected.get()));
      if (has_mulx()) {
        Fp mulx;
        multiply_mulx(mulx, field_modulus().to_form(a), field_modulus().to_form(b));
        EXPECT_EQ(mulx, portable);
      }
      ASSERT_EQ(BN_mod_add(expected.get(), bignum_of(a).get(), bignum_of(b).get(), p.get(), context.get()), 1);
      EXPECT_EQ(plus(a, b), words_of(expected.get()));
      ASSERT_EQ(BN_mod_sub(expected.get(), bignum_of(a).get(), bignum_of(b).get(), p.get(), context.get()), 1);
      EXPECT_EQ(minus(a, b), words_of(expected.get()));
    }
  }
}

TEST(Field, InvertsWhatHasAnInverse) {
  for (const Fp& a : edges()) {
    const auto over = inverse(field_modulus(), a);
    if (is_zero(a) != 0) {
      EXPECT_TRUE(over.failed_with(Code::KeyMalformed));
    } else {
      EXPECT_EQ(times(*over, a), field_modulus().one);
    }
  }
}

TEST(Curve, MultipliesByEverySmallScalarAndByThoseNearTheOrder) {
  AffinePoint sum = generator();
  for (std::uint64_t k = 1; k <= 66; ++k) {  // digits reach 31, so an exception would be at 62 at the latest
    if (k > 1) sum = *sum_of(sum, generator());
    const auto product = multiply(from_word<16>(k), generator());
    ASSERT_TRUE(product);
    EXPECT_EQ(product->x, sum.x) << k;
    EXPECT_EQ(product->y, sum.y) << k;
    Scalar opposite;
    subtract(opposite, kOrder, from_word<16>(k));
    const auto negated = multiply(opposite, generator());
    ASSERT_TRUE(negated);
    EXPECT_EQ(negated->x, sum.x) << k;
    EXPECT_EQ(negated->y, negative(sum.y)) << k;
  }
}

TEST(Curve, MultipliesLikeOpenssl) {
  const std::unique_ptr<BN_CTX, crypto::FreeWith<BN_CTX_free>> context(BN_CTX_new());
  const crypto::BignumPtr p = bignum_of(kPrime);
  Fp minus_three;
  subtract(minus_three, kPrime, from_word<16>(3));
  const std::unique_ptr<EC_GROUP, crypto::FreeWith<EC_GROUP_free>> group(
      EC_GROUP_new_curve_GFp(p.get(), bignum_of(minus_three).get(), bignum_of({}).get(), context.get()));
  ASSERT_TRUE(group);
  const std::unique_ptr<EC_POINT, crypto::FreeWith<EC_POINT_free>> base(EC_POINT_new(group.get()));
  ASSERT_EQ(EC_POINT_set_affine_coordinates(group.get(), base.get(), bignum_of(kGeneratorX).get(),
                                            bignum_of(kGeneratorY).get(), context.get()),
            1);
  const std::unique_ptr<EC_POINT, crypto::FreeWith<EC_POINT_free>> out(EC_POINT_new(group.get()));
  const crypto::BignumPtr x(BN_new());
  const crypto::BignumPtr y(BN_new());
  for (int round = 0; round < 5; ++round) {
    const Scalar k = *random_below(kOrder);
    ASSERT_EQ(EC_POINT_mul(group.get(), out.get(), nullptr, base.get(), bignum_of(k).get(), context.get()), 1);
    ASSERT_EQ(EC_POINT_get_affine_coordinates(group.get(), out.get(), x.get(), y.get(), context.get()), 1);
    const auto product = multiply(k, generator());
    ASSERT_TRUE(product);
    EXPECT_EQ(field_modulus().from_form(product->x), words_of(x.get()));
    EXPECT_EQ(field_modulus().from_form(product->y), words_of(y.get()));
  }
}

TEST(Curve, TellsPointsOfOrderQFromOthers) {
  EXPECT_TRUE(has_order_q(generator()));
  EXPECT_TRUE(has_order_q(*multiply(*random_below(kOrder), generator())));
  const AffinePoint two_torsion{};  // (0, 0)
  EXPECT_TRUE(is_on_curve(two_torsion));
  EXPECT_FALSE(has_order_q(two_torsion));
  // P + (0, 0) has order 2 q.
  EXPECT_FALSE(has_order_q(*sum_of(generator(), two_torsion)));
}

TEST(Pairing, IsBilinearAndSymmetric) {
  const Scalar a = *random_below(kOrder);
  const AffinePoint multiple = *multiply(a, generator());
  const Fp once = *pairing(generator(), multiple);
  EXPECT_EQ(once, *pairing(multiple, generator()));
  EXPECT_EQ(once, *generator_power(a));
  EXPECT_EQ(field_modulus().from_form(*pairing(generator(), generator())), kGeneratorPairing);
  EXPECT_EQ(field_modulus().from_form(*generator_power(from_word<16>(1))), kGeneratorPairing);
}

TEST(Pairing, RefusesAFirstPointOfAnotherOrder) {
  const AffinePoint two_torsion{};
  EXPECT_TRUE(pairing(two_torsion, generator()).failed_with(Code::KeyNotOnCurve));
  EXPECT_TRUE(pairing(*sum_of(generator(), two_torsion), generator()).failed_with(Code::KeyNotOnCurve));
}

}  // namespace
}  // namespace claviger::mikey
