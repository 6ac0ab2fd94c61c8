// Both engines behind one face, and a shard to call them from: what the conformance tests stand on.
#pragma once

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/runtime/shard.h"
#include "storage/memory/memory_store.h"
#include "storage/rocks/engine.h"
#include "storage/store.h"
#include "tests/storage/process.h"
#include "tests/storage/temp_directory.h"

namespace claviger::storage {

inline constexpr TableId kPoint{0};
inline constexpr TableId kOrdered{1};
inline constexpr TableId kExpiring{2};
inline constexpr TableId kTracked{3};
inline constexpr TableId kBriefly{4};

inline std::vector<TableOptions> test_tables() {
  return {{"point", TableAccess::Point},
          {"ordered", TableAccess::Ordered},
          {"expiring", TableAccess::Expiring},
          {"tracked", TableAccess::Ordered, true, 3600},
          {"briefly", TableAccess::Expiring, true, 60}};
}

// What differs between the engines for a test: how to open one again on what is durable, and how to make the writer
// wait so that what is committed meanwhile becomes one batch.
struct RocksEngine {
  TempDirectory directory;
  std::unique_ptr<Store> open(runtime::Shards& shards, const Clock& clock, Logger& logger, std::size_t queue_max) {
    rocks::Options options;
    options.directory = directory.path() + "/store";
    options.tables = test_tables();
    options.block_cache_bytes = 8U << 20U;
    options.memtable_bytes = 2U << 20U;
    options.commit_queue_max = queue_max;
    auto store = rocks::open(std::move(options), shards, clock, logger);
    EXPECT_TRUE(store.has_value()) << name_of(store.error().code);
    return *std::move(store);
  }
  // A turn's commits are handed over together at its end.
  void hold() {}
  void release() {}
};

struct MemoryEngine {
  std::shared_ptr<memory::Disk> disk = std::make_shared<memory::Disk>();
  memory::MemoryStore* store = nullptr;
  std::unique_ptr<Store> open(runtime::Shards&, const Clock& clock, Logger&, std::size_t queue_max) {
    auto opened = std::make_unique<memory::MemoryStore>(test_tables(), clock, disk, queue_max);
    store = opened.get();
    return opened;
  }
  void hold() { store->hold_commits(); }
  void release() { store->release_commits(); }
};

template <typename Engine>
class StoreHarness : public ::testing::Test {
 protected:
  static constexpr std::size_t kQueueMax = 64;

  void open() {
    process_.emplace(1, clock_, logger_);
    store_ = engine_.open(process_->shards(), clock_, logger_, kQueueMax);
  }
  void close() {
    process_->stop();
    store_.reset();
    process_.reset();
  }
  void reopen() {
    close();
    open();
  }
  void SetUp() override { open(); }
  void TearDown() override { close(); }

  template <typename T>
  T wait(Task<T> task) {
    return process_->run(std::move(task));
  }
  // Submits all of them in one turn: one batch. In the order given.
  std::vector<Result<Committed>> commit_together(std::vector<Transaction> transactions) {
    std::vector<std::promise<Result<Committed>>> promises(transactions.size());
    process_->call([&] {
      engine_.hold();
      for (std::size_t i = 0; i < transactions.size(); ++i) {
        runtime::Shard::current().scope().spawn(commit_one(store_.get(), std::move(transactions[i]), &promises[i]));
      }
      engine_.release();
    });
    std::vector<Result<Committed>> results;
    for (auto& promise : promises) results.push_back(promise.get_future().get());
    return results;
  }
  static Task<void> commit_one(Store* store, Transaction transaction, std::promise<Result<Committed>>* out) {
    const auto result = co_await store->commit(std::move(transaction));
    out->set_value(result);
  }

  Result<Committed> commit(Transaction transaction) { return wait(store_->commit(std::move(transaction))); }
  Result<Committed> put(TableId table, std::string_view key, std::string_view value, std::int64_t expires_at = 0) {
    Transaction change;
    change.put(table, key, as_bytes(value), expires_at);
    return commit(std::move(change));
  }
  Result<Committed> erase(TableId table, std::string_view key) {
    Transaction change;
    change.erase(table, key);
    return commit(std::move(change));
  }
  Result<Value> get(TableId table, std::string key) { return wait(store_->get(table, std::move(key))); }
  std::string text(TableId table, std::string key) {
    const auto value = get(table, std::move(key));
    return value ? std::string(value->text()) : std::string(name_of(value.error().code));
  }
  // "key=value key=value"
  std::string range(TableId table, std::string from, std::string to, std::size_t limit = 100) {
    const auto records = wait(store_->range(table, std::move(from), std::move(to), limit));
    if (!records) return std::string(name_of(records.error().code));
    std::string out;
    for (const Record& record : *records) {
      out += (out.empty() ? "" : " ") + record.key + "=" + std::string(record.value.text());
    }
    return out;
  }
  Result<Changes> changes(TableId table, std::uint64_t from, std::size_t limit = 100) {
    return wait(store_->changes(table, from, limit));
  }
  void advance(Milliseconds by) {
    clock_.advance(by);
    process_->end_turn();
  }
  std::int64_t now() const { return numeric_date(clock_.wall()); }

  ManualClock clock_;
  Logger logger_;
  Engine engine_;
  std::optional<Process> process_;
  std::unique_ptr<Store> store_;
};

using Engines = ::testing::Types<RocksEngine, MemoryEngine>;

}  // namespace claviger::storage
