// The row that looks after a binding's publication: one of each, whatever its client sends (RFC 3903 clauses 4.1 and 4.5).
#include <gtest/gtest.h>

#include "broker/registration/publication_timer.h"
#include "broker/tables.h"
#include "storage/outbox_row.h"
#include "tests/broker/registration/registration_bed.h"

namespace claviger::registration {
namespace {

std::vector<storage::OutboxRow> rows_of(RegistrationBed& bed, std::string_view prefix) {
  std::vector<storage::OutboxRow> found;
  const auto records = bed.wait(bed.context()->store.range(broker::tables::kOutbox, "", "", storage::kRangeMax));
  EXPECT_TRUE(records);
  for (const storage::Record& record : *records) {
    auto row = storage::decode_outbox_row(record.key, record.value.bytes());
    EXPECT_TRUE(row);
    if (row && row->id.starts_with(prefix)) found.push_back(*std::move(row));
  }
  return found;
}

std::vector<storage::OutboxRow> publication_timers(RegistrationBed& bed) { return rows_of(bed, kPublicationTimer); }

bool look_at(RegistrationBed& bed, const storage::OutboxRow& row) {
  const auto timer = read_publication_timer(row.payload);
  return timer && bed.wait(look_at_publication(bed.registrar(), *timer, row.due_first));
}

PublishRequest refresh_of(const std::string& etag, std::uint32_t expires) {
  PublishRequest refresh;
  refresh.impu = kImpu;
  refresh.if_match = etag;
  refresh.expires = expires;
  return refresh;
}

// RFC 3903 clause 4.5: it was gone, and nobody was told before something else changed.
TEST(PublicationTimer, TellsSubscribersThatItRanOut) {
  RegistrationBed bed;
  EXPECT_EQ(bed.register_at(), Code::Closed);
  PublishRequest first = bed.publication();
  first.authorisation = bed.authorisation("c");
  first.expires = 120;
  const auto published = bed.publish_it(first);
  ASSERT_TRUE(published);
  const auto timers = publication_timers(bed);
  ASSERT_EQ(timers.size(), 1U);
  EXPECT_EQ(timers.front().due, bed.now() + 120);
  bed.advance(100);
  const auto refreshed = bed.publish_it(refresh_of(published->etag, 200));
  ASSERT_TRUE(refreshed);
  const std::size_t told = rows_of(bed, kTellResource).size();
  EXPECT_EQ(publication_timers(bed).size(), 1U);
  bed.advance(21);
  ASSERT_TRUE(look_at(bed, timers.front()));
  EXPECT_EQ(bed.binding("c").etag, refreshed->etag) << "one that was refreshed has not run out";
  EXPECT_EQ(rows_of(bed, kTellResource).size(), told);
  const storage::OutboxRow second = publication_timers(bed).back();
  EXPECT_EQ(second.due, bed.now() + 179) << "it is looked at again when it ends";
  bed.advance(180);
  ASSERT_TRUE(look_at(bed, second));
  EXPECT_EQ(bed.binding("c").etag, "");
  EXPECT_TRUE(bed.has_access("c")) << "the binding ends by itself";
  EXPECT_EQ(rows_of(bed, kTellResource).size(), told + 1);
  ASSERT_TRUE(look_at(bed, second)) << "done twice is done";
  EXPECT_EQ(rows_of(bed, kTellResource).size(), told + 1);
  EXPECT_TRUE(read_publication_timer("a\0b").failed_with(Code::Corrupt));
}

// A peer's requests do not make the outbox grow: a client that refreshes has one row, one that ended or moved away none.
TEST(PublicationTimer, IsOneRowOfABinding) {
  RegistrationBed bed;
  EXPECT_EQ(bed.register_at(), Code::Closed);
  auto published = bed.authorise("c");
  ASSERT_TRUE(published);
  for (std::uint32_t i = 0; i < 10; ++i) {
    bed.advance(1);
    published = bed.publish_it(refresh_of(published->etag, 3600));
    ASSERT_TRUE(published);
  }
  ASSERT_EQ(publication_timers(bed).size(), 1U);
  for (std::uint32_t i = 1; i <= 10; ++i) {
    published = bed.publish_it(refresh_of(published->etag, 1000 - i));
    ASSERT_TRUE(published);
  }
  ASSERT_EQ(publication_timers(bed).size(), 1U);
  EXPECT_EQ(publication_timers(bed).front().due, bed.now() + 990) << "in time for one that ends earlier";
  bed.advance(1);
  EXPECT_TRUE(bed.authorise("c")) << "a new one in its place";
  EXPECT_EQ(publication_timers(bed).size(), 1U);
  constexpr std::string_view kOther = "sip:ann.mobile@ims.alpha.example";
  EXPECT_EQ(bed.register_at(3600, kOther), Code::Closed);
  PublishRequest elsewhere = bed.publication(kOther);
  elsewhere.authorisation = bed.authorisation("c");
  published = bed.publish_it(elsewhere);
  ASSERT_TRUE(published);
  ASSERT_EQ(publication_timers(bed).size(), 1U) << "the client is at another identity now";
  EXPECT_EQ(read_publication_timer(publication_timers(bed).front().payload)->impu, kOther);
  PublishRequest log_off = bed.publication(kOther);
  log_off.if_match = published->etag;
  log_off.expires = 0;
  EXPECT_TRUE(bed.publish_it(log_off));
  EXPECT_EQ(publication_timers(bed).size(), 0U);
}

// Rows and bindings as they were when each publication had a row: the current one's is heard, a former one's is not.
TEST(PublicationTimer, HearsRowsOfTheFormerForm) {
  RegistrationBed bed;
  EXPECT_EQ(bed.register_at(), Code::Closed);
  const auto published = bed.authorise("c");
  ASSERT_TRUE(published);
  const std::int64_t due = publication_timers(bed).front().due;
  PublicationTimer timer{std::string(kImpu), bed.binding("c").name, "former"};
  bed.advance(due - bed.now());
  EXPECT_TRUE(bed.wait(look_at_publication(bed.registrar(), timer, due)));
  EXPECT_EQ(bed.binding("c").etag, published->etag);
  timer.etag = published->etag;
  EXPECT_TRUE(bed.wait(look_at_publication(bed.registrar(), timer, due)));
  EXPECT_EQ(bed.binding("c").etag, "");
}

}  // namespace
}  // namespace claviger::registration
