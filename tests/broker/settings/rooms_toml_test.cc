#include "broker/settings/rooms_toml.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "tests/storage/temp_directory.h"

namespace claviger::settings {
namespace {

constexpr const char* kFile = R"(
[diameter]
identity = "diameter.alpha.example"
realm = "alpha.example"
tenant = "alpha"
port = 3868
watchdog = 20
[[diameter.peers]]
identity = "scscf.alpha.example"
realm = "alpha.example"
transport = "tcp"
addresses = ["192.0.2.8", "2001:db8::/32"]
requests_per_second = 500
[[diameter.peers]]
identity = "agent.alpha.example"
realm = "alpha.example"
host = "192.0.2.7"
transport = "tcp"
realms = ["hss.example", "*"]
priority = 2
quirks = ["base-codes-as-3gpp"]
[sip]
port = 5060
tenant = "alpha"
psi = "sip:mcptt@alpha.example"
configuration_psi = "sip:cms@alpha.example"
trusted_peers = ["192.0.2.0/24"]
servers = ["sip:watcher@alpha.example"]
token_expiry = "strict"
reg_event = true
confidentiality_required = ["mcptt"]
integrity_required = ["wall"]
derivation_key_id = "base64"
[[sip.service]]
name = "wall"
scope = "wall"
identity_claim = "wall_id"
feature_tags = ["+g.example.wall"]
)";

TEST(RoomsToml, SaysWhatIsInForce) {
  storage::TempDirectory folder;
  const auto written = [&](const std::string& text) {
    const std::string path = folder.path() + "/claviger.toml";
    std::ofstream(path) << text;
    return path;
  };
  const std::string first = written(kFile);
  const auto diameter = load_diameter(first);
  const auto sip = load_sip(first);
  ASSERT_TRUE(diameter && *diameter != nullptr);
  ASSERT_TRUE(sip && *sip != nullptr);
  const std::string shown = to_toml(diameter->get(), sip->get());
  const std::string second = written(shown);
  const auto diameter_again = load_diameter(second);
  const auto sip_again = load_sip(second);
  ASSERT_TRUE(diameter_again && *diameter_again != nullptr) << shown;
  ASSERT_TRUE(sip_again && *sip_again != nullptr) << shown;
  EXPECT_EQ(**diameter_again, **diameter) << shown;
  EXPECT_EQ(**sip_again, **sip) << shown;
  EXPECT_EQ(to_toml(nullptr, nullptr), "");
}

}  // namespace
}  // namespace claviger::settings
