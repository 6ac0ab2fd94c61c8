#include "core/codec/hex.h"

#include <gtest/gtest.h>

#include <array>
#include <cctype>
#include <string>
#include <vector>

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

TEST(Hex, LooksAtEveryPlaceAlike) {  // 32 and eight digits are read at once, the rest one by one
  for (std::size_t size = 0; size <= 37; ++size) {
    std::vector<std::byte> bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(0x9F + 37 * i);
    std::string text;
    hex_encode(bytes, text);
    std::vector<std::byte> back(size);
    ASSERT_EQ(*hex_decode(text, back), size);
    EXPECT_EQ(back, bytes);
    for (std::size_t at = 0; at < text.size(); ++at) {
      for (const int wrong : std::initializer_list<int>{'/', ':', '@', 'G', '`', 'g', 0, 0xB0, 0xE1, 0xFF}) {
        std::string bad = text;
        bad[at] = static_cast<char>(wrong);
        EXPECT_TRUE(hex_decode(bad, back).failed_with(Code::HexInvalid)) << size << " " << at << " " << wrong;
      }
      const char upper = static_cast<char>(std::toupper(text[at]));
      std::string mixed = text;
      mixed[at] = upper;
      ASSERT_TRUE(hex_decode(mixed, back));
      EXPECT_EQ(back, bytes);
    }
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
