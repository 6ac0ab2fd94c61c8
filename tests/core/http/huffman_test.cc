#include "core/http/huffman.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tests/core/http/inflated.h"

namespace claviger::http {
namespace {

std::optional<std::string> decoded(std::string_view coded) {
  std::string text(huffman_decoded_max(coded.size()), '\0');
  const auto size = huffman_decode(as_bytes(coded), std::as_writable_bytes(std::span(text)));
  if (!size) return std::nullopt;
  text.resize(*size);
  return text;
}

// The coded value of a field, by nghttp2; it codes what becomes shorter by it.
std::string coded_by_peer(const std::string& text) {
  const std::string block = Deflater().block({{"x", text}});
  const auto length_of = [&block](std::size_t& at) {
    std::size_t value = static_cast<unsigned char>(block[at]) & 0x7FU;
    if (value == 0x7F) {
      unsigned shift = 0;
      do {
        ++at;
        value += (static_cast<unsigned char>(block[at]) & 0x7FU) << shift;
        shift += 7;
      } while ((static_cast<unsigned char>(block[at]) & 0x80U) != 0);
    }
    ++at;
    return value;
  };
  std::size_t at = 1;
  const std::size_t name = length_of(at);
  at += name;
  EXPECT_NE(static_cast<unsigned char>(block[at]) & 0x80U, 0U);
  const std::size_t size = length_of(at);
  return block.substr(at, size);
}

TEST(Huffman, EveryOctetAsThePeerCodesIt) {
  for (int octet = 0; octet < 256; ++octet) {
    const std::string text = std::string(40, '0') + static_cast<char>(octet) + std::string(40, 'a');
    EXPECT_EQ(decoded(coded_by_peer(text)), text) << octet;
  }
}

TEST(Huffman, TextsOfEveryKindAndLength) {
  std::minstd_rand random(7);
  constexpr std::string_view kToken = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
  for (std::size_t size = 4; size < 300; ++size) {
    std::string token(60, 'e');
    for (std::size_t i = 0; i < size; ++i) token += kToken[random() % kToken.size()];
    EXPECT_EQ(decoded(coded_by_peer(token)), token);
    std::string mixed(40 * size, 'e');
    for (std::size_t i = 0; i < size; ++i) mixed[random() % mixed.size()] = static_cast<char>(random() % 256);
    EXPECT_EQ(decoded(coded_by_peer(mixed)), mixed);
  }
}

TEST(Huffman, RefusesWhatIsNoPadding) {
  EXPECT_EQ(decoded(""), "");
  EXPECT_EQ(decoded("\x07"), "0");               // 00000 111
  EXPECT_EQ(decoded("\x07\xff"), std::nullopt);  // eleven bits
  EXPECT_EQ(decoded("\xff"), std::nullopt);      // eight
  EXPECT_EQ(decoded("\x06"), std::nullopt);      // 00000 110
  EXPECT_EQ(decoded(std::string_view("\x00", 1)), std::nullopt);
  EXPECT_EQ(decoded("\xff\xff\xff\xff"), std::nullopt);          // EOS
  EXPECT_EQ(decoded("\x07\xff\xff\xff\xff\xff"), std::nullopt);  // behind a digit
  const std::string whole = coded_by_peer(std::string(30, 'e').append("|").append(30, 'e'));
  int refused = 0;
  for (std::size_t size = 0; size < whole.size(); ++size) refused += decoded(whole.substr(0, size)) ? 0 : 1;
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace claviger::http
