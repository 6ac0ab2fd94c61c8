#include "core/crypto/aka/milenage.h"

#include <gtest/gtest.h>

#include "tests/core/crypto/aka/aka_vectors.h"

namespace claviger::aka {
namespace {

using crypto::to_hex;

// TS 35.208 clauses 4.3.1 to 4.3.20, each output of each set.
TEST(Milenage, Ts35208Sets) {
  const codec::JsonObject document = crypto::vectors_of("milenage.json");
  const codec::JsonArray sets = crypto::array_at(document, "sets");
  std::size_t count = 0;
  for (const codec::JsonValue& value : sets) {
    const AkaSet set(value);
    for (const AesEngine engine : {AesEngine::Fastest, AesEngine::Portable}) {
      const Milenage milenage(set.octets<16>("k"), set.octets<16>("opc"), engine);
      const Rand rand = set.octets<16>("rand");
      const Milenage::All all = milenage.all(rand, set.sequence(), set.octets<2>("amf"));
      EXPECT_EQ(to_hex(Bytes(all.mac).first(8)), set.text("f1"));
      EXPECT_EQ(to_hex(Bytes(all.mac).last(8)), set.text("f1star"));
      EXPECT_EQ(to_hex(Bytes(all.outputs.response_and_key).last(8)), set.text("f2"));
      EXPECT_EQ(to_hex(all.outputs.cipher_key), set.text("f3"));
      EXPECT_EQ(to_hex(all.outputs.integrity_key), set.text("f4"));
      EXPECT_EQ(to_hex(Bytes(all.outputs.response_and_key).first(6)), set.text("f5"));
      EXPECT_EQ(to_hex(Bytes(all.outputs.resync_key).first(6)), set.text("f5star"));
      EXPECT_EQ(milenage.f1(rand, set.sequence(), set.octets<2>("amf")), all.mac);
      EXPECT_EQ(milenage.f2345(rand).cipher_key, all.outputs.cipher_key);
      EXPECT_EQ(milenage.f5_star(rand), all.outputs.resync_key);
    }
    EXPECT_EQ(to_hex(Milenage::opc(set.octets<16>("k"), set.octets<16>("op")).reveal()), set.text("opc"));
    ++count;
  }
  EXPECT_EQ(count, 20U);
}

}  // namespace
}  // namespace claviger::aka
