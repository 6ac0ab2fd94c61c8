#include "storage/sealing.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <thread>

#include "storage/former_keys.h"
#include "storage/memory/memory_store.h"
#include "tests/storage/run_task.h"
#include "tests/storage/temp_directory.h"

namespace claviger::storage {
namespace {

constexpr TableId kDataKeys{0};
constexpr TableId kSecrets{1};
constexpr TableId kOthers{2};

class Sealing : public ::testing::Test {
 protected:
  Result<Unit> start() {
    sealer_.reset();
    auto started = run_task(shard_, Sealer::start(options()));
    if (!started) return started.error();
    sealer_ = *std::move(started);
    return Unit{};
  }
  SealerOptions options() {
    SealerOptions options;
    options.store = &store_;
    options.tables = tables_;
    options.data_keys = kDataKeys;
    options.wrapping_key_file = file_;
    options.file_pool = &pool_;
    options.shards = 1;
    return options;
  }
  std::string opened(TableId table, std::string_view key, std::string_view sealed) {
    const auto plain = sealer_->open(table, key, as_bytes(sealed));
    return plain ? std::string(as_text(plain->reveal())) : std::string(name_of(plain.error().code));
  }
  std::string seal(std::string_view text) { return *sealer_->seal(kSecrets, "key", as_bytes(text)); }
  std::string file_text() {
    std::ifstream in(file_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  void write_file(const std::string& text) {
    std::ofstream(file_, std::ios::binary | std::ios::trunc) << text;
    ::chmod(file_.c_str(), 0600);
  }

  TempDirectory directory_;
  std::string file_ = directory_.path() + "/wrapping-keys";
  ManualClock clock_;
  Logger logger_;
  runtime::Shards shards_{1, clock_, logger_, SipKey{1, 2}};
  runtime::Shard& shard_{shards_[0]};
  runtime::OffloadPool pool_{"files", 1, 16};
  std::vector<TableOptions> tables_{{"data_keys", TableAccess::Ordered}, {"secrets"}, {"others"}};
  memory::MemoryStore store_{tables_, clock_};
  std::unique_ptr<Sealer> sealer_;
};

TEST_F(Sealing, OpensWhatItSealed) {
  ASSERT_TRUE(start());
  for (const std::size_t size : {0UL, 1UL, 32UL, 5000UL}) {
    const std::string secret(size, 's');
    const std::string sealed = seal(secret);
    EXPECT_EQ(sealed.size(), size + Sealer::kOverhead);
    EXPECT_EQ(sealed.substr(0, 5), std::string("\1\0\0\0\1", 5));
    EXPECT_EQ(opened(kSecrets, "key", sealed), secret);
    EXPECT_TRUE(size < 8 || sealed.find(secret) == std::string::npos);
  }
  EXPECT_NE(seal("same"), seal("same"));
}

TEST_F(Sealing, IsBoundToItsPlace) {
  ASSERT_TRUE(start());
  const std::string sealed = seal("secret");
  EXPECT_EQ(opened(kOthers, "key", sealed), "SealBroken");
  EXPECT_EQ(opened(kSecrets, "kez", sealed), "SealBroken");
  EXPECT_EQ(opened(kSecrets, "", sealed), "SealBroken");
}

TEST_F(Sealing, EveryFlippedBitAndEveryTruncationShows) {
  ASSERT_TRUE(start());
  const std::string sealed = seal("secret");
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    std::string flipped = sealed;
    flipped[bit / 8] = static_cast<char>(static_cast<unsigned char>(flipped[bit / 8]) ^ (1U << (bit % 8)));
    EXPECT_EQ(opened(kSecrets, "key", flipped), "SealBroken") << bit;
  }
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_EQ(opened(kSecrets, "key", sealed.substr(0, size)), "SealBroken") << size;
  }
  EXPECT_EQ(opened(kSecrets, "key", sealed + "x"), "SealBroken");
}

TEST_F(Sealing, OpensIntoTheCallersBuffer) {
  ASSERT_TRUE(start());
  const std::string sealed = seal("secret");
  std::array<std::byte, 6> out{};
  EXPECT_EQ(*sealer_->open_into(kSecrets, "key", as_bytes(sealed), out), 6U);
  EXPECT_EQ(as_text(out), "secret");
}

TEST_F(Sealing, OtherThreadsSealAndOpenToo) {
  ASSERT_TRUE(start());
  const std::string sealed = seal("secret");
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 200; ++j) {
        if (opened(kSecrets, "key", sealed) == "secret" && opened(kSecrets, "key", seal("x")) == "x") ++good;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good.load(), 800);
}

TEST_F(Sealing, SurvivesARestart) {
  ASSERT_TRUE(start());
  const std::string sealed = seal("secret");
  ASSERT_TRUE(start());
  EXPECT_EQ(opened(kSecrets, "key", sealed), "secret");
  EXPECT_EQ(sealer_->data_key_id(), 1U);
}

TEST_F(Sealing, ADataKeyRotatesAndOldSealsStillOpen) {
  ASSERT_TRUE(start());
  const std::string old = seal("old");
  ASSERT_TRUE(run_task(shard_, sealer_->rotate_data_key()));
  const std::string young = seal("new");
  EXPECT_EQ(young.substr(0, 5), std::string("\1\0\0\0\2", 5));
  EXPECT_EQ(opened(kSecrets, "key", old), "old");
  ASSERT_TRUE(start());
  EXPECT_EQ(sealer_->data_key_id(), 2U);
  EXPECT_EQ(opened(kSecrets, "key", old), "old");
  EXPECT_EQ(opened(kSecrets, "key", young), "new");
}

TEST_F(Sealing, TheWrappingKeyRotatesAndTheOldOneOpensNothing) {
  ASSERT_TRUE(start());
  ASSERT_TRUE(run_task(shard_, sealer_->rotate_data_key()));
  const std::string sealed = seal("secret");
  const std::string before = file_text();
  ASSERT_TRUE(run_task(shard_, sealer_->rotate_wrapping_key()));
  EXPECT_NE(file_text(), before);
  EXPECT_EQ(file_text().size(), before.size());
  EXPECT_EQ(opened(kSecrets, "key", sealed), "secret");
  ASSERT_TRUE(start());
  EXPECT_EQ(opened(kSecrets, "key", sealed), "secret");
  write_file(before);
  EXPECT_TRUE(start().failed_with(Code::SealBroken));
}

// For copies of the store that were made before: whoever brings the former key back opens them.
TEST_F(Sealing, TheFormerWrappingKeyIsKeptBesideThePresentOne) {
  ASSERT_TRUE(start());
  const std::string before = file_text();
  EXPECT_TRUE(former_key_files(file_).empty());
  ASSERT_TRUE(run_task(shard_, sealer_->rotate_wrapping_key()));
  ASSERT_TRUE(run_task(shard_, sealer_->rotate_wrapping_key()));
  const auto former = former_key_files(file_);
  ASSERT_EQ(former.size(), 2U) << "two in one second have names of their own";
  struct stat status {};
  ASSERT_EQ(::stat(former[0].c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  std::ifstream kept(former[0], std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(kept), {}), before);
}

// Dies after the file holds both keys, before the rows are wrapped again: everything opens, and a second try ends it.
TEST_F(Sealing, ARotationThatWasCutOffIsTakenUpAgain) {
  ASSERT_TRUE(start());
  const std::string sealed = seal("secret");
  store_.fail_commits(1, Code::Io);
  EXPECT_TRUE(run_task(shard_, sealer_->rotate_wrapping_key()).failed_with(Code::Io));
  const std::string both = file_text();
  ASSERT_TRUE(start());
  EXPECT_EQ(opened(kSecrets, "key", sealed), "secret");
  ASSERT_TRUE(run_task(shard_, sealer_->rotate_wrapping_key()));
  EXPECT_LT(file_text().size(), both.size());
  ASSERT_TRUE(start());
  EXPECT_EQ(opened(kSecrets, "key", sealed), "secret");
}

TEST_F(Sealing, AFailedDataKeyIsNotUsed) {
  ASSERT_TRUE(start());
  store_.fail_commits(1, Code::NoSpace);
  EXPECT_TRUE(run_task(shard_, sealer_->rotate_data_key()).failed_with(Code::NoSpace));
  EXPECT_EQ(sealer_->data_key_id(), 1U);
  ASSERT_TRUE(run_task(shard_, sealer_->rotate_data_key()));
  EXPECT_EQ(sealer_->data_key_id(), 2U);
}

TEST_F(Sealing, TheFileIsOurs) {
  ASSERT_TRUE(start());
  struct stat status {};
  ASSERT_EQ(::stat(file_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  for (const mode_t mode : {0640U, 0604U, 0620U, 0610U}) {
    ::chmod(file_.c_str(), mode);
    EXPECT_TRUE(start().failed_with(Code::PermissionsTooOpen)) << mode;
  }
  ::chmod(file_.c_str(), 0400);
  EXPECT_TRUE(start());
}

TEST_F(Sealing, ALostFileIsNotReplaced) {
  ASSERT_TRUE(start());
  ASSERT_EQ(::unlink(file_.c_str()), 0);
  EXPECT_TRUE(start().failed_with(Code::Unreadable));
  EXPECT_EQ(file_text(), "");
}

TEST_F(Sealing, AnotherInstallationsFileIsRefused) {
  ASSERT_TRUE(start());
  ASSERT_EQ(::unlink(file_.c_str()), 0);
  ASSERT_TRUE(WrappingKeys::create(file_));
  EXPECT_TRUE(start().failed_with(Code::SealBroken));
}

TEST_F(Sealing, ABrokenRowIsAnErrorThatNamesIt) {
  ASSERT_TRUE(start());
  Transaction damage;
  damage.put(kDataKeys, std::string("\0\0\0\1", 4), as_bytes("rubbish"));
  ASSERT_TRUE(run_task(shard_, store_.commit(std::move(damage))));
  const auto started = start();
  EXPECT_TRUE(started.failed_with(Code::Corrupt));
  EXPECT_EQ(started.error().where, "data_keys");
}

TEST_F(Sealing, TheFileIsReadStrictly) {
  ASSERT_TRUE(start());
  const std::string good = file_text();
  EXPECT_TRUE(WrappingKeys::load(file_));
  const auto refused = [&](const std::string& text) {
    write_file(text);
    return WrappingKeys::load(file_).failed_with(Code::Corrupt);
  };
  for (std::size_t size = 0; size < good.size(); ++size) EXPECT_TRUE(refused(good.substr(0, size))) << size;
  EXPECT_TRUE(refused(good + "x"));
  const std::string line = good.substr(good.find('\n') + 1);
  EXPECT_TRUE(refused(good + line)) << "the same id twice";
  std::string bad = good;
  bad[good.size() - 2] = 'g';
  EXPECT_TRUE(refused(bad));
  bad = good;
  bad[0] = 'C';
  EXPECT_TRUE(refused(bad));
  EXPECT_TRUE(refused(std::string(100'000, 'x')));
  write_file(good);
  EXPECT_TRUE(WrappingKeys::load(file_));
}

TEST_F(Sealing, AFileIsMadeOnceAndWhatACrashLeftIsNoTrouble) {
  std::ofstream(file_ + ".new") << "half";
  ASSERT_TRUE(WrappingKeys::create(file_));
  EXPECT_TRUE(WrappingKeys::create(file_).failed_with(Code::Duplicate));
  EXPECT_TRUE(WrappingKeys::load(directory_.path() + "/none").failed_with(Code::NotFound));
  EXPECT_TRUE(WrappingKeys::create(directory_.path() + "/no/folder").failed_with(Code::Io));
}

}  // namespace
}  // namespace claviger::storage
