#include "broker/migration/pending_servers.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/crypto/fresh_value.h"

namespace claviger::migration {
// Whoever names visitors does not choose their places.
PendingServers::PendingServers() : key_(crypto::fresh_value<SipKey>()), tenant_key_(crypto::fresh_value<SipKey>()) {}

std::uint64_t PendingServers::whose(std::string_view tenant, std::string_view impi) const {
  return siphash(key_, impi) ^ siphash(tenant_key_, tenant);
}

void PendingServers::note(std::string_view tenant, std::string_view impi, std::string_view server_name, Monotonic now) {
  if (server_name.empty() || server_name.size() > kNameMax) return forget(tenant, impi);
  if (sets_ == nullptr) sets_ = std::make_unique<std::array<Set, kSets>>();
  const std::uint64_t who = whose(tenant, impi);
  Set& set = set_of(who);
  auto* place = std::ranges::find_if(set, [who](const Place& one) { return one.size != 0 && one.who == who; });
  if (place == set.end()) place = std::ranges::find(set, 0, &Place::size);
  if (place == set.end()) place = std::ranges::min_element(set, {}, &Place::at);
  place->who = who;
  place->at = now;
  place->size = static_cast<std::uint8_t>(server_name.size());
  std::ranges::copy(server_name, place->name.begin());
}

PendingServer PendingServers::find(std::string_view tenant, std::string_view impi, Monotonic now) const {
  if (sets_ == nullptr) return {};
  const std::uint64_t who = whose(tenant, impi);
  for (const Place& one : set_of(who)) {
    const bool is_it = one.size != 0 && one.who == who && now - one.at < kPendingMax;
    if (is_it) return {std::string(one.name.data(), one.size), one.at};
  }
  return {};
}

void PendingServers::forget(std::string_view tenant, std::string_view impi) {
  if (sets_ == nullptr) return;
  const std::uint64_t who = whose(tenant, impi);
  for (Place& one : set_of(who)) {
    if (one.who == who) one.size = 0;
  }
}

void PendingServers::forget(std::string_view tenant, std::string_view impi, const PendingServer& decided) {
  if (sets_ == nullptr) return;
  const std::uint64_t who = whose(tenant, impi);
  for (Place& one : set_of(who)) {
    const bool is_it =
        one.who == who && one.at == decided.at && std::string_view(one.name.data(), one.size) == decided.name;
    if (is_it) one.size = 0;
  }
}

}  // namespace claviger::migration
