// Menu, on the file system of the temporary directory:
//   commit/N            durable commits of one 250-byte record under the version that was read, N in flight on one shard
//   commit_blind/N      the same without an expectation
//   commit_tracked/N    the same in a table with a change feed
//   peer_put_sync/64    RocksDB alone: Put(sync) from 64 threads
//   peer_batch_sync/64  RocksDB alone: WriteBatch of 64, sync, one thread
//   get_hot, get_random, get_absent   of 1 M records of 100 bytes, all in the block cache; get_random also as a Task
//   range_100, changes_100
// The CPU column counts all threads of the process: CPU per commit, everything included.
#include <benchmark/benchmark.h>
#include <rocksdb/db.h>

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bench/allocation_counter.h"
#include "storage/rocks/engine.h"
#include "tests/storage/process.h"
#include "tests/storage/temp_directory.h"

namespace claviger::storage {
namespace {

constexpr TableId kSessions{0};
constexpr TableId kTracked{1};
constexpr TableId kUsers{2};
constexpr TableId kOrdered{3};
constexpr std::size_t kValueBytes = 250;
constexpr int kSessionCount = 4096;
constexpr int kUserCount = 1'000'000;
constexpr int kCommitsPerRound = 4096;

std::string key_of(int number) {
  std::string key = "tenant/00000000";
  for (std::size_t at = key.size(); number != 0; number /= 10) key[--at] = static_cast<char>('0' + number % 10);
  return key;
}

// One store for all, filled once.
class Bench {
 public:
  static Bench& instance() {
    static Bench bench;
    return bench;
  }
  Process& process() { return process_; }
  Store& store() { return *store_; }

