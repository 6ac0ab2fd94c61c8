// A whole relay with mapping, over real sockets: N connections ask, one answers, the node on one core between them maps
// identities both ways (as broker/migration does). CPU of the node's thread per transaction, and its allocations.
//
//   bench_diameter_relay [--window 1,32,256] [--connections 1,64] [--seconds 2] [--cpus NODE,LOAD] [--rate PERCENT] [--silent PERCENT] [--tls yes]
//                        [--relay PORT,PID]
//   --relay: another relay of this machine instead, which knows peers up.load.example (realm bravo.example) and
//   down0.load.example ... (realm load.example); CPU of its whole process.
//   --silent: with --rate, once more while so many of a hundred requests go to a partner that never answers: the others'
//   latencies.
//   --rate: besides, at that part of the peak: latencies. A transaction is request and answer, four socket crossings.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <future>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "bench/allocation_count.h"
#include "bench/core/diameter/vector_messages.h"
#include "core/crypto/certificate_authority.h"
#include "core/diameter/node.h"
#include "core/net/descriptor.h"
#include "core/net/tls_context.h"
#include "core/runtime/call.h"

namespace claviger::bench {
namespace {

using namespace diameter;
using Now = std::chrono::steady_clock;

// What a proxy between two systems does with each request and answer.
struct Mapper final : Handler, Returning {
  struct Kept {
    char user[64];
    char identity[64];
    std::uint8_t user_size;
    std::uint8_t identity_size;
  };
  static void keep(std::string_view text, char* to, std::uint8_t& size) {
    size = static_cast<std::uint8_t>(std::min<std::size_t>(text.size(), 64));
    text.copy(to, size);
  }
  void handle(Request& request) override {
    const Message& message = request.message();
    Edits edits;
    Forwarding how;
    Kept& kept = how.state.as<Kept>();
    keep(message.text(avp::kUserName), kept.user, kept.user_size);
    keep(message.text(kPublicIdentity), kept.identity, kept.identity_size);
    char session[64];
    constexpr std::string_view kSession = "mms.bravo.example;1700000000;";
    kSession.copy(session, kSession.size());
    const char* const end = std::to_chars(session + kSession.size(), session + sizeof session, ++sessions).ptr;
    edits.set(message, avp::kSessionId, as_bytes({session, static_cast<std::size_t>(end - session)}));
    edits.set(message, avp::kOriginHost, as_bytes("mms.bravo.example"));
    edits.set(message, avp::kOriginRealm, as_bytes("bravo.example"));
    edits.set(message, avp::kDestinationRealm, as_bytes("alpha.example"));
    edits.set(message, avp::kUserName, as_bytes("001010000123456@ims.alpha.example"));
    edits.set(message, kPublicIdentity, as_bytes("sip:001010000123456@ims.alpha.example"));
    edits.set(message, kServerName, as_bytes("sip:mms.bravo.example"));
    how.to = {"", message.destination_realm() == "quiet.example" ? "quiet.example" : "alpha.example"};
    how.deadline = runtime::Shard::current().now() + Milliseconds(4'200);
    how.returning = this;
    how.renews_end_to_end = true;
    request.forward(edits, how);
  }
  std::optional<Slice> on_answer(ForwardState& state, const Slice& request, const Message& answer,
                                 Edits& edits) override {
    const Kept& kept = state.as<Kept>();
    if (answer.text(avp::kUserName) != "001010000123456@ims.alpha.example") std::abort();
    const Message original(request);
    edits.set(answer, avp::kSessionId, as_bytes(original.session_id()));
    edits.set(answer, avp::kOriginHost, as_bytes("mms.bravo.example"));
    edits.set(answer, avp::kOriginRealm, as_bytes("bravo.example"));
    edits.set(answer, avp::kUserName, as_bytes({kept.user, kept.user_size}));
    edits.set(answer, kPublicIdentity, as_bytes({kept.identity, kept.identity_size}));
    return std::nullopt;
  }
  void on_failure(ForwardState&, const Slice&, Error, MessageBuilder&) override { ++failures; }
  std::uint32_t sessions = 0;
  std::atomic<std::uint64_t> failures{0};
};

struct Peer {
  std::string identity;
  net::Descriptor socket;
  std::vector<char> in = std::vector<char>(1 << 20);
  std::size_t have = 0;
  std::vector<char> out;
  std::uint64_t unanswered = 0;

