#include "broker/settings/network.h"

#include <gtest/gtest.h>

#include "broker/settings/settings.h"

namespace claviger::settings {
namespace {

bool holds(std::string_view network, std::string_view address) {
  const auto parsed = Network::parse(network);
  EXPECT_TRUE(parsed) << network;
  return parsed && parsed->contains(address);
}

TEST(Network, ContainsItsAddresses) {
  EXPECT_TRUE(holds("192.0.2.0/24", "192.0.2.0"));
  EXPECT_TRUE(holds("192.0.2.0/24", "192.0.2.255"));
  EXPECT_TRUE(holds("192.0.2.0/24", "::ffff:192.0.2.1"));
  EXPECT_FALSE(holds("192.0.2.0/24", "192.0.3.0"));
  EXPECT_TRUE(holds("192.0.2.128/25", "192.0.2.129"));
  EXPECT_FALSE(holds("192.0.2.128/25", "192.0.2.127"));
  EXPECT_TRUE(holds("192.0.2.1", "192.0.2.1"));
  EXPECT_FALSE(holds("192.0.2.1", "192.0.2.2"));
  EXPECT_TRUE(holds("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(holds("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_FALSE(holds("0.0.0.0/0", "2001:db8::1"));
  EXPECT_TRUE(holds("0.0.0.0/0", "203.0.113.1"));
}
TEST(Network, AnythingElseIsInNone) {
  for (const char* address : {"", "x", "192.0.2", "192.0.2.1:80", "[::1]", "unknown"})
    EXPECT_FALSE(holds("::/0", address));
}
TEST(Network, RefusesWhatIsNone) {
  for (const char* text : {"", "/", "192.0.2.0/33", "2001:db8::/129", "192.0.2.0/-1", "192.0.2.0/ 8", "192.0.2.0/24x",
                           "192.0.2.0/", "192.0.2.1/24", "proxy.example", "192.0.2.0/24/24"}) {
    EXPECT_TRUE(Network::parse(text).failed_with(Code::ConfigValue)) << text;
  }
}
TEST(Network, AddressesHaveOneForm) {
  EXPECT_EQ(normalised_address("::ffff:192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(normalised_address("2001:DB8:0::1"), "2001:db8::1");
  EXPECT_EQ(normalised_address("rubbish"), "");
}
TEST(Network, AProxyThatIsNoneIsNamed) {
  const auto result =
      parse_settings("trusted_proxies = [\"proxy.example\"]\nforwarded_header = \"x-real-ip\"\n", "test.toml");
  ASSERT_FALSE(result.settings);
  int found = 0;
  for (const SettingsError& error : result.errors) {
    found += error.message.find("trusted_proxies") != std::string::npos;
    found += error.message.find("forwarded_header") != std::string::npos;
  }
  EXPECT_EQ(found, 2);
}

}  // namespace
}  // namespace claviger::settings
