#include "storage/memory/memory_store.h"

#include <algorithm>

#include "storage/page.h"
#include "storage/stored_value.h"

namespace claviger::storage::memory {
namespace {

std::int64_t shard_now() { return numeric_date(runtime::Shard::current().wall()); }

std::int64_t kept_max(const std::vector<TableOptions>& tables) {
  std::int64_t kept = 0;
  for (const TableOptions& table : tables) kept = std::max(kept, table.changes_kept_seconds);
  return kept;
}

// A version that no commit has: the mark of a corrupted entry.
constexpr std::uint64_t kCorrupted = 0;

}  // namespace

MemoryStore::MemoryStore(std::vector<TableOptions> tables, const Clock& clock, std::shared_ptr<Disk> disk,
                         std::size_t commit_queue_max)
    : tables_(std::move(tables)), clock_(clock), disk_(std::move(disk)), commit_queue_max_(commit_queue_max) {
  if (disk_->sequence == 0) disk_->floor = ChangeFloor(kept_max(tables_));
}

const TableOptions& MemoryStore::options_of(TableId table) const {
  const auto index = static_cast<std::size_t>(table);
  CLAVIGER_ASSERT(index < tables_.size());
  return tables_[index];
}

// Reads

bool MemoryStore::reads_are_inline() const {
  const std::scoped_lock lock(mutex_);
  return reads_ == Reads::Inline;
}

runtime::OneShot<Unit> MemoryStore::wait_for_read() {
  runtime::Shard& shard = runtime::Shard::current();
  runtime::OneShotPair<Unit> pair;
  const std::scoped_lock lock(mutex_);
  if (reads_ == Reads::Hold) {
    held_reads_.push_back({std::move(pair.completer), &shard});
  } else {
    shard.mailbox().post_control([completer = std::move(pair.completer)]() mutable { completer.complete(Unit{}); });
  }
  return std::move(pair.waiter);
}

void MemoryStore::set_reads(Reads reads) {
  const std::scoped_lock lock(mutex_);
  reads_ = reads;
  if (reads == Reads::Hold) return;
  for (HeldRead& held : held_reads_) {
    held.shard->mailbox().post_control(
        [completer = std::move(held.completer)]() mutable { completer.complete(Unit{}); });
  }
  held_reads_.clear();
}

std::optional<Result<Value>> MemoryStore::get_cached(TableId table, std::string_view key) {
  if (!reads_are_inline()) return std::nullopt;
  return read(table, key, shard_now());
}

Task<Result<Value>> MemoryStore::get(TableId table, std::string key) {
  const std::int64_t now = shard_now();
  if (!reads_are_inline()) {
    auto waiter = wait_for_read();
    co_await waiter;
  }
  co_return read(table, key, now);
}

Task<Result<std::vector<Record>>> MemoryStore::range(TableId table, std::string from, std::string to,
                                                     std::size_t limit) {
  const std::int64_t now = shard_now();
  if (!reads_are_inline()) {
    auto waiter = wait_for_read();
    co_await waiter;
  }
  co_return read_range(table, from, to, std::min(limit, kRangeMax), now);
}

Task<Result<Changes>> MemoryStore::changes(TableId table, std::uint64_t from_sequence, std::size_t limit) {
  if (!reads_are_inline()) {
    auto waiter = wait_for_read();
    co_await waiter;
  }
  co_return read_changes(table, from_sequence, std::clamp<std::size_t>(limit, 1, kRangeMax));
}

Result<Value> MemoryStore::read(TableId table_id, std::string_view key, std::int64_t now) {
  const std::scoped_lock lock(mutex_);
  ++figures_.reads_inline;
  const std::string_view name = options_of(table_id).name;
  const auto& entries = table(table_id);
  const auto found = entries.find(std::string(key));
  if (found == entries.end() || is_expired(found->second.expires_at, now)) return Error{Code::NotFound, name};
  const Disk::Entry& entry = found->second;
  if (entry.version == kCorrupted) return Error{Code::Corrupt, name};
  return Value::owned(entry.value, entry.version, entry.expires_at);
}

Result<std::vector<Record>> MemoryStore::read_range(TableId table_id, std::string_view from, std::string_view to,
                                                    std::size_t limit, std::int64_t now) {
  const std::scoped_lock lock(mutex_);
  ++figures_.reads_inline;
  std::vector<Record> records;
  const auto& entries = table(table_id);
  std::size_t bytes = 0;
  for (auto at = entries.lower_bound(std::string(from)); at != entries.end(); ++at) {
    if (records.size() >= limit || bytes >= kRangeBytesMax) break;
    const auto& [key, entry] = *at;
    if (!to.empty() && key >= to) break;
    if (is_expired(entry.expires_at, now)) continue;
    if (entry.version == kCorrupted) return Error{Code::Corrupt, options_of(table_id).name};
    records.push_back({key, Value::owned(entry.value, entry.version, entry.expires_at)});
    bytes += byte_size(records.back());
  }
  return records;
}

std::uint64_t MemoryStore::first_change(TableId table) const {
  const std::scoped_lock lock(mutex_);
  return disk_->floor.floor(options_of(table).changes_kept_seconds, now()) + 1;
}

Result<Changes> MemoryStore::read_changes(TableId table_id, std::uint64_t from_sequence, std::size_t limit) {
  const std::scoped_lock lock(mutex_);
  const TableOptions& options = options_of(table_id);
  CLAVIGER_ASSERT(options.tracks_changes);
  if (from_sequence <= disk_->floor.floor(options.changes_kept_seconds, now())) {
    return Error{Code::OutOfRange, "store.changes"};
  }
  Changes found;
  found.next_sequence = std::max(disk_->sequence + 1, from_sequence);
  for (const Change& change : disk_->changes[std::string(options.name)]) {
    if (change.sequence < from_sequence) continue;
    if (found.changes.size() >= limit && found.changes.back().sequence != change.sequence) {
      found.next_sequence = change.sequence;
      break;
    }
    found.changes.push_back(change);
  }
  return found;
}

// Commits

Task<Result<Committed>> MemoryStore::commit(Transaction transaction) {
  if (transaction.is_too_large()) co_return Error{Code::TooLarge, "store.commit"};
  auto submitted = submit(std::move(transaction));
  if (!submitted) co_return submitted.error();
  runtime::OneShot<Result<Committed>> waiter = *std::move(submitted);
  auto committed = co_await waiter;
  co_return committed;
}

Result<runtime::OneShot<Result<Committed>>> MemoryStore::submit(Transaction transaction) {
  const std::scoped_lock lock(mutex_);
  if (!has_power_) return Error{Code::Closed, "store.commit"};
  if (waiting_.size() >= commit_queue_max_) return Error{Code::Overload, "store.queue"};
  runtime::OneShotPair<Result<Committed>> pair;
  waiting_.push_back({std::move(transaction), std::move(pair.completer), &runtime::Shard::current()});
  if (!is_holding_) run_waiting();
  return std::move(pair.waiter);
}

void MemoryStore::run_waiting() {
  if (!waiting_.empty()) ++figures_.batches;
  while (!waiting_.empty()) {
    Request request = std::move(waiting_.front());
    waiting_.pop_front();
    Result<Committed> result = has_power_ ? judge_and_apply(request.transaction) : Error{Code::Closed, "store.commit"};
    request.shard->mailbox().post_control(
        [completer = std::move(request.completer), result]() mutable { completer.complete(result); });
  }
}

Result<Committed> MemoryStore::judge_and_apply(const Transaction& transaction) {
  if (passed_first_ > 0) {
    --passed_first_;
  } else if (failures_left_ > 0) {
    --failures_left_;
    ++figures_.commits_failed;
    return Error{failure_, "store.commit"};
  }
  for (const Transaction::Expectation& expectation : transaction.expectations()) {
    const auto& entries = table(expectation.table);
    const auto found = entries.find(expectation.key);
    const bool is_absent = found == entries.end() || is_expired(found->second.expires_at, now());
    if (!is_absent && found->second.version == kCorrupted) {
      return Error{Code::Corrupt, options_of(expectation.table).name};
    }
    if ((is_absent ? 0 : found->second.version) != expectation.version) {
      ++figures_.conflicts;
      return Error{Code::Conflict, options_of(expectation.table).name};
    }
  }
  if (transaction.writes().empty()) return Committed{disk_->sequence};
  if (is_full_) {
    ++figures_.commits_failed;
    return Error{Code::NoSpace, "store.commit"};
  }
  apply(transaction, ++disk_->sequence);
  ++figures_.commits;
  return Committed{disk_->sequence};
}

void MemoryStore::apply(const Transaction& transaction, std::uint64_t sequence) {
  for (const Transaction::Write& write : transaction.writes()) {
    auto& entries = table(write.table);
    if (write.is_erase) {
      entries.erase(write.key);
    } else {
      entries[write.key] = Disk::Entry{write.value, sequence, write.expires_at};
    }
    const TableOptions& options = options_of(write.table);
    if (!options.tracks_changes) continue;
    disk_->changes[std::string(options.name)].push_back({sequence, write.key, write.is_erase});
  }
  const ChangeFloor::Mark last{disk_->floor.commit_time(now()), sequence};
  disk_->floor.committed(last, disk_->floor.next_mark(now()));
}

std::uint64_t MemoryStore::latest_sequence() const {
  const std::scoped_lock lock(mutex_);
  return disk_->sequence;
}

StoreHealth MemoryStore::health() const {
  const std::scoped_lock lock(mutex_);
  StoreHealth health;
  health.can_write = !is_full_ && has_power_;
  if (!health.can_write) health.why = is_full_ ? "no space" : "write failed";
  health.commits_queued = waiting_.size();
  return health;
}

StoreFigures MemoryStore::figures() const {
  const std::scoped_lock lock(mutex_);
  return figures_;
}

Result<Unit> MemoryStore::checkpoint(const std::string&) { return Error{Code::Unsupported, "store.checkpoint"}; }

// Faults

void MemoryStore::fail_commits(std::size_t count, Code code, std::size_t passed) {
  const std::scoped_lock lock(mutex_);
  failures_left_ = count;
  passed_first_ = passed;
  failure_ = code;
}

void MemoryStore::set_full(bool is_full) {
  const std::scoped_lock lock(mutex_);
  is_full_ = is_full;
}

void MemoryStore::hold_commits() {
  const std::scoped_lock lock(mutex_);
  is_holding_ = true;
}

void MemoryStore::release_commits() {
  const std::scoped_lock lock(mutex_);
  is_holding_ = false;
  run_waiting();
}

std::size_t MemoryStore::commits_held() const {
  const std::scoped_lock lock(mutex_);
  return waiting_.size();
}

void MemoryStore::lose_power(Unacknowledged unacknowledged) {
  const std::scoped_lock lock(mutex_);
  if (unacknowledged == Unacknowledged::Kept) {
    for (const Request& request : waiting_) (void)judge_and_apply(request.transaction);
  }
  has_power_ = false;
  failures_left_ = 0;
  run_waiting();
}

void MemoryStore::corrupt(TableId table_id, std::string_view key) {
  const std::scoped_lock lock(mutex_);
  table(table_id)[std::string(key)].version = kCorrupted;
}

}  // namespace claviger::storage::memory
