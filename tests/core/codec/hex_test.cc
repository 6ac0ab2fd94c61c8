#include "core/codec/hex.h"

#include <gtest/gtest.h>

#include <array>

namespace claviger::codec {
namespace {

TEST(Hex, RoundTripsEveryByte) {
  std::array<std::byte, 256> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i);
  std::string text;
  hex_encode(bytes, text);
  EXPECT_EQ(text.substr(0, 8), "00010203");
  EXPECT_EQ(text.substr(text.size() - 6), "fdfeff");
  std::array<std::byte, 256> back{};
  ASSERT_EQ(*hex_decode(text, back), 256U);
  EXPECT_EQ(back, bytes);
}

TEST(Hex, ReadsBothCases) {
  std::array<std::byte, 2> out{};
  ASSERT_TRUE(hex_decode("aBFf", out));
  EXPECT_EQ(out, (std::array{std::byte{0xAB}, std::byte{0xFF}}));
}

TEST(Hex, RefusesEveryCharacterThatIsNoDigit) {
  std::array<std::byte, 1> out{};
  for (int c = 0; c < 256; ++c) {
    const bool is_digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    EXPECT_EQ(hex_decode(std::string{'0', static_cast<char>(c)}, out).has_value(), is_digit) << c;
    EXPECT_EQ(hex_decode(std::string{static_cast<char>(c), '0'}, out).has_value(), is_digit) << c;
  }
}

TEST(Hex, RefusesOddLengthsAndSmallBuffers) {
  std::array<std::byte, 1> out{};
  EXPECT_TRUE(hex_decode("abc", out).failed_with(Code::HexInvalid));
  EXPECT_TRUE(hex_decode("abcd", out).failed_with(Code::TooLarge));
  EXPECT_EQ(*hex_decode("", out), 0U);
}

}  // namespace
}  // namespace claviger::codec
