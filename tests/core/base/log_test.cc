#include "core/base/log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "core/base/log_batch.h"
#include "core/base/log_look.h"

namespace claviger {
namespace {

TEST(Log, APeersTextCannotForgeALine) {
  EXPECT_EQ(format_event(false, "login.fail", {{"user", "a\nb\"c\x80"}}), "login.fail user=\"a\\u000ab\\\"c\\u0080\"");
}

TEST(Log, WritesJsonFields) {
  EXPECT_EQ(format_event(true, "token.issue", {{"count", 3}, {"client", "x"}}),
            "\"event\":\"token.issue\",\"count\":3,\"client\":\"x\"");
}

TEST(Log, LevelDecides) {
  Logger logger;
  logger.set_level(LogLevel::Warning);
  EXPECT_FALSE(logger.wants(LogLevel::Info));
  EXPECT_TRUE(logger.wants(LogLevel::Error));
}

// Whether its writer rests or not: all that was said is there when the log is closed, each thread's lines in their order.
TEST(Log, EndsWithAllThatWasSaid) {
  const std::string file = testing::TempDir() + "claviger_log_test.log";
  std::remove(file.c_str());
  constexpr int kThreads = 3, kLines = 500;
  {
    LogOptions options;
    options.file = file;
    Logger logger(options);
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&logger, i] {
        for (int line = 0; line < kLines; ++line) logger.info("said", {{"thread", i}, {"line", line}});
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  std::ifstream written(file);
  std::vector<int> next(kThreads, 0);
  for (std::string line; std::getline(written, line);) {
    const auto number_behind = [&line](const std::string& name) {
      return std::stoi(line.substr(line.find(name) + name.size()));
    };
    const auto thread = static_cast<std::size_t>(number_behind("thread="));
    EXPECT_EQ(number_behind("line="), next.at(thread)++) << line;
  }
  EXPECT_EQ(next, std::vector<int>(kThreads, kLines));
  std::remove(file.c_str());
}

// Nobody has to close it, or to say more, to read what was said.
TEST(Log, WritesAllThatWasSaidWhileItIsOpen) {
  const std::string file = testing::TempDir() + "claviger_open_log_test.log";
  std::remove(file.c_str());
  constexpr int kLines = 500;
  LogOptions options;
  options.file = file;
  Logger logger(options);
  for (int line = 0; line < kLines; ++line) logger.info("said", {{"line", line}});
  const std::string last = "line=" + std::to_string(kLines - 1) + "\n";
  std::string text;
  while (!text.ends_with(last)) {
    std::this_thread::yield();
    std::ifstream written(file);
    text.assign(std::istreambuf_iterator<char>(written), {});
  }
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), kLines);
  std::remove(file.c_str());
}

TEST(LogBatch, LeavesWithTheLastLineWaiting) {
  LogBatch batch;
  batch.add(false);
  EXPECT_FALSE(batch.is_due(true));
  EXPECT_TRUE(batch.is_due(false));
}

// What is looked for after a crash of a busy process is in the file.
TEST(LogBatch, AWarningWaitsForNobody) {
  LogBatch batch;
  batch.add(true);
  batch.add(false);
  EXPECT_TRUE(batch.is_due(true));
  batch.flushed();
  batch.add(false);
  EXPECT_FALSE(batch.is_due(true));
}

TEST(LogBatch, KeepsBackNoLongTail) {
  LogBatch batch;
  for (std::size_t line = 1; line < kLogBatchLinesMax; ++line) {
    batch.add(false);
    EXPECT_FALSE(batch.is_due(true)) << line;
  }
  batch.add(false);
  EXPECT_TRUE(batch.is_due(true));
  batch.flushed();
  EXPECT_FALSE(batch.is_due(true));
}

// However many warnings are flushed meanwhile.
TEST(LogLook, IsDueOnceASecond) {
  LogLook look;
  const Monotonic begun{Seconds(1000)};
  EXPECT_TRUE(look.is_due(begun));
  EXPECT_FALSE(look.is_due(begun));
  EXPECT_FALSE(look.is_due(begun + Milliseconds(999)));
  EXPECT_TRUE(look.is_due(begun + Milliseconds(1000)));
  EXPECT_FALSE(look.is_due(begun + Milliseconds(1999)));
}

// logrotate renames: the lines before are in the old file, those after in a new one, and none is lost.
TEST(Log, ARenamedFileIsFollowedByANewOne) {
  const std::string file = testing::TempDir() + "claviger_rotated_log_test.log";
  const std::string old = file + ".1";
  std::remove(file.c_str());
  std::remove(old.c_str());
  const auto has = [](const std::string& path, const std::string& text) {
    std::ifstream in(path);
    const std::string all{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    return all.find(text) != std::string::npos;
  };
  LogOptions options;
  options.file = file;
  Logger logger(options);
  logger.info("before");
  while (!has(file, "before")) std::this_thread::yield();
  ASSERT_EQ(std::rename(file.c_str(), old.c_str()), 0);
  // The file is looked for once a second.
  while (!has(file, "after")) {
    logger.info("after");
    logger.flush();
    std::this_thread::yield();
  }
  EXPECT_TRUE(has(old, "before"));
  EXPECT_FALSE(has(file, "before"));
}

}  // namespace
}  // namespace claviger
