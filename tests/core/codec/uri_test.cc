#include "core/codec/uri.h"

#include <gtest/gtest.h>

namespace claviger::codec {
namespace {

Code code_of(std::string_view text) {
  const auto uri = parse_uri(text);
  EXPECT_FALSE(uri.has_value()) << text;
  return uri ? Code::Internal : uri.error().code;
}

TEST(Uri, CutsAllComponents) {
  const auto uri = parse_uri("HTTPS://user:pw@Id.example:8443/a/b%2Fc?q=1&r=/?#frag?/");
  ASSERT_TRUE(uri);
  EXPECT_EQ(uri->scheme, "HTTPS");
  EXPECT_TRUE(uri->scheme_is("https"));
  EXPECT_FALSE(uri->scheme_is("http"));
  EXPECT_TRUE(uri->has_authority && uri->has_userinfo && uri->has_query && uri->has_fragment);
  EXPECT_EQ(uri->userinfo, "user:pw");
  EXPECT_EQ(uri->host, "Id.example");
  EXPECT_EQ(uri->port, 8443);
  EXPECT_EQ(uri->path, "/a/b%2Fc");
  EXPECT_EQ(uri->query, "q=1&r=/?");
  EXPECT_EQ(uri->fragment, "frag?/");
  EXPECT_EQ(uri->origin(), "https://id.example:8443");
}

TEST(Uri, AgreesWithTheExamplesOfRfc3986Clause112) {
  for (const std::string_view text :
       {"ftp://ftp.is.co.za/rfc/rfc1808.txt", "http://www.ietf.org/rfc/rfc2396.txt",
        "ldap://[2001:db8::7]/c=GB?objectClass?one", "mailto:John.Doe@example.com",
        "news:comp.infosystems.www.servers.unix", "tel:+1-816-555-1212", "telnet://192.0.2.16:80/",
        "urn:oasis:names:specification:docbook:dtd:xml:4.1.2"}) {
    EXPECT_TRUE(parse_uri(text)) << text;
  }
}

TEST(Uri, ReadsTheUrisOfTheMissionCriticalSystem) {
  const auto mc_id = parse_uri("sip:officer.12@mcptt.example");
  ASSERT_TRUE(mc_id);
  EXPECT_FALSE(mc_id->has_authority);
  EXPECT_EQ(mc_id->path, "officer.12@mcptt.example");
  const auto native = parse_uri("com.example.app:/callback");
  ASSERT_TRUE(native);
  EXPECT_EQ(native->path, "/callback");
  EXPECT_EQ(native->origin(), "");
}

TEST(Uri, TellsEmptyFromAbsent) {
  const auto with = parse_uri("https://a.example/?#");
  ASSERT_TRUE(with);
  EXPECT_TRUE(with->has_query && with->has_fragment);
  const auto without = parse_uri("https://a.example/");
  EXPECT_FALSE(without->has_query || without->has_fragment || without->has_userinfo);
  EXPECT_EQ(parse_uri("https://a.example")->path, "");
  EXPECT_EQ(parse_uri("file:///etc/x")->host, "");
}

TEST(Uri, ReadsAddresses) {
  EXPECT_EQ(parse_uri("http://[::1]:49152/cb")->host, "[::1]");
  EXPECT_EQ(parse_uri("http://[::ffff:192.0.2.1]/")->host, "[::ffff:192.0.2.1]");
  EXPECT_EQ(parse_uri("http://127.0.0.1:1/")->port, 1);
  EXPECT_EQ(parse_uri("http://127.0.0.1:65535/")->port, 65535);
}

TEST(Uri, RefusesBadInput) {
  for (const std::string_view text : {"http://",
                                      "http:///x",
                                      "https:",
                                      "http:/x",
                                      "http://?q",
                                      "http://a b/",
                                      "http://a/ b",
                                      "http://a/\n",
                                      "http://a/%",
                                      "http://a/%4",
                                      "http://a/%zz",
                                      "http://a?%",
                                      "http://a#%",
                                      "http://a/#b#c",
                                      "http://a/\"",
                                      "http://a/<x>",
                                      "http://a/{x}",
                                      "http://a/x|y",
                                      "http://a/\\b",
                                      "http://a/^",
                                      "http://a/`",
                                      "http://a\\@b/",
                                      "http://a:80:80/",
                                      "http://a:",
                                      "http://a:0/",
                                      "http://a:080/",
                                      "http://a:65536/",
                                      "http://a:99999999999/",
                                      "http://a:8x/",
                                      "http://a:-1/",
                                      "http://a:+1/",
                                      "http://[::1",
                                      "http://[::1]x/",
                                      "http://[::1]:/",
                                      "http://[]/",
                                      "http://[1]/",
                                      "http://[::g]/",
                                      "http://[fe80::1%25eth0]/",
                                      "http://[v1.x]/",
                                      "http://::1/",
                                      "http://a@b@c/",
                                      "http://u[@h/",
                                      "http://a]/",
                                      "1http://a/",
                                      "ht_tp://a/",
                                      "h\xC3\xA9://a/",
                                      "http://\xC3\xA9/",
                                      "http://a/\xC3\xA9",
                                      "http://a/\x7f",
                                      "http://[::1]]/",
                                      "http://[[::1]/",
                                      "x:[",
                                      "x:a b",
                                      ":x",
                                      "x%41:b"}) {
    const Code code = code_of(text);
    EXPECT_TRUE(code == Code::UriSyntax) << text << " " << name_of(code);
  }
  EXPECT_EQ(code_of(std::string_view("http://a/\0", 10)), Code::UriSyntax);
  EXPECT_EQ(code_of(std::string_view("http://127.0.0.1\0.evil/", 23)), Code::UriSyntax);
  EXPECT_EQ(code_of(std::string_view("http://[::1\0.evil]/", 19)), Code::UriSyntax);
  for (const std::string_view text : {"/path", "//host/path", "path", "?q", "#f", "path/x:y", "?a:b"}) {
    EXPECT_EQ(code_of(text), Code::UriRelative) << text;
  }
  EXPECT_EQ(code_of(""), Code::Empty);
  EXPECT_EQ(code_of("http://a/" + std::string(kUriBytesMax, 'x')), Code::TooLarge);
  EXPECT_TRUE(parse_uri("http://a/" + std::string(kUriBytesMax - 9, 'x')));
}

TEST(Uri, AbsoluteUriHasNoFragment) {
  EXPECT_TRUE(parse_absolute_uri("https://a.example/cb?x"));
  EXPECT_TRUE(parse_absolute_uri("https://a.example/cb#").failed_with(Code::UriFragment));
  EXPECT_TRUE(parse_absolute_uri("https://a.example/cb#x").failed_with(Code::UriFragment));
  EXPECT_TRUE(parse_absolute_uri("/cb").failed_with(Code::UriRelative));
}

TEST(Uri, OriginLeavesImpliedPortsOut) {
  EXPECT_EQ(parse_uri("HTTPS://A.Example:443/x")->origin(), "https://a.example");
  EXPECT_EQ(parse_uri("http://a.example:80")->origin(), "http://a.example");
  EXPECT_EQ(parse_uri("http://a.example:443")->origin(), "http://a.example:443");
  EXPECT_EQ(parse_uri("https://u@[::1]:8443/")->origin(), "https://[::1]:8443");
  EXPECT_EQ(parse_uri("https://a/")->effective_port(), 443);
  EXPECT_EQ(parse_uri("http://a:81/")->effective_port(), 81);
  EXPECT_EQ(parse_uri("sip://a/")->effective_port(), std::nullopt);
}

}  // namespace
}  // namespace claviger::codec
