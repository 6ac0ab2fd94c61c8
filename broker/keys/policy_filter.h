// Who may have a policy of his own at the KMS (user_policy.h), or the name of a group management server (group_server.h):
// most users have none, and to learn that from the store costs
// every delivery two microseconds.
//
// One bit for all records whose keys have one hash, set before the first of them is committed and cleared after the last is
// erased, so "no" is certain and "perhaps" is asked of the store. Who reads takes no lock; who changes counts the records
// of each bit. One per process, owned by Kms; any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>

namespace claviger::keys {

class PolicyFilter {
 public:
  // A megabyte: of as many records as are read at start one absent user in a hundred is asked for in vain.
  static constexpr std::size_t kBits = std::size_t{8} << 20U;

  // `key`: of tables::kKmsUsers, of a record that is not there yet. One that then is not committed stays counted: what is
  // said of its bit is "perhaps" until the next start.
  void add(std::string_view key) {
    const std::size_t bit = bit_of(key);
    const std::lock_guard lock(counts_mutex_);
    ++counts_[bit];
    words_->at(bit / 64).fetch_or(std::uint64_t{1} << bit % 64, std::memory_order_release);
  }
  // The record was erased, durably. One that was never added (complete() was not said) changes nothing.
  void remove(std::string_view key) {
    const std::size_t bit = bit_of(key);
    const std::lock_guard lock(counts_mutex_);
    const auto found = counts_.find(bit);
    if (found == counts_.end() || --found->second != 0) return;
    counts_.erase(found);
    words_->at(bit / 64).fetch_and(~(std::uint64_t{1} << bit % 64), std::memory_order_release);
  }
  // From now on "no" may be said: all records that there are have been added.
  void complete() { is_complete_.store(true, std::memory_order_release); }
  bool may_have(std::string_view key) const {
    if (!is_complete_.load(std::memory_order_acquire)) return true;
    const std::size_t bit = bit_of(key);
    return ((*words_)[bit / 64].load(std::memory_order_acquire) >> bit % 64 & 1U) != 0;
  }

 private:
  using Words = std::array<std::atomic<std::uint64_t>, kBits / 64>;
  static std::size_t bit_of(std::string_view key) { return std::hash<std::string_view>{}(key) % kBits; }

  std::unique_ptr<Words> words_ = std::make_unique<Words>();
  std::atomic<bool> is_complete_{false};
  std::mutex counts_mutex_;
  std::unordered_map<std::size_t, std::uint32_t> counts_;  // records of a bit; none: 0
};

}  // namespace claviger::keys
