// How far long work is: a bar with rate and time left on a terminal, a plain line now and then elsewhere.
//
// Time is an argument; draw() returns the text instead of writing it, so that tests can look. One thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/clock.h"

namespace claviger::ctl {

struct Progress {
  std::uint64_t done = 0;            // of `total`, in any unit that grows evenly: bytes of a file
  std::optional<std::uint64_t> total;  // nothing: unknown, no bar and no time left
  std::uint64_t items = 0;           // what is counted for people: users
};

class ProgressBar {
 public:
  // `is_terminal`: draws over itself with a carriage return; otherwise a line a `kPlainEvery`.
  ProgressBar(std::string what, bool is_terminal, std::size_t columns, Monotonic start, Progress at_start = {});

  // Empty when it is too early for a new picture.
  std::string draw(const Progress& progress, Monotonic now);
  // The last picture, with the line's end.
  std::string finish(const Progress& progress, Monotonic now);

  static constexpr Milliseconds kTerminalEvery{100};
  static constexpr Milliseconds kPlainEvery{5000};

 private:
  std::string picture(const Progress& progress, Monotonic now) const;

  std::string what_;
  bool is_terminal_;
  std::size_t columns_;
  Monotonic start_;
  Progress at_start_;
  std::optional<Monotonic> drawn_;
  std::size_t drawn_width_ = 0;
};

}  // namespace claviger::ctl
