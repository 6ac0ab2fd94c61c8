#include "storage/rocks/backup.h"

#include <fcntl.h>
#include <rocksdb/db.h>
#include <rocksdb/utilities/checkpoint.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <vector>

#include "core/base/bytes.h"
#include "storage/rocks/database.h"
#include "storage/rocks/status.h"

namespace claviger::storage::rocks {
namespace {

namespace fs = std::filesystem;

Error report(Logger& logger, const std::string& directory, const rocksdb::Status& status, std::string_view where) {
  logger.error("store.copy", {{"directory", directory}, {"step", where}, {"reason", status.ToString()}});
  return to_error(status, where);
}

bool sync_path(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool is_synced = ::fsync(fd) == 0;
  ::close(fd);
  return is_synced;
}

}  // namespace

Result<Unit> make_checkpoint(rocksdb::DB& db, const std::string& directory, Logger& logger) {
  rocksdb::Checkpoint* made = nullptr;
  rocksdb::Status status = rocksdb::Checkpoint::Create(&db, &made);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  if (status.ok()) status = checkpoint->CreateCheckpoint(directory);
  if (!status.ok()) return report(logger, directory, status, "store.checkpoint");
  std::error_code failure;
  fs::permissions(directory, fs::perms::owner_all, failure);
  if (failure) {
    logger.error("store.copy", {{"directory", directory}, {"step", "permissions"}, {"reason", failure.message()}});
    std::error_code ignored;
    fs::remove_all(directory, ignored);  // others could read it
    return Error{Code::Io, "store.checkpoint"};
  }
  return Unit{};
}

Result<CopyFigures> verify_copy(const std::string& directory, Logger& logger) {
  rocksdb::DBOptions options;
  std::vector<std::string> names;
  rocksdb::Status status = rocksdb::DB::ListColumnFamilies(options, directory, &names);
  if (!status.ok()) return report(logger, directory, status, "store.verify.open");
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string& name : names) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  status = rocksdb::DB::OpenForReadOnly(options, directory, families, &handles, &opened);
  if (!status.ok()) return report(logger, directory, status, "store.verify.open");
  const std::unique_ptr<rocksdb::DB> db(opened);

  CopyFigures figures;
  status = db->VerifyChecksum();
  std::string last;
  if (status.ok()) status = db->Get({}, db->DefaultColumnFamily(), as_slice(kSequenceKey), &last);
  if (status.IsNotFound()) status = rocksdb::Status::OK();  // nothing was ever committed
  if (last.size() == 16) figures.sequence = load_be<std::uint64_t>(as_bytes(last));
  db->GetAggregatedIntProperty("rocksdb.total-sst-files-size", &figures.bytes);
  for (rocksdb::ColumnFamilyHandle* handle : handles) db->DestroyColumnFamilyHandle(handle);
  if (!status.ok()) return report(logger, directory, status, "store.verify.checksum");
  return figures;
}

Result<CopyFigures> restore(const std::string& backup, const std::string& directory, Logger& logger) {
  CLAVIGER_TRY(source, verify_copy(backup, logger));
  std::error_code failure;
  if (fs::exists(directory, failure)) return Error{Code::Duplicate, "store.restore"};
  // Under another name until it is complete: a restore that was cut off is never taken for a store.
  const fs::path partial = directory + ".partial";
  fs::remove_all(partial, failure);
  if (fs::create_directory(partial, failure)) fs::permissions(partial, fs::perms::owner_all, failure);
  if (!failure) fs::copy(backup, partial, fs::copy_options::recursive, failure);
  if (!failure) fs::remove(partial / "OPENS-WITH.txt", failure);  // it is of the copy: the store's key may turn
  if (failure) {
    logger.error("store.restore", {{"directory", directory}, {"reason", failure.message()}});
    return Error{failure == std::errc::no_space_on_device ? Code::NoSpace : Code::Io, "store.restore"};
  }
  for (fs::recursive_directory_iterator file(partial, failure), end; !failure && file != end; file.increment(failure)) {
    if (!sync_path(file->path())) return Error{Code::Io, "store.restore"};
  }
  if (failure) return Error{Code::Io, "store.restore"};
  CLAVIGER_TRY(copied, verify_copy(partial, logger));
  if (copied.sequence != source.sequence) return Error{Code::Corrupt, "store.restore"};
  const fs::path folder = fs::absolute(directory, failure).parent_path();
  if (!failure) fs::rename(partial, directory, failure);
  if (failure || !sync_path(directory) || !sync_path(folder)) return Error{Code::Io, "store.restore"};
  return copied;
}

}  // namespace claviger::storage::rocks
