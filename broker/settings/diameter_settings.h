// Section [diameter] of the configuration: our Diameter node, and the peers that an operator names there.
//
// Read from the same file as Settings, once, at start: all of it takes a restart but the certificate files, which a reload
// reads again. Its mistakes are found where those of Settings are.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"

namespace claviger::settings {

class TomlReader;
struct SettingsError;

struct DiameterPeer {
  std::string identity;
  std::string realm;
  std::string host;  // empty: it connects to us
  std::uint16_t port = 3868;
  bool is_tls = true;
  std::vector<std::string> addresses;  // and networks that it connects from; none: wherever from
  std::vector<std::string> realms;     // that it serves; "*": every other
  std::uint32_t priority = 1;
  std::uint32_t weight = 1;
  std::uint32_t requests_per_second = 0;
  std::vector<std::string> quirks;
  bool operator==(const DiameterPeer&) const = default;
};

struct DiameterSettings {
  std::string identity;
  std::string realm;
  std::string tenant;  // whose subscribers and agreements these peers deal with
  std::string product_name = "Claviger";
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;      // 0: not in the clear
  std::uint16_t tls_port = 0;  // 0: not under TLS
  std::string certificate_file;
  std::string key_file;
  std::string ca_file;  // peers' certificates chain to it
  std::string crl_file;
  Seconds watchdog{30};
  std::uint32_t pending_max = 131'072;  // requests unanswered by one peer
  std::vector<DiameterPeer> peers;
  bool operator==(const DiameterSettings&) const = default;
};

// Faults of implementations that somebody has to know of. broker/migration reads them.
inline constexpr const char* kDiameterQuirks[] = {"base-codes-as-3gpp"};

// A peer's: sites, not hosts.
inline constexpr std::size_t kPeerAddressesMax = 64;
// Addresses or networks (network.h), and not too many.
bool are_peer_addresses(const std::vector<std::string>& addresses);

// Where the whole file is read: what is wrong with the table goes to `errors`.
void check_diameter(TomlReader& root, const std::string& file, std::vector<SettingsError>& errors);
// Null without a table [diameter]. The file has been found good by load_settings(). Code::Unreadable, Code::ConfigValue when
// it has changed since.
Result<std::shared_ptr<const DiameterSettings>> load_diameter(const std::string& file);

}  // namespace claviger::settings
