#include "tools/claviger-ue/vault.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <thread>

namespace claviger::ue {
namespace {

class VaultTest : public testing::Test {
 protected:
  VaultTest() {
    std::string pattern = testing::TempDir() + "vaultXXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    path_ = Vault::path_of(folder_ + "/state", "ann");
  }
  ~VaultTest() override { std::filesystem::remove_all(folder_); }

  void make() {
    auto vault = Vault::create(path_, as_bytes("secret"));
    ASSERT_TRUE(vault);
    ASSERT_TRUE(vault->put_text("kms/a", "one"));
    ASSERT_TRUE(vault->put_text("kms/b", ""));
    ASSERT_TRUE(vault->put_text("token", "two"));
    ASSERT_TRUE(vault->save());
  }
  std::string content() const {
    std::ifstream file(path_, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  void overwrite(const std::string& text) const { std::ofstream(path_, std::ios::binary | std::ios::trunc) << text; }

  std::string folder_;
  std::string path_;
};

TEST_F(VaultTest, GivesBackWhatWasPutUnderTheSamePasswordOnly) {
  make();
  {
    const auto vault = Vault::open(path_, as_bytes("secret"));
    ASSERT_TRUE(vault);
    EXPECT_EQ(vault->text("kms/a"), "one");
    EXPECT_EQ(vault->names("kms/"), (std::vector<std::string>{"kms/a", "kms/b"}));
    EXPECT_TRUE(vault->find("none").empty());
  }
  EXPECT_TRUE(Vault::open(path_, as_bytes("Secret")).failed_with(Code::SealBroken));
  EXPECT_TRUE(Vault::open(path_, Bytes()).failed_with(Code::PasswordLength));
  EXPECT_TRUE(Vault::open(path_ + "x", as_bytes("secret")).failed_with(Code::NotFound));
}

TEST_F(VaultTest, HasNothingReadableInIt) {
  make();
  EXPECT_EQ(content().find("kms/"), std::string::npos);
  EXPECT_EQ(content().find("two"), std::string::npos);
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(VaultTest, OpensNotWhenAnythingOfItIsAnother) {
  make();
  const std::string good = content();
  // Each octet of salt and cost costs an Argon2id; a few of each part do.
  for (const std::size_t at : {std::size_t{15}, std::size_t{30}, std::size_t{31}, std::size_t{50}, good.size() - 1}) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    overwrite(bad);
    EXPECT_FALSE(Vault::open(path_, as_bytes("secret"))) << at;
  }
  for (const std::size_t size : {std::size_t{0}, std::size_t{5}, std::size_t{31}, good.size() - 1}) {
    overwrite(good.substr(0, size));
    EXPECT_FALSE(Vault::open(path_, as_bytes("secret"))) << size;
  }
  // Costs nobody would pay are refused before they are paid.
  std::string dear = good;
  dear[6] = '\x7F';
  overwrite(dear);
  EXPECT_TRUE(Vault::open(path_, as_bytes("secret")).failed_with(Code::PasswordHashCost));
}

TEST_F(VaultTest, RefusesFilesThatOthersMayRead) {
  make();
  ASSERT_EQ(::chmod(path_.c_str(), 0640), 0);
  EXPECT_TRUE(Vault::open(path_, as_bytes("secret")).failed_with(Code::PermissionsTooOpen));
  ASSERT_EQ(::chmod(path_.c_str(), 0600), 0);
  ASSERT_EQ(::chmod((folder_ + "/state").c_str(), 0755), 0);
  EXPECT_TRUE(Vault::open(path_, as_bytes("secret")).failed_with(Code::PermissionsTooOpen));
}

TEST_F(VaultTest, KeepsTheFormerOneWhenASaveWasBrokenOff) {
  make();
  std::ofstream(path_ + ".new") << "half";
  auto vault = Vault::open(path_, as_bytes("secret"));
  ASSERT_TRUE(vault);
  vault->remove_all("kms/");
  ASSERT_TRUE(vault->save());
  EXPECT_FALSE(std::filesystem::exists(path_ + ".new"));
}

TEST_F(VaultTest, ErasesAllAtSignOff) {
  make();
  ASSERT_TRUE(Vault::erase(path_));
  EXPECT_FALSE(Vault::exists(path_));
  EXPECT_TRUE(std::filesystem::is_empty(folder_ + "/state"));
  EXPECT_TRUE(Vault::erase(path_).failed_with(Code::NotFound));
  EXPECT_TRUE(std::filesystem::is_empty(folder_ + "/state"));
}

bool somebody_waits_for(int file) {
  struct stat status {};
  EXPECT_EQ(::fstat(file, &status), 0);
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    if (line.find("->") != std::string::npos &&
        line.find(":" + std::to_string(status.st_ino) + " ") != std::string::npos) {
      return true;
    }
  }
  return false;
}

TEST_F(VaultTest, WhoWaitedForASignOffLeavesNothing) {
  make();
  const int signing_off = ::open((path_ + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_EQ(::flock(signing_off, LOCK_EX), 0);
  std::thread waiting([&] { EXPECT_TRUE(Vault::open(path_, as_bytes("secret")).failed_with(Code::NotFound)); });
  constexpr int kLooksMax = 100'000;  // where the kernel does not say who waits
  for (int i = 0; i < kLooksMax && !somebody_waits_for(signing_off); ++i) std::this_thread::yield();
  EXPECT_EQ(::unlink(path_.c_str()), 0);
  ::close(signing_off);
  waiting.join();
  EXPECT_TRUE(std::filesystem::is_empty(folder_ + "/state"));
}

// Whoever waited for a sign-off must not go on with the lock of a file that is gone while the next sign-in holds its own.
TEST_F(VaultTest, ASignOffLeavesOneLockForAll) {
  make();
  const std::string lock = path_ + ".lock";
  const int signing_off = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_GE(signing_off, 0);
  ASSERT_EQ(::flock(signing_off, LOCK_EX), 0);
  std::atomic<bool> is_released{false};
  std::atomic<bool> was_released{false};
  std::thread waiting([&] {
    const auto vault = Vault::create(path_, as_bytes("secret"));
    was_released = vault.has_value() && is_released;
  });
  const auto other = Vault::path_of(folder_ + "/state", "bob");
  { ASSERT_TRUE(Vault::create(other, as_bytes("a while"))); }
  ASSERT_EQ(::unlink(lock.c_str()), 0);
  auto next = std::make_unique<Result<Vault>>(Vault::create(path_, as_bytes("secret")));
  ASSERT_TRUE(*next);
  ::close(signing_off);
  { ASSERT_TRUE(Vault::create(other, as_bytes("a while"))); }
  is_released = true;
  next.reset();
  waiting.join();
  EXPECT_TRUE(was_released) << "two at one time";
}

TEST_F(VaultTest, HasItsBounds) {
  auto vault = Vault::create(path_, as_bytes("secret"));
  ASSERT_TRUE(vault);
  const std::string large(kVaultValueBytesMax + 1, 'x');
  EXPECT_TRUE(vault->put_text("a", large).failed_with(Code::TooLarge));
  EXPECT_TRUE(vault->put_text(large, "a").failed_with(Code::TooLarge));
  for (std::size_t i = 0; i < kVaultEntriesMax; ++i) ASSERT_TRUE(vault->put_text(std::to_string(i), "v"));
  EXPECT_TRUE(vault->put_text("one more", "v").failed_with(Code::TooMany));
  EXPECT_TRUE(vault->put_text("0", "another"));
}

}  // namespace
}  // namespace claviger::ue
