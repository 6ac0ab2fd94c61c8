#include "core/net/address.h"

#include <gtest/gtest.h>

namespace claviger::net {
namespace {

TEST(Address, ReadsWhatItWrites) {
  for (const std::string_view text : {"127.0.0.1:8443", "0.0.0.0:0", "[::1]:65535", "[2001:db8::1]:443", "unix:/run/x.sock"}) {
    const auto address = Address::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->text(), text);
  }
}

TEST(Address, TellsItsParts) {
  const auto v6 = Address::parse("[2001:db8::1]:443");
  EXPECT_EQ(v6->host(), "2001:db8::1");
  EXPECT_EQ(v6->port(), 443);
  EXPECT_FALSE(v6->is_unix());
  const auto local = Address::parse("unix:/run/x.sock");
  EXPECT_EQ(local->path(), "/run/x.sock");
  EXPECT_EQ(local->host(), "");
  EXPECT_EQ(local->port(), 0);
  EXPECT_TRUE(local->is_unix());
}

TEST(Address, RefusesWhatIsNone) {
  for (const std::string_view text :
       {"", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:8x", "::1:443", "[::1]",
        "[127.0.0.1]:1", "[::1:443", "256.0.0.1:1", "localhost:443", "unix:", "127.0.0.1 :1", "127.0.0.1: 1"}) {
    EXPECT_TRUE(Address::parse(text).failed_with(Code::AddressInvalid)) << text;
  }
}

TEST(Address, AUnixPathMustFitWithItsTerminator) {
  const std::string longest(sizeof(sockaddr_un{}.sun_path) - 1, 'a');
  ASSERT_TRUE(Address::unix_path(longest));
  EXPECT_EQ(Address::unix_path(longest)->path(), longest);
  EXPECT_TRUE(Address::unix_path(longest + "a").failed_with(Code::AddressInvalid));
  EXPECT_TRUE(Address::unix_path(std::string("\0abstract", 9)).failed_with(Code::AddressInvalid));
}

TEST(Address, OneHostIsOneSource) {
  EXPECT_EQ(Address::parse("192.0.2.1:1")->source(), Address::parse("192.0.2.1:2")->source());
  EXPECT_NE(Address::parse("192.0.2.1:1")->source(), Address::parse("192.0.2.2:1")->source());
  EXPECT_EQ(Address::parse("[::ffff:192.0.2.1]:1")->source(), Address::parse("192.0.2.1:1")->source());
  EXPECT_EQ(Address::parse("[::ffff:192.0.2.1]:1")->host(), "192.0.2.1");
  // A host has a whole /64 at its disposal.
  EXPECT_EQ(Address::parse("[2001:db8::1]:1")->source(), Address::parse("[2001:db8::ffff]:1")->source());
  EXPECT_NE(Address::parse("[2001:db8::1]:1")->source(), Address::parse("[2001:db8:0:1::1]:1")->source());
}

}  // namespace
}  // namespace claviger::net
