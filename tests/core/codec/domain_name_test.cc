#include "core/codec/domain_name.h"

#include <gtest/gtest.h>

#include <string>

namespace claviger::codec {
namespace {

TEST(DomainName, IsInLowerCaseAndOfBoundedLabels) {
  for (const char* good : {"alpha.example", "a", "a-b.c3.example", "xn--mnchen-3ya.example", "3gpp.org"}) {
    EXPECT_TRUE(is_domain_name(good)) << good;
  }
  for (const std::string& bad :
       {std::string(), std::string("."), std::string("a."), std::string(".a"), std::string("a..b"), std::string("-a"),
        std::string("a-"), std::string("a-.b"), std::string("Alpha.example"), std::string("a_b"), std::string("a b"),
        std::string("a/b"), std::string("m\xc3\xbc"), std::string("a\0b", 3), std::string(64, 'a'),
        std::string(126, 'a').append(".").append(127, 'a')}) {
    EXPECT_FALSE(is_domain_name(bad)) << bad;
  }
  EXPECT_TRUE(is_domain_name(std::string(63, 'a')));
  std::string longest;
  for (int i = 0; i < 126; ++i) longest += "a.";
  EXPECT_TRUE(is_domain_name(longest + "a"));  // 253
  EXPECT_FALSE(is_domain_name("a." + longest + "a"));
}

}  // namespace
}  // namespace claviger::codec
