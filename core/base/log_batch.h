// LogBatch: when lines that came together leave the process. A system call for each costs more than the line, so they wait
// for those behind them; but a warning is what is looked for after a crash, and a busy log must not keep a long tail back.
//
// Of the log's writer, on its thread.
#pragma once

#include <cstddef>

namespace claviger {

// Some 12 kB of lines: what a crash under load may take with it.
inline constexpr std::size_t kLogBatchLinesMax = 64;

class LogBatch {
 public:
  // A line has been written; urgent: a warning, or worse.
  void add(bool is_urgent) {
    ++lines_;
    is_urgent_ = is_urgent_ || is_urgent;
  }
  bool is_due(bool are_more_waiting) const { return !are_more_waiting || is_urgent_ || lines_ >= kLogBatchLinesMax; }
  void flushed() { *this = LogBatch(); }

 private:
  std::size_t lines_ = 0;
  bool is_urgent_ = false;
};

}  // namespace claviger
