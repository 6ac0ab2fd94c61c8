#include "broker/settings/diameter_settings.h"

#include <sys/stat.h>

#include <algorithm>

#include "broker/settings/network.h"
#include "broker/settings/settings.h"
#include "broker/settings/toml_reader.h"

namespace claviger::settings {
namespace {

// RFC 1035 clause 2.3.4.
constexpr std::size_t kNameMax = 255;

bool is_name(const std::string& text) {
  return !text.empty() && text.size() <= kNameMax && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_';
  });
}

std::vector<std::string> read_names(TomlReader& reader, const char* name) {
  std::vector<std::string> names;
  const toml::array* const array = reader.array_at(name);
  if (array == nullptr) return names;
  for (const toml::node& node : *array) {
    const auto text = node.value<std::string>();
    if (!text) {
      reader.fail(Code::ConfigValue, name, "must be a list of strings");
      return names;
    }
    names.push_back(*text);
  }
  return names;
}

DiameterPeer read_peer(const toml::table& table, const std::string& file, std::vector<SettingsError>& errors) {
  DiameterPeer peer;
  TomlReader reader(table, "diameter.peers", file, errors);
  reader.read("identity", peer.identity);
  reader.read("realm", peer.realm);
  reader.read("host", peer.host);
  reader.read("port", peer.port, 1, 65'535);
  std::string transport = "tls";
  reader.read("transport", transport);
  if (transport != "tls" && transport != "tcp") reader.fail(Code::ConfigValue, "transport", "must be tls or tcp");
  peer.is_tls = transport == "tls";
  peer.addresses = read_names(reader, "addresses");
  if (!are_peer_addresses(peer.addresses)) {
    reader.fail(Code::ConfigValue, "addresses", "must be addresses or networks such as 192.0.2.0/24");
  }
  std::string role = peer.host.empty() ? "accept" : "connect";
  reader.read("role", role);
  if (role != "connect" && role != "accept") reader.fail(Code::ConfigValue, "role", "must be connect or accept");
  if (role == "connect" && peer.host.empty()) reader.fail(Code::ConfigMissing, "host", "is missing");
  if (role == "accept") peer.host.clear();
  peer.realms = read_names(reader, "realms");
  reader.read("priority", peer.priority, 0, 1'000'000);
  reader.read("weight", peer.weight, 0, 1'000'000);
  reader.read("requests_per_second", peer.requests_per_second, 0, 100'000'000);
  peer.quirks = read_names(reader, "quirks");
  if (!is_name(peer.identity)) reader.fail(Code::ConfigValue, "identity", "must be the peer's host name");
  if (!is_name(peer.realm)) reader.fail(Code::ConfigValue, "realm", "must be the peer's realm");
  for (const std::string& realm : peer.realms) {
    if (realm != "*" && !is_name(realm)) reader.fail(Code::ConfigValue, "realms", "must be realms, or \"*\"");
  }
  for (const std::string& quirk : peer.quirks) {
    if (std::ranges::find(kDiameterQuirks, quirk) == std::end(kDiameterQuirks)) {
      reader.fail(Code::ConfigValue, "quirks", "knows no \"" + quirk + "\"");
    }
  }
  return peer;
}

DiameterSettings read_diameter(TomlReader& root, const std::string& file, std::vector<SettingsError>& errors) {
  DiameterSettings settings;
  const toml::table* const table = root.table_at("diameter");
  if (table == nullptr) return settings;
  TomlReader reader(*table, "diameter", file, errors);
  reader.read("identity", settings.identity);
  reader.read("realm", settings.realm);
  reader.read("tenant", settings.tenant);
  reader.read("product_name", settings.product_name);
  reader.read("address", settings.address);
  reader.read("port", settings.port, 0, 65'535);
  reader.read("tls_port", settings.tls_port, 0, 65'535);
  reader.read("certificate_file", settings.certificate_file);
  reader.read("key_file", settings.key_file);
  reader.read("ca_file", settings.ca_file);
  reader.read("crl_file", settings.crl_file);
  reader.read("watchdog", settings.watchdog, 6, 3600);  // RFC 3539 clause 3.4.1: not below 6 s
  reader.read("pending_max", settings.pending_max, 16, 1 << 18);
  if (const toml::array* const peers = reader.array_at("peers")) {
    for (const toml::node& node : *peers) {
      const toml::table* const peer = node.as_table();
      if (peer == nullptr) {
        reader.fail(Code::ConfigValue, "peers", "must be [[diameter.peers]] tables");
        break;
      }
      settings.peers.push_back(read_peer(*peer, file, errors));
    }
  }
  if (!is_name(settings.identity)) reader.fail(Code::ConfigValue, "identity", "must be this node's host name");
  if (!is_name(settings.realm)) reader.fail(Code::ConfigValue, "realm", "must be this node's realm");
  if (settings.tenant.empty()) reader.fail(Code::ConfigMissing, "tenant", "is missing");
  const bool wants_tls = settings.tls_port != 0 ||
                         std::ranges::any_of(settings.peers, [](const DiameterPeer& peer) { return peer.is_tls; });
  const bool has_tls = !settings.certificate_file.empty() && !settings.key_file.empty() && !settings.ca_file.empty();
  if (wants_tls && !has_tls) {
    reader.fail(Code::ConfigMissing, "certificate_file", "with key_file and ca_file is needed for TLS");
  }
  return settings;
}

}  // namespace

bool are_peer_addresses(const std::vector<std::string>& addresses) {
  return addresses.size() <= kPeerAddressesMax &&
         std::ranges::all_of(addresses, [](const std::string& one) { return Network::parse(one).has_value(); });
}

void check_diameter(TomlReader& root, const std::string& file, std::vector<SettingsError>& errors) {
  if (root.table_at("diameter") == nullptr) return;
  const DiameterSettings settings = read_diameter(root, file, errors);
  struct stat status {};
  const std::string& key = settings.key_file;
  if (!key.empty() && stat(key.c_str(), &status) == 0 && (status.st_mode & 0077U) != 0) {
    errors.push_back({Code::PermissionsTooOpen, file + ": " + key + " can be read by others: chmod 600"});
  }
}

Result<std::shared_ptr<const DiameterSettings>> load_diameter(const std::string& file) {
  std::vector<SettingsError> errors;
  std::shared_ptr<const DiameterSettings> read;
  try {
    const toml::table table = toml::parse_file(file);
    const toml::table* const diameter = table["diameter"].as_table();
    if (diameter == nullptr) return read;
    toml::table only;
    only.insert("diameter", *diameter);
    TomlReader root(only, "", file, errors);
    read = std::make_shared<const DiameterSettings>(read_diameter(root, file, errors));
  } catch (const toml::parse_error&) {
    return Error{Code::Unreadable, "diameter.settings"};
  }
  if (!errors.empty()) return Error{Code::ConfigValue, "diameter.settings"};
  return read;
}

}  // namespace claviger::settings
