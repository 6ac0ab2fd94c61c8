// The RocksDB engine alone, on a directory of its own, with what it logs.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/rocks/engine.h"
#include "tests/storage/process.h"
#include "tests/storage/temp_directory.h"

namespace claviger::storage {

class RocksFixture : public ::testing::Test {
 protected:
  static constexpr TableId kPoint{0};
  static constexpr TableId kOrdered{1};
  static constexpr TableId kExpiring{2};

  rocks::Options options() {
    rocks::Options options;
    options.directory = path();
    options.tables = {{"point", TableAccess::Point}, {"ordered", TableAccess::Ordered},
                      {"expiring", TableAccess::Expiring}};
    options.block_cache_bytes = 8U << 20U;
    options.memtable_bytes = 2U << 20U;
    return options;
  }
  std::string path() const { return directory_.path() + "/store"; }
  Result<Unit> try_open(rocks::Options with) {
    close();
    process_.emplace(1, clock_, logger_);
    auto opened = rocks::open(std::move(with), process_->shards(), clock_, logger_);
    if (!opened) return opened.error();
    store_ = *std::move(opened);
    return Unit{};
  }
  Result<Unit> try_open() { return try_open(options()); }
  void open() {
    const auto opened = try_open();
    ASSERT_TRUE(opened.has_value()) << name_of(opened.error().code) << " " << opened.error().where;
  }
  void close() {
    if (process_) process_->stop();
    store_.reset();
    process_.reset();
  }
  void TearDown() override { close(); }
  template <typename T>
  T wait(Task<T> task) {
    return process_->run(std::move(task));
  }
  // What was put lies in table files afterwards, not in the log.
  void flush() {
    close();
    open();
  }
  Result<Committed> put(TableId table, std::string_view key, std::string_view value, std::int64_t expires_at = 0) {
    Transaction change;
    change.put(table, key, as_bytes(value), expires_at);
    return wait(store_->commit(std::move(change)));
  }
  Result<Value> get(TableId table, std::string key) { return wait(store_->get(table, std::move(key))); }
  std::string text(TableId table, std::string key) {
    const auto value = get(table, std::move(key));
    return value ? std::string(value->text()) : std::string(name_of(value.error().code));
  }
  std::int64_t now() const { return numeric_date(clock_.wall()); }

  TempDirectory directory_;
  ManualClock clock_;
  std::string log_file_ = directory_.path() + "/test.log";
  Logger logger_{LogOptions{LogLevel::Debug, false, log_file_}};
  std::optional<Process> process_;
  std::unique_ptr<Store> store_;
};

}  // namespace claviger::storage
