#include "core/crypto/universal_hash.h"

#include <gtest/gtest.h>

#include <random>

#include "core/crypto/universal_hash_kernels.h"
#include "tests/core/crypto/vectors.h"

namespace claviger::crypto {
namespace {

Hash128 number(std::string_view hex) {
  Hash128 value;
  std::memcpy(&value, from_hex(hex).data(), sizeof value);
  return value;
}

Hash128 sum(Hash128 a, Hash128 b) { return {a.low ^ b.low, a.high ^ b.high}; }

TEST(Polyval, Rfc8452AppendixA) {
  const Hash128 key = number("25629347589242761d31f826ba4b757b");
  const Hash128 first = number("4f4f95668c83dfb6401762bb2d01a262");
  const Hash128 second = number("d1a24ddd2721d006bbe45f20d3c9f362");
  EXPECT_EQ(kernels::dot(sum(kernels::dot(first, key), second), key), number("f7a3b47b846119fae5b7866cf5e5b77e"));
}

TEST(Polyval, Rfc8452Clause7) {
  EXPECT_EQ(kernels::dot(number("66e94bd4ef8a2c3b884cfa59ca342b2e"), number("ff000000000000000000000000000000")),
            number("ebe563401e7e91ea3ad6426b8140c394"));
}

TEST(UniversalHash, AllImplementationsAgree) {
  std::mt19937_64 random(20240613);
  for (int round = 0; round < 4; ++round) {
    const kernels::HashPowers powers = kernels::powers_of({random(), random()});
    std::vector<std::byte> message(4200);
    for (std::byte& octet : message) octet = static_cast<std::byte>(random());
    for (std::size_t size = 0; size <= message.size(); size += size < 1200 ? 1 : 7) {
      // At an odd address, and with the end at the end of the block, where a read beyond it would show.
      const Bytes text = Bytes(message).last(size);
      const Hash128 expected = kernels::hash_portable(powers, text);
      if (kernels::has_pclmul()) {
        ASSERT_EQ(kernels::hash_pclmul(powers, text), expected) << size;
      }
      if (kernels::has_vpclmul()) {
        ASSERT_EQ(kernels::hash_vpclmul(powers, text), expected) << size;
      }
    }
  }
}

TEST(UniversalHash, ReadsNothingBesideTheMessage) {
  const kernels::HashPowers powers = kernels::powers_of({1, 2});
  for (std::size_t size = 0; size < 300; ++size) {
    const auto exact = std::make_unique<std::byte[]>(size);  // the address sanitizer guards both ends
    const Bytes text(exact.get(), size);
    const Hash128 expected = kernels::hash_portable(powers, text);
    if (kernels::has_pclmul()) {
      ASSERT_EQ(kernels::hash_pclmul(powers, text), expected);
    }
    if (kernels::has_vpclmul()) {
      ASSERT_EQ(kernels::hash_vpclmul(powers, text), expected);
    }
  }
}

TEST(UniversalHash, TellsPaddingFromContent) {
  const auto hash = UniversalHash::generate();
  ASSERT_TRUE(hash);
  std::vector<Hash128> seen;
  const std::vector<std::byte> zeros(100);
  for (std::size_t size = 0; size <= zeros.size(); ++size) {
    const Hash128 value = (*hash)(Bytes(zeros).first(size));
    EXPECT_EQ(std::count(seen.begin(), seen.end(), value), 0) << size;
    seen.push_back(value);
  }
}

TEST(UniversalHash, DependsOnTheKeyAndOnEachByte) {
  const auto one = UniversalHash::generate();
  const auto two = UniversalHash::generate();
  ASSERT_TRUE(one && two);
  std::string token(700, 'a');
  const Hash128 before = (*one)(as_bytes(token));
  EXPECT_NE(before, (*two)(as_bytes(token)));
  EXPECT_EQ(before, (*one)(as_bytes(token)));
  for (char& character : token) {
    character = 'b';
    EXPECT_NE((*one)(as_bytes(token)), before);
    character = 'a';
  }
}

}  // namespace
}  // namespace claviger::crypto
