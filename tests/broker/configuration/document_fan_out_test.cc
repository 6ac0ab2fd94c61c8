// A change that very many watch, page by page, with watchers that are records and hear what a test lets them hear.
#include "broker/configuration/document_fan_out.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>

#include "broker/configuration/document_subscription.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "storage/outbox_row.h"
#include "tests/broker/registration/registration_bed.h"

namespace claviger::configuration {
namespace {

namespace tables = broker::tables;

const std::string kPath = "org.3gpp.mcptt.service-config/global/org1/service-config.xml";
const std::string kOtherPath = "org.3gpp.mcptt.service-config/global/org2/service-config.xml";

class FanOutBed : public registration::RegistrationBed {
 public:
  FanOutBed() { restart(); }

  // As after SIGKILL: what is not in the store is gone.
  void restart() {
    fan_out_.emplace(
        *registrar(), [this](std::string tag) { return tell(this, std::move(tag)); },
        [](storage::Transaction& change, std::string_view tag, std::int64_t due) {
          storage::put_outbox_row(change, tables::kOutbox, due, "again." + std::string(tag), as_bytes(tag));
        });
  }
  void watch(std::size_t count, const std::string& path = kPath, const std::string& first = "t") {
    storage::Transaction change;
    for (std::size_t i = 0; i < count; ++i) {
      DocumentSubscription one;
      one.dialog.local_tag = first + std::to_string(100'000 + i);
      one.watched = {path};
      one.identity = "sip:somebody@alpha.example";
      put(change, "alpha", one);
    }
    EXPECT_TRUE(wait(store().commit(std::move(change))));
  }
  Result<Unit> begin(const std::string& path = kPath) { return wait(fan_out_->begin(context(), path)); }
  // One page; time goes on by what it waits. False: there was none.
  bool tell_page() {
    std::optional<Result<bool>> outcome;
    begin_task(fan_out_->tell_next(), &outcome);
    while (!outcome) {
      clock().advance(Milliseconds(5));
      run_turns(1);
    }
    EXPECT_TRUE(*outcome);
    return *outcome && **outcome;
  }
  std::size_t tell_pages() {
    std::size_t pages = 0;
    while (tell_page()) ++pages;
    return pages;
  }
  std::optional<FanOutWalk> walk(const std::string& path = kPath) {
    const auto value = wait(store().get(tables::kDocumentSubscriptions, walk_key("alpha", path)));
    if (!value) return std::nullopt;
    const auto decoded = decode_walk(*value, path);
    EXPECT_TRUE(decoded);
    return *decoded;
  }
  std::vector<storage::OutboxRow> rows() {
    std::vector<storage::OutboxRow> found;
    const auto all = wait(store().range(tables::kOutbox, "", "", storage::kRangeMax));
    EXPECT_TRUE(all);
    for (const storage::Record& each : *all) {
      const auto row = storage::decode_outbox_row(each.key, each.value.bytes());
      if (row && row->id.starts_with("again.")) found.push_back(*row);
    }
    return found;
  }
  DocumentFanOut& fan_out() { return *fan_out_; }

  std::map<std::string, int> told;  // dialog -> how often
  std::string deaf;                 // has no answer
  std::string mute;                 // has none in time
  std::function<void(const std::string&)> on_tell;

 private:
  static runtime::Task<Result<Unit>> tell(FanOutBed* bed, std::string tag) {
    ++bed->told[tag];
    if (bed->on_tell) bed->on_tell(tag);
    if (tag == bed->deaf) co_return Error{Code::Refused, "deaf"};
    if (tag == bed->mute) co_await bed->shard().wait_until(bed->shard().now() + Seconds(30));
    co_return Unit{};
  }
  std::optional<DocumentFanOut> fan_out_;
};

TEST(FanOutWalk, GoesAroundOnceForWhatIsNewer) {
  FanOutWalk walk;
  EXPECT_TRUE(walk.advance("d", true));
  EXPECT_EQ(walk.cursor, "d");
  walk.begin_again();
  EXPECT_TRUE(walk.goes_around);
  EXPECT_TRUE(walk.advance("h", true));
  walk.begin_again();
  EXPECT_EQ(walk.until, "h") << "from where it stands, not from where the former change found it";
  EXPECT_TRUE(walk.advance("", false)) << "the end, and on from the first";
  EXPECT_EQ(walk.cursor, "");
  EXPECT_FALSE(walk.goes_around);
  EXPECT_TRUE(walk.advance("d", true));
  EXPECT_FALSE(walk.advance("h", true)) << "around";
  FanOutWalk fresh;
  fresh.begin_again();
  EXPECT_TRUE(fresh.until.empty() && !fresh.goes_around) << "nobody was told yet";
  EXPECT_FALSE(fresh.advance("d", false));
}

TEST(FanOutWalk, LiesInARecord) {
  FanOutBed bed;
  storage::Transaction change;
  FanOutWalk walk{"c", "u", true, 0};
  change.put(tables::kDocumentSubscriptions, walk_key("alpha", kPath), as_bytes(encode(walk)));
  change.put(tables::kDocumentSubscriptions, walk_key("alpha", kOtherPath), as_bytes(std::string_view("rubbish")));
  ASSERT_TRUE(bed.wait(bed.store().commit(std::move(change))));
  const auto read = bed.walk();
  ASSERT_TRUE(read);
  EXPECT_EQ(read->cursor, "c");
  EXPECT_EQ(read->until, "u");
  EXPECT_TRUE(read->goes_around);
  EXPECT_NE(read->version, 0U);
  bed.watch(2, kOtherPath);
  EXPECT_GT(bed.tell_pages(), 0U);
  EXPECT_EQ(bed.told.size(), 2U) << "a record that cannot be read is walked whole, and is gone then";
  const auto rubbish = bed.wait(bed.store().get(tables::kDocumentSubscriptions, walk_key("alpha", kOtherPath)));
  EXPECT_TRUE(rubbish.failed_with(Code::NotFound));
}

TEST(DocumentFanOut, FewHaveRowsOfTheirOwn) {
  FanOutBed bed;
  EXPECT_TRUE(bed.begin());
  EXPECT_TRUE(bed.rows().empty()) << "nobody watches";
  bed.watch(kFanOutPage - 1);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bed.begin());
  EXPECT_EQ(bed.rows().size(), kFanOutPage - 1) << "one each, for three changes of one second";
  EXPECT_FALSE(bed.walk());
}

TEST(DocumentFanOut, ManyAreToldPageByPageAtAPace) {
  FanOutBed bed;
  constexpr std::size_t kWatchers = 3 * kFanOutPage + 7;
  bed.watch(kWatchers);
  bed.deaf = "t100300";
  bed.mute = "t100301";
  EXPECT_TRUE(bed.begin());
  EXPECT_TRUE(bed.walk()) << "one record, however many they are";
  EXPECT_TRUE(bed.rows().empty());
  const Monotonic begun = bed.clock().monotonic();
  EXPECT_EQ(bed.tell_pages(), 4U);
  const auto taken = bed.clock().monotonic() - begun;
  EXPECT_GE(taken, std::chrono::microseconds(1'000'000 * 3 * kFanOutPage / kFanOutPerSecond))
      << "three pages went before";
  EXPECT_EQ(bed.told.size(), kWatchers);
  EXPECT_TRUE(std::ranges::all_of(bed.told, [](const auto& each) { return each.second == 1; }));
  const auto again = bed.rows();
  ASSERT_EQ(again.size(), 2U);
  EXPECT_EQ(again.front().payload, bed.deaf) << "who did not hear has a row of his own";
  EXPECT_EQ(again.back().payload, bed.mute) << "and so has who is slow; the others did not wait for him";
  EXPECT_FALSE(bed.walk());
  EXPECT_FALSE(bed.tell_page());
}

TEST(DocumentFanOut, AThousandChangesAreOneWalk) {
  FanOutBed bed;
  bed.watch(2 * kFanOutPage);
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(bed.begin());
  EXPECT_EQ(bed.tell_pages(), 3U) << "the last page is empty";
  EXPECT_EQ(bed.told.size(), 2 * kFanOutPage);
  EXPECT_TRUE(std::ranges::all_of(bed.told, [](const auto& each) { return each.second == 1; }));
}

// Who was told before the newer change is told once more, and nobody waits for a walk from the beginning.
TEST(DocumentFanOut, ANewerChangeGoesAroundOnce) {
  FanOutBed bed;
  constexpr std::size_t kWatchers = 3 * kFanOutPage + 5;
  bed.watch(kWatchers);
  EXPECT_TRUE(bed.begin());
  EXPECT_TRUE(bed.tell_page());
  const std::string cursor = bed.walk()->cursor;
  EXPECT_EQ(cursor, "t100255");
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bed.begin());
  EXPECT_EQ(bed.walk()->cursor, cursor) << "it goes on from where it stands";
  bed.tell_pages();
  EXPECT_EQ(bed.told.size(), kWatchers);
  for (const auto& [tag, times] : bed.told) EXPECT_EQ(times, tag <= cursor ? 2 : 1) << tag;
}

// A change that comes while a page is told: of that page nobody knows what he was told of.
TEST(DocumentFanOut, AChangeWithinAPageHasThatPageToldAgain) {
  FanOutBed bed;
  constexpr std::size_t kWatchers = 2 * kFanOutPage + 5;
  bed.watch(kWatchers);
  EXPECT_TRUE(bed.begin());
  EXPECT_TRUE(bed.tell_page());
  std::optional<Result<Unit>> changed;
  bed.on_tell = [&](const std::string& tag) {
    if (tag != "t100300" || changed) return;
    changed = Error{Code::Internal, "begins"};
    bed.shard().scope().spawn(storage::keep_result(bed.fan_out().begin(bed.context(), kPath), &changed));
  };
  EXPECT_TRUE(bed.tell_page());
  ASSERT_TRUE(changed && changed->has_value());
  const auto walk = bed.walk();
  ASSERT_TRUE(walk);
  EXPECT_EQ(walk->cursor, "t100511") << "it has gone on all the same, however often they come";
  EXPECT_EQ(walk->until, walk->cursor);
  EXPECT_TRUE(walk->goes_around);
  bed.tell_pages();
  EXPECT_EQ(bed.told.size(), kWatchers);
  for (const auto& [tag, times] : bed.told) EXPECT_EQ(times, tag <= "t100511" ? 2 : 1) << tag;
  EXPECT_FALSE(bed.walk());
}

// And within the last page: the walk was over, and begins anew.
TEST(DocumentFanOut, AChangeWithinTheLastPageBeginsAnew) {
  FanOutBed bed;
  bed.watch(kFanOutPage + 1);
  EXPECT_TRUE(bed.begin());
  EXPECT_TRUE(bed.tell_page());
  std::optional<Result<Unit>> changed;
  bed.on_tell = [&](const std::string&) {
    if (changed) return;
    changed = Error{Code::Internal, "begins"};
    bed.shard().scope().spawn(storage::keep_result(bed.fan_out().begin(bed.context(), kPath), &changed));
  };
  bed.tell_pages();
  EXPECT_TRUE(std::ranges::all_of(bed.told, [](const auto& each) { return each.second == 2; }));
  EXPECT_FALSE(bed.walk());
}

TEST(DocumentFanOut, GoesOnAfterAKill) {
  FanOutBed bed;
  bed.watch(3 * kFanOutPage);
  EXPECT_TRUE(bed.begin());
  EXPECT_TRUE(bed.tell_page());
  bed.restart();
  bed.call([&] { bed.fan_out().start(); });
  while (bed.walk()) {
    bed.clock().advance(Milliseconds(5));
    bed.run_turns(1);
  }
  EXPECT_EQ(bed.told.size(), 3 * kFanOutPage);
  EXPECT_TRUE(std::ranges::all_of(bed.told, [](const auto& each) { return each.second == 1; }));
  // And what comes later wakes it.
  EXPECT_TRUE(bed.begin());
  while (bed.walk()) {
    bed.clock().advance(Milliseconds(5));
    bed.run_turns(1);
  }
  EXPECT_TRUE(std::ranges::all_of(bed.told, [](const auto& each) { return each.second == 2; }));
}

// A stop in the middle of a page: nothing of it is done afterwards, and the next start tells it again.
TEST(DocumentFanOut, StopsWithinAPage) {
  FanOutBed bed;
  bed.watch(2 * kFanOutPage);
  bed.mute = "t100000";
  EXPECT_TRUE(bed.begin());
  bed.call([&] { bed.fan_out().start(); });
  while (bed.told.size() < kFanOutPage) {
    bed.clock().advance(Milliseconds(5));
    bed.run_turns(1);
  }
  bed.call([&] { bed.fan_out().stop(); });
  for (int i = 0; i < 400; ++i) {
    bed.clock().advance(Milliseconds(5));
    bed.run_turns(1);
  }
  EXPECT_EQ(bed.told.size(), kFanOutPage);
  EXPECT_TRUE(bed.rows().empty());
  ASSERT_TRUE(bed.walk());
  EXPECT_EQ(bed.walk()->cursor, "");
  bed.mute.clear();
  bed.restart();
  EXPECT_EQ(bed.tell_pages(), 3U);
  EXPECT_EQ(bed.told.size(), 2 * kFanOutPage);
}

TEST(DocumentFanOut, WalksTakeTurns) {
  FanOutBed bed;
  bed.watch(2 * kFanOutPage, kPath, "a");
  bed.watch(2 * kFanOutPage, kOtherPath, "b");
  EXPECT_TRUE(bed.begin(kPath));
  EXPECT_TRUE(bed.begin(kOtherPath));
  EXPECT_TRUE(bed.tell_page());
  EXPECT_TRUE(bed.tell_page());
  EXPECT_EQ(bed.walk(kPath)->cursor, "a100255");
  EXPECT_EQ(bed.walk(kOtherPath)->cursor, "b100255");
  EXPECT_EQ(bed.tell_pages(), 4U);
  EXPECT_EQ(bed.told.size(), 4 * kFanOutPage);
}

}  // namespace
}  // namespace claviger::configuration
