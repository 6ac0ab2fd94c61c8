// Watchers of one document: so many subscriptions for changes of it over a few TCP connections, which answer every NOTIFY at once.
//
//   bench_watchers HOST PORT PSI-HOST SERVERS COUNT CONNECTIONS
//     SERVERS   how many MC servers sip:nN@PSI-HOST the watchers share: 256 dialogs each at most
// Says "watching SECONDS" when every one has heard the present state, then every second "heard NOTIFYS", of which a change
// causes COUNT; ends with its standard input.
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/broker/tcp_connect.h"

namespace {

using claviger::bench::die;
using Clock = std::chrono::steady_clock;

// SUBSCRIBEs of one connection that have no answer yet.
constexpr long kWindow = 64;

struct Job {
  std::string host, domain;
  std::uint16_t port = 0;
  long servers = 0, count = 0, connections = 0;
};
struct Totals {
  long next = 0;      // SUBSCRIBE
  long refused = 0;   // of them
  long notifies = 0;  // heard and answered
};

// Of the first one of that name, as it stands.
std::string_view line_of(std::string_view head, std::string_view name) {
  const std::size_t at = head.find(name);
  if (at == std::string_view::npos) return {};
  const std::size_t end = head.find("\r\n", at);
  return head.substr(at, end == std::string_view::npos ? end : end + 2 - at);
}

class Connection {
 public:
  Connection(const Job& job, Totals& totals) : job_(job), totals_(totals) {
    const auto [socket, own_port] = claviger::bench::tcp_connect(job.host, job.port);
    socket_ = socket;
    own_ = "127.0.0.1:" + std::to_string(own_port);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { close(socket_); }

  int socket() const { return socket_; }

  void fill() {
    for (; waiting_ < kWindow && totals_.next < job_.count; ++waiting_) write_subscribe(totals_.next++);
    flush();
  }
  void receive() {
    char piece[65536];
    const ssize_t got = recv(socket_, piece, sizeof(piece), 0);
    if (got <= 0) die("recv");
    input_.append(piece, static_cast<std::size_t>(got));
    std::size_t at = 0;
    for (;;) {
      const std::size_t end = input_.find("\r\n\r\n", at);
      if (end == std::string::npos) break;
      const std::string_view head(input_.data() + at, end + 2 - at);
      const std::string_view length = line_of(head, "Content-Length:");
      const std::size_t size = end + 4 - at + static_cast<std::size_t>(std::atol(length.data() + 15));
      if (input_.size() - at < size) break;
      take(head);
      at += size;
    }
    input_.erase(0, at);
    fill();
  }

 private:
  void write_subscribe(long index) {
    const std::string number = std::to_string(index);
    const std::string server = "<sip:n" + std::to_string(index % job_.servers) + "@" + job_.domain + ">";
    output_ += "SUBSCRIBE sip:bench@" + job_.domain +
               ";auid=org.3gpp.mcptt.service-config SIP/2.0\r\nVia: SIP/2.0/TCP " + own_ + ";branch=z9hG4bKw" + number +
               "\r\nMax-Forwards: 70\r\nFrom: " + server + ";tag=w" + number + "\r\nTo: <sip:" + job_.domain +
               ">\r\nCall-ID: w" + number + "@bench\r\nCSeq: 1 SUBSCRIBE\r\nContact: <sip:" + own_ +
               ";transport=tcp>\r\nP-Asserted-Identity: " + server +
               "\r\nEvent: xcap-diff\r\nExpires: 86400\r\nContent-Length: 0\r\n\r\n";
  }
  void take(std::string_view head) {
    if (head.starts_with("SIP/2.0 1")) return;
    if (head.starts_with("SIP/2.0 ")) {
      --waiting_;
      if (head.starts_with("SIP/2.0 200")) return;
      if (totals_.refused++ == 0) std::fprintf(stderr, "%.*s\n", static_cast<int>(head.size()), head.data());
      return;
    }
    ++totals_.notifies;
    output_ += "SIP/2.0 200 OK\r\n";
    for (const std::string_view name : {"Via:", "From:", "To:", "Call-ID:", "CSeq:"}) output_ += line_of(head, name);
    output_ += "Content-Length: 0\r\n\r\n";
  }
  void flush() {
    for (std::size_t done = 0; done < output_.size();) {
      const ssize_t sent = send(socket_, output_.data() + done, output_.size() - done, MSG_NOSIGNAL);
      if (sent <= 0) die("send");
      done += static_cast<std::size_t>(sent);
    }
    output_.clear();
  }

  const Job& job_;
  Totals& totals_;
  int socket_;
  std::string own_, input_, output_;
  long waiting_ = 0;
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 7) {
    std::fprintf(stderr, "usage: %s HOST PORT PSI-HOST SERVERS COUNT CONNECTIONS\n", arguments[0]);
    return 2;
  }
  Job job;
  job.host = arguments[1];
  job.port = static_cast<std::uint16_t>(std::atoi(arguments[2]));
  job.domain = arguments[3];
  job.servers = std::atol(arguments[4]);
  job.count = std::atol(arguments[5]);
  job.connections = std::atol(arguments[6]);
  Totals totals;
  std::vector<std::unique_ptr<Connection>> connections;
  std::vector<pollfd> polls;
  for (long i = 0; i < job.connections; ++i) {
    connections.push_back(std::make_unique<Connection>(job, totals));
    polls.push_back({connections.back()->socket(), POLLIN, 0});
  }
  polls.push_back({STDIN_FILENO, POLLIN, 0});
  const auto begun = Clock::now();
  for (auto& each : connections) each->fill();
  bool is_watching = false;
  for (auto said = begun;;) {
    if (poll(polls.data(), polls.size(), 1000) < 0) die("poll");
    for (std::size_t i = 0; i < connections.size(); ++i) {
      if (polls[i].revents != 0) connections[i]->receive();
    }
    if (polls.back().revents != 0) return 0;
    if (totals.refused != 0) return 1;
    const auto now = Clock::now();
    if (!is_watching && totals.notifies >= job.count) {
      is_watching = true;
      std::printf("watching %.1f\n", std::chrono::duration<double>(now - begun).count());
      std::fflush(stdout);
      totals.notifies = 0;
    } else if (now - said >= std::chrono::seconds(1)) {
      std::printf("heard %ld\n", totals.notifies);
      std::fflush(stdout);
      said = now;
    }
  }
}
