// Trace: the last steps of migrations on one shard, for `clavigerctl migration trace`. Never a secret, nor RAND or AUTN.
//
// Its shard's alone; a ring of fixed size that allocates nothing once it is made.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/result.h"

namespace claviger::migration {

// Text of at most N octets; longer ones lose their end.
template <std::size_t N>
class FixedText {
 public:
  FixedText() = default;
  explicit FixedText(std::string_view text) { *this = text; }
  FixedText& operator=(std::string_view text) {
    size_ = static_cast<std::uint8_t>(std::min(text.size(), N));
    std::copy_n(text.data(), size_, octets_.data());  // an empty text may have no place
    return *this;
  }
  std::string_view view() const { return {octets_.data(), size_}; }
  // Of the text that was given, as far as it is here.
  bool is(std::string_view text) const { return !text.empty() && view() == text.substr(0, N); }

 private:
  static_assert(N < 256);
  std::array<char, N> octets_{};
  std::uint8_t size_ = 0;
};

struct TraceStep {
  WallTime at;
  std::string_view step;     // a literal: "request from S-CSCF"
  std::string_view outcome;  // a literal or the name of a Code
  std::uint32_t result = 0;  // of Diameter or HTTP; 0: none
  std::uint32_t took_us = 0;
  FixedText<120> partner;  // private identity there
  FixedText<120> primary;  // private identity at home
  FixedText<64> tenant;
  FixedText<64> system;  // the other one
  FixedText<64> peer;    // who asked, or was asked
};

class Trace {
 public:
  // Half a megabyte a shard; some minutes of a busy hour.
  static constexpr std::size_t kStepsMax = 1024;

  Trace() : steps_(std::make_unique<std::array<TraceStep, kStepsMax>>()) {}
  TraceStep& add() {
    TraceStep& step = (*steps_)[next_++ % kStepsMax];
    step = TraceStep();
    return step;
  }
  // From the oldest on.
  template <typename Visit>
  void for_each(Visit visit) const {
    const std::size_t first = next_ > kStepsMax ? next_ - kStepsMax : 0;
    for (std::size_t i = first; i < next_; ++i) visit((*steps_)[i % kStepsMax]);
  }

 private:
  std::unique_ptr<std::array<TraceStep, kStepsMax>> steps_;
  std::size_t next_ = 0;
};

}  // namespace claviger::migration
