// Key periods (TS 33.180 clause F.2, spec 5.2): which period a time lies in, and from when to when one lasts.
//
//   T = seconds since 1900-01-01T00:00:00Z = Unix time + 2 208 988 800
//   N = floor((T - offset) / period); period N is [offset + N * period, offset + (N + 1) * period)
// Values, any thread. All other times here are Unix times.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/result.h"

namespace claviger::keys {

inline constexpr std::int64_t kNtpEpoch = 2'208'988'800;
// 9999-12-31T23:59:59Z: the last time that xsd:dateTime writes with four digits.
inline constexpr std::int64_t kTimeMax = 253'402'300'799;

struct KeyPeriods {
  std::uint32_t seconds = 2'592'000;
  std::uint32_t offset = 0;  // from 1900 on

  // OutOfRange: before the first period, or after kTimeMax.
  Result<std::uint64_t> number_at(std::int64_t time) const;
  std::int64_t begins_at(std::uint64_t number) const;
  // The first second of the next one.
  std::int64_t ends_at(std::uint64_t number) const { return begins_at(number + 1); }
  bool operator==(const KeyPeriods&) const = default;
};

// The last segment of a keyprov path: a 64-bit NTP timestamp in 16 hex digits of either case. Its seconds wrap in 2036:
// the era nearest to `now` counts. UriPathInvalid.
Result<std::int64_t> read_ntp_timestamp(std::string_view text, std::int64_t now);

}  // namespace claviger::keys
