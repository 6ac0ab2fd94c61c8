// Outbox: what must leave the node or happen later (back-channel logout, NOTIFY, retries, timers of persistent things) is
// a row in a table ordered by due time, put in the transaction that causes it, done at least once, erased when done.
//
// The id is the idempotency key: the same through all attempts and restarts. Whoever receives twice recognises it.
// One Outbox per table and process, on one shard; rows may be put from any shard, its owner is told by wake() or finds
// them at the next poll. After kill -9 the rows are still there, and what was under way is done again.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/runtime/one_shot.h"
#include "core/runtime/scope.h"
#include "core/runtime/shard.h"
#include "core/runtime/task.h"
#include "storage/outbox_row.h"
#include "storage/store.h"

namespace claviger::storage {

class OutboxHandler {
 public:
  virtual ~OutboxHandler() = default;
  // Done: the row goes. An error: again after a pause. NotPermitted: never again, the row goes.
  virtual Task<Result<Unit>> handle(OutboxRow row) = 0;
  // The last attempt failed: the row goes. Say so where an operator sees it.
  virtual void gave_up(const OutboxRow& row, const Error& error) = 0;
};

struct OutboxOptions {
  std::size_t under_way_max = 64;  // handlers at a time: each may hold a connection
  std::size_t window_rows = 256;   // rows loaded ahead
  Seconds window{60};              // how far ahead
  Seconds poll{1};                 // how long a row of another shard may go unnoticed
  Seconds pause_first{1};          // doubles with each attempt
  Seconds pause_max{900};
  std::uint16_t attempts_max = 32;  // with these pauses some six hours
};

class Outbox {
 public:
  Outbox(runtime::Shard& shard, Store& store, TableId table, OutboxHandler& handler, OutboxOptions options = {});
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  // On its shard: begins. Rows that are due run at once.
  void start();
  // On its shard: a row was put that may be due before what is known.
  void wake();
  // Handlers under way end, no new one begins. Destroying the Outbox drops them instead; their rows stay.
  Task<void> close();

  std::size_t under_way() const { return under_way_.size(); }

 private:
  // Rows are put with a due time of now or later: a slow commit is behind that by a second or two, a step of the wall clock
  // by more. Every pass looks back so far; the second one, and the very first row, are looked for by time and not by the pass,
  // because a busy outbox passes a thousand times a second, over the traces of all that was done.
  static constexpr std::int64_t kLateUsual = 2;
  static constexpr std::int64_t kLateMax = 60;
  static constexpr std::int64_t kLateScanEvery = 5;
  static constexpr std::int64_t kFullScanEvery = 60;

  Task<void> run();
  Task<void> attempt(std::string key, std::uint64_t version, OutboxRow row);
  Task<void> drop(std::string key, std::uint64_t version);
  Task<Result<Unit>> settle(std::string key, std::uint64_t version, OutboxRow row, Result<Unit> outcome);
  // Starts what is due; the time of the next row that is known.
  std::int64_t begin_due(const std::vector<Record>& records, std::int64_t now);
  std::string scan_from(std::int64_t now);
  std::int64_t pause_after(const OutboxRow& row) const;

  runtime::Shard& shard_;
  Store& store_;
  TableId table_;
  OutboxHandler& handler_;
  OutboxOptions options_;
  std::set<std::string> under_way_;                   // keys, at most under_way_max
  std::optional<runtime::Completer<Unit>> sleeping_;  // run() waits
  bool is_woken_ = false;
  bool is_closing_ = false;
  std::int64_t last_pass_ = 0;
  std::int64_t next_late_scan_ = 0;
  std::int64_t next_full_scan_ = 0;
  std::int64_t nothing_before_ = 0;  // the last scan saw no row due before this
  runtime::Scope scope_;             // last: its tasks use all of the above
};

}  // namespace claviger::storage
