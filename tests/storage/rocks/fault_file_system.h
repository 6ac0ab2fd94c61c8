// A file system under RocksDB that can run full, fail, and lose power.
//
// It passes everything on to the real one and remembers what was synced. When the power goes, nothing more is written;
// forget_unsynced() then leaves of each file what was synced and a random part of the rest, half of the time torn to
// rubbish, and undoes a random tail of the directory changes (new names, renames, removals) that no directory sync has
// covered. Syncs are not passed on: the machine of the test does not lose power. Any thread.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

namespace claviger::storage {

class FaultFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  FaultFileSystem();
  const char* Name() const override { return "FaultFileSystem"; }
  // An Env over a file system, to be handed to the engine.
  static std::unique_ptr<rocksdb::Env> env_over(const std::shared_ptr<FaultFileSystem>& file_system);

  void set_full(bool is_full) { is_full_ = is_full; }
  // Syncs of log files fail, as after a medium error.
  void fail_log_syncs(bool do_fail) { syncs_fail_ = do_fail; }
  void cut_power();
  // After the store is closed, before it is opened again.
  void forget_unsynced(std::mt19937& random);
  std::uint64_t syncs() const { return syncs_; }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus ReopenWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                       std::unique_ptr<rocksdb::FSWritableFile>* result,
                                       rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewDirectory(const std::string& name, const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* result,
                                 rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus DeleteFile(const std::string& name, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus GetFreeSpace(const std::string& path, const rocksdb::IOOptions& options, std::uint64_t* free,
                                 rocksdb::IODebugContext* debug) override;

 private:
  class File;
  class Directory;
  struct Sizes {
    std::uint64_t written = 0;
    std::uint64_t synced = 0;
  };
  // One change of a directory that a power cut may undo. What a removal or a rename replaced is kept at `saved`.
  struct Change {
    std::string folder;
    std::string made;     // this name came to be
    std::string from;     // by a rename from here, or empty
    std::string removed;  // this name went
    std::string saved;
  };

  rocksdb::IOStatus refusal() const;
  rocksdb::IOStatus wrap(const std::string& name, std::unique_ptr<rocksdb::FSWritableFile>* result, Sizes sizes);
  rocksdb::IOStatus save(const std::string& name, std::string* saved);
  void appended(const std::string& name, std::uint64_t bytes);
  rocksdb::IOStatus synced(const std::string& name);
  rocksdb::IOStatus folder_synced(const std::string& folder);
  void undo(const Change& change);
  void tear(const std::string& name, const Sizes& sizes, std::mt19937& random);

  std::atomic<bool> is_full_{false};
  std::atomic<bool> syncs_fail_{false};
  std::atomic<std::uint64_t> syncs_{0};
  std::mutex mutex_;
  bool is_off_ = false;
  std::map<std::string, Sizes> files_;  // written since the power came on
  std::vector<Change> changes_;         // not synced, oldest first
  std::uint64_t saved_count_ = 0;
};

}  // namespace claviger::storage
