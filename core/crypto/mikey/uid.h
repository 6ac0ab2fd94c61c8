// UIDs and key periods (TS 33.180 clause F.2): whose key a SAKKE or ECCSI key is, and from when to when.
//
// A user's keys belong to (user URI, KMS URI, period number); the UID is the hash of these and is what the arithmetic
// calls the identifier. URIs count octet by octet: nothing here normalises them. Pure, any thread.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace claviger::mikey {

inline constexpr std::size_t kUidBytes = 32;
using Uid = std::array<std::byte, kUidBytes>;

// As long as the longest URI the interface takes (a path segment of 512 octets); P1 and P2 could have 65535.
inline constexpr std::size_t kUidUriBytesMax = 512;

// Seconds since 1900-01-01T00:00:00Z, as NTP counts them but without its wrap of 2036. Before 1900 there is nothing.
struct NtpSeconds {
  std::uint64_t count = 0;
  auto operator<=>(const NtpSeconds&) const = default;
};
// OutOfRange before 1900.
Result<NtpSeconds> to_ntp(std::chrono::sys_seconds time);
std::chrono::sys_seconds from_ntp(NtpSeconds time);
// The 64-bit timestamp of key requests and of the T payload has 32 bits of seconds: the era is the one that brings the
// time nearest to `now` (RFC 5905 clause 6). The fraction is dropped.
NtpSeconds from_timestamp(std::uint64_t timestamp, NtpSeconds now);
std::uint64_t to_timestamp(NtpSeconds time);

// UserKeyPeriod and UserKeyOffset of a KMS certificate.
class KeyPeriods {
 public:
  // OutOfRange unless 1 <= length <= 2^32 - 1; the offset has 32 bits.
  static Result<KeyPeriods> make(std::uint64_t length_seconds, std::uint64_t offset_seconds);

  std::uint64_t length_seconds() const { return length_; }
  std::uint64_t offset_seconds() const { return offset_; }

  // Period N is [offset + N * length, offset + (N + 1) * length). OutOfRange before the offset.
  Result<std::uint64_t> number_at(NtpSeconds time) const;
  // OutOfRange when the period starts beyond the year 3000 or so (2^35 seconds): no such key is asked for.
  Result<NtpSeconds> start_of(std::uint64_t number) const;

 private:
  KeyPeriods(std::uint64_t length, std::uint64_t offset) : length_(length), offset_(offset) {}
  std::uint64_t length_;
  std::uint64_t offset_;
};

// Clause F.2.1. Empty when a URI is empty, TooLarge beyond kUidUriBytesMax.
Result<Uid> compute_uid(std::string_view user_uri, std::string_view kms_uri, const KeyPeriods& periods,
                        std::uint64_t period_number);

}  // namespace claviger::mikey
