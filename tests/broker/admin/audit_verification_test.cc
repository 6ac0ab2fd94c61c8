#include "broker/admin/audit_verification.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/storage/temp_directory.h"

namespace claviger::admin {
namespace {

const crypto::HmacSha256& key() {
  static const crypto::HmacSha256 kKey(as_bytes("0123456789abcdef0123456789abcdef"));
  return kKey;
}

class AuditVerification : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int i = 1; i <= 6; ++i) add(i == 4 ? "audit.open" : "user.add", "alpha/user" + std::to_string(i));
  }
  void add(std::string verb, std::string target) {
    AuditEntry entry;
    entry.verb = std::move(verb);
    entry.target = std::move(target);
    ChainedLine line = chain_line(key(), head_, WallTime(), entry);
    head_ = line.head;
    lines_.push_back(std::move(line.text));
  }
  std::string write(const std::string& name, const std::vector<std::string>& lines) {
    const std::string path = directory_.path() + "/" + name;
    std::ofstream file(path, std::ios::binary);
    for (const std::string& line : lines) file << line;
    return path;
  }
  AuditReport verify(const std::vector<std::string>& lines) {
    return verify_audit_files(key(), {write("audit.log", lines)}, head_);
  }
  std::vector<std::string> part(std::size_t from, std::size_t to) const {
    return {lines_.begin() + static_cast<std::ptrdiff_t>(from), lines_.begin() + static_cast<std::ptrdiff_t>(to)};
  }

  storage::TempDirectory directory_;
  AuditHead head_;
  std::vector<std::string> lines_;
};

TEST_F(AuditVerification, TakesAnIntactLog) {
  const AuditReport report = verify(lines_);
  EXPECT_TRUE(report.is_intact) << report.why;
  EXPECT_EQ(report.entries, 6U);
  EXPECT_EQ(report.first_seq, 1U);
  EXPECT_EQ(report.last_seq, 6U);
}

TEST_F(AuditVerification, NamesAChangedLine) {
  auto lines = lines_;
  lines[2].replace(lines[2].find("user3"), 5, "user9");
  const AuditReport report = verify(lines);
  EXPECT_FALSE(report.is_intact);
  EXPECT_EQ(report.bad_file, "audit.log");
  EXPECT_EQ(report.bad_line, 3U);
  EXPECT_NE(report.why.find("changed"), std::string::npos);
}

TEST_F(AuditVerification, NamesThePlaceOfARemovedLine) {
  for (std::size_t removed = 0; removed + 1 < lines_.size(); ++removed) {
    auto lines = lines_;
    lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(removed));
    const AuditReport report = verify(lines);
    EXPECT_FALSE(report.is_intact) << removed;
    EXPECT_EQ(report.bad_line, removed + 1) << removed;
  }
}

TEST_F(AuditVerification, NamesReorderedAndRepeatedLines) {
  auto swapped = lines_;
  std::swap(swapped[1], swapped[2]);
  EXPECT_EQ(verify(swapped).bad_line, 2U);
  auto repeated = lines_;
  repeated.insert(repeated.begin() + 3, lines_[2]);
  EXPECT_EQ(verify(repeated).bad_line, 4U);
}

TEST_F(AuditVerification, SeesThatTheEndWasCutOff) {
  for (std::size_t left = 0; left < lines_.size(); ++left) {
    const AuditReport report = verify(part(0, left));
    EXPECT_FALSE(report.is_intact) << left;
    EXPECT_NE(report.why.find("entry 6"), std::string::npos) << report.why;
  }
  auto torn = lines_;
  torn.back().resize(torn.back().size() / 2);
  const AuditReport report = verify(torn);
  EXPECT_FALSE(report.is_intact);
  EXPECT_EQ(report.bad_line, 6U);
}

TEST_F(AuditVerification, ALineBehindTheHeadCountsWhenItIsOurs) {
  const AuditHead before = head_;
  add("user.add", "written, but the store did not hear of it");
  const std::string path = write("audit.log", lines_);
  EXPECT_TRUE(verify_audit_files(key(), {path}, before).is_intact);
  auto forged = lines_;
  forged.push_back(lines_.back());
  EXPECT_FALSE(verify_audit_files(key(), {write("audit.log", forged)}, before).is_intact);
}

TEST_F(AuditVerification, ALineBeingWrittenIsNoFault) {
  auto lines = lines_;
  lines.push_back("{\"seq\":7,");
  EXPECT_TRUE(verify(lines).is_intact);
}

TEST_F(AuditVerification, FollowsRotation) {
  const std::string old_file = write("audit.log.1", part(0, 3));
  const std::string new_file = write("audit.log", part(3, 6));
  EXPECT_TRUE(verify_audit_files(key(), {old_file, new_file}, head_).is_intact);
  EXPECT_TRUE(verify_audit_files(key(), {new_file}, head_).is_intact);
  EXPECT_TRUE(verify_audit_files(key(), {old_file}, std::nullopt).is_intact);
  // Without its first line the new file does not begin where a log may begin.
  const std::string cut_file = write("cut.log", part(4, 6));
  EXPECT_EQ(verify_audit_files(key(), {cut_file}, head_).bad_line, 1U);
  // A file in between that is missing.
  const AuditReport gap = verify_audit_files(key(), {write("audit.log.1", part(0, 2)), new_file}, head_);
  EXPECT_FALSE(gap.is_intact);
  EXPECT_EQ(gap.bad_file, "audit.log");
}

TEST_F(AuditVerification, FindsAllThatWasRotated) {
  for (int i = 7; i <= 12; ++i) add(i == 10 ? "audit.open" : "user.add", "alpha/user");
  const std::string log = write("audit.log", part(9, 12));
  const std::string newer = write("audit.log-20261122", part(3, 9));
  const std::string older = write("audit.log.1", part(0, 3));
  write("audit.log.0.gz", {"compressed"});
  write("other.log", {"no log"});
  EXPECT_EQ(audit_files_beside(key(), log), (std::vector<std::string>{older, newer, log}));
  const AuditReport all = verify_audit_files(key(), audit_files_beside(key(), log), head_);
  EXPECT_TRUE(all.is_intact) << all.why;
  EXPECT_EQ(all.entries, 12U);
  // One that lies about what it is is found first.
  write("audit.log.bak", {"garbage\n"});
  EXPECT_EQ(verify_audit_files(key(), audit_files_beside(key(), log), head_).bad_file, "audit.log.bak");
}

TEST_F(AuditVerification, AnOldLogInThePlaceOfTheNewOneShows) {
  const AuditReport report = verify(part(0, 3));
  EXPECT_FALSE(report.is_intact);
}

TEST_F(AuditVerification, HostileFiles) {
  EXPECT_FALSE(verify({}).is_intact);
  EXPECT_FALSE(verify({"\n"}).is_intact);
  EXPECT_FALSE(verify({std::string(1 << 20, 'x')}).is_intact);
  EXPECT_FALSE(verify({std::string(100, '\0').append("\n")}).is_intact);
  EXPECT_FALSE(verify_audit_files(key(), {directory_.path() + "/none"}, head_).is_intact);
  EXPECT_FALSE(verify_audit_files(key(), {directory_.path()}, head_).is_intact);
}

}  // namespace
}  // namespace claviger::admin
