// One record of a CSV text (RFC 4180): fields in quotes with doubled quotes inside, lines that end in CR LF or LF.
//
//   scan_csv("a,\"b \"\"c\"\"\"\nd", false)  =  Record {"a", "b \"c\""}, consumed 12
// Pure: borrows the text, any thread. A record that is wrong costs its first physical line only, so that an unclosed
// quote never swallows the good lines behind it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace claviger::ctl {

// A user is some 500 bytes; a client with its keys some kilobytes. What is longer is not a line of an import.
inline constexpr std::size_t kImportLineBytesMax = 64 * 1024;
// We know a dozen columns.
inline constexpr std::size_t kCsvFieldsMax = 64;

struct CsvScan {
  enum class Kind : std::uint8_t { NeedMore, Record, Bad };
  Kind kind = Kind::NeedMore;
  std::size_t consumed = 0;  // bytes, line end included
  std::vector<std::string> fields;
  std::string_view reason;  // Bad: a literal
  // Bad, and the physical line has not ended yet: skip up to the next line feed.
  bool must_skip_line = false;
};

// `is_end`: nothing follows `text`. An empty text is NeedMore.
CsvScan scan_csv(std::string_view text, bool is_end);

}  // namespace claviger::ctl
