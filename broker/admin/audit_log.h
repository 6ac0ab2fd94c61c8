// AuditLog: what operators did, one JSON line each, chained by hashes (audit_line.h), durable before the answer leaves.
//
// One per process, at home on shard 0; append(), reopen() and verify() may be called on any shard. Lines that wait are
// written together: one write and one fdatasync off the loop for all of them. The chain's head goes into the store
// after each write, so that a log whose end was cut off shows, and a log that was lost is continued, not begun anew.
//
// Rotation: rename the file in its folder, then SIGHUP (reopen): the new file begins with an "audit.open" line that follows
// the old file's last one. A file that was deleted, cut or replaced instead, or whose end does not fit at the start, is a
// break: the line says so for ever (outcome "broken"), and breaks() counts it, over restarts.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "broker/admin/audit_file.h"
#include "broker/admin/audit_line.h"
#include "broker/admin/audit_verification.h"
#include "core/base/result.h"
#include "core/runtime/offload.h"
#include "core/runtime/one_shot.h"
#include "core/runtime/task.h"
#include "storage/store.h"

namespace claviger::admin {

class AuditLog {
 public:
  // Lines that wait to be written: operators are few, import batches some hundred a second.
  static constexpr std::size_t kWaitingMax = 1024;
  static constexpr std::uint32_t kRefusalsPerSecondMax = 10;

  // `home`: shard 0. `key`: InstallationKeys::audit. `file_pool` writes and syncs. Outlives the shards' tasks and the pool's jobs.
  AuditLog(runtime::Shard& home, storage::Store& store, runtime::OffloadPool& file_pool, Bytes key, std::string file);
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;

  // On shard 0, before anything else is called: opens the file, finds the chain's end in it and in the store, and adds
  // an "audit.start" line, with outcome "broken" when the two do not fit. Io, NoSpace, PermissionsTooOpen, Corrupt.
  runtime::Task<Result<Unit>> start(std::string version);
  // The line's sequence number; it is durable. Overload, Io, NoSpace, Closed, or what the store says.
  runtime::Task<Result<std::uint64_t>> append(AuditEntry entry);
  // Somebody who may not give orders tried: written at most kRefusalsPerSecondMax times a second, so that he cannot fill
  // the disk; the next line says how many were left out.
  runtime::Task<Result<Unit>> append_refusal(AuditEntry entry);
  // The file was renamed: goes on in a new one.
  runtime::Task<Result<Unit>> reopen();
  // `files`: names without a folder, beside the log, oldest first; empty: the present file. BadValue (a name with a
  // slash, or that does not begin with the log's own).
  runtime::Task<Result<AuditReport>> verify(std::vector<std::string> files);
  // The present file with all that were rotated and lie beside it.
  runtime::Task<Result<AuditReport>> verify_all();

  // Any thread: lines since the beginning of the chain.
  std::uint64_t entries() const { return entries_.load(std::memory_order_relaxed); }
  // Any thread: breaks of the chain that were found at starts and reloads, since the store was made.
  std::uint64_t breaks() const { return breaks_.load(std::memory_order_relaxed); }

 private:
  struct Waiting {
    AuditEntry entry;
    runtime::Completer<Result<std::uint64_t>> completer;
  };
  runtime::Task<Result<std::uint64_t>> append_at_home(AuditEntry entry);
  runtime::Task<Result<Unit>> append_refusal_at_home(AuditEntry entry);
  runtime::Task<Result<Unit>> reopen_at_home();
  // The one writer: runs while anything waits.
  runtime::Task<void> write_waiting();
  runtime::Task<Result<Unit>> write(std::string lines, AuditHead head);
  runtime::Task<Result<Unit>> open_anew();
  std::string broken_at_reload(const AuditFile& opened, const AuditFile::Tail& tail) const;
  runtime::Task<Result<AuditHead>> head_in_store();
  runtime::Task<Result<Unit>> load_breaks();
  runtime::Task<Result<Unit>> note_break(std::string why);
  Result<runtime::OneShot<Result<std::uint64_t>>> enqueue(AuditEntry entry);

  runtime::Shard& home_;
  storage::Store& store_;
  runtime::OffloadPool& file_pool_;
  std::string path_;
  crypto::HmacSha256 key_;
  std::shared_ptr<AuditFile> file_;  // a pool thread may still write when its asker is gone
  AuditHead head_;
  std::vector<Waiting> waiting_;
  bool is_writing_ = false;
  Monotonic refusals_since_{};
  std::uint32_t refusals_ = 0;
  std::uint64_t refusals_left_out_ = 0;
  std::vector<runtime::Completer<Result<Unit>>> reopening_;
  std::atomic<std::uint64_t> entries_{0};
  std::atomic<std::uint64_t> breaks_{0};
};

}  // namespace claviger::admin
