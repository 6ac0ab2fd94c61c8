// Menu: parse the 400-byte claims of an access token (by simdjson's DOM alone, by us, with the copy, with
// reading nine claims in two ways), a text whose 40 names need sorting; write the claims.
#include <benchmark/benchmark.h>
#include <simdjson.h>

#include <string>

#include "bench/allocation_counter.h"
#include "core/base/slice.h"
#include "core/codec/json_reader.h"
#include "core/codec/json_writer.h"

namespace claviger::codec {
namespace {

constexpr std::string_view kClaims =
    R"({"iss":"https://idms.alpha.example","sub":"5f1c2f6e-6a3f-4a55-9b5e-1f0f1f6f2a10","aud":["https://mcptt.alpha.example"],)"
    R"("exp":1764000300,"iat":1764000000,"nbf":1764000000,"jti":"b3c1e0a2f4d64c0e9b1a7d5c8e2f6a90","client_id":"mc-native-1",)"
    R"("scope":"openid 3gpp:mcptt:ptt_service 3gpp:mc:ptt_key_management_service","mcptt_id":"sip:officer.12@mcptt.alpha.example"})";

void simdjson_alone(benchmark::State& state) {
  const simdjson::padded_string text(kClaims);
  simdjson::dom::parser parser;
  const bench::AllocationCounter allocations(state);
  for (auto _ : state) benchmark::DoNotOptimize(parser.parse(text).error());
}
BENCHMARK(simdjson_alone);

void parse_padded(benchmark::State& state) {
  SlabPool pool;
  const Slice text = Slice::copy_of(pool, as_bytes(kClaims));
  JsonReader reader;
  const bench::AllocationCounter allocations(state);
  for (auto _ : state) benchmark::DoNotOptimize(reader.parse_padded(text.text()));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kClaims.size()));
}
BENCHMARK(parse_padded);

void parse_copying(benchmark::State& state) {
  JsonReader reader;
  const bench::AllocationCounter allocations(state);
  for (auto _ : state) benchmark::DoNotOptimize(reader.parse(kClaims));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kClaims.size()));
}
BENCHMARK(parse_copying);

void parse_and_find_nine_claims(benchmark::State& state) {
  SlabPool pool;
  const Slice text = Slice::copy_of(pool, as_bytes(kClaims));
  JsonReader reader;
  const bench::AllocationCounter allocations(state);
  for (auto _ : state) {
    const auto value = reader.parse_padded(text.text());
    const auto claims = *value->as_object();
    for (const std::string_view name : {"iss", "sub", "jti", "client_id", "scope", "mcptt_id"}) {
      benchmark::DoNotOptimize(claims.string_at(name));
    }
    for (const std::string_view name : {"exp", "iat", "nbf"}) benchmark::DoNotOptimize(claims.int_at(name));
  }
}
BENCHMARK(parse_and_find_nine_claims);

void parse_and_walk_nine_claims(benchmark::State& state) {
  SlabPool pool;
  const Slice text = Slice::copy_of(pool, as_bytes(kClaims));
  JsonReader reader;
  const bench::AllocationCounter allocations(state);
  for (auto _ : state) {
    const auto value = reader.parse_padded(text.text());
    const auto claims = *value->as_object();
    for (const auto [name, claim] : claims) {
      if (name == "iss" || name == "sub" || name == "jti" || name == "client_id" || name == "scope" ||
          name == "mcptt_id") {
        benchmark::DoNotOptimize(claim.as_string());
      } else if (name == "exp" || name == "iat" || name == "nbf") {
        benchmark::DoNotOptimize(claim.as_int());
      }
    }
  }
}
BENCHMARK(parse_and_walk_nine_claims);

void parse_forty_members(benchmark::State& state) {
  std::string text = "{";
  for (int i = 0; i < 40; ++i) text += (i != 0 ? ",\"member_name_" : "\"member_name_") + std::to_string(i) + "\":0";
  text += "}";
  JsonReader reader;
  const bench::AllocationCounter allocations(state);
  for (auto _ : state) benchmark::DoNotOptimize(reader.parse(text));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(parse_forty_members);

void write_claims(benchmark::State& state) {
  SlabPool pool;
  const bench::AllocationCounter allocations(state);
  for (auto _ : state) {
    SlabWriter writer(pool, 1024);
    JsonWriter json(writer);
    json.begin_object()
        .member("iss", "https://idms.alpha.example")
        .member("sub", "5f1c2f6e-6a3f-4a55-9b5e-1f0f1f6f2a10");
    json.name("aud").begin_array().value("https://mcptt.alpha.example").end_array();
    json.member("exp", 1764000300).member("iat", 1764000000).member("nbf", 1764000000);
    json.member("jti", "b3c1e0a2f4d64c0e9b1a7d5c8e2f6a90").member("client_id", "mc-native-1");
    json.member("scope", "openid 3gpp:mcptt:ptt_service 3gpp:mc:ptt_key_management_service");
    json.member("mcptt_id", "sip:officer.12@mcptt.alpha.example").end_object();
    benchmark::DoNotOptimize(writer.finish());
  }
}
BENCHMARK(write_claims);

}  // namespace
}  // namespace claviger::codec
