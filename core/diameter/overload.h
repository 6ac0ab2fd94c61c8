// Overload of others, as their reports tell it (RFC 7683), and who goes first (RFC 7944).
//
// One per shard; a report is passed to the others. While nobody reports, each request costs one comparison.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/base/clock.h"
#include "core/diameter/message.h"

namespace claviger::diameter {

struct OverloadReport {
  std::string name;  // lower case: the host or the realm
  bool is_realm = false;
  std::uint64_t sequence = 0;
  std::uint32_t reduction = 0;  // percent
  Seconds validity{30};
};

// RFC 7683 clause 7.5: default and most.
inline constexpr Seconds kOverloadValidity{30};
inline constexpr Seconds kOverloadValidityMax{86'400};
// Hosts and realms with a report in force.
inline constexpr std::size_t kOverloadReportsMax = 1024;

// Of an answer; nothing when it has none, or one that says nothing usable.
std::optional<OverloadReport> read_report(const Message& answer);

class OverloadTable {
 public:
  // False: nothing new in it.
  bool take(const OverloadReport& report, Monotonic now);
  // Whether a request is to be left out. `random` decides; the lowest priorities (15) go first, 0 goes nearly always.
  bool sheds(std::string_view host, std::string_view realm, std::uint32_t priority, std::uint64_t random,
             Monotonic now);
  bool empty() const { return reports_.empty(); }

 private:
  struct InForce {
    std::uint64_t sequence;
    std::uint32_t reduction;
    Monotonic until;
  };
  std::uint32_t reduction_of(char kind, std::string_view name, Monotonic now);
  std::unordered_map<std::string, InForce> reports_;  // "h" or "r", then the name
};

// The percentage that hits requests of one priority when `reduction` is asked for on the whole.
std::uint32_t shed_share(std::uint32_t reduction, std::uint32_t priority);

// How much of a bounded queue a priority may fill: the whole of it for 0, half of it for 15.
constexpr std::size_t room_for(std::uint32_t priority, std::size_t bound) { return bound - bound / 2 * priority / 15; }

}  // namespace claviger::diameter
