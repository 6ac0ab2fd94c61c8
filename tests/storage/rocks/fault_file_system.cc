#include "tests/storage/rocks/fault_file_system.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "core/base/assert.h"

namespace claviger::storage {
namespace {

namespace fs = std::filesystem;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

std::string folder_of(const std::string& name) { return fs::path(name).parent_path().string(); }
// RocksDB says "dir" and "dir/".
std::string plain(const std::string& folder) {
  return folder.size() > 1 && folder.back() == '/' ? folder.substr(0, folder.size() - 1) : folder;
}
bool is_log(const std::string& name) { return name.ends_with(".log"); }

}  // namespace

class FaultFileSystem::File final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  File(FaultFileSystem& system, std::string name, std::unique_ptr<rocksdb::FSWritableFile> target)
      : FSWritableFileOwnerWrapper(std::move(target)), system_(system), name_(std::move(name)) {}

  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options, IODebugContext* debug) override {
    const std::scoped_lock lock(system_.mutex_);
    if (IOStatus refused = system_.refusal(); !refused.ok()) return refused;
    IOStatus status = FSWritableFileOwnerWrapper::Append(data, options, debug);
    if (status.ok()) system_.appended(name_, data.size());
    return status;
  }
  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo&,
                  IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus Truncate(std::uint64_t size, const IOOptions& options, IODebugContext* debug) override {
    const std::scoped_lock lock(system_.mutex_);
    if (system_.is_off_) return system_.refusal();
    IOStatus status = FSWritableFileOwnerWrapper::Truncate(size, options, debug);
    if (status.ok()) {
      Sizes& sizes = system_.files_[name_];
      sizes.written = size;
      sizes.synced = std::min(sizes.synced, size);
    }
    return status;
  }
  IOStatus Sync(const IOOptions&, IODebugContext*) override { return system_.synced(name_); }
  IOStatus Fsync(const IOOptions&, IODebugContext*) override { return system_.synced(name_); }
  // Only a hint to start writing.
  IOStatus RangeSync(std::uint64_t, std::uint64_t, const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }

 private:
  FaultFileSystem& system_;
  std::string name_;
};

class FaultFileSystem::Directory final : public rocksdb::FSDirectoryWrapper {
 public:
  Directory(FaultFileSystem& system, std::string name, std::unique_ptr<rocksdb::FSDirectory> target)
      : FSDirectoryWrapper(std::move(target)), system_(system), name_(std::move(name)) {}
  IOStatus Fsync(const IOOptions&, IODebugContext*) override { return system_.folder_synced(name_); }
  IOStatus FsyncWithDirOptions(const IOOptions&, IODebugContext*, const rocksdb::DirFsyncOptions&) override {
    return system_.folder_synced(name_);
  }

 private:
  FaultFileSystem& system_;
  std::string name_;
};

FaultFileSystem::FaultFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}

std::unique_ptr<rocksdb::Env> FaultFileSystem::env_over(const std::shared_ptr<FaultFileSystem>& file_system) {
  return rocksdb::NewCompositeEnv(file_system);
}

// With the mutex held.
IOStatus FaultFileSystem::refusal() const {
  if (is_off_) return IOStatus::IOError("no power");
  if (is_full_) return IOStatus::NoSpace("full");
  return IOStatus::OK();
}

IOStatus FaultFileSystem::wrap(const std::string& name, std::unique_ptr<rocksdb::FSWritableFile>* result, Sizes sizes) {
  files_[name] = sizes;
  *result = std::make_unique<File>(*this, name, std::move(*result));
  return IOStatus::OK();
}

IOStatus FaultFileSystem::NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                          std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext* debug) {
  const std::scoped_lock lock(mutex_);
  if (IOStatus refused = refusal(); !refused.ok()) return refused;
  Change change{folder_of(name), name, "", "", ""};
  // A file of that name is replaced, not emptied: its old content may come back.
  if (fs::exists(name)) {
    change.removed = name;
    if (IOStatus status = save(name, &change.saved); !status.ok()) return status;
  }
  if (IOStatus status = target()->NewWritableFile(name, options, result, debug); !status.ok()) return status;
  changes_.push_back(std::move(change));
  return wrap(name, result, {});
}

IOStatus FaultFileSystem::ReopenWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                             std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext* debug) {
  const std::scoped_lock lock(mutex_);
  if (IOStatus refused = refusal(); !refused.ok()) return refused;
  const bool is_new = !fs::exists(name);
  if (IOStatus status = target()->ReopenWritableFile(name, options, result, debug); !status.ok()) return status;
  if (is_new) changes_.push_back({folder_of(name), name, "", "", ""});
  const auto known = files_.find(name);
  const std::uint64_t size = fs::file_size(name);
  return wrap(name, result, known != files_.end() ? known->second : Sizes{size, size});
}

IOStatus FaultFileSystem::NewDirectory(const std::string& name, const IOOptions& options,
                                       std::unique_ptr<rocksdb::FSDirectory>* result, IODebugContext* debug) {
  IOStatus status = target()->NewDirectory(name, options, result, debug);
  if (status.ok()) *result = std::make_unique<Directory>(*this, plain(name), std::move(*result));
  return status;
}

