#include "core/crypto/hmac.h"

#include <gtest/gtest.h>

#include "tests/core/crypto/vectors.h"

namespace claviger::crypto {
namespace {

TEST(Hmac, PublishedValues) {  // RFC 4231 clauses 4.2, 4.3, 4.7
  const std::string short_key(20, '\x0b');
  EXPECT_EQ(to_hex(HmacSha256(as_bytes(short_key)).compute(as_bytes("Hi There"))),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(to_hex(HmacSha256(as_bytes("Jefe")).compute(as_bytes("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  const std::string long_key(131, '\xaa');
  EXPECT_EQ(
      to_hex(
          HmacSha256(as_bytes(long_key)).compute(as_bytes("Test Using Larger Than Block-Size Key - Hash Key First"))),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Hmac, TwoPiecesAreTheWhole) {
  const HmacSha256 hmac(as_bytes("key"));
  EXPECT_EQ(hmac.compute(as_bytes("ab"), as_bytes("c")), hmac.compute(as_bytes("abc")));
}

TEST(Hmac, VerifiesNothingElse) {
  const HmacSha256 hmac(as_bytes("key"));
  const Sha256Digest mac = hmac.compute(as_bytes("message"));
  EXPECT_TRUE(hmac.verify(as_bytes("message"), mac));
  EXPECT_FALSE(hmac.verify(as_bytes("messagf"), mac));
  EXPECT_FALSE(hmac.verify(as_bytes("message"), Bytes(mac).first(31)));
  EXPECT_FALSE(hmac.verify(as_bytes("message"), {}));
  for (std::size_t bit = 0; bit < 256; ++bit) {
    Sha256Digest other = mac;
    other[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    EXPECT_FALSE(hmac.verify(as_bytes("message"), other));
  }
}

TEST(Hmac, Rfc7515AppendixA1) {
  for (const codec::JsonValue value : array_at(vectors(), "jws_positive")) {
    const auto jws = *value.as_object();
    if (*jws.string_at("alg") != "HS256") continue;
    const auto key = from_base64url(*object_at(jws, "jwk").string_at("k"));
    const CompactJws parts = split(*jws.string_at("compact"));
    EXPECT_TRUE(HmacSha256(key).verify(as_bytes(parts.signing_input), parts.signature));
  }
}

TEST(Hmac, MovesItsStates) {
  HmacSha256 first(as_bytes("key"));
  const Sha256Digest mac = first.compute(as_bytes("m"));
  HmacSha256 second(std::move(first));
  EXPECT_EQ(second.compute(as_bytes("m")), mac);
  HmacSha256 third(as_bytes("other"));
  third = std::move(second);
  EXPECT_EQ(third.compute(as_bytes("m")), mac);
}

}  // namespace
}  // namespace claviger::crypto
