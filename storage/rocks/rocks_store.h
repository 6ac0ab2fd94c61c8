// The Store over RocksDB: ties the reader, the reader pool and the commit writer together.
//
// Made by open() (storage/rocks/engine.h).
#pragma once

#include <array>
#include <atomic>
#include <vector>

#include "core/runtime/offload.h"
#include "storage/rocks/commit_queue.h"
#include "storage/rocks/commit_writer.h"
#include "storage/rocks/database.h"
#include "storage/rocks/reader.h"
#include "storage/rocks/recent_reads.h"

namespace claviger::storage::rocks {

class RocksStore final : public Store {
 public:
  RocksStore(const Options& options, std::size_t shards, std::unique_ptr<Database> database, ChangeFloor floor);

  Task<Result<Value>> get(TableId table, std::string key) override;
  std::optional<Result<Value>> get_cached(TableId table, std::string_view key) override;
  Task<Result<std::vector<Record>>> range(TableId table, std::string from, std::string to, std::size_t limit) override;
  Task<Result<Committed>> commit(Transaction transaction) override;
  Task<Result<Changes>> changes(TableId table, std::uint64_t from_sequence, std::size_t limit) override;

  std::uint64_t first_change(TableId table) const override;
  std::uint64_t latest_sequence() const override { return writer_.latest_sequence(); }
  StoreHealth health() const override { return writer_.health(); }
  StoreFigures figures() const override;
  Result<Unit> checkpoint(const std::string& directory) override;

 private:
  // One a shard, so that counting costs no shared cache line.
  struct alignas(64) ReadCounts {
    std::atomic<std::uint64_t> inline_reads{0}, off_loop{0};
    static void add(std::atomic<std::uint64_t>& counter) {
      counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }
  };
  RecentReads& recent() { return recent_[runtime::Shard::current().index()]; }
  ReadCounts& counts() { return counts_[runtime::Shard::current().index()]; }

  std::unique_ptr<Database> database_;
  std::vector<ReadCounts> counts_;
  std::vector<RecentReads> recent_;  // by shard
  CommitQueue queue_;
  CommitWriter writer_;
  runtime::OffloadPool readers_;
};

}  // namespace claviger::storage::rocks
