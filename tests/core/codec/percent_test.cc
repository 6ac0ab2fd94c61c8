#include "core/codec/percent.h"

#include <gtest/gtest.h>

#include <array>

namespace claviger::codec {
namespace {

Result<std::string> decode(std::string_view text, Plus plus = Plus::Space) {
  std::array<std::byte, 1024> out{};
  CLAVIGER_TRY(size, percent_decode(text, plus, out));
  return std::string(as_text(Bytes(out).first(size)));
}

TEST(Percent, RoundTripsEveryByteButNul) {
  for (int c = 1; c < 256; ++c) {
    std::string encoded;
    percent_encode(std::string(1, static_cast<char>(c)), encoded);
    EXPECT_EQ(*decode(encoded), std::string(1, static_cast<char>(c)));
    EXPECT_EQ(*decode(encoded, Plus::Literal), std::string(1, static_cast<char>(c)));
  }
}

TEST(Percent, LeavesOnlyTheUnreserved) {
  std::string encoded;
  percent_encode("aZ09-._~ +&=%/", encoded);
  EXPECT_EQ(encoded, "aZ09-._~%20%2B%26%3D%25%2F");
}

TEST(Percent, PlusIsASpaceOnlyInForms) {
  EXPECT_EQ(*decode("a+b%2B"), "a b+");
  EXPECT_EQ(*decode("a+b", Plus::Literal), "a+b");
}

TEST(Percent, RefusesBadEscapesAndNul) {
  for (const std::string_view text : {"%", "%4", "%G1", "%1g", "a%", "%%41", "%00", "% 1", "%u0041"}) {
    EXPECT_TRUE(decode(text).failed_with(Code::FormSyntax)) << text;
  }
  EXPECT_TRUE(decode(std::string_view("a\0b", 3)).failed_with(Code::FormSyntax));
}

TEST(Percent, DecodesInPlaceAndKeepsToItsRoom) {
  std::string text = "%41%42c";
  const MutableBytes own = std::as_writable_bytes(std::span(text.data(), text.size()));
  ASSERT_EQ(*percent_decode(text, Plus::Space, own), 3U);
  EXPECT_EQ(text.substr(0, 3), "ABc");
  std::array<std::byte, 2> small{};
  EXPECT_TRUE(percent_decode("abc", Plus::Space, small).failed_with(Code::TooLarge));
}

TEST(FormWriter, JoinsFields) {
  std::string text;
  FormWriter(text).add("grant_type", "urn:x").add("scope", "a b").add("empty", "");
  EXPECT_EQ(text, "grant_type=urn%3Ax&scope=a%20b&empty=");
}

}  // namespace
}  // namespace claviger::codec
