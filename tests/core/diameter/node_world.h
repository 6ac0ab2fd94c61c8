// A node on one shard that the test drives, and peers that are bare sockets: they say what the test tells them, right or
// wrong, and keep what they hear.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/diameter/node.h"
#include "core/net/descriptor.h"
#include "tests/core/diameter/message_samples.h"
#include "tests/core/runtime/one_shard.h"

namespace claviger::diameter::samples {

inline constexpr std::uint32_t kApplication = 16777216;
inline constexpr std::uint32_t kVendor = 10415;
inline constexpr std::uint32_t kCommand = 303;
inline constexpr AvpId kWho{601, kVendor};

// What a peer heard: bytes of one message, and a look into them.
struct Heard {
  std::string bytes;
  Header header() const { return parse_header(as_bytes(bytes)); }
  std::optional<AvpView> find(const AvpId& id) const {
    AvpWalk walk(as_bytes(bytes).subspan(kHeaderBytes));
    while (const auto avp = walk.next()) {
      if (avp->is(id)) return avp;
    }
    return std::nullopt;
  }
  std::size_t count(const AvpId& id) const {
    std::size_t found = 0;
    AvpWalk walk(as_bytes(bytes).subspan(kHeaderBytes));
    while (const auto avp = walk.next()) found += avp->is(id) ? 1U : 0U;
    return found;
  }
  std::string text(const AvpId& id) const {
    const auto found = find(id);
    return found ? std::string(found->text()) : std::string("(none)");
  }
  std::uint32_t result() const {
    const auto found = find(avp::kResultCode);
    return found ? found->u32().value_or(0) : 0;
  }
};

class BarePeer {
 public:
  explicit BarePeer(std::string identity, std::string realm = "far.example")
      : identity_(std::move(identity)), realm_(std::move(realm)) {}

