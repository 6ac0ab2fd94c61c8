#include "storage/rocks/log_check.h"

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <fstream>
#include <random>

#include "tests/storage/rocks/raw_database.h"
#include "tests/storage/temp_directory.h"

namespace claviger::storage::rocks {
namespace {

// Logs as RocksDB writes them: small records in one block, and records over several blocks.
std::string log_of(std::size_t records, std::size_t value_bytes) {
  const TempDirectory directory;
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* opened = nullptr;
  EXPECT_TRUE(rocksdb::DB::Open(options, directory.path(), &opened).ok());
  {
    const std::unique_ptr<rocksdb::DB> db(opened);
    for (std::size_t i = 0; i < records; ++i) {
      EXPECT_TRUE(db->Put({}, "key" + std::to_string(i), std::string(value_bytes, static_cast<char>('a' + i % 26))).ok());
    }
  }
  const auto logs = files_of(directory.path(), ".log");
  EXPECT_EQ(logs.size(), 1U);
  return read_bytes(logs.front());
}

TEST(LogCheck, AWholeLogIsFine) {
  for (const std::size_t value_bytes : {10UL, 5000UL, 100'000UL}) {
    const auto verdict = check_log(as_bytes(log_of(30, value_bytes)));
    EXPECT_TRUE(verdict.has_records);
    EXPECT_FALSE(verdict.has_bad_place);
    EXPECT_FALSE(verdict.is_rotten);
  }
  EXPECT_FALSE(check_log({}).has_records);
}

TEST(LogCheck, CutOffAnywhereIsTornNotRotten) {
  const std::string small = log_of(30, 10);
  for (std::size_t size = 0; size < small.size(); ++size) {
    EXPECT_FALSE(check_log(as_bytes(small).first(size)).is_rotten) << size;
  }
  const std::string large = log_of(5, 100'000);
  for (std::size_t size = 0; size < large.size(); size += 997) {
    EXPECT_FALSE(check_log(as_bytes(large).first(size)).is_rotten) << size;
  }
}

TEST(LogCheck, ZerosBehindTheEndAreNoRecords) {
  const auto verdict = check_log(as_bytes(log_of(30, 10) + std::string(100'000, '\0')));
  EXPECT_FALSE(verdict.is_rotten);
}

TEST(LogCheck, AFlippedBitIsRottenUnlessInTheLastRecord) {
  const std::string log = log_of(30, 10);
  const std::size_t last = log.rfind("key29") - 30;  // its header stands somewhere behind
  for (std::size_t i = 0; i < last; ++i) {
    std::string flipped = log;
    flipped[i] = static_cast<char>(flipped[i] ^ 4);
    const auto verdict = check_log(as_bytes(flipped));
    EXPECT_TRUE(verdict.is_rotten) << i;
    EXPECT_LE(verdict.bad_place, i);
  }
  std::string flipped = log;
  flipped.back() = static_cast<char>(flipped.back() ^ 4);
  EXPECT_FALSE(check_log(as_bytes(flipped)).is_rotten);
}

// The last record lies in many blocks, none of it synced: any of its pages may be missing.
TEST(LogCheck, HolesInTheLastRecordAreTorn) {
  const std::string log = log_of(2, 300'000);
  const std::size_t last = log.rfind(std::string(1000, 'b')) - 250'000;
  std::mt19937 random(1);
  for (int round = 0; round < 50; ++round) {
    std::string holes = log;
    for (std::size_t page = (last / 4096 + 1) * 4096; page + 4096 <= holes.size(); page += 4096) {
      if (random() % 3 == 0) holes.replace(page, 4096, std::string(4096, '\0'));
    }
    EXPECT_FALSE(check_log(as_bytes(holes)).is_rotten);
  }
}

TEST(LogCheck, LogsThatCannotBeSeenAreNotTakenForNone) {
  const TempDirectory directory;
  const std::string file = directory.path() + "/file";
  std::ofstream(file) << "no folder";
  Logger logger;
  EXPECT_TRUE(check_logs(file, logger).failed_with(Code::Io));
}

TEST(LogCheck, ATornLogWithALaterOneBehindItIsRotten) {
  const TempDirectory directory;
  const std::string log = log_of(30, 10);
  Logger logger;
  write_bytes(directory.path() + "/000004.log", log.substr(0, log.size() - 3));
  EXPECT_TRUE(check_logs(directory.path(), logger));
  write_bytes(directory.path() + "/000007.log", "");
  EXPECT_TRUE(check_logs(directory.path(), logger));
  write_bytes(directory.path() + "/000007.log", log);
  EXPECT_TRUE(check_logs(directory.path(), logger).failed_with(Code::Corrupt));
  EXPECT_TRUE(check_logs(directory.path() + "/none", logger));
}

}  // namespace
}  // namespace claviger::storage::rocks
