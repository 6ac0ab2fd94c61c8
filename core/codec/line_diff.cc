#include "core/codec/line_diff.h"

#include <algorithm>
#include <vector>

namespace claviger::codec {
namespace {

// Lines kept around a change.
constexpr std::size_t kContext = 1;

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t feed = text.find('\n');
    const std::size_t tags = text.find("><");
    const bool is_tag = tags != std::string_view::npos && tags < feed;
    const std::size_t end = is_tag ? tags + 1 : std::min(feed, text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(is_tag || end == text.size() ? end : end + 1);
  }
  return lines;
}

struct Line {
  char mark;
  std::string_view text;
};

// The longest common subsequence of the middle; what both begin and end with was taken off.
void compare(const std::vector<std::string_view>& before, const std::vector<std::string_view>& after,
             std::vector<Line>& out) {
  const std::size_t rows = before.size(), columns = after.size();
  if (rows * columns > kDiffLinesMax * 100) {
    for (const std::string_view line : before) out.push_back({'-', line});
    for (const std::string_view line : after) out.push_back({'+', line});
    return;
  }
  std::vector<std::vector<std::uint32_t>> longest(rows + 1, std::vector<std::uint32_t>(columns + 1, 0));
  for (std::size_t i = rows; i-- > 0;) {
    for (std::size_t j = columns; j-- > 0;) {
      longest[i][j] =
          before[i] == after[j] ? longest[i + 1][j + 1] + 1 : std::max(longest[i + 1][j], longest[i][j + 1]);
    }
  }
  std::size_t i = 0, j = 0;
  while (i < rows || j < columns) {
    if (i < rows && j < columns && before[i] == after[j]) {
      out.push_back({' ', before[i]});
      ++i, ++j;
    } else if (j == columns || (i < rows && longest[i + 1][j] >= longest[i][j + 1])) {
      out.push_back({'-', before[i++]});
    } else {
      out.push_back({'+', after[j++]});
    }
  }
}

}  // namespace

std::string line_diff(std::string_view before, std::string_view after) {
  std::vector<std::string_view> left = lines_of(before), right = lines_of(after);
  std::vector<Line> all;
  const auto [left_end, right_end] = std::mismatch(left.begin(), left.end(), right.begin(), right.end());
  for (auto at = left.begin(); at != left_end; ++at) all.push_back({' ', *at});
  left.erase(left.begin(), left_end);
  right.erase(right.begin(), right_end);
  const auto [left_tail, right_tail] = std::mismatch(left.rbegin(), left.rend(), right.rbegin(), right.rend());
  const std::vector<std::string_view> tail(left_tail.base(), left.end());
  left.erase(left_tail.base(), left.end());
  right.erase(right_tail.base(), right.end());
  compare(left, right, all);
  for (const std::string_view line : tail) all.push_back({' ', line});
  std::string out;
  for (std::size_t i = 0; i < all.size(); ++i) {
    bool is_near = all[i].mark != ' ';
    for (std::size_t j = i < kContext ? 0 : i - kContext; j <= i + kContext && j < all.size(); ++j) {
      is_near = is_near || all[j].mark != ' ';
    }
    if (is_near) out.append(1, all[i].mark).append(all[i].text).append(1, '\n');
  }
  return out;
}

}  // namespace claviger::codec
