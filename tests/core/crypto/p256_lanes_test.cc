#include "core/crypto/p256_lanes.h"

#include <gmp.h>
#include <gtest/gtest.h>

#include <random>

#include "core/crypto/es256_lanes.h"

#if defined(__x86_64__)

namespace claviger::crypto::p256 {
namespace {

// A number of 260 bits at most, by GMP.
class Number {
 public:
  Number() { mpz_init(value); }
  explicit Number(const char* hex) { mpz_init_set_str(value, hex, 16); }
  Number(const Number& other) { mpz_init_set(value, other.value); }
  Number& operator=(const Number&) = delete;
  ~Number() { mpz_clear(value); }
  mpz_t value;
};

const Number& prime() {
  static const Number p("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
  return p;
}

using Limbs = std::array<std::uint64_t, kLimbs>;

Limbs limbs_of(const Number& number) {
  Limbs limbs{};
  Number rest(number);
  for (std::uint64_t& limb : limbs) {
    limb = mpz_get_ui(rest.value) & kLimbMask;
    mpz_fdiv_q_2exp(rest.value, rest.value, 52);
  }
  return limbs;
}
Number number_of(const Limbs& limbs) {
  Number number;
  for (std::size_t i = kLimbs; i-- > 0;) {
    mpz_mul_2exp(number.value, number.value, 52);
    mpz_add_ui(number.value, number.value, limbs[i]);
  }
  return number;
}

CLAVIGER_LANES Lanes load(const std::array<Limbs, kLaneCount>& numbers) {
  alignas(64) std::array<std::array<std::uint64_t, kLaneCount>, kLimbs> columns{};
  for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
    for (std::size_t i = 0; i < kLimbs; ++i) columns[i][lane] = numbers[lane][i];
  }
  Lanes lanes;
  for (std::size_t i = 0; i < kLimbs; ++i) lanes.limb[i] = _mm512_load_si512(columns[i].data());
  return lanes;
}
CLAVIGER_LANES std::array<Limbs, kLaneCount> store(const Lanes& lanes) {
  alignas(64) std::array<std::array<std::uint64_t, kLaneCount>, kLimbs> columns{};
  for (std::size_t i = 0; i < kLimbs; ++i) _mm512_store_si512(columns[i].data(), lanes.limb[i]);
  std::array<Limbs, kLaneCount> numbers{};
  for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
    for (std::size_t i = 0; i < kLimbs; ++i) numbers[lane][i] = columns[i][lane];
  }
  return numbers;
}

// Numbers at the edges of what a function takes, and random ones, below `k` p.
std::array<Limbs, kLaneCount> numbers_below(unsigned k, std::mt19937_64& random) {
  std::array<Limbs, kLaneCount> numbers{};
  for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
    Number number;
    switch (random() % 4) {
      case 0:  // just below j p
        mpz_mul_ui(number.value, prime().value, 1 + random() % k);
        mpz_sub_ui(number.value, number.value, 1 + random() % 3);
        break;
      case 1:  // just above j p
        mpz_mul_ui(number.value, prime().value, random() % k);
        mpz_add_ui(number.value, number.value, random() % 3);
        break;
      default:
        for (int i = 0; i < 5; ++i) {
          mpz_mul_2exp(number.value, number.value, 64);
          mpz_add_ui(number.value, number.value, random() % 5 == 0 ? ~0UL : random());
        }
        Number limit(prime());
        mpz_mul_ui(limit.value, limit.value, k);
        mpz_mod(number.value, number.value, limit.value);
    }
    numbers[lane] = limbs_of(number);
  }
  return numbers;
}

class P256Lanes : public testing::Test {
 protected:
  void SetUp() override {
    if (!Es256LaneTable::has_lanes()) GTEST_SKIP() << "no AVX-512 IFMA";
  }
  std::mt19937_64 random_{20240615};
};

