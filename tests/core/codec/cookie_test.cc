#include "core/codec/cookie.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace claviger::codec {
namespace {

TEST(Cookie, ReadsPairs) {
  const auto cookies = parse_cookies(R"(__Host-session=abc123; theme="dark" ;  empty=; eq=a=b)");
  ASSERT_TRUE(cookies);
  EXPECT_EQ(cookies->all().size(), 4U);
  EXPECT_EQ(*cookies->only("__Host-session"), "abc123");
  EXPECT_EQ(*cookies->only("theme"), "dark");
  EXPECT_EQ(*cookies->only("empty"), "");
  EXPECT_EQ(*cookies->only("eq"), "a=b");
  EXPECT_TRUE(cookies->only("__host-session").failed_with(Code::NotFound));
}

TEST(Cookie, ReadsSeveralFieldsOfHttp2) {
  const std::vector<std::string_view> fields = {"a=1", "b=2; c=3"};
  const auto cookies = parse_cookies(fields);
  ASSERT_TRUE(cookies);
  EXPECT_EQ(*cookies->only("a"), "1");
  EXPECT_EQ(*cookies->only("c"), "3");
}

TEST(Cookie, ASecondOneOfTheNameIsSuspect) {
  const auto cookies = parse_cookies("s=1; t=2; s=1");
  ASSERT_TRUE(cookies);
  EXPECT_TRUE(cookies->only("s").failed_with(Code::Duplicate));
  EXPECT_EQ(*cookies->only("t"), "2");
}

TEST(Cookie, SkipsWhatIsNotInTheGrammar) {
  const auto cookies = parse_cookies(
      std::string_view("novalue; a b=1; =2; c=x y; d=\"q; e=1,2; f=\\; g=\x80; h=\0; ok=1;;; ", 60));
  ASSERT_TRUE(cookies);
  ASSERT_EQ(cookies->all().size(), 1U);
  EXPECT_EQ(*cookies->only("ok"), "1");
  EXPECT_TRUE(parse_cookies("")->all().empty());
}

TEST(Cookie, KeepsToItsBounds) {
  std::string many;
  for (std::size_t i = 0; i < kCookiesMax; ++i) many += "c" + std::to_string(i) + "=1;";
  EXPECT_EQ(parse_cookies(many)->all().size(), kCookiesMax);
  EXPECT_TRUE(parse_cookies(many + "x=1").failed_with(Code::TooMany));
  const std::string long_one = "a=" + std::string(kCookieBytesMax - 2, 'x');
  EXPECT_TRUE(parse_cookies(long_one));
  EXPECT_TRUE(parse_cookies(long_one + "x").failed_with(Code::TooLarge));
  const std::vector<std::string_view> fields = {long_one, "b"};
  EXPECT_TRUE(parse_cookies(fields).failed_with(Code::TooLarge));
}

}  // namespace
}  // namespace claviger::codec
