#include "core/base/siphash.h"

#include <gtest/gtest.h>

#include <array>

namespace claviger {
namespace {

// Reference values of the SipHash paper's test program: key 00..0f, message 00..(length-1).
TEST(SipHash, ReproducesThePublishedVectors) {
  const SipKey key{0x0706050403020100, 0x0f0e0d0c0b0a0908};
  std::array<std::byte, 64> message{};
  for (std::size_t i = 0; i < message.size(); ++i) message[i] = static_cast<std::byte>(i);
  EXPECT_EQ(siphash(key, Bytes(message.data(), 0)), 0x726fdb47dd0e0e31U);
  EXPECT_EQ(siphash(key, Bytes(message.data(), 1)), 0x74f839c593dc67fdU);
  EXPECT_EQ(siphash(key, Bytes(message.data(), 8)), 0x93f5f5799a932462U);
  EXPECT_EQ(siphash(key, Bytes(message.data(), 15)), 0xa129ca6149be45e5U);
}

}  // namespace
}  // namespace claviger
