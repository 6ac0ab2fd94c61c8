// kill -9 at random instants with many commits in flight: every acknowledged one is there, at its version.
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <random>

#include "storage/rocks/engine.h"
#include "tests/storage/rocks/books.h"
#include "tests/storage/temp_directory.h"

extern char** environ;

namespace claviger::storage {
namespace {

class Child {
 public:
  Child(const std::string& directory, int round, unsigned seed) {
    std::array<int, 2> ends{};
    CLAVIGER_ASSERT(::pipe(ends.data()) == 0);
    report_ = ends[0];
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 3);
    std::string program = CLAVIGER_BINARY_DIR "/bin/storage_kill_child";
    std::string round_text = std::to_string(round);
    std::string seed_text = std::to_string(seed);
    std::string folder = directory;
    std::array<char*, 5> arguments{program.data(), folder.data(), round_text.data(), seed_text.data(), nullptr};
    CLAVIGER_ASSERT(::posix_spawn(&id_, program.c_str(), &actions, nullptr, arguments.data(), environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    ::close(report_);
    int status = 0;
    ::waitpid(id_, &status, 0);
  }

  void kill() { ::kill(id_, SIGKILL); }
  // Appends what the child has reported. False at the end.
  bool read(std::string& out) {
    std::array<char, 4096> buffer;
    const ssize_t count = ::read(report_, buffer.data(), buffer.size());
    if (count <= 0) return false;
    out.append(buffer.data(), static_cast<std::size_t>(count));
    return true;
  }

 private:
  pid_t id_ = 0;
  int report_ = -1;
};

// Whole lines only: the last one may have been cut off with its writer, though one write each should not allow that.
std::size_t take_lines(std::string& text, std::map<std::uint64_t, std::uint64_t>& acknowledged) {
  std::size_t lines = 0;
  std::size_t at = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos; at = end + 1, end = text.find('\n', at)) {
    char* rest = nullptr;
    const std::string line = text.substr(at, end - at);
    const std::uint64_t id = std::strtoull(line.c_str(), &rest, 10);
    acknowledged[id] = std::strtoull(rest, nullptr, 10);
    ++lines;
  }
  text.erase(0, at);
  return lines;
}

std::string audit_directory(const std::string& directory, const std::map<std::uint64_t, std::uint64_t>& acknowledged) {
  SystemClock clock;
  Logger logger;
  Process process(1, clock, logger);
  rocks::Options options;
  options.directory = directory;
  options.tables = Books::tables();
  auto store = rocks::open(std::move(options), process.shards(), clock, logger);
  if (!store) return "the store does not open: " + std::string(name_of(store.error().code));
  const std::string found = audit(process, **store, acknowledged);
  process.stop();
  return found;
}

TEST(Kill9, NothingAcknowledgedIsLost) {
  const auto seed = static_cast<unsigned>(::testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const TempDirectory directory;
  const std::string store = directory.path() + "/store";
  std::map<std::uint64_t, std::uint64_t> acknowledged;
  for (int round = 1; round <= CLAVIGER_ROUNDS; ++round) {
    Child child(store, round, static_cast<unsigned>(random()));
    // Now and then while it opens, else after any number of acknowledgements.
    const std::size_t enough = random() % 8 == 0 ? 0 : 1 + random() % 3000;
    std::string text;
    std::size_t lines = 0;
    while (lines < enough && child.read(text)) lines += take_lines(text, acknowledged);
    ASSERT_GE(lines, enough) << "the child ended by itself in round " << round;
    child.kill();
    while (child.read(text)) take_lines(text, acknowledged);
    ASSERT_EQ(audit_directory(store, acknowledged), "") << "round " << round;
  }
  EXPECT_GT(acknowledged.size(), 0U);
}

}  // namespace
}  // namespace claviger::storage
