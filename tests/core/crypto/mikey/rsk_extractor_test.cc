// The engines of RSK extraction against one another, against published values, and at their edges.
#include "core/crypto/mikey/rsk_extractor.h"

#include <gtest/gtest.h>

#include "core/crypto/mikey/field_lanes.h"
#include "core/crypto/mikey/fixed_base.h"
#include "core/crypto/random.h"
#include "tests/core/crypto/mikey/published.h"

namespace claviger::mikey {
namespace {

std::vector<RskEngine> engines() {
  std::vector<RskEngine> all;
  for (const RskEngine engine : {RskEngine::Portable, RskEngine::Mulx, RskEngine::Lanes}) {
    if (RskExtractor::has_engine(engine)) all.push_back(engine);
  }
  return all;
}

struct Identifiers {
  explicit Identifiers(std::size_t count) : octets(count) {
    for (auto& each : octets) EXPECT_TRUE(crypto::fill_random(each));
    views.assign(octets.begin(), octets.end());
  }
  std::vector<std::array<std::byte, 32>> octets;
  std::vector<Bytes> views;
};

TEST(RskExtractor, EveryEngineGivesTheSameKeysInBatchesOfAllSizes) {
  const auto master = SakkeMasterSecret::generate();
  for (const std::size_t count : {1U, 5U, 6U, 8U, 9U, 31U, 40U, 256U}) {
    const Identifiers identifiers(count);
    for (const RskEngine engine : engines()) {
      if (count > 40 && engine != RskExtractor::best_engine()) continue;  // minutes under a sanitizer
      const auto extractor = RskExtractor::make(*master, engine);
      ASSERT_TRUE(extractor);
      std::vector<Rsk> keys(count);
      ASSERT_TRUE(extractor->extract(identifiers.views, keys));
      for (std::size_t i = 0; i < count; i += count < 16 ? 1 : 37) {
        EXPECT_TRUE(keys[i].equals(extract_rsk(*master, identifiers.views[i])->reveal())) << count << ' ' << i;
      }
      EXPECT_TRUE(check_rsk(master->public_key(), identifiers.views.back(), keys.back().reveal()));
    }
  }
}

TEST(RskExtractor, EveryEngineReproducesThePublishedKeys) {
  for (const auto value : array_at(published(), "issued")) {
    const auto entry = *value.as_object();
    const auto master = SakkeMasterSecret::from_octets(scalar_at(entry, "z"));
    const auto uid = octets_at(entry, "uid");
    for (const RskEngine engine : engines()) {
      for (const std::size_t count : {1U, 33U}) {  // the same user many times over: sums of equals
        std::vector<Rsk> keys(count);
        ASSERT_TRUE(RskExtractor::make(*master, engine)->extract(std::vector<Bytes>(count, uid), keys));
        for (const Rsk& key : keys) EXPECT_EQ(to_hex(key.reveal()), text_at(entry, "RSK"));
      }
    }
  }
}

TEST(RskExtractor, RefusesTheWholeBatchForOneBadIdentifierAndWipesIt) {
  const auto master = SakkeMasterSecret::generate();
  Identifiers identifiers(40);
  for (const RskEngine engine : engines()) {
    const auto extractor = RskExtractor::make(*master, engine);
    std::vector<Rsk> keys(40);
    ASSERT_TRUE(extractor->extract(identifiers.views, keys));
    std::vector<Bytes> bad = identifiers.views;
    bad[17] = {};
    EXPECT_TRUE(extractor->extract(bad, keys).failed_with(Code::BadValue));
    for (const Rsk& key : keys) EXPECT_TRUE(key.equals(Rsk().reveal()));
    // a = -z: no key, 7.2 step 2. z = q - 1 and a = 1.
    std::vector<std::byte> z = scalar_at(object_at(published(), "parameter_set_1"), "q");
    z.back() ^= std::byte{1};
    const auto one = std::array{std::byte{1}};
    bad[17] = one;
    EXPECT_TRUE(
        RskExtractor::make(*SakkeMasterSecret::from_octets(z), engine)->extract(bad, keys).failed_with(Code::BadValue));
  }
  EXPECT_TRUE(RskExtractor::make(*master)->extract({}, {}));
}

// t = 2 d meets the one exception of the affine formulas: such a batch is computed one by one.
TEST(RskExtractor, ServesScalarsThatMeetTheException) {
  const Modulus<16>& q = order_modulus();
  Identifiers identifiers(8);
  // z so that a + z = 1 / 2 for the first user.
  Scalar half = q.from_form(*inverse(q, q.to_form(from_word<16>(2))));
  const Scalar z = q.difference(half, words_from_octets<16>(identifiers.views[0]));
  std::array<std::byte, kSakkeScalarBytes> octets;
  words_to_octets(z, octets);
  const auto master = SakkeMasterSecret::from_octets(octets);
  ASSERT_TRUE(master);
  const AffinePoint two_p = *sum_of(generator(), generator());
  SakkePoint expected;
  point_to_octets(two_p, expected);
  for (const RskEngine engine : engines()) {
    std::vector<Rsk> keys(8);
    ASSERT_TRUE(RskExtractor::make(*master, engine)->extract(identifiers.views, keys));
    EXPECT_EQ(to_hex(keys[0].reveal()), to_hex(expected));
    EXPECT_TRUE(check_rsk(master->public_key(), identifiers.views[7], keys[7].reveal()));
  }
}

TEST(FixedBase, MultipliesLikeTheGeneralWay) {
  AffinePoint sum = generator();
  for (std::uint64_t k = 1; k <= 130; ++k) {  // digits reach 63, so the exception is at 126 at the latest
    if (k > 1) sum = *sum_of(sum, generator());
    const auto fixed = multiply_generator(from_word<16>(k));
    ASSERT_TRUE(fixed);
    EXPECT_EQ(fixed->x, sum.x) << k;
    EXPECT_EQ(fixed->y, sum.y) << k;
  }
  for (int round = 0; round < 4; ++round) {
    const Scalar k = *random_below(kOrder);
    EXPECT_EQ(multiply_generator(k)->y, multiply(k, generator())->y);
  }
}

#if defined(__x86_64__)
TEST(FieldLanes, ComputesLikeTheWords) {
  if (!has_ifma()) GTEST_SKIP() << "no AVX-512 IFMA";
  for (int round = 0; round < 200; ++round) {
    AffinePoint a[8];
    AffinePoint b[8];
    for (std::size_t lane = 0; lane < 8; ++lane) {
      a[lane] = {*random_below(kPrime), *random_below(kPrime)};
      b[lane] = {*random_below(kPrime), *random_below(kPrime)};
    }
    // Edges: 0, 1, -1, and equal numbers.
    a[0].x = Fp{};
    b[1].x = Fp{};
    a[2].x = b[2].x;
    a[3].x = field_modulus().one;
    b[4].x = negative(field_modulus().one);
    subtract(b[5].x, kPrime, from_word<16>(1));
    subtract(a[6].x, kPrime, from_word<16>(1));
    LaneElement ax, ay, bx, by, product, difference;
    LaneEngine::load(ax, ay, a);
    LaneEngine::load(bx, by, b);
    LaneEngine::multiply(product, ax, bx);
    LaneEngine::minus(difference, ax, bx);
    AffinePoint out[8];
    LaneEngine::store(out, product, difference);
    for (std::size_t lane = 0; lane < 8; ++lane) {
      EXPECT_EQ(out[lane].x, times(a[lane].x, b[lane].x)) << lane;
      EXPECT_EQ(out[lane].y, minus(a[lane].x, b[lane].x)) << lane;
    }
    // Chains of differences stay in bounds.
    for (int i = 0; i < 50; ++i) LaneEngine::minus(difference, i % 2 == 0 ? bx : ax, difference);
    LaneEngine::negate_where(by, 0xA5);
    LaneEngine::store(out, difference, by);
    for (std::size_t lane = 0; lane < 8; ++lane) {
      Fp expected = minus(a[lane].x, b[lane].x);
      for (int i = 0; i < 50; ++i) expected = minus(i % 2 == 0 ? b[lane].x : a[lane].x, expected);
      EXPECT_EQ(out[lane].x, expected);
      EXPECT_EQ(out[lane].y, (0xA5U >> lane & 1U) != 0 ? negative(b[lane].y) : b[lane].y);
    }
  }
}
#endif

}  // namespace
}  // namespace claviger::mikey
