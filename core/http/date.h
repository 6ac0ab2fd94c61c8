// The Date field's text (RFC 9110 clause 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT"), made once a second per shard.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/base/clock.h"

namespace claviger::http {

inline constexpr std::size_t kDateBytes = 29;
std::array<char, kDateBytes> format_date(std::int64_t seconds_since_1970);

class DateCache {
 public:
  // Valid until the next call.
  std::string_view text(WallTime now) {
    const std::int64_t second = numeric_date(now);
    if (second != second_) {
      text_ = format_date(second);
      second_ = second;
    }
    return {text_.data(), text_.size()};
  }

 private:
  std::int64_t second_ = -1;
  std::array<char, kDateBytes> text_{};
};

}  // namespace claviger::http
