#include "broker/settings/listen_conflicts.h"

#include <algorithm>
#include <string_view>

namespace claviger::settings {
namespace {

constexpr std::string_view kLoopback = "127.0.0.1";  // the default of each of them

struct Place {
  std::string name;  // "https.port"
  std::string address;
  std::int64_t port = 0;
  std::uint32_t line = 0;
};

// Whoever has all addresses of a family has this one, too. Which of them "::" has is the system's to say: not judged here.
bool overlap(const Place& one, const Place& other) {
  if (one.port != other.port) return false;
  if (one.address == other.address) return true;
  const auto is_v4 = [](std::string_view text) { return text.find(':') == std::string_view::npos; };
  if (is_v4(one.address) != is_v4(other.address)) return false;
  const std::string_view any = is_v4(one.address) ? "0.0.0.0" : "::";
  return one.address == any || other.address == any;
}

void collect(std::vector<Place>& places, const toml::table& table, const std::string& path, const char* address,
             std::initializer_list<const char*> ports) {
  const std::string host = table[address].value_or(std::string(kLoopback));
  for (const char* port : ports) {
    const auto number = table[port].value<std::int64_t>();
    if (!number || *number == 0) continue;
    places.push_back({path + port, host, *number, table[port].node()->source().begin.line});
  }
}

}  // namespace

void check_listen_conflicts(const toml::table& root, const std::string& file, std::vector<SettingsError>& errors) {
  std::vector<Place> places;
  if (const toml::array* https = root["https"].as_array()) {
    for (const toml::node& node : *https) {
      if (const toml::table* table = node.as_table()) collect(places, *table, "https.", "address", {"port"});
    }
  }
  collect(places, root, "", "metrics_address", {"metrics_port"});
  for (const char* room : {"sip", "diameter"}) {
    const toml::table* table = root[room].as_table();
    if (table != nullptr) collect(places, *table, std::string(room) + ".", "address", {"port", "tls_port"});
  }
  std::ranges::stable_sort(places, {}, &Place::line);
  for (std::size_t i = 1; i < places.size(); ++i) {
    const auto first = std::find_if(places.begin(), places.begin() + static_cast<std::ptrdiff_t>(i),
                                    [&](const Place& earlier) { return overlap(earlier, places[i]); });
    if (first == places.begin() + static_cast<std::ptrdiff_t>(i)) continue;
    errors.push_back({Code::ConfigConflict, file + ":" + std::to_string(places[i].line) + ": " + places[i].name + " " +
                                                std::to_string(places[i].port) + " is taken by " + first->name +
                                                " of line " + std::to_string(first->line)});
  }
}

}  // namespace claviger::settings
