#include "core/codec/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace claviger::codec {
namespace {

TEST(Utf8, AcceptsTheEdgesOfEachLength) {
  for (const std::string_view text :
       {"", "a", "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
        "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(is_utf8(text)) << text;
  }
}

TEST(Utf8, RefusesOverlongSurrogateTruncatedAndTooHigh) {
  for (const std::string_view text :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xC2", "\xE0\x80\x80", "\xE0\x9F\xBF", "\xED\xA0\x80",
        "\xED\xBF\xBF", "\xE2\x82", "\xF0\x8F\xBF\xBF", "\xF0\x90\x80", "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80", "\xFE", "\xFF", "a\xC3(", "\xC3\xA9\xA9"}) {
    EXPECT_FALSE(is_utf8(text));
    EXPECT_FALSE(is_utf8(std::string(100, 'x') + std::string(text)));  // behind the first vector
    EXPECT_FALSE(is_utf8(std::string(text) + std::string(100, 'x')));
  }
}

}  // namespace
}  // namespace claviger::codec
