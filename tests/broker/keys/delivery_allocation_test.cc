// What a delivery of keys that are there takes of the heap, and how often the keys are copied: nothing, and once, from the
// store's block into the slab that leaves. The engine is the real one; what RocksDB takes inside of itself is counted apart.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <string.h>

#include "bench/allocation_count.h"
#include "storage/rocks/engine.h"
#include "tests/broker/keys/kms_bed.h"

namespace {

thread_local bool is_counting = false;
std::uint64_t allocations = 0;
std::uint64_t engine_allocations = 0;
std::uint64_t copies = 0;
// Something of what must not be copied: the sealed record's middle, a secret in hex.
constexpr std::size_t kMarkBytes = 32;
char sealed_mark[kMarkBytes];
char open_mark[kMarkBytes];

void count(const void* caller) {
  Dl_info info{};
  const bool is_engine = dladdr(caller, &info) != 0 && strstr(info.dli_fname, "librocksdb") != nullptr;
  ++(is_engine ? engine_allocations : allocations);
}

void set_counting(bool is_on) {
  is_counting = is_on;
  claviger::bench::set_allocation_observer(is_on ? &count : nullptr);
}

[[gnu::noinline]] void look_at_copy(const void* from, std::size_t size) {
  is_counting = false;
  if (memmem(from, size, sealed_mark, kMarkBytes) != nullptr || memmem(from, size, open_mark, kMarkBytes) != nullptr)
    ++copies;
  is_counting = true;
}

}  // namespace

// In place of the library's, for our code and for what it is linked with.
extern "C" [[gnu::noinline]] void* memcpy(void* __restrict to, const void* __restrict from, std::size_t size) noexcept {
  void* const result = to;
  if (is_counting && size >= kMarkBytes) look_at_copy(from, size);
  asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
  return result;
}
extern "C" [[gnu::noinline]] void* memmove(void* to, const void* from, std::size_t size) noexcept {
  void* const result = to;
  if (is_counting && size >= kMarkBytes) look_at_copy(from, size);
  if (static_cast<const char*>(from) >= to || static_cast<const char*>(from) + size <= to) {
    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
  } else {
    to = static_cast<char*>(to) + size - 1;
    from = static_cast<const char*>(from) + size - 1;
    asm volatile("std; rep movsb; cld" : "+D"(to), "+S"(from), "+c"(size) : : "memory", "cc");
  }
  return result;
}

namespace claviger::keys {
namespace {

std::unique_ptr<storage::Store> open_store(const std::string& folder, runtime::Shards& shards, const Clock& clock,
                                           Logger& logger) {
  storage::rocks::Options options;
  options.directory = folder + "/store";
  options.tables = broker::table_options();
  auto opened = storage::rocks::open(std::move(options), shards, clock, logger);
  EXPECT_TRUE(opened.has_value());
  return *std::move(opened);
}

class Bed : public KmsBed {
 public:
  Bed() : KmsBed({}, open_store) {}
  // Into table files: records that were just written come from the memtable, which copies them.
  void flush() { EXPECT_TRUE(own_store_->checkpoint(folder_ + "/copy").has_value()); }
  storage::Store& rocks() { return *own_store_; }
};

TEST(DeliveryAllocation, NoneAndOnePassOverTheKeys) {
  Bed bed;
  const identity::Reply first = bed.post("keyprov");
  ASSERT_EQ(first.status, 200) << first.body;
  bed.flush();
  ASSERT_EQ(bed.post("keyprov").body, first.body);  // the block is in the cache now
  const auto rows = bed.wait(bed.rocks().range(broker::tables::kKmsUserKeys, "", "", 1));
  ASSERT_TRUE(rows.has_value() && rows->size() == 1);
  const std::string_view sealed = rows->front().value.text();
  std::copy_n(sealed.data() + sealed.size() / 2, kMarkBytes, sealed_mark);
  const std::string ssk = element_of(first.body, "UserSigningKeySSK");
  ASSERT_EQ(ssk.size(), 64U);
  std::copy_n(ssk.data(), kMarkBytes, open_mark);

  identity::Sent sent{http::Method::Post, std::string(kRootPath) + "keyprov", {}, {}};
  sent.fields.emplace_back(http::Field::Authorization, "Bearer " + bed.token());
  const http::InlineHandler* handler = bed.inline_handler(http::Method::Post, sent.target);
  ASSERT_NE(handler, nullptr);
  const http::PathValues values{"keyprov"};
  http::Request request = bed.request(sent);
  request.path_values = &values;
  constexpr int kWarm = 100;
  constexpr int kCounted = 1000;
  int good = 0;
  bool is_one_slab = true;
  bed.run_until([&, turn = 0]() mutable {
    if (turn++ != 1) return turn > 2;
    for (int i = 0; i < kWarm + kCounted; ++i) {
      set_counting(i >= kWarm);
      const auto response = (*handler)(request);
      set_counting(false);
      if (!response || response->status != 200) continue;
      ++good;
      is_one_slab = is_one_slab && response->body.index() == 0 && http::text_of(response->body) == first.body;
    }
    return false;
  });
  EXPECT_EQ(good, kWarm + kCounted);
  EXPECT_TRUE(is_one_slab);
  EXPECT_EQ(allocations, 0U);
  EXPECT_EQ(copies, 0U);
  EXPECT_LE(engine_allocations, 4U * kCounted);  // iterators of its own over index and block
  // The counters do count.
  set_counting(true);
  char* volatile copy = new char[256];
  volatile std::size_t size = kMarkBytes;  // not known to the compiler, which would do without a call
  memcpy(copy, sealed.data() + sealed.size() / 2, size);
  set_counting(false);
  delete[] copy;
  EXPECT_EQ(allocations, 1U);
  EXPECT_EQ(copies, 1U);
}

}  // namespace
}  // namespace claviger::keys
