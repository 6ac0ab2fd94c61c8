// Peers and routes (RFC 6733 clauses 2.6 and 2.7): who is known, how each stands, and who serves a realm.
//
// A PeerTable is immutable and shared by all shards; a change makes a new one. PeerEntries outlive tables: their state is
// written by the shard that has the connection and read by all. Names are compared without regard to case.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/counter.h"
#include "core/base/result.h"
#include "core/diameter/peer_options.h"

namespace claviger::diameter {

// Systems have dozens of peers; an operator's mistake should not fill memory.
inline constexpr std::size_t kPeersMax = 4096;
inline constexpr std::size_t kIdentityMax = 255;

// Diameter identities are host names: ASCII, case does not matter. Nothing when it is too long to be one.
class LowerName {
 public:
  explicit LowerName(std::string_view name);
  std::string_view text() const { return {bytes_.data(), size_}; }

 private:
  std::array<char, kIdentityMax> bytes_;
  std::size_t size_ = 0;
};
std::string lower(std::string_view name);

struct PeerCounters {
  Counter requests_in, requests_out, answers_in, answers_out, dropped, pending, connects;
  std::atomic<std::uint64_t> refused{0};  // counted by other shards, too
  std::atomic<std::uint64_t> failovers{0};
};

struct PeerEntry {
  PeerEntry(std::size_t its_index, PeerOptions its_options);

  const std::size_t index;
  const PeerOptions options;
  const std::string identity;  // lower case
  const std::string realm;

  static constexpr int kNowhere = -1;
  std::atomic<int> shard{kNowhere};  // that has its open connection
  std::atomic<PeerState> state{PeerState::Initial};
  std::atomic<bool> is_leaving{false};  // DPR was sent or received: no new requests
  std::atomic<bool> is_removed{false};
  // What stood here before it was changed, kept by the node: its connection ends before we call. Set before others have this one.
  PeerEntry* former = nullptr;
  PeerCounters counters;

  // Applications of its capabilities exchange.
  static constexpr std::size_t kApplicationsMax = 16;
  std::array<std::atomic<std::uint32_t>, kApplicationsMax> applications{};
  std::atomic<std::uint32_t> application_count{0};
  bool supports(std::uint32_t application) const;
  bool is_usable(std::uint32_t application) const {
    return shard.load(std::memory_order_relaxed) != kNowhere &&
           state.load(std::memory_order_relaxed) == PeerState::Okay && !is_leaving.load(std::memory_order_relaxed) &&
           supports(application);
  }

  // Setting up and taking down connections: rare, on any shard.
  std::mutex mutex;
  std::uint64_t connection = 0;    // of `shard`; 0: none
  std::uint64_t connecting = 0;    // of the peer's home shard: its own attempt awaits the answer; 0: none
  bool has_failed = false;         // its last connection was lost
  bool rests = false;              // it asked not to be called (RFC 6733 clause 5.4), or an operator did
  std::uint32_t origin_state = 0;  // of its last capabilities exchange
  std::string address;             // of its connection
};

class PeerTable {
 public:
  PeerTable() = default;
  explicit PeerTable(std::vector<std::shared_ptr<PeerEntry>> peers);

  const std::vector<std::shared_ptr<PeerEntry>>& peers() const { return peers_; }
  PeerEntry* find(std::string_view identity) const;
  bool knows_realm(std::string_view realm) const;
  // Whether requests for the realm may go to it for the realm's sake.
  bool serves(const PeerEntry& peer, std::string_view realm) const;

  struct Wanted {
    std::string_view host;
    std::string_view realm;
    std::uint32_t application = 0;
    const PeerEntry* not_this = nullptr;  // was tried
    const PeerEntry* nor_this = nullptr;  // it came from there
    std::uint64_t random = 0;
  };
  // RealmUnknown, DestinationUnknown (no such peer and no realm given), Unreachable.
  Result<PeerEntry*> route(const Wanted& wanted) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  template <typename T>
  using ByName = std::unordered_map<std::string, T, Hash, std::equal_to<>>;
  struct Route {
    PeerEntry* peer;
    std::uint32_t priority;
    std::uint32_t weight;
  };
  const std::vector<Route>* routes_of(std::string_view realm) const;

  std::vector<std::shared_ptr<PeerEntry>> peers_;
  ByName<PeerEntry*> by_identity_;
  ByName<std::vector<Route>> by_realm_;  // by priority; "*": every other realm
};

}  // namespace claviger::diameter
