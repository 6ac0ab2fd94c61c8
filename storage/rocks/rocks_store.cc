#include "storage/rocks/rocks_store.h"

#include <algorithm>

#include "storage/rocks/backup.h"
#include "storage/rocks/engine.h"

namespace claviger::storage::rocks {
namespace {

// A page that may be read on the loop when it is cached: some 50 us.
constexpr std::size_t kInlineRangeMax = 128;

std::int64_t shard_now() { return numeric_date(runtime::Shard::current().wall()); }

}  // namespace

Result<std::unique_ptr<Store>> open(Options options, runtime::Shards& shards, const Clock& clock, Logger& logger) {
  CLAVIGER_TRY(database, Database::open(options, clock, logger));
  CLAVIGER_TRY(floor, database->load_floor());
  logger.info("store.opened", {{"directory", options.directory}, {"sequence", floor.last().sequence}});
  std::unique_ptr<Store> store =
      std::make_unique<RocksStore>(options, shards.size(), std::move(database), std::move(floor));
  return store;
}

RocksStore::RocksStore(const Options& options, std::size_t shards, std::unique_ptr<Database> database,
                       ChangeFloor floor)
    : database_(std::move(database)),
      counts_(shards),
      recent_(shards, RecentReads(database_->tables_count(), database_->hash_key())),
      queue_(shards, options.commit_queue_max, options.commit_queue_bytes),
      writer_(*database_, queue_, std::move(floor), shards, options.cpus),
      readers_("store-read", options.reader_threads, options.read_queue_max, options.cpus) {}

std::optional<Result<Value>> RocksStore::get_cached(TableId table, std::string_view key) {
  const std::optional<std::uint64_t> settled = writer_.settled_at(table);
  const std::int64_t now = shard_now();
  std::optional<Result<Value>> value;
  if (settled) value = recent().find(table, key, *settled, now);
  if (!value) {
    value = read(*database_, table, key, now, Tier::Cached);
    if (value && settled) recent().keep(table, key, *settled, *value);
  }
  if (value) ReadCounts::add(counts().inline_reads);
  return value;
}

Task<Result<Value>> RocksStore::get(TableId table, std::string key) {
  if (auto cached = get_cached(table, key)) co_return *std::move(cached);
  ReadCounts::add(counts().off_loop);
  auto work = [database = database_.get(), table, key = std::move(key), now = shard_now()] {
    return *read(*database, table, key, now, Tier::Disk);
  };
  auto value = co_await runtime::offload(&readers_, std::move(work));
  if (!value) co_return value.error();
  co_return *std::move(value);
}

Task<Result<std::vector<Record>>> RocksStore::range(TableId table, std::string from, std::string to,
                                                    std::size_t limit) {
  limit = std::min(limit, kRangeMax);
  if (limit <= kInlineRangeMax) {
    const std::optional<std::uint64_t> settled = writer_.settled_at(table);
    const std::int64_t now = shard_now();
    if (settled && recent().is_empty_range(table, from, to, *settled, now)) {
      ReadCounts::add(counts().inline_reads);
      co_return std::vector<Record>();
    }
    auto cached = read_range(*database_, table, from, to, limit, now, Tier::Cached);
    if (cached) {
      const bool is_empty = *cached && (*cached)->empty() && limit > 0;
      if (is_empty && settled) recent().keep_empty_range(table, from, to, *settled);
      ReadCounts::add(counts().inline_reads);
      co_return *std::move(cached);
    }
  }
  ReadCounts::add(counts().off_loop);
  auto work = [database = database_.get(), table, from = std::move(from), to = std::move(to), limit,
               now = shard_now()] { return *read_range(*database, table, from, to, limit, now, Tier::Disk); };
  auto records = co_await runtime::offload(&readers_, std::move(work));
  if (!records) co_return records.error();
  co_return *std::move(records);
}

std::uint64_t RocksStore::first_change(TableId table) const {
  return writer_.change_floor(database_->options_of(table).changes_kept_seconds) + 1;
}

Task<Result<Changes>> RocksStore::changes(TableId table, std::uint64_t from_sequence, std::size_t limit) {
  const TableOptions& options = database_->options_of(table);
  CLAVIGER_ASSERT(options.tracks_changes);
  limit = std::clamp<std::size_t>(limit, 1, kRangeMax);
  // Before the floor is asked: what is committed meanwhile is given or left for the next call, never lost.
  const std::uint64_t latest = writer_.latest_sequence();
  if (from_sequence <= writer_.change_floor(options.changes_kept_seconds)) {
    co_return Error{Code::OutOfRange, "store.changes"};
  }
  if (limit <= kInlineRangeMax) {
    auto cached = read_changes(*database_, table, from_sequence, limit, latest, Tier::Cached);
    if (cached) {
      ReadCounts::add(counts().inline_reads);
      co_return *std::move(cached);
    }
  }
  ReadCounts::add(counts().off_loop);
  auto work = [database = database_.get(), table, from_sequence, limit, latest] {
    return *read_changes(*database, table, from_sequence, limit, latest, Tier::Disk);
  };
  auto found = co_await runtime::offload(&readers_, std::move(work));
  if (!found) co_return found.error();
  co_return *std::move(found);
}

Task<Result<Committed>> RocksStore::commit(Transaction transaction) {
  if (transaction.is_too_large()) co_return Error{Code::TooLarge, "store.commit"};
  auto submitted = queue_.submit(std::move(transaction));
  if (!submitted) co_return submitted.error();
  runtime::OneShot<Result<Committed>> waiter = *std::move(submitted);
  auto committed = co_await waiter;
  co_return committed;
}

StoreFigures RocksStore::figures() const {
  StoreFigures figures;
  writer_.add_figures(figures);
  for (const ReadCounts& counts : counts_) {
    figures.reads_inline += counts.inline_reads.load(std::memory_order_relaxed);
    figures.reads_off_loop += counts.off_loop.load(std::memory_order_relaxed);
  }
  figures.block_cache_bytes = database_->cache()->GetUsage();
  database_->db().GetAggregatedIntProperty("rocksdb.cur-size-all-mem-tables", &figures.memtable_bytes);
  database_->db().GetAggregatedIntProperty("rocksdb.total-sst-files-size", &figures.files_bytes);
  return figures;
}

Result<Unit> RocksStore::checkpoint(const std::string& directory) {
  return make_checkpoint(database_->db(), directory, database_->logger());
}

}  // namespace claviger::storage::rocks
