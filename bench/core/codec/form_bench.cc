// Menu: the token request of an authorization code, an introspection request, an authorization request's
// query, an issuer's URI, a cookie.
#include "core/codec/form.h"

#include <benchmark/benchmark.h>

#include <string>

#include "bench/allocation_counter.h"
#include "core/codec/cookie.h"
#include "core/codec/uri.h"

namespace claviger::codec {
namespace {

void parse(benchmark::State& state, const std::string& text) {
  const bench::AllocationCounter allocations(state);
  for (auto _ : state) benchmark::DoNotOptimize(parse_form(text));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK_CAPTURE(parse, code_request,
                  "grant_type=authorization_code&code=SplxlOBeZQQYbYS6WxSbIAxSplxlOBeZQQYbYS6WxSb&redirect_uri="
                  "http%3A%2F%2F127.0.0.1%3A51004%2Fcb&client_id=mc-native-1&code_verifier="
                  "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
BENCHMARK_CAPTURE(parse, introspection, "token=" + std::string(700, 'x') + "&token_type_hint=access_token");
BENCHMARK_CAPTURE(
    parse, authorization_request,
    "response_type=code&client_id=mc-native-1&scope=openid+3gpp%3Amcptt%3Aptt_service&redirect_uri="
    "http%3A%2F%2F127.0.0.1%3A51004%2Fcb&state=af0ifjsldkj&acr_values=3gpp%3Aacr%3Apassword&code_challenge="
    "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256");

void uri(benchmark::State& state) {
  const bench::AllocationCounter allocations(state);
  for (auto _ : state)
    benchmark::DoNotOptimize(parse_uri("https://idms.alpha.example:8443/tenants/alpha/callback?x=1"));
}
BENCHMARK(uri);

void cookie(benchmark::State& state) {
  const bench::AllocationCounter allocations(state);
  for (auto _ : state) {
    benchmark::DoNotOptimize(parse_cookies("__Host-claviger-session=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk; a=b"));
  }
}
BENCHMARK(cookie);

}  // namespace
}  // namespace claviger::codec
