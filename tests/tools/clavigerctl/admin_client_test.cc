#include "tools/clavigerctl/admin_client.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <thread>

#include "tests/storage/temp_directory.h"
#include "tools/clavigerctl/command.h"

namespace claviger::ctl {
namespace {

// Answers connection after connection with what it was given; what was asked is kept.
class FakeServer {
 public:
  // One element a connection: what to send after each request on it, in pieces separated by '|'; then it is closed.
  FakeServer(const std::string& path, std::vector<std::string> connections) {
    listener_ = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    EXPECT_EQ(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_, 8), 0);
    thread_ = std::thread([this, connections = std::move(connections)] {
      for (const std::string& answers : connections) serve(answers);
    });
  }
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;
  ~FakeServer() {
    thread_.join();
    ::close(listener_);
  }
  std::string asked() {
    thread_.join();
    thread_ = std::thread([] {});
    return asked_;
  }

 private:
  void serve(const std::string& answers) {
    const int connection = ::accept(listener_, nullptr, nullptr);
    for (std::size_t at = 0; at < answers.size();) {
      char buffer[4096];
      const ssize_t count = ::read(connection, buffer, sizeof buffer);
      if (count <= 0) break;
      asked_.append(buffer, static_cast<std::size_t>(count));
      const std::size_t end = std::min(answers.find('|', at), answers.size());
      EXPECT_GE(::send(connection, answers.data() + at, end - at, MSG_NOSIGNAL), 0);
      at = end + 1;
    }
    ::close(connection);
  }
  int listener_;
  std::string asked_;
  std::thread thread_;
};

std::string ok(std::string_view body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

class AdminClientTest : public ::testing::Test {
 protected:
  storage::TempDirectory directory_;
  std::string path_ = directory_.path() + "/s";
};

TEST_F(AdminClientTest, AsksSeveralTimesOnOneConnection) {
  FakeServer server(path_, {ok("one") + "|" + ok("two")});
  {
    AdminClient client(path_);
    EXPECT_EQ(client.ask("GET", "/a")->body, "one");
    EXPECT_EQ(client.ask("POST", "/b", "{}")->body, "two");
  }
  EXPECT_EQ(server.asked(),
            "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"
            "POST /b HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
}

TEST_F(AdminClientTest, ComesBackWhenAnIdleConnectionWasClosed) {
  FakeServer server(path_, {ok("one"), ok("two")});
  AdminClient client(path_);
  EXPECT_EQ(client.ask("GET", "/a")->body, "one");
  EXPECT_EQ(client.ask("GET", "/a")->body, "two");
}

TEST_F(AdminClientTest, SaysWhatIsWrong) {
  EXPECT_TRUE(AdminClient(path_).ask("GET", "/").failed_with(Code::Unreachable));
  EXPECT_TRUE(AdminClient("").ask("GET", "/").failed_with(Code::AddressInvalid));
  EXPECT_TRUE(AdminClient(std::string(108, 'x')).ask("GET", "/").failed_with(Code::AddressInvalid));
  FakeServer server(path_, {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "rubbish\r\n\r\n"});
  EXPECT_TRUE(AdminClient(path_).ask("GET", "/").failed_with(Code::PeerClosed));
  EXPECT_TRUE(AdminClient(path_).ask("GET", "/").failed_with(Code::ProtocolError));
}

TEST(Problem, BecomesOneLine) {
  HttpAnswer answer;
  answer.status = 409;
  answer.body = R"({"title":"t","detail":"another user has this login name\u001b[0m","code":"LoginTaken"})";
  EXPECT_EQ(problem_text(answer), "another user has this login name?[0m (LoginTaken)");
  answer.body = "<html>";
  EXPECT_EQ(problem_text(answer), "the daemon answered 409");
}

}  // namespace
}  // namespace claviger::ctl
