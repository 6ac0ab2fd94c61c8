// The migration relay as a whole, between sockets: an S-CSCF asks for vectors of a visitor, the primary system's agent answers,
// and what a transaction takes from the heap in steady state is counted: nothing.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>

#include "bench/allocation_count.h"
#include "broker/migration/cx_parts.h"
#include "broker/migration/relay.h"
#include "core/diameter/node.h"
#include "core/net/descriptor.h"
#include "tests/broker/migration/testbed.h"
#include "tests/core/diameter/message_samples.h"

namespace claviger::migration {
namespace {

using namespace diameter::samples;
namespace avp = diameter::avp;

constexpr const char* kCscf = "scscf.here.example";
constexpr const char* kAgent = "agent.home.example";

// A peer that allocates nothing while it is counted.
class Wire {
 public:
  void connect(const net::Address& to) {
    socket_ = net::Descriptor(::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::connect(socket_.number(), to.data(), to.size()), 0);
    ASSERT_EQ(::fcntl(socket_.number(), F_SETFL, O_NONBLOCK), 0);
  }
  void say(std::string_view bytes) {
    ASSERT_EQ(::send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  template <typename Each>
  void hear(Each each) {
    const ssize_t count = ::recv(socket_.number(), in_.data() + have_, in_.size() - have_, 0);
    if (count > 0) have_ += static_cast<std::size_t>(count);
    std::size_t at = 0;
    while (have_ - at >= diameter::kHeaderBytes) {
      const auto header = diameter::parse_header(as_bytes(std::string_view(in_.data() + at, have_ - at)));
      if (have_ - at < header.length) break;
      each(std::string_view(in_.data() + at, header.length), header);
      at += header.length;
    }
    std::copy(in_.begin() + static_cast<std::ptrdiff_t>(at), in_.begin() + static_cast<std::ptrdiff_t>(have_),
              in_.begin());
    have_ -= at;
  }

 private:
  net::Descriptor socket_;
  std::array<char, 256 * 1024> in_{};
  std::size_t have_ = 0;
};

std::string origin(std::string_view host, std::string_view realm) {
  return avp_of(avp::kOriginHost, host) + avp_of(avp::kOriginRealm, realm);
}
std::string exchange(std::string_view host, std::string_view realm) {
  diameter::Header header = request_header(0, diameter::command::kCapabilitiesExchange);
  header.flags = diameter::kFlagRequest;
  return message(header, origin(host, realm) + avp_of(avp::kHostIpAddress, std::string("\0\1\177\0\0\1", 6)) +
                             avp_u32(avp::kVendorId, 0) + avp_of(avp::kProductName, "bare") +
                             avp_u32(avp::kSupportedVendorId, cx::kVendor) +
                             avp_u32(avp::kAuthApplicationId, cx::kApplication));
}

class RelayBed : public MigrationBed {
 public:
  RelayBed() {
    EXPECT_TRUE(put(good_binding()));
    change([](Agreement& agreement) {
      agreement.requests_per_second = 1'000'000;
      agreement.requests_per_minute_of_binding = 1'000'000;
    });
    diameter::NodeOptions options;
    options.identity = "mms.here.example";
    options.realm = "here.example";
    options.applications = {{cx::kApplication, cx::kVendor}};
    run_until([&] {
      node = std::make_unique<diameter::Node>(shards_, options, diameter::Dictionary::base());
      subscriber::cx::add_to(node->dictionary());
      relay = std::make_unique<Relay>(migration, *node, nullptr);
      relay->serve();
      EXPECT_TRUE(node->start());
      auto bound = node->listen(*net::Address::ip("127.0.0.1", 0), false);
      EXPECT_TRUE(bound);
      for (const auto& [identity, realm, route] :
           {std::array{std::string(kCscf), std::string("here.example"), std::string()},
            std::array{std::string(kAgent), std::string("home.example"), std::string("home.example")}}) {
        diameter::PeerOptions peer;
        peer.identity = identity;
        peer.realm = realm;
        if (!route.empty()) peer.routes = {{route, 1, 1}};
        EXPECT_TRUE(node->admit(std::move(peer)));
      }
      cscf.connect(*bound);
      agent.connect(*bound);
      cscf.say(exchange(kCscf, "here.example"));
      agent.say(exchange(kAgent, "home.example"));
      return true;
    });
    std::size_t exchanged = 0;
    const auto count = [&](std::string_view, const diameter::Header& header) { exchanged += header.command == 257; };
    run_until([&] {
      cscf.hear(count);
      agent.hear(count);
      return exchanged == 2;
    });
  }
  ~RelayBed() {
    bool is_stopped = false;
    run_until([&] {
      shard().scope().spawn([](diameter::Node* its, bool* done, Monotonic until) -> runtime::Task<void> {
        co_await its->stop(until);
        *done = true;
      }(node.get(), &is_stopped, shard().now() + Milliseconds(50)));
      return true;
    });
    run_until([&] {
      clock_.advance(Milliseconds(1));
      return is_stopped;
    });
    run_turns(20);
    run_until([&] { return node.reset(), true; });
  }

  // As many transactions as `count`, `window` of them at a time.
  void run(std::size_t count, std::size_t window) {
    std::size_t asked = 0;
    std::size_t answered = 0;
    run_until([&] {
      for (; asked < count && asked - answered < window; ++asked) cscf.say(question);
      agent.hear([&](std::string_view request, const diameter::Header& header) {
        if (header.command != cx::command::kMultimediaAuth) return;
        std::copy_n(request.data() + 12, 8, reply.data() + 12);  // its identifiers
        agent.say(reply);
      });
      cscf.hear([&](std::string_view heard, const diameter::Header& header) {
        if (header.command != cx::command::kMultimediaAuth) return;
        ++answered;
        is_mapped = is_mapped && heard.find("v1@visitors.here.example") != std::string_view::npos &&
                    heard.find("home.example") == std::string_view::npos &&
                    heard.find("01234567") != std::string_view::npos;
      });
      return answered == count;
    });
  }

  std::unique_ptr<diameter::Node> node;
  std::unique_ptr<Relay> relay;
  Wire cscf;
  Wire agent;
  bool is_mapped = true;
  const std::string application =
      avp_of(avp::kVendorSpecificApplicationId,
             avp_u32(avp::kVendorId, cx::kVendor) + avp_u32(avp::kAuthApplicationId, cx::kApplication)) +
      avp_u32(avp::kAuthSessionState, 1);
  const std::string question = message(
      request_header(cx::kApplication, cx::command::kMultimediaAuth),
      avp_of(avp::kSessionId, "scscf.here.example;1700000000;4711;1") + application + origin(kCscf, "here.example") +
          avp_of(avp::kDestinationRealm, "here.example") + avp_of(avp::kUserName, "v1@visitors.here.example") +
          avp_of(cx::avp::kPublicIdentity, "sip:v1@visitors.here.example") + avp_u32(cx::avp::kSipNumberAuthItems, 1) +
          avp_of(cx::avp::kSipAuthDataItem, avp_of(cx::avp::kSipAuthenticationScheme, "Digest-AKAv1-MD5")) +
          avp_of(cx::avp::kServerName, "sip:scscf.here.example:6060"));
  std::string reply = [this] {
    diameter::Header header = request_header(cx::kApplication, cx::command::kMultimediaAuth);
    header.flags = diameter::kFlagProxiable;
    const std::string item =
        avp_u32(cx::avp::kSipItemNumber, 1) + avp_of(cx::avp::kSipAuthenticationScheme, "Digest-AKAv1-MD5") +
        avp_of(cx::avp::kSipAuthenticate, std::string(32, 'a')) + avp_of(cx::avp::kSipAuthorization, "01234567") +
        avp_of(cx::avp::kConfidentialityKey, std::string(16, 'c')) +
        avp_of(cx::avp::kIntegrityKey, std::string(16, 'i'));
    return message(header, avp_of(avp::kSessionId, "s") + avp_u32(avp::kResultCode, 2001) + application +
                               origin(kAgent, "home.example") + avp_of(avp::kUserName, "u1@home.example") +
                               avp_of(cx::avp::kPublicIdentity, "sip:u1@home.example") +
                               avp_u32(cx::avp::kSipNumberAuthItems, 1) + avp_of(cx::avp::kSipAuthDataItem, item));
  }();
};

TEST(MigrationRelay, TakesNothingFromTheHeapInSteadyState) {
  RelayBed bed;
  bed.run(4000, 64);  // the binding is at hand, pools and rings have their size
  EXPECT_TRUE(bed.is_mapped);
  const std::uint64_t before = bench::allocation_count();
  bed.run(4000, 64);
  EXPECT_EQ(bench::allocation_count() - before, 0U);
  EXPECT_TRUE(bed.is_mapped);
}

}  // namespace
}  // namespace claviger::migration
