#include "tools/clavigerctl/import/user_import.h"

#include <gtest/gtest.h>

#include <mutex>
#include <set>

#include "tests/tools/clavigerctl/text_source.h"

namespace claviger::ctl {
namespace {

// A daemon of a few lines: refuses every line that holds "taken", counts the rest; keeps what it took.
class FakeDaemon {
 public:
  Result<HttpAnswer> take(const std::string& body) {
    const std::lock_guard lock(mutex_);
    HttpAnswer answer;
    answer.status = 200;
    if (++batches == fail_batch) {
      if (fail_status == 0) return Error{Code::PeerClosed, "test"};
      answer.status = fail_status;
      answer.body = R"({"title":"no","code":"NotFound"})";
      return answer;
    }
    std::string bad;
    std::size_t index = 0, created = 0, unchanged = 0;
    for (std::size_t at = 0; at < body.size(); ++index) {
      const std::size_t end = body.find('\n', at);
      const std::string line = body.substr(at, end - at);
      at = end + 1;
      if (line.find("taken") != std::string::npos) {
        bad += (bad.empty() ? "" : ",") + (R"({"index":)" + std::to_string(index)) + R"(,"code":"LoginTaken","reason":"taken"})";
      } else if (users.insert(line).second) {
        ++created;
      } else {
        ++unchanged;
      }
    }
    answer.body = "{\"created\":" + std::to_string(created) + ",\"updated\":0,\"unchanged\":" + std::to_string(unchanged) +
                  ",\"bad\":[" + bad + "]}";
    return answer;
  }

  std::set<std::string> users;
  int batches = 0;
  int fail_batch = -1;
  int fail_status = 0;

 private:
  std::mutex mutex_;
};

struct Imported {
  ImportSummary summary;
  std::vector<std::uint64_t> bad_lines;
  std::vector<ImportState> states;
};
Imported import_text(FakeDaemon& daemon, const std::string& text, const ImportState& from = {}, std::size_t connections = 3) {
  ImportReader reader(std::make_unique<TextSource>(text, 100'000), ImportFormat::Ndjson);
  EXPECT_TRUE(reader.start());
  EXPECT_TRUE(reader.resume(from.offset, from.line));
  Imported run;
  ImportHooks hooks;
  hooks.send = [&daemon](std::size_t, const std::string& body) { return daemon.take(body); };
  hooks.on_bad = [&run](std::uint64_t line, const std::string&) { run.bad_lines.push_back(line); };
  hooks.on_progress = [&run](const ImportState& state) { run.states.push_back(state); };
  run.summary = import_users(reader, from, connections, hooks);
  return run;
}
std::string users(int from, int to) {
  std::string text;
  for (int i = from; i < to; ++i) text += "{\"login\":\"user" + std::to_string(i) + "\"}\n";
  return text;
}

TEST(UserImport, TakesAllGoodLinesAndNamesTheBadInOrder) {
  FakeDaemon daemon;
  const std::string text = users(0, 2500) + "{\"login\":\"taken1\"}\n" + users(2500, 5000) + "{\"login\":\"taken2\"}\n";
  const Imported run = import_text(daemon, text);
  EXPECT_EQ(run.summary.good, 5000U);
  EXPECT_EQ(run.summary.created, 5000U);
  EXPECT_EQ(run.summary.bad, 2U);
  EXPECT_EQ(daemon.users.size(), 5000U);
  EXPECT_EQ(run.bad_lines, (std::vector<std::uint64_t>{2501, 5002}));
  EXPECT_TRUE(run.summary.stopped_by.empty());
  EXPECT_EQ(run.states.back().offset, text.size());
  for (std::size_t i = 1; i < run.states.size(); ++i) EXPECT_GT(run.states[i].offset, run.states[i - 1].offset);
}

TEST(UserImport, GoesOnWhereItWasCutOff) {
  const std::string text = users(0, 10'000);
  for (int fail_at = 1; fail_at <= 10; ++fail_at) {
    FakeDaemon daemon;
    daemon.fail_batch = fail_at;
    const Imported first = import_text(daemon, text);
    EXPECT_FALSE(first.summary.stopped_by.empty());
    EXPECT_TRUE(first.summary.is_unreachable);
    const ImportState reached = first.states.empty() ? ImportState{} : first.states.back();
    const Imported second = import_text(daemon, text, reached);
    EXPECT_TRUE(second.summary.stopped_by.empty());
    EXPECT_EQ(daemon.users.size(), 10'000U) << fail_at;
    EXPECT_EQ(second.states.back().good, 10'000U);
  }
}

TEST(UserImport, StopsAtARefusalOfTheWhole) {
  FakeDaemon daemon;
  daemon.fail_batch = 2;
  daemon.fail_status = 404;
  const Imported run = import_text(daemon, users(0, 3000), {}, 1);
  EXPECT_EQ(run.summary.refusal.status, 404);
  EXPECT_EQ(run.summary.good, 1000U);
}

TEST(UserImport, AnEmptyFileIsDone) {
  FakeDaemon daemon;
  const Imported run = import_text(daemon, "");
  EXPECT_EQ(run.summary.good, 0U);
  EXPECT_TRUE(run.summary.stopped_by.empty());
  EXPECT_EQ(daemon.batches, 0);
}

TEST(UserImport, StopsWhenInterrupted) {
  ImportReader reader(std::make_unique<TextSource>(users(0, 100'000), 100'000), ImportFormat::Ndjson);
  ASSERT_TRUE(reader.start());
  FakeDaemon daemon;
  std::atomic<bool> interrupted{false};
  ImportHooks hooks;
  hooks.interrupted = &interrupted;
  hooks.send = [&](std::size_t, const std::string& body) {
    interrupted = true;
    return daemon.take(body);
  };
  hooks.on_bad = [](std::uint64_t, const std::string&) {};
  hooks.on_progress = [](const ImportState&) {};
  const ImportSummary summary = import_users(reader, {}, 2, hooks);
  EXPECT_TRUE(summary.is_interrupted);
  EXPECT_LT(summary.good, 100'000U);
  EXPECT_EQ(summary.good, daemon.users.size());
}

TEST(BatchAnswer, MustAccountForEveryLine) {
  EXPECT_TRUE(read_batch_answer(R"({"created":1,"updated":1,"unchanged":0,"bad":[{"index":2,"reason":"x"}]})", 3));
  for (const char* text : {
           R"({"created":1,"updated":1,"unchanged":0,"bad":[]})",
           R"({"created":4,"updated":0,"unchanged":0,"bad":[]})",
           R"({"created":2,"updated":0,"unchanged":0,"bad":[{"index":3,"reason":"x"}]})",
           R"({"created":1,"updated":0,"unchanged":0,"bad":[{"index":0,"reason":"x"},{"index":0,"reason":"x"}]})",
           R"({"created":2,"updated":0,"unchanged":0,"bad":[{"index":0,"reason":""}]})",
           R"({"created":-1,"updated":4,"unchanged":0,"bad":[]})",
           R"({"created":3})", "[]", "", "{"}) {
    EXPECT_FALSE(read_batch_answer(text, 3)) << text;
  }
}

}  // namespace
}  // namespace claviger::ctl
