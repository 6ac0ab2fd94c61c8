#include "tools/clavigerctl/table.h"

#include <array>
#include <cstdio>
#include <ctime>

#include "core/base/assert.h"

namespace claviger::ctl {

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7F) {
      out += '?';
    } else if (byte == 0xC2 && i + 1 < text.size() && (static_cast<unsigned char>(text[i + 1]) & 0xE0U) == 0x80) {
      out += '?';  // U+0080..U+009F: 8-bit control codes, which some terminals obey
      ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::size_t width_of(std::string_view utf8) {
  std::size_t width = 0;
  for (const char character : utf8) {
    if ((static_cast<unsigned char>(character) & 0xC0U) != 0x80) ++width;
  }
  return width;
}

void Table::add(std::vector<std::string> cells) {
  CLAVIGER_ASSERT(cells.size() == titles_.size());
  for (std::string& cell : cells) cell = printable(cell);
  rows_.push_back(std::move(cells));
}

std::string Table::text() const {
  std::vector<std::size_t> widths;
  for (const std::string& title : titles_) widths.push_back(width_of(title));
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string out;
  const auto append_row = [&](const std::vector<std::string>& row) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      out += row[i];
      if (i + 1 < row.size()) out.append(widths[i] - width_of(row[i]) + 2, ' ');
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    out += '\n';
  };
  append_row(titles_);
  for (const auto& row : rows_) append_row(row);
  return out;
}

void FieldList::add(std::string_view name, std::string_view value) {
  if (!value.empty()) fields_.emplace_back(std::string(name), printable(value));
}

std::string FieldList::text() const {
  std::size_t width = 0;
  for (const auto& [name, value] : fields_) width = std::max(width, width_of(name));
  std::string out;
  for (const auto& [name, value] : fields_) {
    out += name;
    out.append(width - width_of(name) + 2, ' ');
    out += value;
    out += '\n';
  }
  return out;
}

std::string time_text(std::int64_t numeric_date) {
  if (numeric_date <= 0) return "-";
  const std::time_t time = numeric_date;
  std::tm parts{};
  std::array<char, 32> text{};
  if (gmtime_r(&time, &parts) == nullptr) return std::to_string(numeric_date);
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%SZ", &parts);
  return {text.data(), size};
}

std::string duration_text(std::int64_t seconds) {
  if (seconds < 0) seconds = 0;
  const auto two = [](std::int64_t big, const char* big_unit, std::int64_t small, const char* small_unit) {
    return std::to_string(big) + big_unit + " " + std::to_string(small) + small_unit;
  };
  if (seconds >= 86'400) return two(seconds / 86'400, "d", seconds % 86'400 / 3600, "h");
  if (seconds >= 3600) return two(seconds / 3600, "h", seconds % 3600 / 60, "m");
  if (seconds >= 60) return two(seconds / 60, "m", seconds % 60, "s");
  return std::to_string(seconds) + "s";
}

std::string bytes_text(std::uint64_t bytes) {
  static constexpr std::array<const char*, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
  return text.data();
}

}  // namespace claviger::ctl
