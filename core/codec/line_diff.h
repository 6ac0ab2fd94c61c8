// What is different in two texts, line by line: "-" only in the first, "+" only in the second.
//
// XML on one line is taken apart between its tags first. Pure function, any thread.
#pragma once

#include <string>
#include <string_view>

namespace claviger::codec {

// Lines compared with each other; beyond it both are shown whole. Their product is the work.
inline constexpr std::size_t kDiffLinesMax = 20'000;

std::string line_diff(std::string_view before, std::string_view after);

}  // namespace claviger::codec
