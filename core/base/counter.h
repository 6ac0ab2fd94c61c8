// Figures that one shard counts and any thread reads: Counter, and Histogram of durations.
//
// Written by their shard alone, so that counting is a plain add without a locked instruction; relaxed atomics only keep
// the reader (metrics, status) from seeing half a number. Readers add up the shards' figures: no total is a snapshot.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstdint>

namespace claviger {

class Counter {
 public:
  void add(std::uint64_t by = 1) { set(read() + by); }
  void subtract(std::uint64_t by = 1) { set(read() - by); }  // of a gauge
  void set(std::uint64_t value) { value_.store(value, std::memory_order_relaxed); }
  std::uint64_t read() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// Bucket i holds durations of less than 2^i us: one bit scan per observation, and from 1 us to 17 s no place where
// the resolution is worse than a factor of two.
class Histogram {
 public:
  static constexpr std::size_t kBuckets = 25;  // the last one: everything longer

  void observe(std::chrono::nanoseconds duration) {
    const std::int64_t ns = duration.count();
    const std::uint64_t us = ns > 0 ? static_cast<std::uint64_t>(ns) / 1000 : 0;
    const auto bucket = static_cast<std::size_t>(std::bit_width(us));
    buckets_[bucket < kBuckets ? bucket : kBuckets - 1].add();
    sum_ns_.add(ns > 0 ? static_cast<std::uint64_t>(ns) : 0);
  }
  std::uint64_t bucket(std::size_t index) const { return buckets_[index].read(); }
  std::uint64_t sum_ns() const { return sum_ns_.read(); }

 private:
  std::array<Counter, kBuckets> buckets_;
  Counter sum_ns_;
};

}  // namespace claviger
