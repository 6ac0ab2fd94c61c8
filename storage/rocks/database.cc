#include "storage/rocks/database.h"

#include <rocksdb/convenience.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>

#include "core/base/bytes.h"
#include "core/crypto/fresh_value.h"
#include "storage/rocks/affinity.h"
#include "storage/rocks/info_log.h"
#include "storage/rocks/log_check.h"
#include "storage/rocks/status.h"
#include "storage/rocks/tuning.h"

namespace claviger::storage::rocks {
namespace {

constexpr std::string_view kChangesFamily = "#changes";
constexpr std::string_view kMarkPrefix{"mark\0", 5};

bool is_table_name(std::string_view name) {
  return !name.empty() &&
         std::all_of(name.begin(), name.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

// A part of the cache has a lock and a bound of its own. RocksDB would make 64 of them, of 4 MiB each in a cache of 256:
// a filter of a million keys, 1.3 MB, is then dropped as soon as it was read, and each read of an absent key (every import,
// every new session) reads all of it from the file again. So large a part keeps a dozen of them.
constexpr std::size_t kCacheShardBytes = std::size_t{32} << 20U;
constexpr int kCacheShardBitsMax = 6;

int cache_shard_bits(std::size_t capacity) {
  int bits = 0;
  while (bits < kCacheShardBitsMax && (capacity >> static_cast<unsigned>(bits + 1)) >= kCacheShardBytes) ++bits;
  return bits;
}

}  // namespace

std::string mark_key(std::int64_t time) {
  std::string key(kMarkPrefix);
  key.resize(key.size() + 8);
  store_be(std::as_writable_bytes(std::span(key)).subspan(kMarkPrefix.size()), static_cast<std::uint64_t>(time));
  return key;
}

std::string encode_pair(std::uint64_t first, std::int64_t second) {
  std::string text(16, '\0');
  store_be(std::as_writable_bytes(std::span(text)), first);
  store_be(std::as_writable_bytes(std::span(text)).subspan(8), static_cast<std::uint64_t>(second));
  return text;
}

Result<std::unique_ptr<Database>> Database::open(const Options& options, const Clock& clock, Logger& logger) {
  if (::mkdir(options.directory.c_str(), 0700) != 0 && errno != EEXIST) {
    const int reason = errno;
    logger.error("store.directory", {{"path", options.directory}, {"errno", reason}});
    return Error{reason == ENOSPC ? Code::NoSpace : Code::Io, "store.directory"};
  }
  CLAVIGER_TRY(checked, check_logs(options.directory, logger));
  auto database = std::make_unique<Database>(clock, logger);
  database->hash_key_ = crypto::fresh_value<SipKey>();
  const ScopedAffinity affinity(options.cpus);
  CLAVIGER_TRY(families, database->open_families(options));
  CLAVIGER_TRY(format, database->check_format());
  return database;
}

Result<Unit> Database::open_families(const Options& options) {
  tables_ = options.tables;
  rocksdb::LRUCacheOptions cache_options;
  cache_options.capacity = options.block_cache_bytes;
  cache_options.num_shard_bits = cache_shard_bits(options.block_cache_bytes);
  cache_options.high_pri_pool_ratio = 0.5;  // indexes and filters are worth more than any one block
  cache_ = rocksdb::NewLRUCache(cache_options);
  rocksdb::DBOptions db_options = database_options(options, cache_);
  db_options.info_log = make_info_log(logger_);

  std::map<std::string, rocksdb::ColumnFamilyOptions> wanted;
  wanted[rocksdb::kDefaultColumnFamilyName] = family_options(options, TableAccess::Ordered, cache_, nullptr);
  wanted[std::string(kChangesFamily)] = family_options(options, TableAccess::Ordered, cache_, &filter_);
  for (const TableOptions& table : tables_) {
    CLAVIGER_ASSERT(is_table_name(table.name));
    const bool is_new = wanted.emplace(table.name, family_options(options, table.access, cache_, &filter_)).second;
    CLAVIGER_ASSERT(is_new);
  }
  // RocksDB opens all families or none: tables of another version of the broker are opened and left alone.
  std::vector<std::string> present;
  if (rocksdb::DB::ListColumnFamilies(db_options, options.directory, &present).ok()) {
    for (const std::string& name : present) {
      wanted.emplace(name, family_options(options, TableAccess::Ordered, cache_, nullptr));
    }
  }
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const auto& [name, family] : wanted) descriptors.emplace_back(name, family);

  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(db_options, options.directory, descriptors, &handles_, &opened);
  if (!status.ok()) {
    logger_.error("store.open", {{"directory", options.directory}, {"reason", status.ToString()}});
    const bool is_locked = status.ToString().find("lock") != std::string::npos;
    return is_locked ? Error{Code::AddressInUse, "store.lock"} : to_error(status, "store.open");
  }
  db_.reset(opened);
  const auto find = [this](std::string_view name) {
    const auto handle =
        std::find_if(handles_.begin(), handles_.end(), [&](auto* one) { return one->GetName() == name; });
    CLAVIGER_ASSERT(handle != handles_.end());
    return *handle;
  };
  changes_ = find(kChangesFamily);
  for (const TableOptions& table : tables_) families_.push_back(find(table.name));
  return Unit{};
}

Result<Unit> Database::check_format() {
  std::string stored;
  const rocksdb::Status status = db_->Get({}, meta(), as_slice(kFormatKey), &stored);
  if (status.IsNotFound()) {
    std::string format(2, '\0');
    store_be(std::as_writable_bytes(std::span(format)), kFormatVersion);
    rocksdb::WriteOptions options;
    options.sync = true;
    const rocksdb::Status written = db_->Put(options, meta(), as_slice(kFormatKey), format);
    if (!written.ok()) return to_error(written, "store.format");
    return Unit{};
  }
  if (!status.ok()) return to_error(status, "store.format");
  if (stored.size() != 2) return Error{Code::Corrupt, "store.format"};
  if (load_be<std::uint16_t>(as_bytes(stored)) > kFormatVersion) return Error{Code::SchemaTooNew, "store.format"};
  return Unit{};
}

Result<ChangeFloor> Database::load_floor() {
  ChangeFloor floor(changes_kept_max());
  const std::unique_ptr<rocksdb::Iterator> marks(db_->NewIterator({}, meta()));
  for (marks->Seek(as_slice(kMarkPrefix)); marks->Valid() && marks->key().starts_with(as_slice(kMarkPrefix));
       marks->Next()) {
    const auto key = as_bytes(as_view(marks->key())).subspan(kMarkPrefix.size());
    const auto value = as_bytes(as_view(marks->value()));
    if (key.size() != 8 || value.size() != 8) return Error{Code::Corrupt, "store.mark"};
    const ChangeFloor::Mark mark{static_cast<std::int64_t>(load_be<std::uint64_t>(key)), load_be<std::uint64_t>(value)};
    floor.committed(mark, mark);
  }
  if (!marks->status().ok()) return to_error(marks->status(), "store.mark");

  std::string last;
  const rocksdb::Status status = db_->Get({}, meta(), as_slice(kSequenceKey), &last);
  if (status.IsNotFound()) return floor;
  if (!status.ok()) return to_error(status, "store.sequence");
  if (last.size() != 16) return Error{Code::Corrupt, "store.sequence"};
  const ChangeFloor::Mark commit{static_cast<std::int64_t>(load_be<std::uint64_t>(as_bytes(last).subspan(8))),
                                 load_be<std::uint64_t>(as_bytes(last))};
  floor.committed(commit, std::nullopt);
  return floor;
}

std::int64_t Database::changes_kept_max() const {
  std::int64_t kept = 0;
  for (const TableOptions& table : tables_) kept = std::max(kept, table.changes_kept_seconds);
  return kept;
}

void Database::report_corrupt(std::string_view table, std::string_view key, std::string_view what) const {
  logger_.error("store.corrupt", {{"table", table}, {"key", key}, {"what", what}});
}

Database::~Database() {
  if (db_ == nullptr) return;
  rocksdb::CancelAllBackgroundWork(db_.get(), true);
  for (rocksdb::ColumnFamilyHandle* handle : handles_) db_->DestroyColumnFamilyHandle(handle);
  const rocksdb::Status status = db_->Close();
  if (!status.ok()) logger_.warning("store.close", {{"reason", status.ToString()}});
}

}  // namespace claviger::storage::rocks
