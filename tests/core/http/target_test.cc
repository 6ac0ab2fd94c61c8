#include "core/http/target.h"

#include <gtest/gtest.h>

#include "core/http/limits.h"
#include "core/http/url.h"

namespace claviger::http {
namespace {

TEST(Target, CutsThePathFromTheQuery) {
  const auto target = parse_target("/a/b?c=d?e", false);
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/a/b");
  EXPECT_EQ(target->query, "c=d?e");
  EXPECT_EQ(parse_target("/a?", false)->query, "");
  EXPECT_EQ(parse_target("*", false)->path, "*");
}

TEST(Target, TakesTheAbsoluteFormWhereAllowed) {
  const auto target = parse_target("HTTPS://a.example:1/b?c", true);
  ASSERT_TRUE(target);
  EXPECT_EQ(target->authority, "a.example:1");
  EXPECT_EQ(target->path, "/b");
  EXPECT_EQ(target->query, "c");
  EXPECT_EQ(parse_target("http://a", true)->path, "/");
  EXPECT_EQ(parse_target("http://a?b", true)->query, "b");
  EXPECT_TRUE(parse_target("http://a/b", false).failed_with(Code::UriSyntax));
}

TEST(Target, RefusesTheRest) {
  for (const std::string_view text : {"", "a", "?a", "/a b", "/a#b", "/\x7f", "/\xc3\xa4", "/a\t", "http:/a", "ftp://a/b", "http://"}) {
    EXPECT_TRUE(parse_target(text, true).failed_with(Code::UriSyntax)) << text;
  }
  EXPECT_TRUE(parse_target("/" + std::string(kTargetBytesMax, 'a'), true).failed_with(Code::UriTooLong));
}

TEST(Url, TellsItsParts) {
  const auto url = parse_url("https://a.example:8443/b?c=d");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->is_https);
  EXPECT_EQ(url->host, "a.example");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->authority, "a.example:8443");
  EXPECT_EQ(url->target, "/b?c=d");
  EXPECT_EQ(parse_url("http://a")->port, 80);
  EXPECT_EQ(parse_url("http://a:80")->authority, "a");
  EXPECT_EQ(parse_url("https://a?b")->target, "/?b");
  EXPECT_EQ(parse_url("http://[::1]:81/")->host, "::1");
  EXPECT_EQ(parse_url("http://[::1]:81/")->authority, "[::1]:81");
}

TEST(Url, RefusesTheRest) {
  for (const std::string_view text :
       {"", "a", "ftp://a/", "http:///", "http://a:/", "http://a:0/", "http://a:65536/", "http://a:x/", "http://a b/",
        "http://u@a/", "http://[::1/", "http://::1/", "http://a/b#c", "http://a#c", "http://a/\n", "http://a\r\n/",
        "http://[a]b/"}) {
    EXPECT_TRUE(parse_url(text).failed_with(Code::UriSyntax)) << text;
  }
}

}  // namespace
}  // namespace claviger::http
