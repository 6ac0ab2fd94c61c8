// The engine for tests: the same promises as the RocksDB engine, kept in maps under one mutex, with faults to order.
//
// What is durable lies in a MemoryDisk that outlives the store: a test "restarts" by opening another store on it.
// Commits always suspend and are answered by a message, as with the real engine. The fault controls may be called
// from any thread; the store is destroyed after the shards' threads have ended.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/runtime/one_shot.h"
#include "core/runtime/shard.h"
#include "storage/change_floor.h"
#include "storage/store.h"

namespace claviger::storage::memory {

// By table name, as on a real disk. Touched by one MemoryStore at a time, under its mutex.
struct Disk {
  struct Entry {
    std::string value;
    std::uint64_t version;
    std::int64_t expires_at;
  };
  std::map<std::string, std::map<std::string, Entry>, std::less<>> tables;
  std::map<std::string, std::vector<Change>, std::less<>> changes;
  ChangeFloor floor{0};
  std::uint64_t sequence = 0;
};

enum class Reads : std::uint8_t {
  Inline,   // answered at once
  Suspend,  // through the mailbox: every co_await of a read really suspends, get_cached() has nothing
  Hold      // wait until set_reads() says otherwise
};

// What becomes of commits that wait when the power goes.
enum class Unacknowledged : std::uint8_t { Lost, Kept };

class MemoryStore final : public Store {
 public:
  static constexpr std::size_t kCommitQueueMax = 8192;

  MemoryStore(std::vector<TableOptions> tables, const Clock& clock, std::shared_ptr<Disk> disk = std::make_shared<Disk>(),
              std::size_t commit_queue_max = kCommitQueueMax);

  Task<Result<Value>> get(TableId table, std::string key) override;
  std::optional<Result<Value>> get_cached(TableId table, std::string_view key) override;
  Task<Result<std::vector<Record>>> range(TableId table, std::string from, std::string to, std::size_t limit) override;
  Task<Result<Committed>> commit(Transaction transaction) override;
  Task<Result<Changes>> changes(TableId table, std::uint64_t from_sequence, std::size_t limit) override;
  std::uint64_t first_change(TableId table) const override;
  std::uint64_t latest_sequence() const override;
  StoreHealth health() const override;
  StoreFigures figures() const override;
  // Unsupported: there is no directory. Tests keep the Disk.
  Result<Unit> checkpoint(const std::string& directory) override;

  // After `passed` more transactions the next `count` fail with `code`, and are not written.
  void fail_commits(std::size_t count, Code code, std::size_t passed = 0);
  // Every transaction fails with NoSpace until there is space again; reads serve.
  void set_full(bool is_full);
  // Commits wait in the queue until released; then all of them are one batch.
  void hold_commits();
  void release_commits();
  std::size_t commits_held() const;
  // Commits that wait are answered Closed, and are gone or are durable all the same; later ones are refused. The Disk
  // is what a restart finds.
  void lose_power(Unacknowledged unacknowledged);
  void set_reads(Reads reads);
  // The record's bytes no longer make sense: reads and expectations of it answer Corrupt.
  void corrupt(TableId table, std::string_view key);

 private:
  struct Request {
    Transaction transaction;
    runtime::Completer<Result<Committed>> completer;
    runtime::Shard* shard;
  };
  struct HeldRead {
    runtime::Completer<Unit> completer;
    runtime::Shard* shard;
  };

  const TableOptions& options_of(TableId table) const;
  Result<runtime::OneShot<Result<Committed>>> submit(Transaction transaction);
  runtime::OneShot<Unit> wait_for_read();
  Result<Value> read(TableId table, std::string_view key, std::int64_t now);
  Result<std::vector<Record>> read_range(TableId table, std::string_view from, std::string_view to, std::size_t limit,
                                         std::int64_t now);
  Result<Changes> read_changes(TableId table, std::uint64_t from_sequence, std::size_t limit);
  bool reads_are_inline() const;

  // All below: with the mutex held.
  void run_waiting();
  Result<Committed> judge_and_apply(const Transaction& transaction);
  void apply(const Transaction& transaction, std::uint64_t sequence);
  std::map<std::string, Disk::Entry>& table(TableId table) { return disk_->tables[std::string(options_of(table).name)]; }
  std::int64_t now() const { return numeric_date(clock_.wall()); }

  std::vector<TableOptions> tables_;
  const Clock& clock_;
  std::shared_ptr<Disk> disk_;
  std::size_t commit_queue_max_;

  mutable std::mutex mutex_;
  std::deque<Request> waiting_;
  std::vector<HeldRead> held_reads_;
  Reads reads_ = Reads::Inline;
  std::size_t failures_left_ = 0;
  std::size_t passed_first_ = 0;
  Code failure_ = Code::Io;
  bool is_full_ = false;
  bool is_holding_ = false;
  bool has_power_ = true;
  StoreFigures figures_;
};

}  // namespace claviger::storage::memory
