#include "core/crypto/aka/aka.h"

#include <gtest/gtest.h>

#include "tests/core/crypto/aka/aka_vectors.h"

namespace claviger::aka {
namespace {

using crypto::to_hex;

SubscriberKey milenage_key(const AkaSet& set) {
  SubscriberKey key;
  std::ranges::copy(set.octets("k"), key.key.reveal_for_writing().begin());
  std::ranges::copy(set.octets("opc"), key.operator_code.reveal_for_writing().begin());
  return key;
}

SubscriberKey tuak_key() {
  SubscriberKey key;
  key.algorithm = Algorithm::Tuak;
  key.key_bytes = 32;
  key.response_bytes = 16;
  std::ranges::fill(key.key.reveal_for_writing(), std::byte{0x5A});
  std::ranges::fill(key.operator_code.reveal_for_writing(), std::byte{0x17});
  return key;
}

constexpr Rand kRand{std::byte{1}, std::byte{2}, std::byte{3}};
constexpr Amf kAmf{std::byte{0x00}, std::byte{0x01}};

// AUTN, SIP-Authenticate and AUTS as the vector file derives them from the sets of TS 35.208.
TEST(Aka, VectorsOfTheSets) {
  const codec::JsonObject document = crypto::vectors_of("milenage.json");
  for (const codec::JsonValue& value : crypto::array_at(document, "sets")) {
    const AkaSet set(value);
    const SubscriberKey key = milenage_key(set);
    ASSERT_TRUE(check(key));
    const Rand rand = set.octets<16>("rand");
    const Vector vector = make_vector(key, rand, set.sequence(), set.octets<2>("amf"));
    EXPECT_EQ(to_hex(vector.autn), set.text("autn"));
    EXPECT_EQ(to_hex(vector.expected_response()), set.text("f2"));
    EXPECT_EQ(to_hex(vector.cipher_key.reveal()), set.text("f3"));
    EXPECT_EQ(to_hex(vector.integrity_key.reveal()), set.text("f4"));
    const auto module = answer(key, rand, vector.autn);
    ASSERT_TRUE(module);
    EXPECT_EQ(module->sequence, set.sequence());
    EXPECT_TRUE(equals_constant_time(module->response.reveal(), vector.response.reveal()));
    EXPECT_EQ(to_hex(make_auts(key, rand, set.sequence())), set.text("auts"));
    const auto opened = open_auts(key, rand, set.octets<14>("auts"));
    ASSERT_TRUE(opened);
    EXPECT_EQ(*opened, set.sequence());
  }
}

TEST(Aka, TuakRoundTrip) {
  const SubscriberKey key = tuak_key();
  ASSERT_TRUE(check(key));
  const Vector vector = make_vector(key, kRand, 0x123456789ABC, kAmf);
  EXPECT_EQ(vector.expected_response().size(), 16U);
  const auto module = answer(key, kRand, vector.autn);
  ASSERT_TRUE(module);
  EXPECT_EQ(module->sequence, 0x123456789ABCU);
  EXPECT_EQ(module->amf, kAmf);
  EXPECT_EQ(to_hex(module->cipher_key.reveal()), to_hex(vector.cipher_key.reveal()));
  const auto auts = make_auts(key, kRand, kSequenceMax);
  EXPECT_EQ(*open_auts(key, kRand, auts), kSequenceMax);
}

TEST(Aka, EveryBitOfAutnAndAutsCounts) {
  for (const bool is_tuak : {false, true}) {
    const SubscriberKey key = is_tuak ? tuak_key() : SubscriberKey{};
    const Vector vector = make_vector(key, kRand, 77, kAmf);
    for (std::size_t bit = 0; bit < 8 * kAutnBytes; ++bit) {
      auto autn = vector.autn;
      autn[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
      EXPECT_EQ(answer(key, kRand, autn).error().code, Code::AkaRefused);
    }
    const auto right = make_auts(key, kRand, 77);
    for (std::size_t bit = 0; bit < 8 * kAutsBytes; ++bit) {
      auto auts = right;
      auts[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
      EXPECT_EQ(open_auts(key, kRand, auts).error().code, Code::AutsInvalid);
    }
    // For another challenge.
    Rand other = kRand;
    other[15] ^= std::byte{1};
    EXPECT_EQ(open_auts(key, other, right).error().code, Code::AutsInvalid);
  }
}

// TS 33.102 clause 6.3.3: MAC-S is over AMF 0000, whatever the subscription's.
TEST(Aka, AutsIsOverAnAmfOfZeros) {
  const codec::JsonObject document = crypto::vectors_of("milenage.json");
  const AkaSet set(*crypto::array_at(document, "sets").begin());
  const SubscriberKey key = milenage_key(set);
  const auto auts = make_auts(key, set.octets<16>("rand"), set.sequence());
  EXPECT_NE(to_hex(Bytes(auts).last(8)), set.text("f1star"));
}

TEST(Aka, LengthsThatGoWithNoAlgorithm) {
  SubscriberKey key;
  key.key_bytes = 32;
  EXPECT_EQ(check(key).error().code, Code::AkaKeyInvalid);
  key = SubscriberKey{};
  key.response_bytes = 16;
  EXPECT_EQ(check(key).error().code, Code::AkaKeyInvalid);
  key = tuak_key();
  key.response_bytes = 32;  // more than RES may have (TS 33.105 clause 5.1.7.8)
  EXPECT_EQ(check(key).error().code, Code::AkaKeyInvalid);
  key = tuak_key();
  key.iterations = 0;
  EXPECT_EQ(check(key).error().code, Code::AkaKeyInvalid);
  key.iterations = 17;
  EXPECT_EQ(check(key).error().code, Code::AkaKeyInvalid);
  key = tuak_key();
  key.key_bytes = 24;
  EXPECT_EQ(check(key).error().code, Code::AkaKeyInvalid);
}

}  // namespace
}  // namespace claviger::aka
