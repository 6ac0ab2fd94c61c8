#include "tools/clavigerctl/command_line.h"

#include <gtest/gtest.h>

#include <set>

#include "tools/clavigerctl/completion.h"

namespace claviger::ctl {
namespace {

CommandLine read(std::vector<const char*> words, const char* socket = nullptr, const char* tenant = nullptr) {
  words.insert(words.begin(), "clavigerctl");
  return read_command_line(static_cast<int>(words.size()), words.data(), all_commands(), socket, tenant);
}

TEST(CommandLine, FindsCommandsAndTheirArguments) {
  const CommandLine line = read({"user", "add", "alice", "--scope", "a", "--scope", "b", "--tenant", "alpha", "--json", "--socket", "/s"});
  ASSERT_NE(line.command, nullptr);
  EXPECT_EQ(line.command->path, "user add");
  EXPECT_EQ(line.arguments.get("LOGIN"), "alice");
  EXPECT_EQ(line.arguments.list("--scope"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(line.arguments.tenant, "alpha");
  EXPECT_EQ(line.arguments.socket, "/s");
  EXPECT_TRUE(line.arguments.wants_json);
  EXPECT_FALSE(line.arguments.has("--disabled"));
}

// Also of an operand that may be left out, which CLI11 itself takes nothing for.
TEST(CommandLine, TakesWhatStandsBehindTheHyphensAsItIs) {
  const CommandLine added = read({"client", "add", "--grant", "client_credentials", "--json", "--", "--secret"});
  ASSERT_NE(added.command, nullptr);
  EXPECT_EQ(added.command->path, "client add");
  EXPECT_EQ(added.arguments.get("CLIENT_ID"), "--secret");
  EXPECT_EQ(added.arguments.get("--grant"), "client_credentials");
  EXPECT_EQ(read({"client", "add", "--", "list"}).arguments.get("CLIENT_ID"), "list") << "a verb's name";
  EXPECT_EQ(read({"client", "show", "--", "-abc"}).arguments.get("CLIENT_ID"), "-abc");
  EXPECT_EQ(read({"user", "show", "--", "--"}).arguments.get("LOGIN"), "--");
  EXPECT_EQ(read({"log", "level", "--", "debug"}).arguments.get("LEVEL"), "debug");
  testing::internal::CaptureStderr();
  EXPECT_EQ(read({"client", "--", "add"}).status, ExitStatus::Usage);
  EXPECT_EQ(read({"client", "show", "--", "-a", "-b"}).status, ExitStatus::Usage);
  EXPECT_EQ(read({"log", "level", "--", "loud"}).status, ExitStatus::Usage);
  EXPECT_EQ(testing::internal::GetCapturedStderr().find('\x01'), std::string::npos);
}

TEST(CommandLine, TakesSocketAndTenantFromTheEnvironment) {
  const CommandLine line = read({"user", "show", "alice"}, "/env", "bravo");
  EXPECT_EQ(line.arguments.socket, "/env");
  EXPECT_EQ(line.arguments.tenant, "bravo");
  EXPECT_EQ(read({"status"}).arguments.socket, kDefaultSocket);
}

TEST(CommandLine, RefusesWhatItDoesNotKnow) {
  testing::internal::CaptureStderr();
  for (const std::vector<const char*>& words : std::vector<std::vector<const char*>>{
           {}, {"user"}, {"user", "fly"}, {"user", "add"}, {"user", "add", "a", "b"}, {"user", "add", "a", "--password", "x"},
           {"log", "level", "loud"}, {"tenant", "add", "a", "--algorithm", "none"}, {"completion", "tcsh"}}) {
    const CommandLine line = read(words);
    EXPECT_EQ(line.command, nullptr);
    EXPECT_EQ(line.status, ExitStatus::Usage);
  }
  testing::internal::GetCapturedStderr();
}

TEST(CommandLine, NamesTheVerbThatIsNone) {
  for (const std::vector<const char*>& words : std::vector<std::vector<const char*>>{{"fly"}, {"user", "fly"}, {"fly", "--json"}}) {
    testing::internal::CaptureStderr();
    EXPECT_EQ(read(words).status, ExitStatus::Usage);
    EXPECT_NE(testing::internal::GetCapturedStderr().find("\"fly\""), std::string::npos);
  }
}

TEST(CommandLine, EveryCommandHasHelpAndAnExampleThatItTakes) {
  for (const Command& command : all_commands()) {
    EXPECT_FALSE(command.help.empty()) << command.path;
    std::string example(command.example);
    ASSERT_TRUE(example.starts_with("clavigerctl " + std::string(command.path))) << command.path;
    example = example.substr(0, example.find_first_of("<>"));
    std::vector<std::string> words;
    for (std::size_t at = 12; at < example.size();) {
      const bool is_quoted = example[at] == '"';
      const std::size_t end = std::min(example.find(is_quoted ? '"' : ' ', at + 1), example.size());
      words.push_back(example.substr(at + (is_quoted ? 1 : 0), end - at - (is_quoted ? 1 : 0)));
      at = end + (is_quoted ? 2 : 1);
    }
    std::vector<const char*> pointers;
    for (const std::string& word : words) pointers.push_back(word.c_str());
    const CommandLine line = read(pointers);
    ASSERT_NE(line.command, nullptr) << command.example;
    EXPECT_EQ(line.command->path, command.path);
  }
}

TEST(CommandLine, HelpIsNoFailure) {
  testing::internal::CaptureStdout();
  const CommandLine line = read({"user", "import", "--help"});
  const std::string help = testing::internal::GetCapturedStdout();
  EXPECT_EQ(line.command, nullptr);
  EXPECT_EQ(line.status, ExitStatus::Ok);
  EXPECT_NE(help.find("clavigerctl user import people.csv"), std::string::npos);
}

TEST(Completion, KnowsEveryCommandAndOption) {
  for (const std::string& script : {bash_completion(all_commands()), zsh_completion(all_commands())}) {
    for (const Command& command : all_commands()) {
      EXPECT_NE(script.find("'" + std::string(command.path) + "'"), std::string::npos) << command.path;
      for (const Option& option : command.options) EXPECT_NE(script.find(option.name), std::string::npos) << option.name;
    }
  }
  const std::string fish = fish_completion(all_commands());
  for (const Command& command : all_commands()) {
    for (const Option& option : command.options) {
      EXPECT_NE(fish.find(" -l " + std::string(option.name.substr(2))), std::string::npos) << option.name;
    }
  }
}

TEST(ExitStatus, FollowsTheAnswer) {
  EXPECT_EQ(exit_status_of(202), ExitStatus::Ok);
  EXPECT_EQ(exit_status_of(400), ExitStatus::Failed);
  EXPECT_EQ(exit_status_of(403), ExitStatus::NotPermitted);
  EXPECT_EQ(exit_status_of(404), ExitStatus::NotFound);
  EXPECT_EQ(exit_status_of(409), ExitStatus::Conflict);
  EXPECT_EQ(exit_status_of(503), ExitStatus::TryAgain);
}

}  // namespace
}  // namespace claviger::ctl
