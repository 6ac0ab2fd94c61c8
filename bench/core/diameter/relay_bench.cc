// A whole relay with mapping, over real sockets: N connections ask, one answers, the node on one core between them maps
// identities both ways (as broker/migration does). Of the node's thread per transaction (request and answer, four socket
// crossings), all of one run: CPU, how much of it in the kernel, system calls, allocations; and how much of the time it stood
// ready while others had its CPU, which nobody's latency survives.
//
//   bench_diameter_relay [--window 1,32,256] [--connections 1,64] [--seconds 2] [--cpus NODE,LOAD] [--rate PERCENT] [--silent PERCENT] [--tls yes]
//                        [--relay PORT,PID] [--json FILE]
//   --rate: besides, at that part of the peak, each request at an instant of its own: latencies, the generator's own part of them
//   (relay_load.h), and how busy the node was.
//   --silent: with --rate, once more while so many of a hundred requests go to a partner that never answers: the others'
//   latencies.
//   --json: one line for each row, too.
//   --relay: another relay of this machine instead, which knows peers up.load.example (realm bravo.example) and
//   down0.load.example ... (realm load.example); CPU of its whole process.
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <future>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "bench/allocation_count.h"
#include "bench/core/diameter/relay_load.h"
#include "bench/core/diameter/vector_messages.h"
#include "bench/thread_cost.h"
#include "core/crypto/certificate_authority.h"
#include "core/diameter/node.h"
#include "core/net/tls_context.h"
#include "core/runtime/call.h"

