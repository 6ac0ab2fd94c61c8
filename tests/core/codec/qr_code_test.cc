// A QR code is read back here by another way than it was written: format, unmasking, the path of the data, the blocks.
#include "core/codec/qr_code.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace claviger::codec {
namespace {

// Of the format information beside the upper left finder: 15 bits, the mask in bits 10 to 12 after the fixed pattern.
unsigned format_of(const QrCode& code) {
  constexpr int kPlaces[15][2] = {{8, 0}, {8, 1}, {8, 2}, {8, 3}, {8, 4}, {8, 5}, {8, 7}, {8, 8},
                                  {7, 8}, {5, 8}, {4, 8}, {3, 8}, {2, 8}, {1, 8}, {0, 8}};
  unsigned bits = 0;
  for (unsigned i = 0; i < 15; ++i) bits |= (code.is_dark(kPlaces[i][0], kPlaces[i][1]) ? 1U : 0U) << i;
  return bits ^ 0x5412U;
}

bool mask_bit(unsigned mask, int x, int y) {
  switch (mask) {
    case 0:
      return (y + x) % 2 == 0;
    case 1:
      return y % 2 == 0;
    case 2:
      return x % 3 == 0;
    case 3:
      return (y + x) % 3 == 0;
    case 4:
      return (y / 2 + x / 3) % 2 == 0;
    case 5:
      return (y * x) % 2 + (y * x) % 3 == 0;
    case 6:
      return ((y * x) % 2 + (y * x) % 3) % 2 == 0;
    default:
      return ((y + x) % 2 + (y * x) % 3) % 2 == 0;
  }
}

// Version 2 has one alignment pattern, at 18, and one block: 28 data bytes, 16 check bytes.
bool is_function_of_version_2(int x, int y) {
  constexpr int kSize = 25;
  const bool finder = (x <= 8 && y <= 8) || (x >= kSize - 8 && y <= 8) || (x <= 8 && y >= kSize - 8);
  const bool alignment = x >= 16 && x <= 20 && y >= 16 && y <= 20;
  return finder || alignment || x == 6 || y == 6;
}

std::vector<std::uint8_t> codewords_of_version_2(const QrCode& code) {
  const unsigned mask = format_of(code) >> 10U & 7U;
  std::vector<std::uint8_t> bytes;
  unsigned bits = 0;
  int count = 0;
  bool is_upward = true;
  for (int right = 24; right > 0; right -= 2, is_upward = !is_upward) {
    if (right == 6) --right;
    for (int i = 0; i < 25; ++i) {
      const int y = is_upward ? 24 - i : i;
      for (const int x : {right, right - 1}) {
        if (is_function_of_version_2(x, y)) continue;
        bits = (bits << 1U) | (code.is_dark(x, y) != mask_bit(mask, x, y) ? 1U : 0U);
        if (++count % 8 == 0) bytes.push_back(static_cast<std::uint8_t>(bits & 0xFFU));
      }
    }
  }
  return bytes;
}

unsigned times(unsigned a, unsigned b) {
  unsigned product = 0;
  for (; b != 0; b >>= 1U, a = (a << 1U) ^ ((a & 0x80U) != 0 ? 0x11DU : 0U)) {
    if ((b & 1U) != 0) product ^= a;
  }
  return product & 0xFFU;
}

TEST(QrCode, ReadsBack) {
  constexpr std::string_view kText = "otpauth://totp/a:b?x=yz";
  const auto code = QrCode::make(kText);
  ASSERT_TRUE(code);
  ASSERT_EQ(code->size(), 25);
  // BCH(15, 5): the remainder is that of the data bits, and level M is 00.
  const unsigned format = format_of(*code);
  unsigned rest = format >> 10U;
  EXPECT_EQ(rest >> 3U, 0U);
  for (int i = 0; i < 10; ++i) rest = (rest << 1U) ^ ((rest >> 9U) * 0x537U);
  EXPECT_EQ(rest, format & 0x3FFU);

  const auto bytes = codewords_of_version_2(*code);
  ASSERT_GE(bytes.size(), 44U);
  ASSERT_EQ(bytes[0] >> 4U, 4);
  const std::size_t length = static_cast<std::size_t>((bytes[0] & 15) << 4 | bytes[1] >> 4);
  ASSERT_EQ(length, kText.size());
  std::string text;
  for (std::size_t i = 0; i < length; ++i) {
    text += static_cast<char>((bytes[1 + i] & 15) << 4 | bytes[2 + i] >> 4);
  }
  EXPECT_EQ(text, kText);
  // Reed-Solomon: every syndrome is 0.
  unsigned root = 1;
  for (int i = 0; i < 16; ++i, root = times(root, 2)) {
    unsigned syndrome = 0;
    for (std::size_t j = 0; j < 44; ++j) syndrome = times(syndrome, root) ^ bytes[j];
    EXPECT_EQ(syndrome, 0U) << i;
  }
}

TEST(QrCode, HasItsThreeFinders) {
  for (const std::size_t length : {std::size_t{1}, std::size_t{100}, std::size_t{213}, kQrTextBytesMax}) {
    const auto code = QrCode::make(std::string(length, 'x'));
    ASSERT_TRUE(code) << length;
    const int last = code->size() - 1;
    for (const auto& [x, y] : {std::pair{0, 0}, std::pair{last - 6, 0}, std::pair{0, last - 6}}) {
      for (int i = 0; i < 7; ++i) {
        EXPECT_TRUE(code->is_dark(x + i, y));
        EXPECT_TRUE(code->is_dark(x + i, y + 6));
        EXPECT_TRUE(code->is_dark(x, y + i));
      }
      EXPECT_TRUE(code->is_dark(x + 3, y + 3));
      EXPECT_FALSE(code->is_dark(x + 1, y + 1));
    }
    EXPECT_TRUE(code->is_dark(8, last - 7));
  }
}

TEST(QrCode, TooMuchIsRefused) {
  EXPECT_EQ(QrCode::make(std::string(kQrTextBytesMax + 1, 'x')).error().code, Code::TooLarge);
}

TEST(QrCode, IsDrawnWithoutScripts) {
  const auto code = QrCode::make("x");
  ASSERT_TRUE(code);
  const std::string svg = qr_svg(*code);
  EXPECT_TRUE(svg.starts_with("<svg "));
  EXPECT_EQ(svg.find("style"), std::string::npos);  // the pages' policy allows no inline style
  const std::string text = qr_terminal(*code);
  EXPECT_EQ(std::ranges::count(text, '\n'), 13);  // 21 modules and the quiet zone, two a line
}

}  // namespace
}  // namespace claviger::codec
