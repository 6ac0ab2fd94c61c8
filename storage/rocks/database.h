// The open RocksDB with its column families: one per table under the table's name, "#changes" for the change feed,
// and the default one for what the store itself must remember.
//
// Default family:
//   "format"              ->  %x00 %x01                     ; version of this layout
//   "sequence"            ->  sequence time                 ; last commit; 8OCTET each, big-endian
//   "mark" %x00 time      ->  sequence                      ; storage/change_floor.h; 8OCTET each
// Made by open(), any thread may read through it; only the commit writer writes.
#pragma once

#include <rocksdb/cache.h>
#include <rocksdb/db.h>

#include <memory>
#include <string>
#include <vector>

#include "core/base/siphash.h"
#include "storage/change_floor.h"
#include "storage/rocks/engine.h"
#include "storage/rocks/expiry_filter.h"

namespace claviger::storage::rocks {

inline constexpr std::uint16_t kFormatVersion = 1;

class Database {
 public:
  static Result<std::unique_ptr<Database>> open(const Options& options, const Clock& clock, Logger& logger);
  Database(const Clock& clock, Logger& logger) : clock_(clock), logger_(logger), filter_(clock) {}
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  rocksdb::DB& db() const { return *db_; }
  rocksdb::ColumnFamilyHandle* family(TableId table) const { return families_[index_of(table)]; }
  rocksdb::ColumnFamilyHandle* changes() const { return changes_; }
  rocksdb::ColumnFamilyHandle* meta() const { return db_->DefaultColumnFamily(); }
  const TableOptions& options_of(TableId table) const { return tables_[index_of(table)]; }
  std::size_t tables_count() const { return tables_.size(); }
  std::int64_t changes_kept_max() const;
  const std::shared_ptr<rocksdb::Cache>& cache() const { return cache_; }
  const Clock& clock() const { return clock_; }
  Logger& logger() const { return logger_; }
  std::int64_t now() const { return numeric_date(clock_.wall()); }
  SipKey hash_key() const { return hash_key_; }  // of this opening

  // What was persisted of the last commit and the marks.
  Result<ChangeFloor> load_floor();
  void report_corrupt(std::string_view table, std::string_view key, std::string_view what) const;

 private:
  std::size_t index_of(TableId table) const {
    const auto index = static_cast<std::size_t>(table);
    CLAVIGER_ASSERT(index < tables_.size());
    return index;
  }
  Result<Unit> open_families(const Options& options);
  Result<Unit> check_format();

  const Clock& clock_;
  Logger& logger_;
  ExpiryFilter filter_;
  SipKey hash_key_;
  std::vector<TableOptions> tables_;
  std::shared_ptr<rocksdb::Cache> cache_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;  // by TableId
  rocksdb::ColumnFamilyHandle* changes_ = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;  // all, to be closed
};

inline constexpr std::string_view kSequenceKey = "sequence";
inline constexpr std::string_view kFormatKey = "format";
std::string mark_key(std::int64_t time);
std::string encode_pair(std::uint64_t first, std::int64_t second);

inline rocksdb::Slice as_slice(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view as_view(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

}  // namespace claviger::storage::rocks
