// Overload of others, as their reports tell it, and ours, as we report it (RFC 7683); who goes first (RFC 7944).
//
// One per shard; a report is passed to the others. While nobody reports, each request costs one comparison.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/base/clock.h"
#include "core/diameter/message.h"
#include "core/diameter/message_builder.h"
#include "core/diameter/peer_table.h"

namespace claviger::diameter {

struct OverloadReport {
  std::string name;  // lower case: the host or the realm
  bool is_realm = false;
  std::uint64_t sequence = 0;
  std::uint32_t reduction = 0;  // percent
  Seconds validity{30};
  std::uint32_t origin_state = 0;  // Origin-State-Id of the answer; 0: it has none
  std::size_t reporter = 0;        // PeerEntry::index of the peer that answered
};

// RFC 7683 clause 7.5: the default. It allows a day; we obey five minutes of it: who is still overloaded then says so in
// its next answer, and whose report was wrong, or who cannot take it back, is not shut off for a shift.
inline constexpr Seconds kOverloadValidity{30};
inline constexpr Seconds kOverloadValidityMax{300};
// Hosts and realms with a report in force.
inline constexpr std::size_t kOverloadReportsMax = 1024;

// Of an answer; nothing when it has none, or one that says nothing usable.
std::optional<OverloadReport> read_report(const Message& answer);
// Whether `peer`, asked for that host and realm, may speak for whom its report names (RFC 7683 clauses 5.2.1.3 and 10.2): for
// itself; for the host asked for behind it, unless that one is a peer and tells us itself; for the realm asked for, when it
// serves it.
bool may_report(const OverloadReport& report, const PeerEntry& peer, const PeerTable& table, std::string_view host,
                std::string_view realm);

class OverloadTable {
 public:
  // False: nothing new in it.
  bool take(const OverloadReport& report, Monotonic now);
  // What that peer reported: its new connection may be of a new life, which counts anew.
  void forget(std::size_t reporter);
  // Whether a request is to be left out. `random` decides; the lowest priorities (15) go first, 0 goes nearly always.
  bool sheds(std::string_view host, std::string_view realm, std::uint32_t priority, std::uint64_t random,
             Monotonic now);
  bool empty() const { return reports_.empty(); }

 private:
  struct InForce {
    std::uint64_t sequence;
    std::uint32_t reduction;
    Monotonic until;
    std::uint32_t origin_state;
    std::size_t reporter;
  };
  std::uint32_t reduction_of(char kind, std::string_view name, Monotonic now);
  std::unordered_map<std::string, InForce> reports_;  // "h" or "r", then the name
};

// OC-Supported-Features: the loss algorithm, which everybody has, and no other (clause 6.2).
inline constexpr std::uint64_t kLossAlgorithm = 1;
// As the data of that group, for requests that are edited on their way.
inline constexpr std::array<std::byte, 16> kLossAlgorithmOnly{
    std::byte{0}, std::byte{0}, std::byte{2}, std::byte{0x6e}, std::byte{0}, std::byte{0}, std::byte{0}, std::byte{16},
    std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0},    std::byte{0}, std::byte{0}, std::byte{0}, std::byte{1}};

// What one shard tells those who ask it and know of reports. Below three quarters of what it can have under way it asks for
// nothing; then for the more, the less room is left.
class OwnOverload {
 public:
  static constexpr std::size_t kWhole = 1000;
  static constexpr std::size_t kAtEase = 750;
  // Long enough that not each answer brings a new report, short enough that what is over is soon forgotten.
  static constexpr Seconds kValidity{10};

  // `busy` of kWhole is under way. `wall` numbers reports: no two of a node, or of two lives of it, are alike.
  void observe(std::size_t busy, Monotonic now, WallTime wall);
  // OC-Supported-Features, and the report while one is in force; once it is over, that it is.
  void write(MessageBuilder& answer, Monotonic now) const;
  std::uint32_t reduction() const { return reduction_; }

 private:
  std::uint32_t reduction_ = 0;
  std::uint64_t sequence_ = 0;
  Monotonic told_until_;  // others may still hold a report of ours
};

// The percentage that hits requests of one priority when `reduction` is asked for on the whole.
std::uint32_t shed_share(std::uint32_t reduction, std::uint32_t priority);

// How much of a bounded queue a priority may fill: the whole of it for 0, half of it for 15.
constexpr std::size_t room_for(std::uint32_t priority, std::size_t bound) { return bound - bound / 2 * priority / 15; }

}  // namespace claviger::diameter
