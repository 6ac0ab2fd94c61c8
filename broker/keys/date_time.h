// xsd:dateTime (XML Schema part 2, clause 3.2.7) as the KMS interface has it. Pure functions, any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace claviger::keys {

// "2026-11-21T15:52:11Z" for times from 0000 to 9999 (asserted by clamping).
using DateTimeText = std::array<char, 20>;
DateTimeText date_time_text(std::int64_t time);
std::string write_date_time(std::int64_t time);
// With or without a fraction (dropped) and a zone; without one it is taken for UTC, as one client sends local time
// without saying where it is. XmlSchema.
Result<std::int64_t> read_date_time(std::string_view text);

}  // namespace claviger::keys