  static inline SSL_CTX* context = nullptr;  // null: in the clear
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl{nullptr, SSL_free};

  // As send() and recv() do, under TLS where that is.
  ssize_t give(const char* from, std::size_t size) {
    if (!ssl) return ::send(socket.number(), from, size, MSG_NOSIGNAL);
    std::size_t done = 0;
    if (SSL_write_ex(ssl.get(), from, std::min<std::size_t>(size, 16'384), &done) == 1)
      return static_cast<ssize_t>(done);
    if (SSL_get_error(ssl.get(), 0) != SSL_ERROR_WANT_WRITE) std::abort();
    errno = EAGAIN;
    return -1;
  }
  ssize_t take(char* to, std::size_t size) {
    if (!ssl) return ::recv(socket.number(), to, size, 0);
    std::size_t done = 0;
    std::size_t more = 0;
    while (done < size && SSL_read_ex(ssl.get(), to + done, size - done, &more) == 1) {
      done += more;
      if (SSL_pending(ssl.get()) == 0 && done > 0) break;
    }
    errno = EAGAIN;
    return done == 0 ? -1 : static_cast<ssize_t>(done);
  }
  void connect(const net::Address& to, const std::string& capabilities) {
    socket = net::Descriptor(::socket(to.family(), SOCK_STREAM, 0));
    if (::connect(socket.number(), to.data(), to.size()) != 0) std::abort();
    const int yes = 1;
    setsockopt(socket.number(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (context != nullptr) {
      ssl.reset(SSL_new(context));
      if (SSL_set_fd(ssl.get(), socket.number()) != 1 || SSL_connect(ssl.get()) != 1) std::abort();
    }
    if (give(capabilities.data(), capabilities.size()) < 0) std::abort();
    if (take(in.data(), in.size()) < 20 || in[4] != 0) std::abort();
    fcntl(socket.number(), F_SETFL, O_NONBLOCK);
  }
  void flush() {
    std::size_t done = 0;
    while (done < out.size()) {
      const ssize_t count = give(out.data() + done, out.size() - done);
      if (count > 0)
        done += static_cast<std::size_t>(count);
      else if (errno != EAGAIN)
        std::abort();
    }
    out.clear();
  }
  template <typename Each>
  void receive(Each each) {
    const ssize_t count = take(in.data() + have, in.size() - have);
    if (count == 0) std::abort();
    if (count < 0) return;
    have += static_cast<std::size_t>(count);
    std::size_t at = 0;
    while (have - at >= kHeaderBytes) {
      const auto* bytes = reinterpret_cast<const std::byte*>(in.data() + at);
      const std::size_t length = load_u32(bytes) & 0xffffffU;
      if (have - at < length) break;
      each(bytes, length);
      at += length;
    }
    std::copy(in.begin() + static_cast<std::ptrdiff_t>(at), in.begin() + static_cast<std::ptrdiff_t>(have), in.begin());
    have -= at;
  }
};

void pin(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(cpu), &set);
  pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

template <typename Work>
void on(runtime::Shard& shard, Work work) {
  std::promise<void> done;
  shard.mailbox().post_control([&] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double process_seconds(std::size_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text(std::istreambuf_iterator<char>(file), {});
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::string capabilities(SlabPool& pool, const std::string& identity, const std::string& realm = "load.example") {
  auto builder = MessageBuilder::request(pool, 0, command::kCapabilitiesExchange, 0);
  builder.origin(identity, realm).octets(avp::kHostIpAddress, as_bytes(std::string_view("\0\1\177\0\0\1", 6)));
  builder.u32(avp::kVendorId, 0).text(avp::kProductName, "load");
  builder.u32(avp::kSupportedVendorId, kVendor).u32(avp::kAuthApplicationId, kApplication);
  return std::string(builder.finish()->text());
}

struct Measured {
  double per_second = 0;
  double cpu_us = 0;
  double allocations = 0;
  double p50_us = 0;
  double p99_us = 0;
};

class Load {
 public:
  Load(const net::Address& address, std::size_t connections, SlabPool& pool, const std::string& realm) {
    up_.identity = "up.load.example";
    up_.connect(address, capabilities(pool, up_.identity, realm));
    answer_ = vector_answer(pool, up_.identity);
    for (std::size_t i = 0; i < connections; ++i) {
      auto peer = std::make_unique<Peer>();
      peer->identity = "down" + std::to_string(i) + ".load.example";
      peer->connect(address, capabilities(pool, peer->identity));
      request_.push_back(vector_request(pool, peer->identity));
      downs_.push_back(std::move(peer));
    }
    for (std::string request : request_) {
      const std::size_t at = request.rfind("bravo.example", request.find("sip:"));  // Destination-Realm
      silent_request_.push_back(request.replace(at, 13, "quiet.example"));
    }
    polls_.push_back({up_.socket.number(), POLLIN, 0});
    for (const auto& down : downs_) polls_.push_back({down->socket.number(), POLLIN, 0});
  }
  // From now on so many of a hundred requests go to a partner that reads them and answers none.
  void add_silent(const net::Address& address, SlabPool& pool, std::uint64_t percent) {
    silent_ = std::make_unique<Peer>();
    silent_->identity = "quiet.load.example";
    silent_->connect(address, capabilities(pool, silent_->identity));
    fcntl(silent_->socket.number(), F_SETFL, 0);
    silent_percent_ = percent;
    reader_ = std::thread([this] {
      std::vector<char> in(1 << 20);
      while (::recv(silent_->socket.number(), in.data(), in.size(), 0) > 0) {
      }
    });
  }
  ~Load() {
    if (silent_ == nullptr) return;
    ::shutdown(silent_->socket.number(), SHUT_RDWR);
    reader_.join();
  }
  std::uint64_t silents() const { return silents_; }
  // Until `end`: as many as `window` at the same time, or with a rate, so many a second.
  std::uint64_t run(std::size_t sockets, std::size_t window, double rate, Now::time_point end,
                    std::vector<float>* latencies) {
    std::uint64_t done = 0;
    const auto start = Now::now();
    std::uint64_t sent = 0;
    const std::size_t each = std::max<std::size_t>(1, window / sockets);
    const std::size_t active = std::min(window, sockets);
    for (;;) {
      const auto now = Now::now();
      const bool is_over = now >= end;
      if (is_over && under_way_ == 0) return done;
      if (!is_over && rate > 0) {
        const auto due = static_cast<std::uint64_t>(std::chrono::duration<double>(now - start).count() * rate);
        // From when it was due, not from when we got round to it.
        for (; sent < due; ++sent) {
          const auto at =
              start + std::chrono::nanoseconds(static_cast<std::int64_t>(static_cast<double>(sent) * 1e9 / rate));
          ask(sent % sockets, at, sent % 100 < silent_percent_);
        }
      } else if (!is_over) {
        for (std::size_t i = 0; i < active; ++i) {
          while (downs_[i]->unanswered < each) ask(i, now, false);
        }
      }
      for (const auto& down : downs_) {
        if (!down->out.empty()) down->flush();
      }
      // With a rate: rounds of a tenth of a millisecond, or the load takes more than the relay for single messages.
      const timespec round{0, 100'000};
      if (rate > 0) ::ppoll(nullptr, 0, &round, nullptr);
      if (::poll(polls_.data(), polls_.size(), rate > 0 ? 0 : 1) < 0) std::abort();
      if (polls_[0].revents != 0) {
        up_.receive([&](const std::byte* bytes, std::size_t) { reply(bytes); });
        if (!up_.out.empty()) up_.flush();
      }
      for (std::size_t i = 0; i < downs_.size(); ++i) {
        if (polls_[i + 1].revents == 0) continue;
        const auto arrived = Now::now();
        downs_[i]->receive([&](const std::byte* bytes, std::size_t) {
          if ((std::to_integer<unsigned>(bytes[4]) & 0x80U) != 0) return watchdog(*downs_[i], bytes);
          const std::uint32_t number = load_u32(bytes + 16);
          const bool is_silents = is_silents_[number % kTimes];
          if (is_silents) ++silents_;
          if (latencies != nullptr && !is_silents) {
            latencies->push_back(std::chrono::duration<float, std::micro>(arrived - sent_at_[number % kTimes]).count());
          }
          --downs_[i]->unanswered;
          --under_way_;
          ++done;
        });
      }
    }
  }

 private:
  std::thread reader_;
  static constexpr std::size_t kTimes = 1 << 22;
  void ask(std::size_t i, Now::time_point at_time, bool is_silents) {
    Peer& down = *downs_[i];
    const std::string& request = is_silents ? silent_request_[i] : request_[i];
    const std::size_t at = down.out.size();
    down.out.insert(down.out.end(), request.begin(), request.end());
    auto* bytes = reinterpret_cast<std::byte*>(down.out.data() + at);
    store_u32(bytes + 12, number_);
    store_u32(bytes + 16, number_);
    sent_at_[number_ % kTimes] = at_time;
    is_silents_[number_ % kTimes] = is_silents;
    ++number_;
    ++down.unanswered;
    ++under_way_;
  }
  void reply(const std::byte* request) {
    if (load_u32(request + 8) == 0) return watchdog(up_, request);
    const std::size_t at = up_.out.size();
    up_.out.insert(up_.out.end(), answer_.begin(), answer_.end());
    std::memcpy(up_.out.data() + at + 12, request + 12, 8);
  }
  void watchdog(Peer& peer, const std::byte* request) {
    SlabPool pool;
    const std::size_t length = load_u32(request) & 0xffffffU;
    const Message asked(Slice::copy_of(pool, Bytes(request, length)));
    auto builder = MessageBuilder::answer(pool, asked);
    builder.result(2001).origin(peer.identity, "load.example");
    const auto built = builder.finish();
    peer.out.insert(peer.out.end(), built->text().begin(), built->text().end());
  }

  Peer up_;
  std::string answer_;
  std::vector<std::unique_ptr<Peer>> downs_;
  std::vector<std::string> request_;
  std::vector<pollfd> polls_;
  std::uint32_t number_ = 1;
  std::uint64_t under_way_ = 0;
  std::vector<Now::time_point> sent_at_ = std::vector<Now::time_point>(kTimes);
  std::vector<bool> is_silents_ = std::vector<bool>(kTimes);
  std::unique_ptr<Peer> silent_;
  std::vector<std::string> silent_request_;
  std::uint64_t silent_percent_ = 0;
  std::uint64_t silents_ = 0;
};

std::vector<std::size_t> numbers(const std::string& text) {
  std::vector<std::size_t> found;
  for (std::size_t at = 0; at < text.size();) {
    found.push_back(std::strtoul(text.c_str() + at, nullptr, 10));
    at = text.find(',', at);
    if (at != std::string::npos) ++at;
  }
  return found;
}

// All peers show one certificate with all their names.
crypto::IssuedCertificate certificate(const crypto::CertificateAuthority& authority, crypto::CertificateUse use,
                                      const std::vector<std::string>& names) {
  crypto::CertificateRequest request;
  request.common_name = names.front();
  request.dns_names = names;
  request.use = use;
  request.not_before = 1'600'000'000;
  request.not_after = 4'000'000'000;
  return *authority.issue(request);
}
std::shared_ptr<const net::TlsContext> server_context(const crypto::CertificateAuthority& authority) {
  auto issued = certificate(authority, crypto::CertificateUse::Server, {"mms.bravo.example"});
  net::TlsServerOptions options;
  options.certificate_chain_pem = issued.certificate_pem;
  options.private_key_pem = std::move(issued.private_key_pem);
  options.client_certificate = net::ClientCertificate::Required;
  options.client_ca_pem = authority.certificate_pem();
  options.alpn = {};
  return *net::TlsContext::server(std::move(options));
}
SSL_CTX* client_context(const crypto::CertificateAuthority& authority, const std::vector<std::string>& names) {
  const auto issued = certificate(authority, crypto::CertificateUse::Client, names);
  SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  const auto bio_of = [](std::string_view text) { return BIO_new_mem_buf(text.data(), static_cast<int>(text.size())); };
  BIO* const chain = bio_of(issued.certificate_pem);
  BIO* const key = bio_of(as_text(issued.private_key_pem.reveal()));
  X509* const leaf = PEM_read_bio_X509(chain, nullptr, nullptr, nullptr);
  EVP_PKEY* const secret = PEM_read_bio_PrivateKey(key, nullptr, nullptr, nullptr);
  if (SSL_CTX_use_certificate(context, leaf) != 1 || SSL_CTX_use_PrivateKey(context, secret) != 1) std::abort();
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return context;
}

int main_of(int count, char** arguments) {
  std::vector<std::size_t> windows{1, 32, 256};
  std::vector<std::size_t> connections{1, 64};
  std::vector<std::size_t> cpus{0, 1};
  double seconds = 2;
  double percent = 0;
  std::uint64_t silent = 0;
  bool is_tls = false;
  std::vector<std::size_t> relay;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string name = arguments[i];
    if (name == "--window") windows = numbers(arguments[i + 1]);
    if (name == "--connections") connections = numbers(arguments[i + 1]);
    if (name == "--cpus") cpus = numbers(arguments[i + 1]);
    if (name == "--seconds") seconds = std::atof(arguments[i + 1]);
    if (name == "--relay") relay = numbers(arguments[i + 1]);
    if (name == "--rate") percent = std::atof(arguments[i + 1]);
    if (name == "--tls") is_tls = std::string_view(arguments[i + 1]) == "yes";
    if (name == "--silent") silent = std::strtoul(arguments[i + 1], nullptr, 10);
  }
  SystemClock clock;
  Logger logger;
  runtime::Shards shards(1, clock, logger, SipKey{1, 2}, {static_cast<int>(cpus[0])});
  Mapper mapper;
  NodeOptions options;
  options.identity = "mms.bravo.example";
  options.realm = "bravo.example";
  options.applications = {{kApplication, kVendor}};
  options.pending_max = 1 << 18;
  Node node(shards, options, vector_dictionary());
  node.serve(kApplication, kCommand, mapper);
  shards.start();
  net::Address address;
  const auto authority = *crypto::CertificateAuthority::make("load", 1'600'000'000, 4'000'000'000);
  std::vector<std::string> identities;
  on(shards[0], [&] {
    if (!node.start()) std::abort();
    if (is_tls) node.use_tls(server_context(authority), nullptr);
    address = *node.listen(*net::Address::ip("127.0.0.1", 0), is_tls);
    PeerOptions up;
    up.identity = "up.load.example";
    up.realm = "load.example";
    identities.push_back(up.identity);
    up.routes = {{"alpha.example", 1, 1}};
    if (!node.admit(up)) std::abort();
    PeerOptions quiet;
    quiet.identity = "quiet.load.example";
    quiet.realm = "load.example";
    identities.push_back(quiet.identity);
    quiet.routes = {{"quiet.example", 1, 1}};
    if (!node.admit(quiet)) std::abort();
    for (std::size_t i = 0; i < *std::ranges::max_element(connections); ++i) {
      PeerOptions down;
      down.identity = "down" + std::to_string(i) + ".load.example";
      down.realm = "load.example";
      identities.push_back(down.identity);
      if (!node.admit(down)) std::abort();
    }
  });
  if (is_tls) Peer::context = client_context(authority, identities);
  pin(static_cast<int>(cpus[1]));
  SlabPool pool;
  std::printf("connections window  transactions/s   CPU us   allocations\n");
  if (!relay.empty()) address = *net::Address::ip("127.0.0.1", static_cast<std::uint16_t>(relay[0]));
  Load load(address, *std::ranges::max_element(connections), pool, relay.empty() ? "load.example" : "bravo.example");
  for (const std::size_t sockets : connections) {
    double peak = 0;
    for (const std::size_t window : windows) {
      const auto measure = [&](double rate, std::vector<float>* latencies) {
        load.run(sockets, window, rate, Now::now() + std::chrono::milliseconds(300), nullptr);
        double cpu = 0;
        std::uint64_t allocations = 0;
        on(shards[0], [&] {
          cpu = thread_seconds();
          allocations = allocation_count();
        });
        if (!relay.empty()) cpu = process_seconds(relay[1]);
        const auto start = Now::now();
        const auto end = start + std::chrono::microseconds(static_cast<std::int64_t>(seconds * 1e6));
        const std::uint64_t done = load.run(sockets, window, rate, end, latencies);
        const double took = std::chrono::duration<double>(Now::now() - start).count();
        Measured measured;
        if (!relay.empty()) {
          measured.cpu_us = (process_seconds(relay[1]) - cpu) * 1e6 / static_cast<double>(done);
          measured.per_second = static_cast<double>(done) / took;
          return measured;
        }
        on(shards[0], [&] {
          measured.cpu_us = (thread_seconds() - cpu) * 1e6 / static_cast<double>(done);
          measured.allocations = static_cast<double>(allocation_count() - allocations) / static_cast<double>(done);
        });
        measured.per_second = static_cast<double>(done) / took;
        return measured;
      };
      const Measured measured = measure(0, nullptr);
      peak = std::max(peak, measured.per_second);
      std::printf("%11zu %6zu %15.0f %8.3f %13.6f\n", sockets, window, measured.per_second, measured.cpu_us,
                  measured.allocations);
      std::fflush(stdout);
    }
    const auto at_rate = [&](const char* what) {
      std::vector<float> latencies;
      latencies.reserve(std::size_t{1} << 24);
      const double rate = peak * percent / 100;
      load.run(sockets, 1, rate, Now::now() + std::chrono::microseconds(static_cast<std::int64_t>(seconds * 1e6)),
               &latencies);
      std::ranges::sort(latencies);
      const auto at = [&](double part) {
        return latencies[static_cast<std::size_t>(part * static_cast<double>(latencies.size() - 1))];
      };
      std::printf("%11zu at %.0f/s%s: p50 %.0f us, p99 %.0f us, p99.9 %.0f us\n", sockets, rate, what, at(0.5),
                  at(0.99), at(0.999));
      std::fflush(stdout);
    };
    if (percent > 0) at_rate("");
    if (percent > 0 && silent > 0) {
      load.add_silent(address, pool, silent);
      at_rate(", one partner silent");
      std::printf("%11zu answered for the silent one: %llu\n", sockets,
                  static_cast<unsigned long long>(load.silents()));
      silent = 0;  // once
    }
  }
  std::printf("failures %llu\n", static_cast<unsigned long long>(mapper.failures.load()));
  std::fflush(stdout);
  auto stopped = std::make_shared<std::promise<void>>();
  shards[0].mailbox().post_control([&] {
    shards[0].scope().spawn([](Node* its, std::shared_ptr<std::promise<void>> done) -> runtime::Task<void> {
      co_await its->stop(runtime::Shard::current().now() + Seconds(1));
      done->set_value();
    }(&node, stopped));
  });
  stopped->get_future().wait();
  shards.stop_and_join();
  return 0;
}

}  // namespace
}  // namespace claviger::bench

int main(int count, char** arguments) { return claviger::bench::main_of(count, arguments); }
