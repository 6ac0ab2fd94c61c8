#include "broker/keys/date_time.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "broker/keys/key_period.h"

namespace claviger::keys {
namespace {

constexpr Error kMalformed{Code::XmlSchema, "dateTime"};

// Takes `width` digits from the front; -1 when they are not there.
int take_digits(std::string_view& text, std::size_t width) {
  int number = 0;
  if (text.size() < width) return -1;
  const auto read = std::from_chars(text.data(), text.data() + width, number);
  const bool is_signed = text.front() == '-';
  if (read.ec != std::errc() || read.ptr != text.data() + width || is_signed) return -1;
  text.remove_prefix(width);
  return number;
}

bool take(std::string_view& text, char expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(1);
  return true;
}

// What follows the seconds: east of Greenwich is positive.
Result<std::int64_t> take_zone(std::string_view text) {
  if (take(text, '.')) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    if (digits == 0) return kMalformed;
    text.remove_prefix(digits);
  }
  if (text.empty() || text == "Z") return std::int64_t{0};
  const bool is_west = text.front() == '-';
  if (!is_west && text.front() != '+') return kMalformed;
  text.remove_prefix(1);
  const int hours = take_digits(text, 2);
  const bool has_colon = take(text, ':');
  const int minutes = take_digits(text, 2);
  if (!has_colon || hours < 0 || hours > 14 || minutes < 0 || minutes > 59 || !text.empty()) return kMalformed;
  const std::int64_t offset = hours * 3600LL + minutes * 60LL;
  return is_west ? -offset : offset;
}

}  // namespace

DateTimeText date_time_text(std::int64_t time) {
  constexpr std::int64_t kYearZero = -62'167'219'200;
  const std::chrono::sys_seconds at{std::chrono::seconds(std::clamp(time, kYearZero, kTimeMax))};
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(at - day);
  DateTimeText text{};
  std::size_t end = 0;
  const auto put = [&](std::int64_t number, std::size_t width, char behind) {
    for (std::size_t digit = end + width; digit > end; number /= 10) {
      text[--digit] = static_cast<char>('0' + number % 10);
    }
    end += width;
    text[end++] = behind;
  };
  put(static_cast<int>(date.year()), 4, '-');
  put(static_cast<unsigned>(date.month()), 2, '-');
  put(static_cast<unsigned>(date.day()), 2, 'T');
  put(clock.hours().count(), 2, ':');
  put(clock.minutes().count(), 2, ':');
  put(clock.seconds().count(), 2, 'Z');
  return text;
}

std::string write_date_time(std::int64_t time) {
  const DateTimeText text = date_time_text(time);
  return {text.data(), text.size()};
}

Result<std::int64_t> read_date_time(std::string_view text) {
  std::array<int, 6> parts{};
  constexpr std::array<std::size_t, 6> kWidths{4, 2, 2, 2, 2, 2};
  constexpr std::string_view kBehind = "--T::";
  for (std::size_t i = 0; i < parts.size(); ++i) {
    parts[i] = take_digits(text, kWidths[i]);
    if (parts[i] < 0 || (i < kBehind.size() && !take(text, kBehind[i]))) return kMalformed;
  }
  const std::chrono::year_month_day date{std::chrono::year(parts[0]),
                                         std::chrono::month(static_cast<unsigned>(parts[1])),
                                         std::chrono::day(static_cast<unsigned>(parts[2]))};
  if (!date.ok() || parts[3] > 23 || parts[4] > 59 || parts[5] > 60) return kMalformed;
  CLAVIGER_TRY(zone, take_zone(text));
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return days * 86'400 + parts[3] * 3600LL + parts[4] * 60LL + parts[5] - zone;
}

}  // namespace claviger::keys
