// The RocksDB engine over a faulty file system, with clerks keeping books in it.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>

#include "storage/rocks/engine.h"
#include "tests/storage/process.h"
#include "tests/storage/rocks/books.h"
#include "tests/storage/rocks/fault_file_system.h"
#include "tests/storage/temp_directory.h"

namespace claviger::storage {

class FaultyRocks : public ::testing::Test {
 protected:
  void SetUp() override {
    env_ = FaultFileSystem::env_over(file_system_);
    open();
    ASSERT_TRUE(process_->run(books_->open()));
  }
  void TearDown() override { close(); }

  void open() {
    process_.emplace(1, clock_, logger_);
    rocks::Options options;
    options.directory = directory_.path() + "/store";
    options.tables = Books::tables();
    options.block_cache_bytes = 4U << 20U;
    options.memtable_bytes = 1U << 20U;  // many flushes
    options.env = env_.get();
    auto opened = rocks::open(std::move(options), process_->shards(), clock_, logger_);
    ASSERT_TRUE(opened.has_value()) << name_of(opened.error().code) << " " << opened.error().where;
    store_ = *std::move(opened);
    books_.emplace(*store_, [this](std::uint64_t id, std::uint64_t sequence) { acknowledge(id, sequence); });
  }
  void close() {
    process_->stop();
    store_.reset();
    books_.reset();
    process_.reset();
  }
  // Clerks begin; they work until the store is closed or their books are stopped.
  void start_clerks(std::size_t clerks, std::uint64_t round) {
    process_->call([&] {
      for (std::size_t clerk = 0; clerk < clerks; ++clerk) {
        const std::uint64_t first_id = (round << 40U) + (clerk << 24U);
        runtime::Shard::current().scope().spawn(books_->keep(first_id, static_cast<unsigned>(random_())));
      }
    });
  }
  std::size_t acknowledged_count() {
    const std::scoped_lock lock(mutex_);
    return acknowledged_.size();
  }
  // Waits for that many more acknowledgements.
  void wait_for_more(std::size_t count) {
    std::unique_lock lock(mutex_);
    const std::size_t enough = acknowledged_.size() + count;
    changed_.wait(lock, [&] { return acknowledged_.size() >= enough; });
  }
  std::string audit_now() {
    std::map<std::uint64_t, std::uint64_t> acknowledged;
    {
      const std::scoped_lock lock(mutex_);
      acknowledged = acknowledged_;
    }
    return audit(*process_, *store_, acknowledged);
  }
  void lose_power() {
    file_system_->cut_power();
    close();
    file_system_->forget_unsynced(random_);
    open();
  }
  template <typename Predicate>
  static void spin_until(Predicate is_done) {
    while (!is_done()) std::this_thread::yield();
  }

  unsigned seed_ = static_cast<unsigned>(::testing::UnitTest::GetInstance()->random_seed());
  std::mt19937 random_{seed_};
  TempDirectory directory_;
  std::shared_ptr<FaultFileSystem> file_system_ = std::make_shared<FaultFileSystem>();
  std::unique_ptr<rocksdb::Env> env_;
  SystemClock clock_;
  Logger logger_{LogOptions{LogLevel::Error, false, directory_.path() + "/test.log"}};
  std::optional<Process> process_;
  std::unique_ptr<Store> store_;
  std::optional<Books> books_;

 private:
  void acknowledge(std::uint64_t id, std::uint64_t sequence) {
    const std::scoped_lock lock(mutex_);
    acknowledged_[id] = sequence;
    changed_.notify_one();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::uint64_t, std::uint64_t> acknowledged_;
};

}  // namespace claviger::storage
