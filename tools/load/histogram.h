// Latencies in a fixed table: 64 linear steps in every power of two of nanoseconds, so any figure is within 1.6 %.
//
// One per connection loop, merged at the end; no allocation while recording.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace claviger::load {

class Histogram {
 public:
  void record(std::uint64_t nanoseconds) {
    ++counts_[slot_of(nanoseconds)];
    ++total_;
    sum_ += nanoseconds;
    if (nanoseconds > max_) max_ = nanoseconds;
  }
  void merge(const Histogram& other) {
    for (std::size_t i = 0; i < kSlots; ++i) counts_[i] += other.counts_[i];
    total_ += other.total_;
    sum_ += other.sum_;
    if (other.max_ > max_) max_ = other.max_;
  }
  // Nanoseconds below which `share` (0..1) of the records lie.
  std::uint64_t percentile(double share) const {
    if (total_ == 0) return 0;
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(total_ - 1)) + 1;
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < kSlots; ++i) {
      seen += counts_[i];
      if (seen >= wanted) return value_of(i);
    }
    return max_;
  }
  std::uint64_t count() const { return total_; }
  std::uint64_t max() const { return max_; }
  double mean() const { return total_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(total_); }

 private:
  static constexpr unsigned kStepBits = 6;
  static constexpr std::size_t kSteps = std::size_t{1} << kStepBits;
  static constexpr std::size_t kSlots = (64 - kStepBits + 1) * kSteps;

  static std::size_t slot_of(std::uint64_t value) {
    if (value < kSteps) return value;
    const auto power = static_cast<unsigned>(std::bit_width(value)) - 1 - kStepBits;
    return (static_cast<std::size_t>(power) + 1) * kSteps + ((value >> power) & (kSteps - 1));
  }
  static std::uint64_t value_of(std::size_t slot) {
    if (slot < kSteps) return slot;
    const std::size_t power = slot / kSteps - 1;
    return (kSteps + slot % kSteps) << power;
  }

  std::array<std::uint64_t, kSlots> counts_{};
  std::uint64_t total_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace claviger::load
