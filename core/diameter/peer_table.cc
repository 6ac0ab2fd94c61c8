#include "core/diameter/peer_table.h"

#include <algorithm>

#include "core/diameter/avp.h"

namespace claviger::diameter {
namespace {

char lower_of(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

LowerName::LowerName(std::string_view name) {
  if (name.size() > kIdentityMax) return;
  size_ = name.size();
  std::ranges::transform(name, bytes_.begin(), lower_of);
}

std::string lower(std::string_view name) {
  std::string made(name);
  std::ranges::transform(made, made.begin(), lower_of);
  return made;
}

PeerEntry::PeerEntry(std::size_t its_index, PeerOptions its_options)
    : index(its_index),
      options(std::move(its_options)),
      identity(lower(options.identity)),
      realm(lower(options.realm)) {}

bool PeerEntry::supports(std::uint32_t application) const {
  const std::size_t count = application_count.load(std::memory_order_acquire);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t its = applications[i].load(std::memory_order_relaxed);
    if (its == application || its == kRelayApplication) return true;
  }
  return false;
}

PeerTable::PeerTable(std::vector<std::shared_ptr<PeerEntry>> peers) : peers_(std::move(peers)) {
  for (const std::shared_ptr<PeerEntry>& peer : peers_) {
    by_identity_[peer->identity] = peer.get();
    for (const RealmRoute& route : peer->options.routes) {
      by_realm_[lower(route.realm)].push_back({peer.get(), route.priority, route.weight});
    }
  }
  for (auto& [realm, routes] : by_realm_) {
    std::ranges::stable_sort(routes, {}, [](const Route& route) { return route.priority; });
  }
}

PeerEntry* PeerTable::find(std::string_view identity) const {
  const LowerName name(identity);
  const auto found = by_identity_.find(name.text());
  return found == by_identity_.end() ? nullptr : found->second;
}

const std::vector<PeerTable::Route>* PeerTable::routes_of(std::string_view realm) const {
  const LowerName name(realm);
  auto found = by_realm_.find(name.text());
  if (found == by_realm_.end()) found = by_realm_.find(std::string_view("*"));
  return found == by_realm_.end() ? nullptr : &found->second;
}

bool PeerTable::knows_realm(std::string_view realm) const { return routes_of(realm) != nullptr; }

bool PeerTable::serves(const PeerEntry& peer, std::string_view realm) const {
  const std::vector<Route>* const routes = routes_of(realm);
  return routes != nullptr && std::ranges::any_of(*routes, [&](const Route& each) { return each.peer == &peer; });
}

Result<PeerEntry*> PeerTable::route(const Wanted& wanted) const {
  const auto fits = [&](const PeerEntry* peer) {
    return peer != wanted.not_this && peer != wanted.nor_this && peer->is_usable(wanted.application);
  };
  // RFC 6733 clause 6.1.5: the peer itself, when it is one.
  if (!wanted.host.empty()) {
    PeerEntry* const peer = find(wanted.host);
    if (peer != nullptr && fits(peer)) return peer;
    if (wanted.realm.empty()) {
      return Error{peer != nullptr ? Code::Unreachable : Code::DestinationUnknown, "diameter.host"};
    }
  }
  const std::vector<Route>* const routes = routes_of(wanted.realm);
  if (routes == nullptr) return Error{Code::RealmUnknown, "diameter.realm"};
  // Among the usable peers of the best priority, by weight.
  for (std::size_t i = 0; i < routes->size();) {
    std::size_t end = i;
    std::uint64_t total = 0;
    PeerEntry* only = nullptr;
    for (; end < routes->size() && (*routes)[end].priority == (*routes)[i].priority; ++end) {
      if (!fits((*routes)[end].peer)) continue;
      total += (*routes)[end].weight;
      only = (*routes)[end].peer;
    }
    if (only != nullptr && total == 0) return only;
    std::uint64_t place = total == 0 ? 0 : wanted.random % total;
    for (; i < end; ++i) {
      const Route& each = (*routes)[i];
      if (total == 0 || !fits(each.peer)) continue;
      if (place < each.weight) return each.peer;
      place -= each.weight;
    }
  }
  return Error{Code::Unreachable, "diameter.realm"};
}

}  // namespace claviger::diameter
