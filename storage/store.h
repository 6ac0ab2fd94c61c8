// Store: everything that must survive. Small on purpose, because a distributed engine must be able to stand behind it.
//
// One Store per process, used from every shard: each call is made on a shard and its Task is resumed there. Engines:
// storage/rocks (RocksDB, the embedded default) and storage/memory (tests: injected faults, delays, full disks).
// Keys are order-preserving byte strings that start with the tenant. A version is the sequence number of the commit that
// wrote the record (0: absent). A record past its expiry is absent for readers from that second on.
//
// Errors: NotFound, Conflict (an expectation failed), Overload (the commit or read queue is full), TooLarge (see
// Transaction), NoSpace, Io, Corrupt (the record's table is in `where`, its key in the log), Closed, OutOfRange (changes
// only). After NoSpace or Io of a commit the outcome is open until the store has been opened again: nobody sees the
// writes before that, but a log that could not be synced may still bring them back. Expectations make a retry safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/runtime/task.h"
#include "storage/transaction.h"
#include "storage/value.h"

namespace claviger::storage {

using runtime::Task;

struct Record {
  std::string key;
  Value value;
};

// One entry of a table's change feed: the key that was put or erased by the commit `sequence`.
struct Change {
  std::uint64_t sequence;
  std::string key;
  bool is_erased;
};
struct Changes {
  std::vector<Change> changes;
  // Ask from here next. Everything up to here has been given (or had expired).
  std::uint64_t next_sequence;
};

struct Committed {
  std::uint64_t sequence;  // the version of every record the transaction put
};

struct StoreHealth {
  bool can_write = true;
  std::string_view why;  // a literal: "no space", "write failed"
  std::uint64_t commits_queued = 0;
};

// Figures for metrics and `clavigerctl status`.
struct StoreFigures {
  std::uint64_t commits = 0, batches = 0, reads_inline = 0, reads_off_loop = 0, conflicts = 0;
  std::uint64_t commits_failed = 0;
  std::uint64_t block_cache_bytes = 0, memtable_bytes = 0, files_bytes = 0;
};

class Store {
 public:
  virtual ~Store() = default;

  // The value or NotFound. Answers inline when the block cache or memtable has it, else off the loop.
  virtual Task<Result<Value>> get(TableId table, std::string key) = 0;
  // Only what can be had without I/O and without suspending: nothing means ask get(). For hot paths.
  virtual std::optional<Result<Value>> get_cached(TableId table, std::string_view key) = 0;
  // Records with from <= key < to (empty `to`: the table's end), in key order: `limit` (<= kRangeMax), or fewer when they
  // are long (page.h: is_full_page()). The next page starts at the last key and a NUL, and sees what is committed then.
  virtual Task<Result<std::vector<Record>>> range(TableId table, std::string from, std::string to,
                                                  std::size_t limit) = 0;
  // Atomic and durable when it returns. Not cancellable once submitted: dropping the Task does not undo it.
  virtual Task<Result<Committed>> commit(Transaction transaction) = 0;
  // Changes of a table that tracks them (TableOptions), with sequence >= from_sequence (from 1 on), in order, about
  // `limit` (a commit's changes are never split). OutOfRange when older ones than are kept were asked for: take
  // latest_sequence() + 1, read the whole table, go on from there.
  virtual Task<Result<Changes>> changes(TableId table, std::uint64_t from_sequence, std::size_t limit) = 0;

  // Any thread: the first sequence that changes() of this table has not forgotten.
  virtual std::uint64_t first_change(TableId table) const = 0;
  // Any thread: sequence of the latest durable commit.
  virtual std::uint64_t latest_sequence() const = 0;
  virtual StoreHealth health() const = 0;
  virtual StoreFigures figures() const = 0;
  // A consistent copy in a new directory, taken online; restore is starting from that directory. Called off the loop.
  virtual Result<Unit> checkpoint(const std::string& directory) = 0;
};

inline constexpr std::size_t kRangeMax = 4096;  // a page; page.h bounds its octets

}  // namespace claviger::storage
