#include "core/crypto/mikey/protection_key.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string>

#include "core/codec/hex.h"

namespace claviger::mikey {
namespace {

SharedSecret counting_key() {
  SharedSecret key;
  auto out = key.reveal_for_writing();
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::byte>(i);
  return key;
}

std::string hex(const ProtectionKey& key) {
  std::string text;
  codec::hex_encode(key.reveal(), text);
  return text;
}

// The sample of the digest: P0 the whole URI, P1 four octets, the low 128 bits.
TEST(ProtectionKey, RegressionSample) {
  const std::array<std::byte, 4> id{std::byte{0x20}, std::byte{0}, std::byte{0}, std::byte{1}};
  const std::string user = "sip:alice@mcptt.example.org";
  EXPECT_EQ(hex(derive_protection_key(counting_key(), ProtectionUse::Confidentiality, user, id)),
            "4e2f128abb3ad36916a61a5d98689f06");
  EXPECT_EQ(hex(derive_protection_key(counting_key(), ProtectionUse::Integrity, user, id)),
            "e9085c85f64db6b5fe521e0de76af48a");
}

TEST(ProtectionKey, EveryInputCounts) {
  const std::array<std::byte, 4> id{};
  const std::array<std::byte, 4> other{std::byte{1}};
  const std::string one = hex(derive_protection_key(counting_key(), ProtectionUse::Integrity, "a", id));
  EXPECT_NE(one, hex(derive_protection_key(counting_key(), ProtectionUse::Integrity, "b", id)));
  EXPECT_NE(one, hex(derive_protection_key(counting_key(), ProtectionUse::Integrity, "a", other)));
  EXPECT_NE(one, hex(derive_protection_key(SharedSecret(), ProtectionUse::Integrity, "a", id)));
  EXPECT_NE(one, hex(derive_protection_key(counting_key(), ProtectionUse::Integrity, "", Bytes())));
}

}  // namespace
}  // namespace claviger::mikey
