// Menu: a MAR answered from the SIP database, message to message (read, vector, answer written), of subscribers at hand;
// and of any of CLAVIGER_SUBSCRIBERS (200 000) in RocksDB, uniformly, each request another one: block cache warm, keys
// sealed, S-CSCF's name unchanged. On one shard; no sockets.
//
// CLAVIGER_SUBSCRIBER_STORE: a folder that is kept, so that many are imported once. Importing tells its rate, and what it
// took on disk and in memory, on standard error.
// Counters: vectors a second of one core; allocations (operator new) each.
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <random>

#include "bench/allocation_counter.h"
#include "broker/subscriber/cx.h"
#include "broker/subscriber/cx_messages.h"
#include "broker/subscriber/subscriber_procedures.h"
#include "storage/rocks/engine.h"
#include "tests/broker/identity/testbed.h"

namespace claviger::subscriber {
namespace {

using diameter::Message;
using diameter::MessageBuilder;

constexpr std::size_t kInFlight = 64;
constexpr std::size_t kInFlightAtFirst = 1024;
constexpr CxPlace kHere{"alpha", "alpha.example"};

std::size_t subscribers() {
  const char* said = std::getenv("CLAVIGER_SUBSCRIBERS");
  return said == nullptr ? 200'000 : std::strtoull(said, nullptr, 10);
}

// Of the file that the kernel keeps of this process.
std::size_t resident_mib() {
  std::ifstream file("/proc/self/statm");
  std::size_t all = 0;
  std::size_t resident = 0;
  file >> all >> resident;
  return resident * 4096 / (1024 * 1024);
}

std::string impi_of(std::size_t number) { return "user" + std::to_string(number) + "@ims.alpha.example"; }

Message mar(SlabPool& pool, std::size_t number) {
  MessageBuilder builder = MessageBuilder::request(pool, cx::kApplication, cx::command::kMultimediaAuth);
  builder.text(diameter::avp::kSessionId, "scscf1.alpha.example;1795290511;4711");
  builder.origin("scscf1.alpha.example", "alpha.example").text(diameter::avp::kDestinationRealm, "alpha.example");
  builder.vendor_specific_application(cx::kVendor, cx::kApplication).u32(diameter::avp::kAuthSessionState, 1);
  builder.text(cx::avp::kPublicIdentity, "sip:" + impi_of(number));
  builder.text(diameter::avp::kUserName, impi_of(number)).u32(cx::avp::kSipNumberAuthItems, 1);
  builder.begin_group(cx::avp::kSipAuthDataItem).text(cx::avp::kSipAuthenticationScheme, "Digest-AKAv1-MD5");
  builder.end_group().text(cx::avp::kServerName, "sip:scscf1.alpha.example:6060");
  return Message(*builder.finish());
}

// A Testbed over RocksDB.
class Bed : public identity::Testbed {
 public:
  // `kept`: a folder to be used again; empty: one of its own.
  Bed(std::size_t cached, const std::string& kept) {
    std::string folder = kept;
    if (folder.empty()) {
      folder = (std::filesystem::temp_directory_path() / "claviger-XXXXXX").string();
      CLAVIGER_ASSERT(mkdtemp(folder.data()) != nullptr);
      temporary_ = folder;
    } else {
      std::filesystem::create_directories(folder);
    }
    folder_ = folder;
    storage::rocks::Options rocks;
    rocks.directory = folder + "/data";
    rocks.tables = broker::table_options();
    const char* cache = std::getenv("CLAVIGER_BLOCK_CACHE_MIB");
    rocks.block_cache_bytes = (cache == nullptr ? 1024 : std::strtoull(cache, nullptr, 10)) << 20U;
    auto opened = storage::rocks::open(std::move(rocks), shards_, clock_, logger_);
    CLAVIGER_ASSERT(opened.has_value());
    rocks_ = *std::move(opened);
    storage::SealerOptions options;
    options.store = rocks_.get();
    options.tables = broker::table_options();
    options.data_keys = broker::tables::kDataKeys;
    options.wrapping_key_file = folder + "/key";
    options.file_pool = &work_pool_;
    options.shards = 1;
    sealing_ = *wait(storage::Sealer::start(std::move(options)));
    former_ = std::move(contexts_[0]);
    contexts_[0].reset(new broker::Context{shards_[0],
                                           *rocks_,
                                           *sealing_,
                                           hash_pool_,
                                           work_pool_,
                                           keys_,
                                           publisher_,
                                           contexts_,
                                           former_->snapshot,
                                           std::make_unique<broker::Figures>(),
                                           {},
                                           {}});
    fill_context(0);
    database_ = std::make_unique<SipDatabase>(contexts_, cached);
    CLAVIGER_ASSERT(wait(database_->start()).has_value());
  }
  ~Bed() {
    database_->stop();
    run_turns(4);
    database_.reset();
    contexts_[0] = std::move(former_);
    sealing_.reset();
    rocks_.reset();
    if (!temporary_.empty()) std::filesystem::remove_all(temporary_);
  }
  std::size_t disk_mib() const {
    std::size_t bytes = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_)) {
      if (entry.is_regular_file()) bytes += entry.file_size();
    }
    return bytes >> 20U;
  }
  bool has(std::size_t number) { return wait(find_subscriber(&database(), "alpha", impi_of(number))).has_value(); }
  SipDatabase& database() { return *database_; }