namespace claviger::bench {
namespace {

using namespace diameter;

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

constexpr std::chrono::milliseconds kWarmUp{300};

struct Place {
  runtime::Shard& shard;
  Load& load;
  std::optional<std::size_t> other;  // the process of another relay
};
// Of one transaction, where nothing else is said.
struct Measured {
  double per_second = 0;
  double cpu_us = 0;
  double busy = 0;  // of the node's time
  double allocations = 0;
  ThreadCost cost;  // of all; nothing of another relay's
  double system_calls = -1;
  double waited = 0;  // of the node's time
};

Measured measure(const Place& place, std::size_t sockets, std::size_t window, double rate, double seconds,
                 Latencies* latencies) {
  std::uint64_t allocations = 0;
  ThreadCost before;
  on(place.shard, [&] {
    before = ThreadCost::now();
    allocations = allocation_count();
  });
  const double before_seconds = place.other ? process_seconds(*place.other) : 0;
  const auto start = Now::now();
  const auto end = start + std::chrono::microseconds(static_cast<std::int64_t>(seconds * 1e6));
  const auto done = static_cast<double>(place.load.run(sockets, window, rate, end, latencies));
  const double took = std::chrono::duration<double>(Now::now() - start).count();
  Measured measured;
  measured.per_second = done / took;
  if (place.other) {
    const double used = process_seconds(*place.other) - before_seconds;
    measured.cpu_us = used * 1e6 / done;
    measured.busy = used / took;
    return measured;
  }
  on(place.shard, [&] {
    measured.cost = ThreadCost::now().since(before);
    measured.allocations = static_cast<double>(allocation_count() - allocations) / done;
  });
  measured.cpu_us = measured.cost.cpu_seconds * 1e6 / done;
  measured.busy = measured.cost.cpu_seconds / took;
  measured.waited = measured.cost.waited_seconds / took;
  if (measured.cost.system_calls) measured.system_calls = static_cast<double>(*measured.cost.system_calls) / done;
  return measured;
}

std::ofstream json;

// Without its closing brace.
void write_row(std::size_t sockets, std::size_t window, double rate, const Measured& measured) {
  json << "{\"connections\": " << sockets << ", \"window\": " << window << ", \"rate\": " << rate
       << ", \"per_second\": " << measured.per_second << ", \"cpu_us\": " << measured.cpu_us
       << ", \"allocations\": " << measured.allocations << ", \"kernel_share\": " << measured.cost.kernel_share
       << ", \"waited\": " << measured.waited << ", \"busy\": " << measured.busy;
  if (measured.system_calls >= 0) json << ", \"system_calls\": " << measured.system_calls;
}

void print(std::size_t sockets, std::size_t window, const Measured& measured) {
  write_row(sockets, window, 0, measured);
  json << "}\n";
  std::printf("%11zu %6zu %15.0f %8.3f %13.6f %9.0f %13.3f %9.1f\n", sockets, window, measured.per_second,
              measured.cpu_us, measured.allocations, 100 * measured.cost.kernel_share, measured.system_calls,
              100 * measured.waited);
  std::fflush(stdout);
}

void at_rate(const Place& place, std::size_t sockets, double rate, double seconds, const char* what) {
  Latencies latencies;
  for (auto* each : {&latencies.all, &latencies.late, &latencies.rounds}) each->reserve(std::size_t{1} << 23);
  ThreadCost before = ThreadCost::now();
  const Measured measured = measure(place, sockets, 1, rate, seconds, &latencies);
  const ThreadCost own = ThreadCost::now().since(before);
  const auto at = [](std::vector<float>& of, double part) {
    const auto place_of = of.begin() + static_cast<std::ptrdiff_t>(part * static_cast<double>(of.size() - 1));
    std::ranges::nth_element(of, place_of);
    return *place_of;
  };
  if (latencies.all.empty()) return;
  std::printf("%11zu at %.0f/s%s: p50 %.0f us, p99 %.0f us, p99.9 %.0f us\n", sockets, rate, what,
              at(latencies.all, 0.5), at(latencies.all, 0.99), at(latencies.all, 0.999));
  write_row(sockets, 0, rate, measured);
  json << ", \"p50_us\": " << at(latencies.all, 0.5) << ", \"p99_us\": " << at(latencies.all, 0.99)
       << ", \"late_p99_us\": " << at(latencies.late, 0.99)
       << ", \"generator_waited\": " << own.waited_seconds / seconds << "}\n";
  std::printf("%11s of it the generator, late: p50 %.0f us, p99 %.0f us; between two looks: p50 %.0f us, p99 %.0f us\n",
              "", at(latencies.late, 0.5), at(latencies.late, 0.99), at(latencies.rounds, 0.5),
              at(latencies.rounds, 0.99));
  std::printf(
      "%11s node: %.3f us each, busy %.0f %%, stood ready without its CPU %.1f %%; generator without its: %.1f %%\n",
      "", measured.cpu_us, 100 * measured.busy, 100 * measured.waited, 100 * own.waited_seconds / seconds);
  std::fflush(stdout);
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
    if (name == "--json") json.open(arguments[i + 1]);
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
  if (is_tls) LoadPeer::context = client_context(authority, identities);
  pin(static_cast<int>(cpus[1]));
  SlabPool pool;
  std::printf("connections window  transactions/s   CPU us   allocations  kernel %%  system calls  waited %%\n");
  if (!relay.empty()) address = *net::Address::ip("127.0.0.1", static_cast<std::uint16_t>(relay[0]));
  Load load(address, *std::ranges::max_element(connections), pool, relay.empty() ? "load.example" : "bravo.example");
  on(shards[0], [] { ThreadCost::start_counting(); });
  const Place place{shards[0], load, relay.empty() ? std::optional<std::size_t>() : relay[1]};
  for (const std::size_t sockets : connections) {
    double peak = 0;
    for (const std::size_t window : windows) {
      load.run(sockets, window, 0, Now::now() + kWarmUp, nullptr);
      const Measured measured = measure(place, sockets, window, 0, seconds, nullptr);
      peak = std::max(peak, measured.per_second);
      print(sockets, window, measured);
    }
    if (percent > 0) at_rate(place, sockets, peak * percent / 100, seconds, "");
    if (percent > 0 && silent > 0) {
      load.add_silent(address, pool, silent);
      at_rate(place, sockets, peak * percent / 100, seconds, ", one partner silent");
      std::printf("%11zu answered for the silent one: %llu\n", sockets,
                  static_cast<unsigned long long>(load.silents()));
      silent = 0;  // once
    }
  }
  std::printf("failures %llu, lost %llu\n", static_cast<unsigned long long>(mapper.failures.load()),
              static_cast<unsigned long long>(load.lost()));
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