 private:
  Bench() {
    rocks::Options options;
    options.directory = directory_.path() + "/store";
    options.tables = {
        {"sessions"}, {"tracked", TableAccess::Point, true, 3600}, {"users"}, {"ordered", TableAccess::Ordered}};
    options.block_cache_bytes = 1U << 30U;
    auto opened = rocks::open(std::move(options), process_.shards(), clock_, logger_);
    CLAVIGER_ASSERT(opened.has_value());
    store_ = *std::move(opened);
    fill(kUsers, kUserCount, std::string(100, 'u'));
    fill(kOrdered, 10'000, std::string(100, 'o'));
    fill(kSessions, kSessionCount, std::string(kValueBytes, 's'));
    fill(kTracked, kSessionCount, std::string(kValueBytes, 't'));
  }
  ~Bench() {
    process_.stop();
    store_.reset();
  }
  void fill(TableId table, int count, const std::string& value) {
    for (int number = 0; number < count;) {
      Transaction batch;
      for (int i = 0; i < 10'000 && number < count; ++i) batch.put(table, key_of(number++), as_bytes(value));
      CLAVIGER_ASSERT(process_.run(store_->commit(std::move(batch))).has_value());
    }
    // Into the block cache.
    for (int number = 0; number < count; number += 10) {
      (void)process_.run(store_->get(table, key_of(number)));
    }
  }

  TempDirectory directory_;
  SystemClock clock_;
  Logger logger_;
  Process process_{1, clock_, logger_};
  std::unique_ptr<Store> store_;
};

enum class Kind { Guarded, Blind, Tracked };

struct Round {
  std::atomic<int> next{0};
  std::atomic<int> clerks;
  std::promise<void> ended;
};

Task<void> clerk(Store* store, Round* round, Kind kind) {
  const TableId table = kind == Kind::Tracked ? kTracked : kSessions;
  const std::string value(kValueBytes, 'v');
  for (int number = round->next++; number < kCommitsPerRound; number = round->next++) {
    Transaction change;
    if (kind == Kind::Guarded) {
      const auto found = store->get_cached(table, key_of(number));
      CLAVIGER_ASSERT(found && found->has_value());
      change.expect_version(table, key_of(number), (*found)->version());
    }
    change.put(table, key_of(number), as_bytes(value));
    const auto committed = co_await store->commit(std::move(change));
    CLAVIGER_ASSERT(committed.has_value());
  }
  if (--round->clerks == 0) round->ended.set_value();
}

void commits(benchmark::State& state, Kind kind) {
  Bench& bench = Bench::instance();
  const StoreFigures before = bench.store().figures();
  const int in_flight = static_cast<int>(state.range(0));
  while (state.KeepRunningBatch(kCommitsPerRound)) {
    Round round;
    round.clerks = in_flight;
    bench.process().call([&] {
      for (int i = 0; i < in_flight; ++i) {
        runtime::Shard::current().scope().spawn(clerk(&bench.store(), &round, kind));
      }
    });
    round.ended.get_future().get();
  }
  const StoreFigures after = bench.store().figures();
  state.SetItemsProcessed(state.iterations());
  state.counters["batch"] = static_cast<double>(after.commits - before.commits) /
                            static_cast<double>(std::max<std::uint64_t>(after.batches - before.batches, 1));
}
void commit(benchmark::State& state) { commits(state, Kind::Guarded); }
void commit_blind(benchmark::State& state) { commits(state, Kind::Blind); }
void commit_tracked(benchmark::State& state) { commits(state, Kind::Tracked); }
BENCHMARK(commit)->Arg(1)->Arg(8)->Arg(64)->Arg(256)->MeasureProcessCPUTime()->UseRealTime();
BENCHMARK(commit_blind)->Arg(1)->Arg(64)->Arg(256)->MeasureProcessCPUTime()->UseRealTime();
BENCHMARK(commit_tracked)->Arg(64)->MeasureProcessCPUTime()->UseRealTime();

// The peer: the library as it comes.

std::unique_ptr<rocksdb::DB> open_peer(const TempDirectory& directory) {
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* opened = nullptr;
  CLAVIGER_ASSERT(rocksdb::DB::Open(options, directory.path() + "/peer", &opened).ok());
  return std::unique_ptr<rocksdb::DB>(opened);
}

void peer_put_sync(benchmark::State& state) {
  const TempDirectory directory;
  const auto db = open_peer(directory);
  rocksdb::WriteOptions synced;
  synced.sync = true;
  const std::string value(kValueBytes, 'v');
  while (state.KeepRunningBatch(kCommitsPerRound)) {
    std::atomic<int> next{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < state.range(0); ++i) {
      threads.emplace_back([&] {
        for (int number = next++; number < kCommitsPerRound; number = next++) {
          CLAVIGER_ASSERT(db->Put(synced, key_of(number), value).ok());
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(peer_put_sync)->Arg(1)->Arg(64)->MeasureProcessCPUTime()->UseRealTime();

void peer_batch_sync(benchmark::State& state) {
  const TempDirectory directory;
  const auto db = open_peer(directory);
  rocksdb::WriteOptions synced;
  synced.sync = true;
  const std::string value(kValueBytes, 'v');
  int number = 0;
  while (state.KeepRunningBatch(state.range(0))) {
    rocksdb::WriteBatch batch;
    for (int i = 0; i < state.range(0); ++i) batch.Put(key_of(number++ % kSessionCount), value);
    CLAVIGER_ASSERT(db->Write(synced, &batch).ok());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(peer_batch_sync)->Arg(64)->MeasureProcessCPUTime()->UseRealTime();

// Reads run on the shard's thread: the loop of the benchmark does too, by one message.

template <typename Body>
void on_shard(benchmark::State& state, Body body) {
  Bench& bench = Bench::instance();
  bench.process().call([&] {
    const bench::AllocationCounter allocations(state);
    body(bench.store());
  });
}

// A full-period walk, so that no two reads near each other are near in the table.
int scattered(int step, int count) { return static_cast<int>((static_cast<std::int64_t>(step) * 7919) % count); }

void get_of(benchmark::State& state, TableId table, int count, const char* suffix, bool is_there) {
  on_shard(state, [&](Store& store) {
    int step = 0;
    for (auto _ : state) {
      const auto value = store.get_cached(table, key_of(scattered(step++, count)) + suffix);
      if (!value || value->has_value() != is_there) state.SkipWithError("not cached");
    }
  });
}
void get_hot(benchmark::State& state) { get_of(state, kUsers, 1000, "", true); }
void get_random(benchmark::State& state) { get_of(state, kUsers, kUserCount, "", true); }
void get_absent(benchmark::State& state) { get_of(state, kUsers, kUserCount, "x", false); }
BENCHMARK(get_hot);
BENCHMARK(get_random);
BENCHMARK(get_absent);

Task<void> get_times(Store* store, benchmark::State* state) {
  int step = 0;
  for (auto _ : *state) {
    const auto value = co_await store->get(kUsers, key_of(scattered(step++, kUserCount)));
    CLAVIGER_ASSERT(value.has_value());
  }
}
void get_random_task(benchmark::State& state) {
  on_shard(state, [&](Store& store) { runtime::Shard::current().scope().spawn(get_times(&store, &state)); });
}
BENCHMARK(get_random_task);

Task<void> range_times(Store* store, benchmark::State* state) {
  int step = 0;
  for (auto _ : *state) {
    const auto page = co_await store->range(kOrdered, key_of(scattered(step++, 9000)), "", 100);
    CLAVIGER_ASSERT(page.has_value() && page->size() == 100);
  }
}
void range_100(benchmark::State& state) {
  on_shard(state, [&](Store& store) { runtime::Shard::current().scope().spawn(range_times(&store, &state)); });
}
BENCHMARK(range_100);

Task<void> changes_times(Store* store, benchmark::State* state) {
  const std::uint64_t from = store->latest_sequence() > 100 ? store->latest_sequence() - 100 : 1;
  for (auto _ : *state) {
    const auto page = co_await store->changes(kTracked, from, 100);
    CLAVIGER_ASSERT(page.has_value());
    benchmark::DoNotOptimize(page->changes.size());
  }
}
void changes_100(benchmark::State& state) {
  on_shard(state, [&](Store& store) { runtime::Shard::current().scope().spawn(changes_times(&store, &state)); });
}
BENCHMARK(changes_100);

}  // namespace
}  // namespace claviger::storage
