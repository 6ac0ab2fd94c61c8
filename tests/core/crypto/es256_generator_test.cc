#include "core/crypto/es256_generator.h"

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include <vector>

#include "core/crypto/openssl.h"
#include "core/crypto/p256_modular.h"
#include "core/crypto/random.h"

namespace claviger::crypto {
namespace {

Words256 words_of(const BIGNUM* number) {
  std::array<std::byte, kP256Bytes> bytes{};
  EXPECT_EQ(BN_bn2binpad(number, as_uchar(MutableBytes(bytes)), kP256Bytes), static_cast<int>(kP256Bytes));
  return words_from(bytes);
}

// OpenSSL's affine coordinate of k G.
class Peer {
 public:
  ~Peer() {
    EC_POINT_free(point_);
    EC_GROUP_free(group_);
  }
  Words256 x_of(const Words256& k) {
    const BignumPtr number(BN_lebin2bn(reinterpret_cast<const unsigned char*>(k.data()), kP256Bytes, nullptr));
    const BignumPtr x(BN_new());
    EXPECT_EQ(EC_POINT_mul(group_, point_, number.get(), nullptr, nullptr, nullptr), 1);
    EXPECT_EQ(EC_POINT_get_affine_coordinates(group_, point_, x.get(), nullptr, nullptr), 1);
    return words_of(x.get());
  }

 private:
  EC_GROUP* group_ = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
  EC_POINT* point_ = EC_POINT_new(group_);
};

bool is_of(const ProjectiveX& found, const Words256& x) {
  return is_less(found.x, kP256Prime) && is_less(found.z, kP256Prime) &&
         product_modulo(kP256PrimeModulus, x, product_modulo(kP256PrimeModulus, found.z, found.z)) == found.x;
}

// Numbers whose digits are all alike or all but one, the ends of the range, small ones, and so many at random.
std::vector<Words256> numbers() {
  std::vector<Words256> all;
  for (std::uint64_t i = 1; i <= 300; ++i) {
    all.push_back({i, 0, 0, 0});
    all.push_back(difference_of(kP256Order, {i, 0, 0, 0}));
  }
  for (std::size_t bit = 0; bit < 256; ++bit) {
    Words256 power{};
    power[bit / 64] = std::uint64_t{1} << bit % 64;
    if (bit < 255) all.push_back(difference_of(power, {bit == 0 ? 0U : 1U, 0, 0, 0}));
    all.push_back(power);
  }
  for (std::uint64_t digit = 1; digit < 16; ++digit) {
    const std::uint64_t word = digit * 0x1111111111111111U;
    all.push_back(reduced_once(kP256OrderModulus, {word, word, word, word}));
  }
  for (int i = 0; i < 2000; ++i) {
    const auto bytes = random_bytes<kP256Bytes>();
    all.push_back(reduced_once(kP256OrderModulus, words_from(bytes->reveal())));
  }
  std::erase(all, Words256{});
  return all;
}

TEST(Es256Generator, MultipliesAsOpensslDoes) {
  const Es256Generator* ours = Es256Generator::of_process();
  if (ours == nullptr) GTEST_SKIP() << "no AVX-512 IFMA";
  Peer peer;
  for (const Words256& k : numbers()) {
    const auto found = ours->multiply(k);
    ASSERT_TRUE(found) << std::hex << k[3] << ' ' << k[2] << ' ' << k[1] << ' ' << k[0];
    ASSERT_TRUE(is_of(*found, peer.x_of(k))) << std::hex << k[3] << ' ' << k[2] << ' ' << k[1] << ' ' << k[0];
  }
}

// A number and what it lacks to n are one point but for its sign.
TEST(Es256Generator, OneTableForAll) {
  EXPECT_EQ(Es256Generator::of_process(), Es256Generator::of_process());
  const Es256Generator* ours = Es256Generator::of_process();
  if (ours == nullptr) GTEST_SKIP() << "no AVX-512 IFMA";
  const Words256 k = {5, 6, 7, 8};
  const auto one = ours->multiply(k);
  const auto other = ours->multiply(difference_of(kP256Order, k));
  ASSERT_TRUE(one && other);
  EXPECT_EQ(one->x, other->x);
}

}  // namespace
}  // namespace claviger::crypto