  void fill(std::size_t count) {
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t from = 0; from < count; from += kSubscriberImportMax) {
      std::vector<SubscriberDraft> drafts;
      for (std::size_t i = from; i < std::min(count, from + kSubscriberImportMax); ++i) {
        SubscriberDraft draft;
        draft.private_identity = impi_of(i);
        draft.public_identities = std::vector<std::string>{"sip:" + impi_of(i)};
        draft.key = SecretBytes(as_bytes("465b5ce8b199b49faa5f0a2ee238a6bc"));
        draft.operator_code = SecretBytes(as_bytes("cd63cb71954a9f4e48a5994e37a02baf"));
        drafts.push_back(std::move(draft));
      }
      const auto report = wait(import_subscribers(&database(), "alpha", std::move(drafts)));
      CLAVIGER_ASSERT(report.has_value() && report->refused.empty());
    }
    const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    std::fprintf(stderr, "imported %zu in %.1f s: %.0f a second; %zu MiB on disk, %zu MiB resident\n", count, took,
                 static_cast<double>(count) / took, disk_mib(), resident_mib());
  }

  // Each request to its answer, so many of them begun together where they must wait.
  static runtime::Task<void> serve(SipDatabase* database, SlabPool* pool, const Message* request, std::size_t* left) {
    auto wanted = read_multimedia_auth(*request, kHere);
    CLAVIGER_ASSERT(wanted.has_value());
    wanted->private_identity = *canonical_private_identity(wanted->private_identity);
    wanted->public_identity = *canonical_public_identity(wanted->public_identity);
    auto made = make_vector_now(*database, *wanted);
    if (!made) made = co_await make_vector(database, *std::move(wanted));
    CLAVIGER_ASSERT(made->has_value());
    MessageBuilder builder = MessageBuilder::answer(*pool, *request);
    builder.origin("hss.alpha.example", "alpha.example");
    write_multimedia_auth(*request, *made, builder);
    benchmark::DoNotOptimize(builder.finish()->size());
    --*left;
  }
  void serve_all(const std::vector<Message>& requests, std::size_t in_flight = kInFlight) {
    for (std::size_t from = 0; from < requests.size(); from += in_flight) {
      std::size_t left = std::min(in_flight, requests.size() - from);
      const std::size_t count = left;
      run_until([&, turn = 0]() mutable {
        if (turn++ == 1) {
          for (std::size_t i = 0; i < count; ++i) {
            shard().scope().spawn(serve(&database(), &shard().slabs(), &requests[from + i], &left));
          }
        }
        return left == 0;
      });
    }
  }

 private:
  std::string folder_;
  std::string temporary_;
  std::unique_ptr<storage::Store> rocks_;
  std::unique_ptr<storage::Sealer> sealing_;
  std::unique_ptr<broker::Context> former_;
  std::unique_ptr<SipDatabase> database_;
};

// Each once: the S-CSCF's name is there, the block cache warm. Many together, for each is a write.
void serve_each(Bed& bed, std::size_t count) {
  std::vector<Message> all;
  for (std::size_t i = 0; i < count; ++i) {
    all.push_back(mar(bed.shard().slabs(), i));
    if (all.size() < 4096 && i + 1 < count) continue;
    bed.serve_all(all, kInFlightAtFirst);
    all.clear();
  }
}

void run(benchmark::State& state, Bed& bed, std::size_t count, bool is_always_another) {
  std::mt19937_64 random(4711);
  std::vector<Message> requests;
  const auto draw = [&] {
    requests.clear();
    for (int i = 0; i < 4096; ++i) requests.push_back(mar(bed.shard().slabs(), random() % count));
  };
  draw();
  bed.serve_all(requests);
  {
    std::optional<bench::AllocationCounter> allocations;
    if (!is_always_another) allocations.emplace(state);  // drawing others allocates as well
    for (auto _ : state) {
      if (is_always_another) {
        state.PauseTiming();
        draw();
        state.ResumeTiming();
      }
      bed.serve_all(requests);
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(requests.size()));
}

void mar_at_hand(benchmark::State& state) {
  Bed bed(8192, "");
  bed.fill(4096);
  serve_each(bed, 4096);
  run(state, bed, 4096, false);
}
BENCHMARK(mar_at_hand)->Unit(benchmark::kMillisecond);

void mar_from_the_store(benchmark::State& state) {
  const char* kept = std::getenv("CLAVIGER_SUBSCRIBER_STORE");
  const std::size_t count = subscribers();
  // As many at hand as of ten million there are: one of 76.
  Bed bed(std::max<std::size_t>(count * kCachedSubscribersMax / 10'000'000, 64), kept == nullptr ? "" : kept);
  if (!bed.has(count - 1)) bed.fill(count);
  serve_each(bed, count);
  run(state, bed, count, true);
  std::fprintf(stderr, "%zu MiB on disk, %zu MiB resident\n", bed.disk_mib(), resident_mib());
}
BENCHMARK(mar_from_the_store)->Unit(benchmark::kMillisecond)->Iterations(100);

}  // namespace
}  // namespace claviger::subscriber
