// Pre-issue: the next period's keys of all users of a tenant, extracted ahead at low priority (issue: "Pre-issue").
//
// One job a tenant, record of tables::kKmsJobs, key tenant + "pre-issue"; PreIssue (one per process, on the home shard of
// Kms, owned by it) runs the jobs one after the other, a page of users at a time: extraction in a pool of its own, then one
// transaction with the page's keys and the job's cursor. kill -9 loses a page of work and no more. Whoever comes before
// his turn is served at once by issue_procedure.h; a page that meets him reads again. A job begins by itself in the last
// part of a period (DomainPolicy::early_percent), or when an operator says so.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "broker/keys/kms.h"
#include "core/base/result.h"
#include "core/runtime/offload.h"
#include "core/runtime/scope.h"
#include "core/runtime/task.h"
#include "core/runtime/timer_wheel.h"

namespace claviger::keys {

struct PreIssueJob {
  std::uint32_t generation = 0;
  std::uint64_t period = 0;
  std::string cursor;         // sub of the last user that was done
  std::uint64_t done = 0;     // keys made
  std::uint64_t present = 0;  // that were there already
  std::int64_t started_at = 0;
  std::int64_t finished_at = 0;  // 0: not yet
  bool is_running = false;       // not stored
  std::uint64_t version = 0;     // of the record; not stored in it
};

class PreIssue {
 public:
  // Looks whether a period is near its end.
  static constexpr Seconds kEvery{60};
  // This long before the boundary those who came to be since get theirs: reading that ten million have keys takes some
  // minutes, and a UE that comes early is served anyway.
  static constexpr Seconds kLastLook{3600};
  // Users of a page and thread: a whole batch of the arithmetic (RskExtractor::kBatchMax), some 60 ms of a core, 600 KiB of
  // a transaction, milliseconds of the loop to look who lacks keys.
  static constexpr std::size_t kPageUsers = 512;
  // Of all threads together: a transaction has a bound, and so has a page of the store.
  static constexpr std::size_t kPageUsersMax = 2048;

  PreIssue(Kms& kms, std::size_t threads, std::vector<int> cpus);
  PreIssue(const PreIssue&) = delete;
  PreIssue& operator=(const PreIssue&) = delete;
  ~PreIssue();

  // On the home shard: takes up what a crash left, and begins to look.
  void start();
  // On the home shard: no further page.
  void stop();
  // Any thread; the shards still run.
  void close() { pool_.close(); }
  // On the home shard: begin to run what is not finished.
  void wake();
  bool is_running(std::string_view tenant) const { return running_ == tenant; }

 private:
  runtime::Task<void> run();
  runtime::Task<Result<Unit>> look();
  runtime::Task<Result<bool>> run_pages(std::string tenant);

  Kms& kms_;
  runtime::OffloadPool pool_;
  std::string running_;  // the tenant whose page is under way
  bool is_under_way_ = false;
  bool is_stopped_ = true;
  runtime::Timer timer_;
  runtime::Scope scope_;  // last: its tasks go first
};

// Any shard. Of the next period, unless one is under way for it. KmsUnknown, KmsSealed, KeyPeriod; the store's.
runtime::Task<Result<PreIssueJob>> begin_pre_issue(Kms* kms, std::string tenant);
// NotFound: none was ever begun.
runtime::Task<Result<PreIssueJob>> read_pre_issue(Kms* kms, std::string tenant);

}  // namespace claviger::keys
