// Mutated messages against a live Diameter node, as fast as it takes them, and what a neighbour on another connection gets
// meanwhile.
//
//   bench_diameter_mutations PORT [--messages 10000000] [--seed N] [--realm alpha.example]
//
// The node at 127.0.0.1:PORT knows peers calm.far.example and mutant0.far.example to mutant3.far.example (realm far.example).
// Good requests are taken (watchdogs, MAR, UAR, SAR, LIR, answers to nobody) and spoilt: bits, octets, lengths of AVPs, of
// groups and of messages, AVPs twice, cut, swapped. A message whose own length is wrong ends its connection, and another one
// begins. Exit status 1: the node does not answer a good watchdog any more, or the neighbour waits for longer than a second.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "bench/core/diameter/vector_messages.h"
#include "core/diameter/message_builder.h"
#include "core/net/descriptor.h"

namespace claviger::bench {
namespace {

using namespace diameter;
using Now = std::chrono::steady_clock;
using Dice = std::mt19937_64;

constexpr std::size_t kBurst = 64;

std::string base_message(SlabPool& pool, std::string_view identity, std::uint32_t code) {
  auto builder = MessageBuilder::request(pool, kBaseApplication, code, 0);
  builder.origin(identity, "far.example");
  if (code == command::kCapabilitiesExchange) {
    builder.octets(avp::kHostIpAddress, as_bytes(std::string_view("\0\1\177\0\0\1", 6)));
    builder.u32(avp::kVendorId, 0).text(avp::kProductName, "storm").u32(avp::kSupportedVendorId, kVendor);
    builder.u32(avp::kAuthApplicationId, kApplication);
  }
  return std::string(builder.finish()->text());
}

class Connection {
 public:
  Connection(std::uint16_t port, std::string identity) : identity_(std::move(identity)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socket_ = net::Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int yes = 1;
    setsockopt(socket_.number(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    const timeval patience{5, 0};
    setsockopt(socket_.number(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(socket_.number(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    is_open_ = ::connect(socket_.number(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 &&
               ask(base_message(pool_, identity_, command::kCapabilitiesExchange)) == result_code::kSuccess;
  }
  bool is_open() const { return is_open_; }
  const std::string& identity() const { return identity_; }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return is_open_ = false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  // Throws away what has come; false: the connection has ended.
  bool drain() {
    char bytes[65536];
    for (;;) {
      const ssize_t count = ::recv(socket_.number(), bytes, sizeof bytes, MSG_DONTWAIT);
      if (count > 0) continue;
      if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
      return is_open_ = false;
    }
  }
  // The Result-Code of the answer; 0: none came.
  std::uint32_t ask(const std::string& request) {
    if (!send(request)) return 0;
    std::string heard;
    char bytes[8192];
    for (;;) {
      const ssize_t count = ::recv(socket_.number(), bytes, sizeof bytes, 0);
      if (count <= 0) return 0;
      heard.append(bytes, static_cast<std::size_t>(count));
      while (heard.size() >= kHeaderBytes) {
        const Header header = parse_header(as_bytes(heard));
        if (header.length < kHeaderBytes || heard.size() < header.length) break;
        const Message message(Slice::copy_of(pool_, as_bytes(heard).first(header.length)));
        heard.erase(0, header.length);
        if (!header.is_request()) return message.u32(avp::kResultCode).value_or(1);
        auto builder = MessageBuilder::answer(pool_, message);  // its watchdog
        if (const auto built = builder.result(result_code::kSuccess).origin(identity_, "far.example").finish()) {
          send(built->text());
        }
      }
    }
  }

 private:
  SlabPool pool_;
  std::string identity_;
  net::Descriptor socket_;
  bool is_open_ = false;
};

std::vector<std::string> samples(SlabPool& pool, const std::string& identity, const std::string& realm) {
  std::vector<std::string> made{base_message(pool, identity, command::kDeviceWatchdog)};
  for (const std::uint32_t code : {300U, 301U, 302U, 303U, 999U}) {
    auto builder = MessageBuilder::request(pool, kApplication, code);
    builder.text(avp::kSessionId, identity + ";1700000000;4711").origin(identity, "far.example");
    builder.text(avp::kDestinationRealm, realm).vendor_specific_application(kVendor, kApplication);
    builder.u32(avp::kAuthSessionState, 1).text(kPublicIdentity, "sip:nobody@" + realm);
    builder.text(avp::kUserName, "nobody@" + realm).u32(kItems, 1);
    builder.begin_group(kItem).text(kScheme, "Digest-AKAv1-MD5").end_group().text(kServerName, "sip:s.far.example");
    builder.begin_group(avp::kProxyInfo).text(avp::kProxyHost, "p.far.example").text(avp::kProxyState, "x").end_group();
    builder.text(avp::kRouteRecord, "r.far.example");
    made.emplace_back(builder.finish()->text());
    made.push_back(made.back());
    made.back()[4] = static_cast<char>(kFlagProxiable);  // an answer to nobody
  }
  return made;
}

void put_length(std::string& message) {
  const auto size = static_cast<std::uint32_t>(message.size());
  for (int i = 0; i < 3; ++i) message[static_cast<std::size_t>(1 + i)] = static_cast<char>(size >> (16 - 8 * i));
}

std::string spoilt(const std::string& good, Dice& dice) {
  std::string made = good;
  const auto somewhere = [&](std::size_t from) { return from + dice() % (made.size() - from); };
  for (std::size_t times = 1 + dice() % 4; times > 0; --times) {
    switch (dice() % 9) {
      case 0:
        made[somewhere(4)] ^= static_cast<char>(1U << dice() % 8);
        break;
      case 1:
        made[somewhere(4)] = static_cast<char>(dice());
        break;
      case 2:  // a length, a code, a flag: words are aligned
        made[(somewhere(kHeaderBytes) & ~std::size_t{3}) + dice() % 4] =
            static_cast<char>(dice() % 3 == 0 ? 0xff : dice() % 32);
        break;
      case 3: {  // something twice
        const std::size_t at = somewhere(kHeaderBytes) & ~std::size_t{3};
        made.insert(at, made.substr(at, 4 * (1 + dice() % 16)));
        break;
      }
      case 4:
        made.resize(std::max<std::size_t>(kHeaderBytes, somewhere(kHeaderBytes) & ~std::size_t{3}));
        break;
      case 5: {
        const std::size_t at = somewhere(kHeaderBytes) & ~std::size_t{3};
        made.erase(at, 4 * (1 + dice() % 8));
        break;
      }
      case 6:
        made.append(4 * (dice() % 64), static_cast<char>(dice()));
        break;
      case 7: {
        const std::size_t at = somewhere(kHeaderBytes) & ~std::size_t{3};
        std::rotate(made.begin() + kHeaderBytes, made.begin() + static_cast<std::ptrdiff_t>(at), made.end());
        break;
      }
      default:
        made[4] = static_cast<char>(dice());
    }
    if (made.size() <= kHeaderBytes) break;
  }
  made.resize(padded(made.size()));
  put_length(made);
  // Now and then the stream itself is damaged.
  if (dice() % 50'000 == 0) made[1 + dice() % 3] = static_cast<char>(dice());
  return made;
}

struct Neighbour {
  explicit Neighbour(std::uint16_t port) : connection(port, "calm.far.example") {}
  // Watchdogs asked in so many seconds, and the longest wait.
  void ask_until(const std::atomic<bool>& ends, Now::time_point end = Now::time_point::max()) {
    SlabPool pool;
    const std::string watchdog = base_message(pool, "calm.far.example", command::kDeviceWatchdog);
    const auto start = Now::now();
    while (!ends.load() && Now::now() < end) {
      const auto asked = Now::now();
      if (connection.ask(watchdog) != result_code::kSuccess) {
        is_refused = true;
        return;
      }
      ++count;
      longest = std::max(longest, std::chrono::duration<double>(Now::now() - asked).count());
    }
    seconds = std::chrono::duration<double>(Now::now() - start).count();
  }
  Connection connection;
  std::uint64_t count = 0;
  double seconds = 1;
  double longest = 0;
  bool is_refused = false;
};

double rate_of(std::uint16_t port, double& longest, const auto& work) {
  Neighbour neighbour(port);
  std::atomic<bool> ends{false};
  std::thread asking([&] { neighbour.ask_until(ends); });
  work();
  ends = true;
  asking.join();
  longest = neighbour.longest;
  return neighbour.is_refused ? 0 : static_cast<double>(neighbour.count) / neighbour.seconds;
}

int main_of(int count, char** arguments) {
  if (count < 2)
    return std::fputs("bench_diameter_mutations PORT [--messages N] [--seed N] [--realm REALM]\n", stderr), 2;
  const auto port = static_cast<std::uint16_t>(std::atoi(arguments[1]));
  std::uint64_t messages = 10'000'000;
  std::uint64_t seed = std::random_device{}();
  std::string realm = "alpha.example";
  for (int i = 2; i + 1 < count; i += 2) {
    const std::string name = arguments[i];
    if (name == "--messages") messages = std::strtoull(arguments[i + 1], nullptr, 10);
    if (name == "--seed") seed = std::strtoull(arguments[i + 1], nullptr, 10);
    if (name == "--realm") realm = arguments[i + 1];
  }
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  Dice dice(seed);
  double longest = 0;
  {
    Neighbour neighbour(port);
    neighbour.ask_until(false, Now::now() + std::chrono::seconds(2));
    std::printf("a neighbour alone: %.0f answers a second\n", static_cast<double>(neighbour.count) / neighbour.seconds);
  }
  SlabPool pool;
  std::uint64_t sent = 0;
  std::uint64_t connections = 0;
  const auto start = Now::now();
  const double beside = rate_of(port, longest, [&] {
    while (sent < messages) {
      Connection mutant(port, "mutant" + std::to_string(dice() % 4) + ".far.example");
      if (!mutant.is_open()) continue;
      ++connections;
      const std::vector<std::string> good = samples(pool, mutant.identity(), realm);
      while (mutant.is_open() && sent < messages) {
        std::string burst;
        for (std::size_t i = 0; i < kBurst; ++i) burst += spoilt(good[dice() % good.size()], dice);
        if (!mutant.send(burst) || !mutant.drain()) break;
        sent += kBurst;
      }
    }
  });
  const double took = std::chrono::duration<double>(Now::now() - start).count();
  std::printf("%llu mutated messages on %llu connections in %.1f s: %.0f a second\n",
              static_cast<unsigned long long>(sent), static_cast<unsigned long long>(connections), took,
              static_cast<double>(sent) / took);
  std::printf("the neighbour beside them: %.0f answers a second, the longest after %.0f ms\n", beside, longest * 1e3);
  Connection last(port, "mutant0.far.example");
  const bool lives = last.is_open() && beside > 0 && longest < 1;
  std::printf("%s\n", lives ? "the node answers as before" : "FAILED");
  return lives ? 0 : 1;
}

}  // namespace
}  // namespace claviger::bench

int main(int count, char** arguments) { return claviger::bench::main_of(count, arguments); }
