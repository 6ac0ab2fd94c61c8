// The parts of a relayed transaction: walk a message, find AVPs, check it whole, splice it, build an answer.
#include <benchmark/benchmark.h>

#include "bench/allocation_counter.h"
#include "bench/core/diameter/vector_messages.h"
#include "core/diameter/edits.h"

namespace claviger::bench {
namespace {

using namespace diameter;

void walk(benchmark::State& state) {
  SlabPool pool;
  const Slice request = Slice::copy_of(pool, as_bytes(vector_request(pool, "scscf.bravo.example")));
  const AllocationCounter allocations(state);
  for (auto _ : state) {
    const Message message(request);
    benchmark::DoNotOptimize(message.structure());
  }
}
BENCHMARK(walk);

void walk_and_find_six(benchmark::State& state) {
  SlabPool pool;
  const Slice request = Slice::copy_of(pool, as_bytes(vector_request(pool, "scscf.bravo.example")));
  for (auto _ : state) {
    const Message message(request);
    for (const AvpId& id : {avp::kSessionId, avp::kOriginHost, avp::kUserName, kPublicIdentity, kServerName, kItem}) {
      benchmark::DoNotOptimize(message.find(id));
    }
  }
}
BENCHMARK(walk_and_find_six);

void check_whole(benchmark::State& state) {
  SlabPool pool;
  const Dictionary dictionary = vector_dictionary();
  const Message message(Slice::copy_of(pool, as_bytes(vector_request(pool, "scscf.bravo.example"))));
  const AllocationCounter allocations(state);
  for (auto _ : state) benchmark::DoNotOptimize(check_request(message, dictionary));
}
BENCHMARK(check_whole);

void splice_six(benchmark::State& state) {
  SlabPool pool;
  const Message message(Slice::copy_of(pool, as_bytes(vector_request(pool, "scscf.bravo.example"))));
  SlabWriter to(pool, kSlabBytes);
  const AllocationCounter allocations(state);
  for (auto _ : state) {
    Edits edits;
    for (const AvpId& id :
         {avp::kSessionId, avp::kOriginHost, avp::kOriginRealm, avp::kUserName, kPublicIdentity, kServerName}) {
      edits.replace(message, *message.find(id), as_bytes("replaced.by@alpha.example"));
    }
    const std::size_t size = edits.size_of(message);
    edits.splice(message, message.header(), to.unwritten().first(size));
    benchmark::DoNotOptimize(to.unwritten().data());
  }
}
BENCHMARK(splice_six);

void build_answer(benchmark::State& state) {
  SlabPool pool;
  const AllocationCounter allocations(state);
  for (auto _ : state) benchmark::DoNotOptimize(vector_answer(pool, "hss.alpha.example"));
}
BENCHMARK(build_answer);

}  // namespace
}  // namespace claviger::bench
