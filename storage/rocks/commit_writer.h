// Group commit: the one thread that writes. It takes all that waits, judges each transaction in order, gives those that
// hold a sequence, writes them as one batch with one sync, and answers every asker, with one message per shard.
//
// An answer, a Conflict too, leaves only after the state it was judged against is durable. Never Write() followed by
// FlushWAL(): others would read what is not durable yet. A write that fails fails the whole batch, and its sequences
// are not used again.
#pragma once

#include <rocksdb/write_batch.h>

#include <atomic>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "storage/rocks/batch_judge.h"
#include "storage/rocks/commit_queue.h"
#include "storage/rocks/database.h"

namespace claviger::storage::rocks {

class CommitWriter {
 public:
  // One batch: its answers resume that many coroutines in one turn of a shard.
  static constexpr std::size_t kBatchTransactionsMax = 1024;
  static constexpr std::size_t kBatchBytesMax = 8U << 20U;
  // How often a writer that failed tries whether it can write again.
  static constexpr Milliseconds kProbeInterval{250};

  CommitWriter(Database& database, CommitQueue& queue, ChangeFloor floor, std::size_t shards, std::vector<int> cpus);
  CommitWriter(const CommitWriter&) = delete;
  CommitWriter& operator=(const CommitWriter&) = delete;
  // Writes what the closed queue still holds, then joins.
  ~CommitWriter();

  // Any thread.
  std::uint64_t latest_sequence() const { return latest_.load(std::memory_order_acquire); }
  // Any thread: the last commit that may have written to this table; nothing while one is being written, which readers see
  // at some moment of that. What was read after this was asked is what a reader finds as long as this says the same.
  std::optional<std::uint64_t> settled_at(TableId table) const {
    const std::uint64_t changed = changed_by_[static_cast<std::size_t>(table)].load(std::memory_order_acquire);
    return changed == kChanging ? std::nullopt : std::optional(changed);
  }
  // Everything up to here may have been dropped from the feed of a table that keeps its changes this long.
  std::uint64_t change_floor(std::int64_t kept_seconds) const;
  StoreHealth health() const;
  void add_figures(StoreFigures& figures) const;

 private:
  static constexpr std::uint64_t kChanging = ~std::uint64_t{0};
  struct Answer {
    runtime::Completer<Result<Committed>> completer;
    Result<Committed> result;
  };

  void run();
  // Writes a first part of the requests that is not too much for one batch; returns how many.
  std::size_t write_batch(std::span<CommitRequest> requests);
  Result<Committed> stage(CommitRequest& request, std::int64_t now);
  void stage_changes(const Transaction& transaction, std::uint64_t sequence, std::int64_t now);
  rocksdb::Status write_staged(std::int64_t now);
  void answer(std::span<CommitRequest> requests, std::vector<Result<Committed>>& results);
  void note_changes(std::uint64_t changed);
  void failed(const rocksdb::Status& status);
  void probe();

  Database& database_;
  CommitQueue& queue_;
  std::thread::id thread_id_;
  BatchJudge judge_;
  rocksdb::WriteBatch batch_;
  std::uint64_t sequence_;        // the last one given out, durable or not
  std::vector<TableId> touched_;  // by what is staged
  std::vector<std::atomic<std::uint64_t>> changed_by_;
  std::vector<Result<Committed>> results_;
  std::vector<std::vector<Answer>> answers_;  // by shard

  mutable std::mutex floor_mutex_;
  ChangeFloor floor_;
  std::atomic<std::uint64_t> latest_;
  std::atomic<const char*> failure_{nullptr};  // a literal; null: can write
  std::atomic<std::uint64_t> commits_{0}, batches_{0}, conflicts_{0}, failures_{0};
  std::thread thread_;
};

}  // namespace claviger::storage::rocks
