// Menu: a MAR answered from the SIP database, message to message (read, vector, answer written), of subscribers at hand;
// and of any of CLAVIGER_SUBSCRIBERS (200 000) in RocksDB, uniformly: block cache warm, keys sealed, S-CSCF's name
// unchanged. On one shard; no sockets.
//
// Counters: vectors a second of one core; allocations (operator new) each.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <random>

#include "bench/allocation_count.h"
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
constexpr CxPlace kHere{"alpha", "alpha.example"};

std::size_t subscribers() {
  const char* said = std::getenv("CLAVIGER_SUBSCRIBERS");
  return said == nullptr ? 200'000 : std::strtoull(said, nullptr, 10);
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
  explicit Bed(std::size_t cached) {
    std::string folder = (std::filesystem::temp_directory_path() / "claviger-XXXXXX").string();
    CLAVIGER_ASSERT(mkdtemp(folder.data()) != nullptr);
    folder_ = folder;
    storage::rocks::Options rocks;
    rocks.directory = folder + "/data";
    rocks.tables = broker::table_options();
    rocks.block_cache_bytes = std::size_t{1} << 30U;
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
    std::filesystem::remove_all(folder_);
  }
  SipDatabase& database() { return *database_; }

  void fill(std::size_t count) {
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
  }

  // Each request to its answer, kInFlight of them begun together where they must wait.
  static runtime::Task<void> serve(SipDatabase* database, SlabPool* pool, const Message* request, std::size_t* left) {
    auto wanted = read_multimedia_auth(*request, kHere);
    CLAVIGER_ASSERT(wanted.has_value());
    auto made = make_vector_now(*database, *wanted);
    if (!made) made = co_await make_vector(database, *std::move(wanted));
    CLAVIGER_ASSERT(made->has_value());
    MessageBuilder builder = MessageBuilder::answer(*pool, *request);
    builder.origin("hss.alpha.example", "alpha.example");
    write_multimedia_auth(*request, *made, builder);
    benchmark::DoNotOptimize(builder.finish()->size());
    --*left;
  }
  void serve_all(const std::vector<Message>& requests) {
    for (std::size_t from = 0; from < requests.size(); from += kInFlight) {
      std::size_t left = std::min(kInFlight, requests.size() - from);
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
  std::unique_ptr<storage::Store> rocks_;
  std::unique_ptr<storage::Sealer> sealing_;
  std::unique_ptr<broker::Context> former_;
  std::unique_ptr<SipDatabase> database_;
};

// `pick` says which subscriber the next request is for.
void run(benchmark::State& state, Bed& bed, std::size_t count) {
  std::mt19937_64 random(4711);
  // Each once: the S-CSCF's name is there, the block cache warm.
  std::vector<Message> all;
  for (std::size_t i = 0; i < count; ++i) {
    all.push_back(mar(bed.shard().slabs(), i));
    if (all.size() == 4096 || i + 1 == count) {
      bed.serve_all(all);
      all.clear();
    }
  }
  std::vector<Message> requests;
  for (int i = 0; i < 4096; ++i) requests.push_back(mar(bed.shard().slabs(), random() % count));
  bed.serve_all(requests);
  {
    bench::AllocationCounter allocations(state);
    for (auto _ : state) bed.serve_all(requests);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(requests.size()));
}

void mar_at_hand(benchmark::State& state) {
  Bed bed(8192);
  bed.fill(4096);
  run(state, bed, 4096);
}
BENCHMARK(mar_at_hand)->Unit(benchmark::kMillisecond);

void mar_from_the_store(benchmark::State& state) {
  Bed bed(1024);
  bed.fill(subscribers());
  run(state, bed, subscribers());
}
BENCHMARK(mar_from_the_store)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace claviger::subscriber
