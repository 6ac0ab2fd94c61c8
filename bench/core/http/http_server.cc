// A server with fixed answers, to measure what the framework itself costs (compare.sh beside this file):
//   POST /inline     420 bytes by an inline handler
//   POST /coroutine  420 bytes by a coroutine that ends at once
//   POST /suspend    420 bytes by a coroutine that waits for the end of the turn
// usage: bench_http_server ADDRESS CERTIFICATE KEY [SHARDS]      (without certificate: "-" "-")
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "core/http/server.h"
#include "core/runtime/one_shot.h"

namespace claviger::http {
namespace {

const std::string kAnswer(420, 'a');

Response answer() { return Response(200, "application/json", Slice::of_static(kAnswer)); }

runtime::Task<Response> handle(Request, PathValues) { co_return answer(); }

runtime::Task<Response> handle_later(Request, PathValues) {
  runtime::OneShotPair<Unit> pair;
  UniqueFunction<void()> wake([completer = std::move(pair.completer)]() mutable { completer.complete(Unit{}); });
  runtime::Shard::current().defer(std::move(wake));
  co_await pair.waiter;
  co_return answer();
}

std::string read_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

int run(const char* address, const char* certificate, const char* key, std::size_t shard_count) {
  auto router = std::make_shared<Router>();
  for (const Method method : {Method::Get, Method::Post}) {
    router->add({method, "/inline", 64 * 1024, &handle, [](const Request&) { return std::optional(answer()); }});
    router->add({method, "/coroutine", 64 * 1024, &handle, {}});
    router->add({method, "/suspend", 64 * 1024, &handle_later, {}});
  }
  ListenerOptions options;
  options.name = "bench";
  const auto parsed = net::Address::parse(address);
  if (!parsed) return std::fprintf(stderr, "bad address\n"), 2;
  options.address = *parsed;
  options.router = router;
  options.limits.source_connections_max = 0;
  if (std::string_view(certificate) != "-") {
    net::TlsServerOptions tls;
    tls.certificate_chain_pem = read_file(certificate);
    tls.private_key_pem = SecretBytes(as_bytes(read_file(key)));
    tls.ticket_keys = std::make_shared<net::TicketKeys>();
    auto context = net::TlsContext::server(std::move(tls));
    if (!context) return std::fprintf(stderr, "bad certificate or key\n"), 2;
    options.tls = *context;
  }

  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGINT);
  sigaddset(&stop, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);
  SystemClock clock;
  Logger logger;
  runtime::Shards shards(shard_count, clock, logger, SipKey{1, 2});
  Server server(shards);
  shards.start();
  const auto listening = server.listen(std::move(options));
  if (!listening) return std::fprintf(stderr, "cannot listen\n"), 2;
  std::printf("%u\n", static_cast<unsigned>(listening->address.port()));
  std::fflush(stdout);
  int signal_number = 0;
  sigwait(&stop, &signal_number);
  std::atomic<bool> is_drained{false};
  server.drain(Milliseconds(100), [&] {
    is_drained = true;
    is_drained.notify_one();
  });
  is_drained.wait(false);
  shards.stop_and_join();
  return 0;
}

}  // namespace
}  // namespace claviger::http

int main(int argc, char** argv) {
  if (argc < 4) return std::fprintf(stderr, "usage: bench_http_server ADDRESS CERTIFICATE KEY [SHARDS]\n"), 2;
  return claviger::http::run(argv[1], argv[2], argv[3], argc > 4 ? std::strtoul(argv[4], nullptr, 10) : 1);
}
