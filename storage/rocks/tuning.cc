#include "storage/rocks/tuning.h"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>

namespace claviger::storage::rocks {
namespace {

// Ten bits a key: about 1 % of absent keys still cost a block.
constexpr double kBloomBitsPerKey = 10;
// Expired records of a quiet table are looked for this often; a busy one compacts anyway.
constexpr std::uint64_t kExpiringCompactionSeconds = 6 * 3600;
constexpr std::uint64_t kOrdinaryCompactionSeconds = 30 * 24 * 3600;
// Two: one flush and one compaction side by side; more would take the cores that serve requests.
constexpr int kBackgroundJobsMax = 2;

bool has_lz4() {
  const auto supported = rocksdb::GetSupportedCompressions();
  return std::find(supported.begin(), supported.end(), rocksdb::kLZ4Compression) != supported.end();
}

}  // namespace

rocksdb::DBOptions database_options(const Options& options, const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::DBOptions db;
  if (options.env != nullptr) db.env = options.env;
  db.create_if_missing = true;
  db.create_missing_column_families = true;
  db.paranoid_checks = true;
  // A synced log that has vanished or shrunk is an error at start, not an early end.
  db.track_and_verify_wals_in_manifest = true;
  // The last write before a power cut may be torn. What comes behind a torn record was never acknowledged.
  db.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  db.write_buffer_manager = std::make_shared<rocksdb::WriteBufferManager>(options.memtable_bytes, cache);
  // A table that is seldom written must not keep the log of all the others alive for ever.
  db.max_total_wal_size = std::max<std::uint64_t>(4 * options.memtable_bytes, 16U << 20U);
  db.max_background_jobs = kBackgroundJobsMax;
  db.max_open_files = -1;
  db.bytes_per_sync = 1U << 20U;  // smooth the background writes, so that a commit's sync does not wait behind them
  // Releasing an iterator on a shard must not delete files there.
  db.avoid_unnecessary_blocking_io = true;
  // One writer: the machinery for many costs and brings nothing.
  db.allow_concurrent_memtable_write = false;
  db.enable_write_thread_adaptive_yield = false;
  db.stats_dump_period_sec = 0;
  db.stats_persist_period_sec = 0;
  return db;
}

rocksdb::ColumnFamilyOptions family_options(const Options& options, TableAccess access,
                                            const std::shared_ptr<rocksdb::Cache>& cache,
                                            const rocksdb::CompactionFilter* filter) {
  rocksdb::ColumnFamilyOptions family;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  // Indexes and filters in the cache too: memory is bounded by configuration, not by the number of subscribers.
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.format_version = 5;
  if (access != TableAccess::Ordered) {
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBitsPerKey));
    table.optimize_filters_for_memory = true;
  }
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  // The manager above flushes the biggest when all together reach the budget; this is one table's share at most.
  family.write_buffer_size = std::max<std::size_t>(options.memtable_bytes / 2, 1U << 20U);
  // Thirty small tables must not take a megabyte each before their first record.
  family.arena_block_size = 64U << 10U;
  family.max_write_buffer_number = 4;
  family.level_compaction_dynamic_level_bytes = true;
  family.compaction_filter = filter;
  const bool is_expiring = access == TableAccess::Expiring;
  family.periodic_compaction_seconds = is_expiring ? kExpiringCompactionSeconds : kOrdinaryCompactionSeconds;
  // What lives for minutes is not worth compressing; the rest is half hashes and sealed bytes, LZ4 is nearly free.
  family.compression = !is_expiring && has_lz4() ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
  return family;
}

}  // namespace claviger::storage::rocks