// a b / 2^260 modulo p, below (a b / 16 + 1) p, in limbs of 52 bits.
CLAVIGER_LANES void check_product(const std::array<Limbs, kLaneCount>& a, const std::array<Limbs, kLaneCount>& b,
                                  const std::array<Limbs, kLaneCount>& result) {
  for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
    for (const std::uint64_t limb : result[lane]) EXPECT_LE(limb, kLimbMask);
    const Number out = number_of(result[lane]);
    Number expected;
    mpz_mul(expected.value, number_of(a[lane]).value, number_of(b[lane]).value);
    Number bound(expected);
    mpz_fdiv_q_2exp(bound.value, bound.value, 260);
    mpz_add(bound.value, bound.value, prime().value);
    EXPECT_LE(mpz_cmp(out.value, bound.value), 0);
    Number shifted(out);
    mpz_mul_2exp(shifted.value, shifted.value, 260);
    EXPECT_NE(mpz_congruent_p(shifted.value, expected.value, prime().value), 0);
  }
}

CLAVIGER_LANES void check_products(std::mt19937_64& random) {
  for (int round = 0; round < 2000; ++round) {
    const auto a = numbers_below(7, random);
    const auto b = numbers_below(7, random);
    check_product(a, b, store(times(load(a), load(b))));
    check_product(a, a, store(squared(load(a))));
  }
}
TEST_F(P256Lanes, Products) { check_products(random_); }

CLAVIGER_LANES void check_sums_of_products(std::mt19937_64& random) {
  for (int round = 0; round < 500; ++round) {
    const auto a = numbers_below(7, random);
    const auto b = numbers_below(5, random);
    const auto c = numbers_below(4, random);
    const auto d = numbers_below(2, random);
    WideLanes wide = product(load(a), load(b));
    add_product(wide, load(c), load(d));
    const auto result = store(reduced(wide));
    for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
      Number expected;
      mpz_mul(expected.value, number_of(a[lane]).value, number_of(b[lane]).value);
      mpz_addmul(expected.value, number_of(c[lane]).value, number_of(d[lane]).value);
      Number shifted = number_of(result[lane]);
      mpz_mul_2exp(shifted.value, shifted.value, 260);
      EXPECT_NE(mpz_congruent_p(shifted.value, expected.value, prime().value), 0);
    }
  }
}
TEST_F(P256Lanes, SumsOfProducts) { check_sums_of_products(random_); }

CLAVIGER_LANES void check_differences(std::mt19937_64& random) {
  for (int round = 0; round < 500; ++round) {
    const auto a = numbers_below(4, random);
    const auto b = numbers_below(5, random);
    const auto plain = store(normalized(plus_primes(minus(load(a), load(b)), 5)));
    const auto weak = store(weakly_reduced(plus_primes(minus(plus(load(a), load(a)), load(b)), 5)));
    Number limit(prime());
    mpz_mul_ui(limit.value, limit.value, 2001);
    for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
      Number difference;
      mpz_sub(difference.value, number_of(a[lane]).value, number_of(b[lane]).value);
      Number expected(difference);
      mpz_addmul_ui(expected.value, prime().value, 5);
      EXPECT_EQ(mpz_cmp(number_of(plain[lane]).value, expected.value), 0);

      mpz_add(difference.value, difference.value, number_of(a[lane]).value);
      const Number reduced_to = number_of(weak[lane]);
      EXPECT_NE(mpz_congruent_p(reduced_to.value, difference.value, prime().value), 0);
      Number thousandfold(reduced_to);
      mpz_mul_ui(thousandfold.value, thousandfold.value, 1000);
      EXPECT_LT(mpz_cmp(thousandfold.value, limit.value), 0);
      for (const std::uint64_t limb : weak[lane]) EXPECT_LE(limb, kLimbMask);
    }
  }
}
TEST_F(P256Lanes, Differences) { check_differences(random_); }

CLAVIGER_LANES void check_canonical(std::mt19937_64& random) {
  for (int round = 0; round < 500; ++round) {
    const auto a = numbers_below(3, random);
    const auto result = store(canonical(load(a)));
    for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
      Number expected;
      mpz_mod(expected.value, number_of(a[lane]).value, prime().value);
      EXPECT_EQ(mpz_cmp(number_of(result[lane]).value, expected.value), 0);
    }
  }
}
TEST_F(P256Lanes, Canonical) { check_canonical(random_); }

}  // namespace
}  // namespace claviger::crypto::p256

#endif
