// Text for people: aligned tables and lists of fields. What came from the daemon is made harmless first: no control
// character, no escape sequence reaches a terminal.
//
// Made and printed by one command.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace claviger::ctl {

// Control characters, DEL and C1 become '?'.
std::string printable(std::string_view text);
// Columns on a terminal, near enough: code points.
std::size_t width_of(std::string_view utf8);

class Table {
 public:
  explicit Table(std::vector<std::string> titles) : titles_(std::move(titles)) {}
  // As many cells as titles.
  void add(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }
  std::string text() const;

 private:
  std::vector<std::string> titles_;
  std::vector<std::vector<std::string>> rows_;
};

// "name   value" lines; empty values are left out.
class FieldList {
 public:
  void add(std::string_view name, std::string_view value);
  std::string text() const;

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

// "2026-03-01 12:00:00Z"; "-" for 0.
std::string time_text(std::int64_t numeric_date);
// "3d 4h", "12m 5s", "7s".
std::string duration_text(std::int64_t seconds);
// "1.5 GiB".
std::string bytes_text(std::uint64_t bytes);

}  // namespace claviger::ctl
