#include "broker/admin/audit_log.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "broker/tables.h"
#include "storage/memory/memory_store.h"
#include "tests/core/runtime/one_shard.h"
#include "tests/storage/run_task.h"
#include "tests/storage/temp_directory.h"

namespace claviger::admin {
namespace {

using storage::run_task;

class AuditLogTest : public ::testing::Test {
 protected:
  void SetUp() override { restart(); }
  void TearDown() override { log_.reset(); }

  void restart() {
    log_.reset();
    store_ = std::make_unique<storage::memory::MemoryStore>(broker::table_options(), one_.clock, disk_);
    log_ = std::make_unique<AuditLog>(one_.shard, *store_, pool_, as_bytes("0123456789abcdef0123456789abcdef"), path_);
    started_ = run_task(one_.shard, log_->start("1.2.3"));
  }
  Result<std::uint64_t> append(std::string target) {
    AuditEntry entry;
    entry.verb = "user.add";
    entry.target = std::move(target);
    entry.outcome = "ok";
    return run_task(one_.shard, log_->append(std::move(entry)));
  }
  AuditReport verify(std::vector<std::string> files = {}) {
    auto report = run_task(one_.shard, log_->verify(std::move(files)));
    return report ? *report : AuditReport{};
  }
  std::string content(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }
  void set_content(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

  storage::TempDirectory directory_;
  std::string path_ = directory_.path() + "/audit.log";
  runtime::OneShard one_;
  runtime::OffloadPool pool_{"files", 1, 64};
  std::shared_ptr<storage::memory::Disk> disk_ = std::make_shared<storage::memory::Disk>();
  std::unique_ptr<storage::memory::MemoryStore> store_;
  std::unique_ptr<AuditLog> log_;
  Result<Unit> started_ = Unit{};
};

TEST_F(AuditLogTest, WritesAChainThatVerifies) {
  ASSERT_TRUE(started_);
  const auto first = append("alpha/alice");
  ASSERT_TRUE(first);
  EXPECT_EQ(*first, 2U);  // behind audit.start
  EXPECT_EQ(*append("alpha/bob"), 3U);
  EXPECT_EQ(log_->entries(), 3U);
  const AuditReport report = verify();
  EXPECT_TRUE(report.is_intact) << report.why;
  EXPECT_EQ(report.entries, 3U);
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(AuditLogTest, ManyAtOnceAreAllInTheChain) {
  constexpr int kCount = 100;
  std::vector<std::optional<Result<std::uint64_t>>> results(kCount);
  one_.run_until([&, has_begun = false]() mutable {
    if (!std::exchange(has_begun, true)) {
      for (auto& result : results) {
        AuditEntry entry;
        entry.verb = "x";
        one_.shard.scope().spawn(storage::keep_result(log_->append(std::move(entry)), &result));
      }
    }
    return std::all_of(results.begin(), results.end(), [](const auto& one) { return one.has_value(); });
  });
  std::uint64_t expected = 2;
  for (const auto& result : results) EXPECT_EQ(**result, expected++);
  EXPECT_TRUE(verify().is_intact);
}

TEST_F(AuditLogTest, GoesOnAfterARestart) {
  ASSERT_TRUE(append("before"));
  restart();
  ASSERT_TRUE(started_);
  EXPECT_EQ(*append("after"), 4U);
  EXPECT_TRUE(verify().is_intact);
}

TEST_F(AuditLogTest, ATornLastLineIsTakenAway) {
  ASSERT_TRUE(append("before"));
  set_content(path_, content(path_) + R"({"seq":3,"prev":"00)");
  restart();
  ASSERT_TRUE(started_);
  EXPECT_TRUE(verify().is_intact);
}

TEST_F(AuditLogTest, ALineThatTheStoreDidNotHearOfCounts) {
  store_->fail_commits(1, Code::NoSpace);
  EXPECT_TRUE(append("durable in the file only").failed_with(Code::NoSpace));
  restart();
  ASSERT_TRUE(started_);
  const AuditReport report = verify();
  EXPECT_TRUE(report.is_intact) << report.why;
  EXPECT_EQ(report.entries, 3U);
}

TEST_F(AuditLogTest, ACutEndShowsForEver) {
  ASSERT_TRUE(append("one"));
  const std::string early = content(path_);
  ASSERT_TRUE(append("two"));
  set_content(path_, early);
  EXPECT_FALSE(verify().is_intact);
  restart();  // goes on, for an operator must not be locked out, but the gap stays
  ASSERT_TRUE(started_);
  ASSERT_TRUE(append("three"));
  const AuditReport report = verify();
  EXPECT_FALSE(report.is_intact);
  EXPECT_EQ(report.bad_line, 3U);
  EXPECT_NE(content(path_).find("\"outcome\":\"broken\""), std::string::npos);
}

TEST_F(AuditLogTest, ALostFileShows) {
  ASSERT_TRUE(append("one"));
  std::filesystem::remove(path_);
  restart();
  ASSERT_TRUE(started_);
  EXPECT_NE(content(path_).find("entry 2 was written"), std::string::npos);
  // What is left is ours, every line of it; what is gone is said all the same.
  const AuditReport report = verify();
  EXPECT_FALSE(report.is_intact);
  EXPECT_NE(report.why.find("entry 2 was written"), std::string::npos) << report.why;
  EXPECT_EQ(log_->breaks(), 1U);
  restart();
  EXPECT_EQ(log_->breaks(), 1U) << "kept over a restart, and not counted twice";
}

TEST_F(AuditLogTest, AFileThatIsDeletedAndNotRenamedShowsAtTheReload) {
  ASSERT_TRUE(append("one"));
  std::filesystem::remove(path_);
  ASSERT_TRUE(run_task(one_.shard, log_->reopen()));
  ASSERT_TRUE(append("two"));
  const AuditReport report = verify();
  EXPECT_FALSE(report.is_intact);
  EXPECT_EQ(report.bad_line, 1U);
  EXPECT_NE(report.why.find("deleted"), std::string::npos) << report.why;
  EXPECT_EQ(log_->breaks(), 1U);
  // A rotation since then begins a file of which everything is known again; the count stays.
  std::filesystem::rename(path_, path_ + ".1");
  ASSERT_TRUE(run_task(one_.shard, log_->reopen()));
  EXPECT_TRUE(verify().is_intact);
  EXPECT_FALSE(verify({"audit.log.1", "audit.log"}).is_intact);
  EXPECT_EQ(log_->breaks(), 1U);
}

TEST_F(AuditLogTest, AFileThatIsCutShowsAtTheReload) {
  ASSERT_TRUE(append("one"));
  const std::string early = content(path_);
  std::uint64_t breaks = 0;
  for (const std::string& left : {early, std::string()}) {
    ASSERT_TRUE(append("two"));
    set_content(path_, left);
    ASSERT_TRUE(run_task(one_.shard, log_->reopen()));
    EXPECT_EQ(log_->breaks(), ++breaks);
    EXPECT_NE(content(path_).find("the file was cut"), std::string::npos);
    EXPECT_FALSE(verify().is_intact);
    ASSERT_TRUE(run_task(one_.shard, log_->reopen()));
    EXPECT_EQ(log_->breaks(), breaks) << "counted once";
  }
  // Later lines hide the gap from whoever looks at the end alone.
  const std::string whole = content(path_);
  ASSERT_TRUE(append("three"));
  set_content(path_, whole);
  ASSERT_TRUE(append("four"));
  // Renamed before the reload, too: the line stands in the new file, and one rotation more does not take the count away.
  std::filesystem::rename(path_, path_ + ".2");
  ASSERT_TRUE(run_task(one_.shard, log_->reopen()));
  EXPECT_EQ(log_->breaks(), ++breaks);
  EXPECT_FALSE(verify().is_intact);
  restart();
  EXPECT_EQ(log_->breaks(), breaks);
}

TEST_F(AuditLogTest, AFileThatIsReplacedShowsAtTheReload) {
  ASSERT_TRUE(append("one"));
  const std::string early = content(path_);
  ASSERT_TRUE(append("two"));
  const auto replace = [&](const std::string& text) {
    set_content(path_ + "-edited", text);
    ::chmod((path_ + "-edited").c_str(), 0600);
    std::filesystem::rename(path_ + "-edited", path_);
    return run_task(one_.shard, log_->reopen());
  };
  ASSERT_TRUE(replace(early));  // as an editor does
  EXPECT_EQ(log_->breaks(), 1U);
  EXPECT_FALSE(verify().is_intact);
  ASSERT_TRUE(append("three"));
  ASSERT_TRUE(replace(content(path_)));  // nothing is missing
  EXPECT_EQ(log_->breaks(), 1U);
}

TEST_F(AuditLogTest, AForeignFileShows) {
  log_.reset();
  set_content(path_, "hello\n");
  disk_ = std::make_shared<storage::memory::Disk>();
  restart();
  ASSERT_TRUE(started_);
  const AuditReport report = verify();
  EXPECT_FALSE(report.is_intact);
  EXPECT_EQ(report.bad_line, 1U);
}

TEST_F(AuditLogTest, RotationKeepsTheChain) {
  ASSERT_TRUE(append("old"));
  std::filesystem::rename(path_, path_ + ".1");
  ASSERT_TRUE(run_task(one_.shard, log_->reopen()));
  ASSERT_TRUE(append("new"));
  EXPECT_TRUE(verify().is_intact);
  const AuditReport both = verify({"audit.log.1", "audit.log"});
  EXPECT_TRUE(both.is_intact) << both.why;
  EXPECT_EQ(both.entries, 4U);  // start, old, open, new
  // A reload without a rename changes nothing.
  ASSERT_TRUE(run_task(one_.shard, log_->reopen()));
  ASSERT_TRUE(append("newer"));
  EXPECT_TRUE(verify().is_intact);
  restart();
  EXPECT_TRUE(verify({"audit.log.1", "audit.log"}).is_intact);
}

TEST_F(AuditLogTest, VerifiesOnlyItsOwnFiles) {
  for (const char* name : {"../audit.log", "/etc/passwd", "other", ""}) {
    auto report = run_task(one_.shard, log_->verify({name}));
    EXPECT_TRUE(report.failed_with(Code::BadValue)) << name;
  }
}

TEST_F(AuditLogTest, RefusalsCannotFillTheDisk) {
  for (int i = 0; i < 100; ++i) {
    AuditEntry entry;
    entry.verb = "status";
    entry.outcome = "NotPermitted";
    ASSERT_TRUE(run_task(one_.shard, log_->append_refusal(std::move(entry))));
  }
  EXPECT_EQ(log_->entries(), 1U + AuditLog::kRefusalsPerSecondMax);
  one_.clock.advance(Seconds(2));
  AuditEntry entry;
  entry.verb = "status";
  ASSERT_TRUE(run_task(one_.shard, log_->append_refusal(std::move(entry))));
  EXPECT_NE(content(path_).find("and 90 more before"), std::string::npos);
  EXPECT_TRUE(verify().is_intact);
}

TEST_F(AuditLogTest, RefusesAFileThatOthersMayWriteAndALink) {
  log_.reset();
  ::chmod(path_.c_str(), 0622);
  restart();
  EXPECT_TRUE(started_.failed_with(Code::PermissionsTooOpen));
  EXPECT_FALSE(append("nowhere"));
  log_.reset();
  std::filesystem::remove(path_);
  std::filesystem::create_symlink(directory_.path() + "/elsewhere", path_);
  restart();
  EXPECT_FALSE(started_);
}

}  // namespace
}  // namespace claviger::admin