IOStatus FaultFileSystem::DeleteFile(const std::string& name, const IOOptions&, IODebugContext*) {
  const std::scoped_lock lock(mutex_);
  if (is_off_) return refusal();
  if (!fs::exists(name)) return IOStatus::PathNotFound(name);
  Change change{folder_of(name), "", "", name, ""};
  if (IOStatus status = save(name, &change.saved); !status.ok()) return status;
  changes_.push_back(std::move(change));
  return IOStatus::OK();
}

IOStatus FaultFileSystem::RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                                     IODebugContext* debug) {
  const std::scoped_lock lock(mutex_);
  if (is_off_) return refusal();
  Change change{folder_of(to), to, from, "", ""};
  if (fs::exists(to)) {
    change.removed = to;
    if (IOStatus status = save(to, &change.saved); !status.ok()) return status;
  }
  if (IOStatus status = target()->RenameFile(from, to, options, debug); !status.ok()) return status;
  if (const auto moved = files_.find(from); moved != files_.end()) {
    files_[to] = moved->second;
    files_.erase(moved);
  }
  changes_.push_back(std::move(change));
  return IOStatus::OK();
}

IOStatus FaultFileSystem::GetFreeSpace(const std::string& path, const IOOptions& options, std::uint64_t* free,
                                       IODebugContext* debug) {
  if (!is_full_) return target()->GetFreeSpace(path, options, free, debug);
  *free = 0;
  return IOStatus::OK();
}

// Moves a file aside instead of removing it. The name is one that RocksDB does not know.
IOStatus FaultFileSystem::save(const std::string& name, std::string* saved) {
  *saved = folder_of(name) + "/saved-" + std::to_string(saved_count_++);
  std::error_code failure;
  fs::rename(name, *saved, failure);
  if (failure) return IOStatus::IOError(failure.message());
  if (const auto moved = files_.find(name); moved != files_.end()) {
    files_[*saved] = moved->second;
    files_.erase(moved);
  }
  return IOStatus::OK();
}

void FaultFileSystem::appended(const std::string& name, std::uint64_t bytes) { files_[name].written += bytes; }

IOStatus FaultFileSystem::synced(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  if (is_off_) return refusal();
  if (syncs_fail_ && is_log(name)) return IOStatus::IOError("medium");
  Sizes& sizes = files_[name];
  sizes.synced = sizes.written;
  ++syncs_;
  return IOStatus::OK();
}

IOStatus FaultFileSystem::folder_synced(const std::string& folder) {
  const std::scoped_lock lock(mutex_);
  if (is_off_) return refusal();
  const auto is_covered = [&](const Change& change) { return change.folder == folder; };
  for (const Change& change : changes_) {
    if (!is_covered(change) || change.saved.empty()) continue;
    fs::remove(change.saved);
    files_.erase(change.saved);
  }
  changes_.erase(std::remove_if(changes_.begin(), changes_.end(), is_covered), changes_.end());
  return IOStatus::OK();
}

void FaultFileSystem::cut_power() {
  const std::scoped_lock lock(mutex_);
  is_off_ = true;
}

void FaultFileSystem::forget_unsynced(std::mt19937& random) {
  const std::scoped_lock lock(mutex_);
  CLAVIGER_ASSERT(is_off_);
  const std::size_t kept = random() % (changes_.size() + 1);
  while (changes_.size() > kept) {
    undo(changes_.back());
    changes_.pop_back();
  }
  for (const Change& change : changes_) {
    if (!change.saved.empty()) fs::remove(change.saved);
  }
  changes_.clear();
  for (const auto& [name, sizes] : files_) {
    if (fs::exists(name)) tear(name, sizes, random);
  }
  files_.clear();
  is_off_ = false;
}

void FaultFileSystem::undo(const Change& change) {
  const auto move = [this](const std::string& from, const std::string& to) {
    if (!fs::exists(from)) return;
    fs::rename(from, to);
    if (const auto moved = files_.find(from); moved != files_.end()) {
      files_[to] = moved->second;
      files_.erase(moved);
    }
  };
  if (!change.made.empty()) {
    if (change.from.empty()) {
      fs::remove(change.made);
      files_.erase(change.made);
    } else {
      move(change.made, change.from);
    }
  }
  if (!change.removed.empty()) move(change.saved, change.removed);
}

void FaultFileSystem::tear(const std::string& name, const Sizes& sizes, std::mt19937& random) {
  const std::uint64_t unsynced = sizes.written - sizes.synced;
  const std::uint64_t size = sizes.synced + (unsynced == 0 ? 0 : random() % (unsynced + 1));
  fs::resize_file(name, size);
  if (size == sizes.synced || random() % 2 == 0) return;
  // Pages are written in any order: behind the last synced byte may stand anything.
  std::fstream file(name, std::ios::in | std::ios::out | std::ios::binary);
  const std::uint64_t at = sizes.synced + random() % (size - sizes.synced);
  file.seekp(static_cast<std::streamoff>(at));
  const std::string rubbish(std::min<std::uint64_t>(size - at, 512), static_cast<char>(random() % 2 == 0 ? 0 : 0xA5));
  file.write(rubbish.data(), static_cast<std::streamsize>(rubbish.size()));
}

}  // namespace claviger::storage
