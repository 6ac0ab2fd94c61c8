// The access control policy that a CAPIF core function has for our API (TS 29.222 clause 8.6, AccessControlPolicyList): how
// often, how fast and when each API invoker may call it.
//
// Values and pure functions, any thread. Times are seconds since 1970.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace claviger::seal_keys {

// What is done with such policies.
enum class PolicyMode : std::uint8_t {
  Ignored,  // they are not asked for
  Lenient,  // whoever has none is served, and what was last known holds while the core function is away
  Strict    // whoever has none is refused, and so is everybody once the core function was away for too long
};

// A policy of each of some thousand invokers (kInvokersKnownMax), with their hours.
inline constexpr std::size_t kPolicyBytesMax = std::size_t{1} << 20U;
// Of one invoker: the shifts of two weeks.
inline constexpr std::size_t kTimeRangesMax = 64;

struct TimeRange {
  std::int64_t start = std::numeric_limits<std::int64_t>::min();
  std::int64_t stop = std::numeric_limits<std::int64_t>::max();  // no more of it
};

struct InvokerPolicy {
  std::optional<std::uint64_t> total;       // allowedTotalInvocations
  std::optional<std::uint64_t> per_second;  // allowedInvocationsPerSecond
  std::vector<TimeRange> hours;             // allowedInvocationTimeRangeList; empty: at any time

  bool is_open_at(std::int64_t time) const;
};

using AccessControlPolicy = std::map<std::string, InvokerPolicy, std::less<>>;  // by API invoker ID

// JsonType, BadValue (a number below 0, a range that ends before it begins, an invoker twice), TooMany; what the reader of
// JSON says. One entry that cannot be read spoils the list: half a policy is none.
Result<AccessControlPolicy> read_access_control_policy(std::string_view json);

}  // namespace claviger::seal_keys
