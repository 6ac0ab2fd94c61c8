#include "storage/rocks/commit_writer.h"

#include <pthread.h>

#include "storage/change_entry.h"
#include "storage/rocks/affinity.h"
#include "storage/rocks/status.h"
#include "storage/stored_value.h"

namespace claviger::storage::rocks {

CommitWriter::CommitWriter(Database& database, CommitQueue& queue, ChangeFloor floor, std::size_t shards,
                           std::vector<int> cpus)
    : database_(database),
      queue_(queue),
      judge_(database),
      sequence_(floor.last().sequence),
      changed_by_(database.tables_count()),
      answers_(shards),
      floor_(std::move(floor)),
      latest_(sequence_) {
  thread_ = std::thread([this, cpus = std::move(cpus)] {
    pthread_setname_np(pthread_self(), "store-writer");
    const ScopedAffinity affinity(cpus);
    run();
  });
}

CommitWriter::~CommitWriter() {
  queue_.close();
  thread_.join();
}

void CommitWriter::run() {
  std::vector<CommitRequest> taken;
  for (;;) {
    const bool is_failing = failure_.load(std::memory_order_relaxed) != nullptr;
    if (!queue_.take(taken, is_failing ? std::optional(kProbeInterval) : std::nullopt)) return;
    if (is_failing) probe();
    for (std::span<CommitRequest> left(taken); !left.empty();) left = left.subspan(write_batch(left));
  }
}

std::size_t CommitWriter::write_batch(std::span<CommitRequest> requests) {
  const std::int64_t now = database_.now();
  const std::uint64_t sequence_before = sequence_;
  batch_.Clear();
  judge_.begin(now);
  touched_.clear();
  results_.clear();
  while (results_.size() < std::min(requests.size(), kBatchTransactionsMax) && batch_.GetDataSize() < kBatchBytesMax) {
    CommitRequest& request = requests[results_.size()];
    results_.push_back(stage(request, now));
    queue_.release(request.transaction);
  }
  if (sequence_ != sequence_before) {
    note_changes(kChanging);
    const rocksdb::Status status = write_staged(now);
    note_changes(sequence_);
    if (status.ok()) {
      judge_.remember();
    } else {
      judge_.forget();
      failed(status);
      for (auto& result : results_) result = to_error(status, "store.commit");
    }
  }
  answer(requests.first(results_.size()), results_);
  return results_.size();
}

Result<Committed> CommitWriter::stage(CommitRequest& request, std::int64_t now) {
  const Transaction& transaction = request.transaction;
  if (const auto refusal = judge_.refusal(transaction, now)) {
    if (refusal->code == Code::Conflict) conflicts_.fetch_add(1, std::memory_order_relaxed);
    return *refusal;
  }
  if (transaction.writes().empty()) return Committed{sequence_};
  const std::uint64_t sequence = ++sequence_;
  for (const Transaction::Write& write : transaction.writes()) {
    rocksdb::ColumnFamilyHandle* family = database_.family(write.table);
    if (touched_.empty() || touched_.back() != write.table) touched_.push_back(write.table);
    if (write.is_erase) {
      batch_.Delete(family, write.key);
      continue;
    }
    const EncodedHeader header({sequence, write.expires_at});
    const rocksdb::Slice key = write.key;
    const rocksdb::Slice value[] = {as_slice(header.text()), write.value};
    batch_.Put(family, rocksdb::SliceParts(&key, 1), rocksdb::SliceParts(value, 2));
  }
  stage_changes(transaction, sequence, now);
  judge_.accept(transaction, sequence);
  return Committed{sequence};
}

void CommitWriter::stage_changes(const Transaction& transaction, std::uint64_t sequence, std::int64_t now) {
  std::uint32_t index = 0;
  for (const Transaction::Write& write : transaction.writes()) {
    const TableOptions& table = database_.options_of(write.table);
    if (!table.tracks_changes) continue;
    const std::string key = change_key(table.name, sequence, index++);
    const EncodedHeader header(
        {sequence, floor_.commit_time(now) + table.changes_kept_seconds + ChangeFloor::kDropAfter});
    const char kind = write.is_erase ? kChangeErased : kChangePut;
    const rocksdb::Slice key_slice = key;
    const rocksdb::Slice value[] = {as_slice(header.text()), rocksdb::Slice(&kind, 1), write.key};
    batch_.Put(database_.changes(), rocksdb::SliceParts(&key_slice, 1), rocksdb::SliceParts(value, 3));
  }
}

rocksdb::Status CommitWriter::write_staged(std::int64_t now) {
  const ChangeFloor::Mark last{floor_.commit_time(now), sequence_};
  const auto mark = floor_.next_mark(now);
  const auto obsolete = floor_.obsolete(now);
  batch_.Put(database_.meta(), as_slice(kSequenceKey), encode_pair(last.sequence, last.time));
  if (mark) batch_.Put(database_.meta(), mark_key(mark->time), encode_pair(mark->sequence, 0).substr(0, 8));
  if (obsolete) batch_.Delete(database_.meta(), mark_key(obsolete->time));

  rocksdb::WriteOptions options;
  options.sync = true;
  const rocksdb::Status status = database_.db().Write(options, &batch_);
  if (!status.ok()) return status;
  {
    const std::scoped_lock lock(floor_mutex_);
    floor_.committed(last, mark);
    if (obsolete) floor_.drop_oldest();
  }
  latest_.store(sequence_, std::memory_order_release);
  batches_.fetch_add(1, std::memory_order_relaxed);
  if (failure_.exchange(nullptr, std::memory_order_relaxed) != nullptr) database_.logger().info("store.writable");
  return status;
}

// Before readers may see it, and again before anybody is told.
void CommitWriter::note_changes(std::uint64_t changed) {
  for (const TableId table : touched_) {
    changed_by_[static_cast<std::size_t>(table)].store(changed, std::memory_order_release);
  }
}

void CommitWriter::answer(std::span<CommitRequest> requests, std::vector<Result<Committed>>& results) {
  for (std::size_t i = 0; i < requests.size(); ++i) {
    commits_.fetch_add(results[i] ? 1 : 0, std::memory_order_relaxed);
    answers_[requests[i].shard->index()].push_back({std::move(requests[i].completer), results[i]});
  }
  Shard* last = nullptr;
  for (const CommitRequest& request : requests) {
    auto& answers = answers_[request.shard->index()];
    if (request.shard == last || answers.empty()) continue;
    last = request.shard;
    request.shard->mailbox().post_control([batch = std::move(answers)]() mutable {
      for (Answer& one : batch) one.completer.complete(std::move(one.result));
    });
    answers.clear();
  }
}

void CommitWriter::failed(const rocksdb::Status& status) {
  failures_.fetch_add(1, std::memory_order_relaxed);
  const char* why = to_error(status, "").code == Code::NoSpace ? "no space" : "write failed";
  if (failure_.exchange(why, std::memory_order_relaxed) == nullptr) {
    database_.logger().error("store.write", {{"reason", status.ToString()}});
  }
}

// RocksDB recovers by itself some seconds after the space is back; Resume() is quicker when it is not at it already.
void CommitWriter::probe() {
  const rocksdb::Status resumed = database_.db().Resume();
  if (!resumed.ok()) return;
  batch_.Clear();
  (void)write_staged(database_.now());
}

std::uint64_t CommitWriter::change_floor(std::int64_t kept_seconds) const {
  const std::scoped_lock lock(floor_mutex_);
  return floor_.floor(kept_seconds, database_.now());
}

StoreHealth CommitWriter::health() const {
  StoreHealth health;
  if (const char* failure = failure_.load(std::memory_order_relaxed)) {
    health.can_write = false;
    health.why = failure;
  }
  health.commits_queued = queue_.count();
  return health;
}

void CommitWriter::add_figures(StoreFigures& figures) const {
  figures.commits = commits_.load(std::memory_order_relaxed);
  figures.batches = batches_.load(std::memory_order_relaxed);
  figures.conflicts = conflicts_.load(std::memory_order_relaxed);
  figures.commits_failed = failures_.load(std::memory_order_relaxed);
}

}  // namespace claviger::storage::rocks
