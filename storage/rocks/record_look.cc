#include "storage/rocks/record_look.h"

#include <rocksdb/db.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <vector>

#include "storage/rocks/database.h"
#include "storage/rocks/status.h"
#include "storage/stored_value.h"

namespace claviger::storage::rocks {
namespace {

// A store of any size is opened in no time: nothing but what the look needs.
constexpr int kFilesOpenMax = 16;

// Opened for reading only, one table beside the default one.
struct OpenTable {
  OpenTable() = default;
  OpenTable(const OpenTable&) = delete;
  OpenTable& operator=(const OpenTable&) = delete;
  ~OpenTable() {
    for (rocksdb::ColumnFamilyHandle* handle : handles) db->DestroyColumnFamilyHandle(handle);
  }
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
};

Result<Unit> open_table(const std::string& directory, const std::string& table, OpenTable& opened) {
  std::error_code ignored;
  if (!std::filesystem::exists(std::filesystem::path(directory) / "CURRENT", ignored)) {
    return Error{Code::NotFound, "store.look"};
  }
  rocksdb::DBOptions options;
  options.max_open_files = kFilesOpenMax;
  options.skip_stats_update_on_db_open = true;
  options.skip_checking_sst_file_sizes_on_db_open = true;
  std::vector<std::string> names;
  rocksdb::Status status = rocksdb::DB::ListColumnFamilies(options, directory, &names);
  if (!status.ok()) return to_error(status, "store.look");
  if (std::ranges::find(names, table) == names.end()) return Error{Code::NotFound, "store.look.table"};
  const std::vector<rocksdb::ColumnFamilyDescriptor> families = {
      {rocksdb::kDefaultColumnFamilyName, rocksdb::ColumnFamilyOptions()}, {table, rocksdb::ColumnFamilyOptions()}};
  rocksdb::DB* db = nullptr;
  status = rocksdb::DB::OpenForReadOnly(options, directory, families, &opened.handles, &db);
  if (!status.ok()) return to_error(status, "store.look");
  opened.db.reset(db);
  return Unit{};
}

}  // namespace

Result<bool> has_record(const std::string& directory, const std::string& table, std::string_view key) {
  OpenTable opened;
  CLAVIGER_TRY(is_open, open_table(directory, table, opened));
  std::string value;
  const rocksdb::Status status = opened.db->Get({}, opened.handles.back(), as_slice(key), &value);
  if (!status.ok() && !status.IsNotFound()) return to_error(status, "store.look");
  return status.ok();
}

Result<std::vector<LookedAt>> read_records(const std::string& directory, const std::string& table,
                                           std::size_t records_max) {
  OpenTable opened;
  CLAVIGER_TRY(is_open, open_table(directory, table, opened));
  std::vector<LookedAt> records;
  const std::unique_ptr<rocksdb::Iterator> each(opened.db->NewIterator({}, opened.handles.back()));
  for (each->SeekToFirst(); each->Valid(); each->Next()) {
    if (records.size() == records_max) return Error{Code::TooMany, "store.look"};
    const std::string value = each->value().ToString();
    CLAVIGER_TRY(stored, decode_stored(as_bytes(value)));
    records.push_back({each->key().ToString(), std::string(as_text(stored.payload))});
  }
  if (!each->status().ok()) return to_error(each->status(), "store.look");
  return records;
}

}  // namespace claviger::storage::rocks
