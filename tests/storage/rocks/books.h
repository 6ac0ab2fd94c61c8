// Double-entry books kept in a store, by many at a time, so that a test can tell afterwards whether anything that was
// acknowledged is missing, half there, or there twice.
//
// A transfer moves an amount between two accounts and writes a journal row, in one transaction that expects the two
// versions it read. audit() replays the journal in the order of its versions: it must give the accounts' balances to
// the unit, hold every acknowledged transfer at the version that was acknowledged, and agree with the change feed.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "storage/store.h"
#include "tests/storage/process.h"

namespace claviger::storage {

class Books {  // lives on one shard
 public:
  static constexpr TableId kAccounts{0};
  static constexpr TableId kJournal{1};
  static constexpr std::uint32_t kAccountCount = 24;
  static constexpr std::int64_t kOpeningBalance = 1000;

  static std::vector<TableOptions> tables() {
    return {{"accounts", TableAccess::Point}, {"journal", TableAccess::Ordered, true, 86'400}};
  }

  // Called on the shard that made the transfer, when it is durable.
  using OnAck = std::function<void(std::uint64_t id, std::uint64_t sequence)>;
  Books(Store& store, OnAck on_ack) : store_(store), on_ack_(std::move(on_ack)) {}

  // The accounts, when they are not there yet.
  Task<Result<Unit>> open();
  // One clerk: transfers numbered from `first_id` on, until stop(). A write that fails is counted and tried again.
  Task<void> keep(std::uint64_t first_id, unsigned seed);
  void stop() { is_stopped_ = true; }
  // Any thread.
  std::uint64_t failures() const { return failures_; }
  int clerks() const { return clerks_; }

 private:
  Task<Result<Committed>> transfer(std::uint64_t id, unsigned seed);

  Store& store_;
  OnAck on_ack_;
  bool is_stopped_ = false;
  std::atomic<std::uint64_t> failures_{0};
  std::atomic<int> clerks_{0};
};

// Empty, or what is wrong.
std::string audit(Process& process, Store& store, const std::map<std::uint64_t, std::uint64_t>& acknowledged);

}  // namespace claviger::storage
