#include "core/http/date.h"

#include <chrono>
#include <cstring>

namespace claviger::http {
namespace {

void put_two(char* to, unsigned value) {
  to[0] = static_cast<char>('0' + value / 10 % 10);
  to[1] = static_cast<char>('0' + value % 10);
}

}  // namespace

std::array<char, kDateBytes> format_date(std::int64_t seconds_since_1970) {
  constexpr std::string_view kDays = "SunMonTueWedThuFriSat";
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const std::chrono::sys_seconds time{Seconds(seconds_since_1970)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::array<char, kDateBytes> text;
  std::memcpy(text.data(), "Sun, 00 Jan 0000 00:00:00 GMT", kDateBytes);
  std::memcpy(text.data(), kDays.data() + 3 * std::chrono::weekday(day).c_encoding(), 3);
  put_two(&text[5], static_cast<unsigned>(date.day()));
  std::memcpy(&text[8], kMonths.data() + 3 * (static_cast<unsigned>(date.month()) - 1), 3);
  const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
  put_two(&text[12], year / 100);
  put_two(&text[14], year % 100);
  put_two(&text[17], static_cast<unsigned>(clock.hours().count()));
  put_two(&text[20], static_cast<unsigned>(clock.minutes().count()));
  put_two(&text[23], static_cast<unsigned>(clock.seconds().count()));
  return text;
}

}  // namespace claviger::http
