// SIP over TCP as fast as the server answers: a window of requests on each of several connections, one thread.
//
//   bench_sip_load REQUEST HOST PORT TARGET DOMAIN FROM USERS ROUNDS CONNECTIONS WINDOW CSEQ [TOKENS]
//     REQUEST   register   third-party REGISTERs, of the same USERS in every round; a later call with a higher CSEQ refreshes
//               publish    PUBLISHes with an access token, a line of the file TOKENS each, the USERS in turn
//     FROM      number of the first user: sip:uFROM@DOMAIN
// Says in JSON how many were answered with 200, how many with something else, the seconds, and latencies in microseconds.
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "bench/broker/tcp_connect.h"

namespace {

using claviger::bench::die;
using Clock = std::chrono::steady_clock;

struct Job {
  std::string kind, host, target, domain;
  std::uint16_t port = 0;
  long from = 0, users = 0, rounds = 0, connections = 0, window = 0, cseq = 0;
  std::vector<std::string> tokens;

  long total() const { return tokens.empty() ? users * rounds : static_cast<long>(tokens.size()); }
};

void append(std::string& out, std::initializer_list<std::string_view> pieces) {
  for (const std::string_view piece : pieces) out += piece;
}

// As an S-CSCF writes it (TS 24.229 clause 5.4.1.7), without a body.
void write_register(const Job& job, long index, std::uint16_t own_port, std::string& out) {
  const std::string user = std::to_string(job.from + index % job.users), own = std::to_string(own_port);
  const std::string cseq = std::to_string(job.cseq + index / job.users);
  append(out, {"REGISTER ",
               job.target,
               " SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:",
               own,
               ";branch=z9hG4bK",
               user,
               ".",
               cseq,
               "\r\nMax-Forwards: 70\r\nFrom: <sip:scscf.",
               job.domain,
               ":6060>;tag=s",
               user,
               "\r\nTo: <sip:u",
               user,
               "@",
               job.domain,
               ">\r\nCall-ID: tp-",
               user,
               "@scscf.",
               job.domain,
               "\r\nCSeq: ",
               cseq,
               " REGISTER\r\nContact: <sip:scscf.",
               job.domain,
               ":6060>\r\nExpires: 3720\r\nP-Charging-Vector: icid-value=ab",
               user,
               ";orig-ioi=",
               job.domain,
               "\r\nContent-Length: 0\r\n\r\n"});
}

void write_publish(const Job& job, long index, std::uint16_t own_port, std::string& out) {
  const std::string user = std::to_string(job.from + index % job.users), own = std::to_string(own_port);
  const std::string cseq = std::to_string(job.cseq + index / job.users), client = "urn:uuid:sip-load-" + user;
  std::string body =
      "--b1\r\nContent-Type: application/vnd.3gpp.mcptt-info+xml\r\n\r\n<mcpttinfo xmlns=\"urn:3gpp:ns:mcpttInfo:1.0\">"
      "<mcptt-Params>";
  append(body,
         {"<mcptt-access-token type=\"Normal\"><mcpttString>", job.tokens[static_cast<std::size_t>(index)],
          "</mcpttString></mcptt-access-token><mcptt-client-id type=\"Normal\"><mcpttString>", client,
          "</mcpttString></mcptt-client-id></mcptt-Params></mcpttinfo>\r\n--b1\r\nContent-Type: "
          "application/poc-settings+xml\r\n\r\n<poc-settings xmlns=\"urn:oma:params:xml:ns:poc:poc-settings\"><entity "
          "id=\"",
          client,
          "\"><am-settings><answer-mode>automatic</answer-mode></am-settings></entity></poc-settings>\r\n--b1--\r\n"});
  append(out, {"PUBLISH ",
               job.target,
               " SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:",
               own,
               ";branch=z9hG4bKp",
               user,
               ".",
               cseq,
               "\r\nMax-Forwards: 70\r\nFrom: <sip:u",
               user,
               "@",
               job.domain,
               ">;tag=p",
               user,
               "\r\nTo: <",
               job.target,
               ">\r\nCall-ID: pub-",
               user,
               "@",
               job.domain,
               "\r\nCSeq: ",
               cseq,
               " PUBLISH\r\nP-Asserted-Identity: <sip:u",
               user,
               "@",
               job.domain,
               ">\r\nEvent: poc-settings\r\nExpires: 4294967295\r\nContent-Type: "
               "multipart/mixed;boundary=b1\r\nContent-Length: ",
               std::to_string(body.size()),
               "\r\n\r\n",
               body});
}

class Connection {
 public:
  Connection(const Job& job, std::vector<double>& latencies) : job_(job), latencies_(latencies) {
    const auto [socket, own_port] = claviger::bench::tcp_connect(job.host, job.port);
    socket_ = socket;
    own_port_ = own_port;
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { close(socket_); }

  int socket() const { return socket_; }
  bool is_waiting() const { return !sent_at_.empty(); }

  // Fills the window from `next`.
  void fill(long& next) {
    std::string out;
    const auto now = Clock::now();
    while (next < job_.total() && sent_at_.size() < static_cast<std::size_t>(job_.window)) {
      if (job_.kind == "register") write_register(job_, next++, own_port_, out);
      if (job_.kind == "publish") write_publish(job_, next++, own_port_, out);
      sent_at_.push_back(now);
    }
    for (std::size_t done = 0; done < out.size();) {
      const ssize_t sent = send(socket_, out.data() + done, out.size() - done, MSG_NOSIGNAL);
      if (sent <= 0) die("send");
      done += static_cast<std::size_t>(sent);
    }
  }

  void receive(long& good, long& bad) {
    char piece[65536];
    const ssize_t got = recv(socket_, piece, sizeof(piece), 0);
    if (got <= 0) die("recv");
    input_.append(piece, static_cast<std::size_t>(got));
    const auto now = Clock::now();
    std::size_t at = 0;
    for (;;) {
      const std::size_t end = input_.find("\r\n\r\n", at);
      if (end == std::string::npos) break;
      const std::string_view head(input_.data() + at, end - at);
      const std::size_t size = end + 4 - at + length_of(head);
      if (input_.size() - at < size) break;
      if (head.starts_with("SIP/2.0 1")) {
        at += size;
        continue;
      }
      if (head.starts_with("SIP/2.0 200")) {
        ++good;
      } else if (bad++ == 0) {
        std::fprintf(stderr, "%.*s\n", static_cast<int>(head.size()), head.data());
      }
      at += size;
      latencies_.push_back(std::chrono::duration<double, std::micro>(now - sent_at_.front()).count());
      sent_at_.pop_front();
    }
    input_.erase(0, at);
  }

 private:
  static std::size_t length_of(std::string_view head) {
    const std::size_t found = head.find("Content-Length:");
    return found == std::string_view::npos ? 0 : std::strtoul(head.data() + found + 15, nullptr, 10);
  }

  const Job& job_;
  std::vector<double>& latencies_;
  int socket_ = -1;
  std::uint16_t own_port_ = 0;
  std::string input_;
  std::deque<Clock::time_point>
      sent_at_;  // answers may come in another order; what it says of latency is of the window
};

}  // namespace

int main(int count, char** arguments) {
  if (count < 12) {
    std::fprintf(stderr,
                 "usage: bench_sip_load register|publish HOST PORT TARGET DOMAIN FROM USERS ROUNDS CONNECTIONS WINDOW "
                 "CSEQ [TOKENS]\n");
    return 2;
  }
  Job job{.kind = arguments[1], .host = arguments[2], .target = arguments[4], .domain = arguments[5], .tokens = {}};
  job.port = static_cast<std::uint16_t>(std::atoi(arguments[3]));
  long* const numbers[] = {&job.from, &job.users, &job.rounds, &job.connections, &job.window, &job.cseq};
  for (std::size_t i = 0; i < 6; ++i) *numbers[i] = std::atol(arguments[6 + i]);
  if (count > 12) {
    std::ifstream file(arguments[12]);
    for (std::string line; std::getline(file, line);) job.tokens.push_back(line);
  }
  if (job.total() == 0) return 2;
  std::vector<double> latencies;
  latencies.reserve(static_cast<std::size_t>(job.total()));
  std::deque<Connection> connections;
  for (long i = 0; i < job.connections; ++i) connections.emplace_back(job, latencies);
  std::vector<pollfd> polled;
  for (const Connection& each : connections) polled.push_back({each.socket(), POLLIN, 0});
  long next = 0, good = 0, bad = 0;
  const auto began = Clock::now();
  for (Connection& each : connections) each.fill(next);
  while (good + bad < job.total()) {
    if (poll(polled.data(), polled.size(), 60'000) <= 0) die("no answer");
    for (std::size_t i = 0; i < polled.size(); ++i) {
      if ((polled[i].revents & (POLLIN | POLLHUP | POLLERR)) == 0) continue;
      connections[i].receive(good, bad);
      connections[i].fill(next);
    }
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
  std::sort(latencies.begin(), latencies.end());
  const auto quantile = [&latencies](double share) {
    return latencies[static_cast<std::size_t>(share * static_cast<double>(latencies.size() - 1))];
  };
  std::printf("{\"good\":%ld,\"bad\":%ld,\"seconds\":%.4f,\"p50_us\":%.0f,\"p99_us\":%.0f}\n", good, bad, seconds,
              quantile(0.5), quantile(0.99));
  return bad == 0 ? 0 : 1;
}
