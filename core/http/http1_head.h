// Finds the end of an HTTP/1.1 message's head as bytes arrive, and what must not be in it (RFC 9112 clause 2.2).
//
// Looks at each byte once, however slowly they come. Pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace claviger::http {

// Method, spaces and version around the longest target.
inline constexpr std::size_t kStartLineExtra = 64;

class HeadScanner {
 public:
  enum class State {
    NeedMore,
    Complete,
    Malformed,        // a line ended by LF alone, or one that continues the line before (obs-fold)
    StartLineTooLong,
    FieldsTooLong,
  };
  // `text` is all that came of this message so far: the same bytes as at the last call, and more.
  State scan(std::string_view text);
  std::size_t head_size() const { return end_; }  // once Complete
  bool has_begun() const { return seen_ > 0; }

 private:
  std::size_t seen_ = 0;        // bytes looked at
  std::size_t line_ = 0;        // where the present line begins
  std::size_t start_line_ = 0;  // its size with its end; 0 before
  std::size_t end_ = 0;
};

}  // namespace claviger::http
