// Menu: who calls (an Authorization header seen before); client_credentials inline, beside the bare ES256 signature in it;
// refresh with 64 in flight over the memory engine; the login page. Handlers only: no sockets, no TLS, no HTTP.
//
// Counters: allocations (operator new), ratio_signature (client_credentials; the whole over real sockets may cost 1.6),
// and for refresh cpu_us of the shard's thread per refresh, turns of the loop and the requests' making included.
#include <benchmark/benchmark.h>
#include <time.h>

#include "bench/allocation_counter.h"
#include "core/crypto/signing_key.h"
#include "tests/broker/identity/testbed.h"

namespace claviger::identity {
namespace {

constexpr std::string_view kToken = "/idms/v1/alpha/token";

double thread_cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

struct Server {
  Testbed bed;
  Sent sent;
  Server() {
    ClientDraft draft;
    draft.client_id = "server";
    draft.authentication = ClientAuthentication::SecretBasic;
    draft.may_client_credentials = true;
    draft.scopes = {"3gpp:mc:ptt_service"};
    const CreatedClient client = bed.add_client(std::move(draft));
    sent = with_basic(post_form(std::string(kToken), "grant_type=client_credentials"), "server",
                      as_text(client.secret.reveal()));
    CLAVIGER_ASSERT(bed.send(sent).status == 200);
  }
};

void authenticate_seen(benchmark::State& state) {
  Server server;
  const http::Request request = server.bed.request(server.sent);
  ClientAuthenticator& clients = server.bed.context()->identity->clients();
  bench::AllocationCounter allocations(state);
  for (auto _ : state) {
    const ClientRef client = clients.authenticate_seen("alpha", request);
    benchmark::DoNotOptimize(client.get());
    CLAVIGER_ASSERT(client != nullptr);
  }
}
BENCHMARK(authenticate_seen);

void client_credentials_inline(benchmark::State& state) {
  Server server;
  const http::PathValues values{"alpha"};
  http::Request asked = server.bed.request(server.sent);
  asked.path_values = &values;
  const http::InlineHandler* handler = server.bed.inline_handler(http::Method::Post, kToken);
  // The signature alone, in the same run.
  const auto key = crypto::SigningKey::generate(crypto::SignatureAlgorithm::Es256);
  crypto::SigningContext context;
  const std::string text(600, 'x');
  std::array<std::byte, 64> signature;
  double signing = 0;
  double answering = 0;
  server.bed.run_until([&, turn = 0]() mutable {
    if (turn++ != 1) return turn > 2;
    bench::AllocationCounter allocations(state);
    for (auto _ : state) {
      const double begun = thread_cpu_seconds();
      for (int i = 0; i < 64; ++i) {
        const auto response = (*handler)(asked);
        CLAVIGER_ASSERT(response && response->status == 200);
      }
      const double between = thread_cpu_seconds();
      for (int i = 0; i < 64; ++i) CLAVIGER_ASSERT(key->sign(context, as_bytes(text), signature).has_value());
      answering += between - begun;
      signing += thread_cpu_seconds() - between;
    }
    return false;
  });
  const auto count = static_cast<double>(state.iterations()) * 64;
  state.counters["cpu_us"] = answering / count * 1e6;
  state.counters["signature_us"] = signing / count * 1e6;
  state.counters["ratio_signature"] = answering / signing;
}
BENCHMARK(client_credentials_inline)->Unit(benchmark::kMicrosecond);

void refresh_64_in_flight(benchmark::State& state) {
  constexpr std::size_t kInFlight = 64;
  Testbed bed;
  bed.add_user();
  bed.add_public_client();
  std::vector<std::string> tokens;
  for (std::size_t i = 0; i < kInFlight; ++i) {
    tokens.push_back(bed.sign_in_for_tokens("app", "openid 3gpp:mc:ptt_service").member("refresh_token"));
  }
  double cpu = 0;
  bench::AllocationCounter allocations(state);
  for (auto _ : state) {
    std::vector<Sent> sent;
    for (const std::string& token : tokens) {
      sent.push_back(post_form(std::string(kToken), "grant_type=refresh_token&client_id=app&refresh_token=" + token));
    }
    const double begun = thread_cpu_seconds();
    const auto replies = bed.send_together(sent);
    cpu += thread_cpu_seconds() - begun;
    for (std::size_t i = 0; i < kInFlight; ++i) tokens[i] = replies[i].member("refresh_token");
  }
  state.counters["cpu_us"] = cpu / (static_cast<double>(state.iterations()) * kInFlight) * 1e6;
}
BENCHMARK(refresh_64_in_flight)->Unit(benchmark::kMicrosecond);

void login_page(benchmark::State& state) {
  Testbed bed;
  bed.add_public_client();
  const Sent sent = get("/idms/v1/alpha/authorize?" + authorize_query("app"));
  const std::vector<Sent> together(64, sent);
  double cpu = 0;
  for (auto _ : state) {
    const double begun = thread_cpu_seconds();
    benchmark::DoNotOptimize(bed.send_together(together));
    cpu += thread_cpu_seconds() - begun;
  }
  state.counters["cpu_us"] = cpu / (static_cast<double>(state.iterations()) * 64) * 1e6;
}
BENCHMARK(login_page)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace claviger::identity