  // From `source`, when it is given.
  void connect(const net::Address& address, const char* source = nullptr) {
    socket_ = net::Descriptor(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (source != nullptr) {
      const net::Address from = *net::Address::ip(source, 0);
      ASSERT_EQ(::bind(socket_.number(), from.data(), from.size()), 0);
    }
    ASSERT_EQ(::connect(socket_.number(), address.data(), address.size()), 0);
    ASSERT_EQ(fcntl(socket_.number(), F_SETFL, O_NONBLOCK), 0);
    send_at_once();
  }
  std::uint16_t listen() {
    listener_ = net::Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const net::Address any = *net::Address::ip("127.0.0.1", 0);
    EXPECT_EQ(::bind(listener_.number(), any.data(), any.size()), 0);
    EXPECT_EQ(::listen(listener_.number(), 8), 0);
    return net::Address::of_local_end(listener_.number())->port();
  }
  // Takes what has come; also a connection to listen().
  void poll() {
    if (!socket_.is_open() && listener_.is_open()) {
      socket_ = net::Descriptor(::accept4(listener_.number(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (socket_.is_open()) {
        is_closed = false;
        send_at_once();
      }
    }
    if (!socket_.is_open() || is_deaf) return;
    flush();
    char buffer[65536];
    for (;;) {
      const ssize_t count = ::recv(socket_.number(), buffer, sizeof buffer, 0);
      if (count > 0) {
        input_.append(buffer, static_cast<std::size_t>(count));
        continue;
      }
      if (count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) is_closed = true;
      break;
    }
    while (input_.size() >= kHeaderBytes) {
      const std::size_t length = parse_header(as_bytes(input_)).length;
      if (input_.size() < length) break;
      heard.push_back({input_.substr(0, length)});
      input_.erase(0, length);
    }
    if (is_closed) socket_.close();
  }
  void say(const std::string& bytes) {
    output_ += bytes;
    flush();
  }
  bool has_said_all() const { return output_.empty(); }
  void hang_up() {
    socket_.close();
    input_.clear();
    output_.clear();
  }

  std::string origin() const { return avp_of(avp::kOriginHost, identity_) + avp_of(avp::kOriginRealm, realm_); }
  std::string capabilities(std::uint32_t application = kApplication, std::uint32_t state = 1) const {
    return origin() + avp_of(avp::kHostIpAddress, std::string("\0\1\177\0\0\1", 6)) + avp_u32(avp::kVendorId, 0) +
           avp_of(avp::kProductName, "bare") + avp_u32(avp::kOriginStateId, state) +
           avp_u32(avp::kSupportedVendorId, kVendor) + avp_u32(avp::kAuthApplicationId, application);
  }
  static Header base(std::uint32_t command, bool is_request) {
    Header header = request_header(0, command);
    header.flags = is_request ? kFlagRequest : 0;
    return header;
  }
  void say_cer(std::uint32_t application = kApplication) {
    say(message(base(command::kCapabilitiesExchange, true), capabilities(application)));
  }
  // To a request that was heard.
  std::string answer_to(const Heard& request, std::string avps, std::uint8_t flags = 0) const {
    Header header = request.header();
    header.flags = static_cast<std::uint8_t>((header.flags & kFlagProxiable) | flags);
    return message(header, std::move(avps));
  }
  void answer(const Heard& request, std::uint32_t result = 2001) {
    std::string session;
    if (const auto found = request.find(avp::kSessionId)) session = avp_of(avp::kSessionId, found->text());
    say(answer_to(request, session + avp_u32(avp::kResultCode, result) + origin() + avp_of(kWho, "answered")));
  }
  std::string question(std::uint32_t hop_by_hop, std::uint32_t end_to_end, const std::string& more = {},
                       const std::string& realm = "served.example", std::uint8_t flags = 0) const {
    Header header = request_header(kApplication, kCommand);
    header.flags |= flags;
    header.hop_by_hop = hop_by_hop;
    header.end_to_end = end_to_end;
    return message(header, avp_of(avp::kSessionId, identity_ + ";1;" + std::to_string(end_to_end)) + origin() +
                               avp_of(avp::kDestinationRealm, realm) + avp_of(kWho, "who") + more);
  }
  const std::string& identity() const { return identity_; }

  std::deque<Heard> heard;
  bool is_closed = false;
  bool is_deaf = false;  // does not read

 private:
  // What the kernel does not take now goes with the next poll().
  void flush() {
    while (!output_.empty()) {
      const ssize_t count = ::send(socket_.number(), output_.data(), output_.size(), MSG_NOSIGNAL);
      if (count <= 0) return;
      output_.erase(0, static_cast<std::size_t>(count));
    }
  }
  void send_at_once() {
    const int yes = 1;
    setsockopt(socket_.number(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  }
  std::string identity_;
  std::string realm_;
  net::Descriptor socket_;
  net::Descriptor listener_;
  std::string input_;
  std::string output_;
};

struct NodeWorld {
  NodeWorld() {
    options.identity = "Node.Here.example";
    options.realm = "here.example";
    options.applications = {{kApplication, kVendor}};
    options.watchdog = Milliseconds(10'000);
    options.addresses = {*net::Address::ip("127.0.0.1", 0)};
  }
  ~NodeWorld() {
    if (!node) return;
    on_shard([&] {
      one.shard.scope().spawn([](Node* its, bool* done, Monotonic until) -> runtime::Task<void> {
        co_await its->stop(until);
        *done = true;
      }(node.get(), &is_stopped, one.shard.now() + Milliseconds(100)));
    });
    run([&] {
      one.clock.advance(Milliseconds(1));
      return is_stopped;
    });
    one.run_turns(20);
    on_shard([&] { node.reset(); });
  }
  // The node's handlers are registered by `prepare`, before it starts.
  void start(const std::function<void(Node&)>& prepare = {}) {
    on_shard([&] {
      node = std::make_unique<Node>(one.shards, options, dictionary());
      if (prepare) prepare(*node);
      ASSERT_TRUE(node->start());
      auto bound = node->listen(*net::Address::ip("127.0.0.1", 0), false);
      ASSERT_TRUE(bound);
      address = *bound;
    });
  }
  static Dictionary dictionary() {
    Dictionary made = Dictionary::base();
    made.add(AvpRule{kWho, "Who", AvpType::Utf8String});
    made.add(CommandRule{kApplication, kCommand, "THR", true, {{avp::kSessionId, 1, 1}, {kWho, 1, 1}}});
    return made;
  }
  void admit(PeerOptions peer) {
    on_shard([&] { ASSERT_TRUE(node->admit(std::move(peer))); });
  }
  static PeerOptions known(const std::string& identity, const std::string& route = {}, std::uint32_t priority = 1) {
    PeerOptions peer;
    peer.identity = identity;
    peer.realm = "far.example";
    if (!route.empty()) peer.routes = {{route, priority, 1}};
    return peer;
  }
  BarePeer& add(const std::string& identity) {
    peers.push_back(std::make_unique<BarePeer>(identity));
    return *peers.back();
  }
  // Known, connected, and through the capabilities exchange.
  BarePeer& connected(const std::string& identity, const std::string& route = {}, std::uint32_t priority = 1) {
    admit(known(identity, route, priority));
    BarePeer& peer = add(identity);
    peer.connect(address);
    peer.say_cer();
    EXPECT_TRUE(run([&] { return !peer.heard.empty(); }));
    EXPECT_EQ(peer.heard.front().result(), 2001U);
    peer.heard.clear();
    return peer;
  }
  PeerFigures figures(const std::string& identity) const {
    for (const PeerFigures& each : node->figures()) {
      if (each.identity == identity) return each;
    }
    return {};
  }
  void on_shard(const std::function<void()>& work) {
    one.run_turns(1);
    one.run_until([&] { return work(), true; });
    one.run_turns(1);
  }
  bool run(const std::function<bool()>& is_done) {
    int turns = 0;
    one.run_until([&] {
      for (const auto& peer : peers) peer->poll();
      return is_done() || ++turns > 30'000;
    });
    return is_done();
  }
  // What is under way arrives.
  void settle() {
    int turns = 0;
    run([&] { return ++turns > 200; });
  }
  // In steps, so that every timer between fires at its time.
  void pass(Milliseconds time, Milliseconds step = Milliseconds(250)) {
    for (Milliseconds left = time; left.count() > 0; left -= step) {
      one.clock.advance(std::min(step, left));
      int turns = 0;
      run([&] { return ++turns > 20; });
    }
  }

  runtime::OneShard one;
  NodeOptions options;
  std::unique_ptr<Node> node;
  net::Address address;
  std::vector<std::unique_ptr<BarePeer>> peers;
  bool is_stopped = false;
};

}  // namespace claviger::diameter::samples
