#include "storage/rocks/record_look.h"

#include <rocksdb/db.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <vector>

#include "storage/rocks/database.h"
#include "storage/rocks/status.h"

namespace claviger::storage::rocks {
namespace {

// A store of any size is opened in no time: nothing but what the look needs.
constexpr int kFilesOpenMax = 16;

}  // namespace

Result<bool> has_record(const std::string& directory, const std::string& table, std::string_view key) {
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
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  status = rocksdb::DB::OpenForReadOnly(options, directory, families, &handles, &opened);
  if (!status.ok()) return to_error(status, "store.look");
  const std::unique_ptr<rocksdb::DB> db(opened);
  std::string value;
  status = db->Get({}, handles.back(), as_slice(key), &value);
  for (rocksdb::ColumnFamilyHandle* handle : handles) db->DestroyColumnFamilyHandle(handle);
  if (!status.ok() && !status.IsNotFound()) return to_error(status, "store.look");
  return status.ok();
}

}  // namespace claviger::storage::rocks
