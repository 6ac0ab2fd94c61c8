// What was counted of each agreement on one shard.
//
// Written by the shard, read by anybody.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "core/base/counter.h"

namespace claviger::migration {

enum class Counted : std::uint8_t {
  RequestIn,      // authentication requests that came in
  Relayed,        // that were passed on
  Answered,       // with a vector
  Refused,        // by us
  UpstreamError,  // answers that failed, passed on
  AnswerRefused,  // answers that did not belong to what was asked
  Unreachable,    // no route, or no answer in time
  Local,          // answered here: UAR, SAR, LIR
  Terminated,     // RTR from home, passed down
  Configured,     // bindings made by the configuration procedure
  Granted,        // service authorisations
  Denied          // the same, refused
};
inline constexpr std::size_t kCounted = 12;
inline constexpr std::array<std::string_view, kCounted> kCountedNames{
    "requests",    "relayed", "answered",   "refused",    "upstream_errors",  "answers_refused",
    "unreachable", "local",   "terminated", "configured", "services_granted", "services_denied"};

struct PartnerCounters {
  std::array<Counter, kCounted> counted;
  void add(Counted what) { counted[static_cast<std::size_t>(what)].add(); }
};

}  // namespace claviger::migration
