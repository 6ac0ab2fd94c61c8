#include "core/crypto/aka/tuak.h"

#include <gtest/gtest.h>

#include "tests/core/crypto/aka/aka_vectors.h"

namespace claviger::aka {
namespace {

using crypto::to_hex;

// TS 35.233 clauses 6.3 to 6.8.
TEST(Tuak, Ts35233Sets) {
  const codec::JsonObject document = crypto::vectors_of("tuak.json");
  const codec::JsonArray sets = crypto::array_at(document, "sets");
  std::size_t count = 0;
  for (const codec::JsonValue& value : sets) {
    const AkaSet set(value);
    const std::vector<std::byte> key = set.octets("k");
    TuakShape shape;
    shape.key_bytes = static_cast<std::uint8_t>(key.size());
    shape.mac_bytes = static_cast<std::uint8_t>(set.text("f1").size() / 2);
    shape.response_bytes = static_cast<std::uint8_t>(set.text("f2").size() / 2);
    shape.cipher_key_bytes = static_cast<std::uint8_t>(set.text("f3").size() / 2);
    shape.integrity_key_bytes = static_cast<std::uint8_t>(set.text("f4").size() / 2);
    shape.iterations = static_cast<std::uint8_t>(set.number("keccak_iterations"));
    EXPECT_EQ(to_hex(Tuak::topc(key, set.octets<32>("top"), shape.iterations).reveal()), set.text("topc"));
    const Tuak tuak(key, set.octets<32>("topc"), shape);
    const Rand rand = set.octets<16>("rand");
    const Amf amf = set.octets<2>("amf");
    EXPECT_EQ(to_hex(Bytes(tuak.f1(rand, set.sequence(), amf)).first(shape.mac_bytes)), set.text("f1"));
    EXPECT_EQ(to_hex(Bytes(tuak.f1_star(rand, set.sequence(), amf)).first(shape.mac_bytes)), set.text("f1star"));
    const Tuak::Outputs outputs = tuak.f2345(rand);
    EXPECT_EQ(to_hex(Bytes(outputs.response).first(shape.response_bytes)), set.text("f2"));
    EXPECT_EQ(to_hex(Bytes(outputs.cipher_key).first(shape.cipher_key_bytes)), set.text("f3"));
    EXPECT_EQ(to_hex(Bytes(outputs.integrity_key).first(shape.integrity_key_bytes)), set.text("f4"));
    EXPECT_EQ(to_hex(outputs.anonymity_key), set.text("f5"));
    EXPECT_EQ(to_hex(tuak.f5_star(rand)), set.text("f5star"));
    ++count;
  }
  EXPECT_EQ(count, 6U);
}

// FIPS 202: the permutation of zeros, first lane of the Keccak team's published state.
TEST(Tuak, KeccakOfZeros) {
  std::array<std::uint64_t, 25> lanes{};
  keccak_f1600(lanes);
  EXPECT_EQ(lanes[0], 0xF1258F7940E1DDE7U);
  EXPECT_EQ(lanes[24], 0xEAF1FF7B5CECA249U);
}

}  // namespace
}  // namespace claviger::aka
