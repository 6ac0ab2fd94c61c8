#include "core/diameter/overload.h"

#include <gtest/gtest.h>

#include "tests/core/diameter/message_samples.h"

namespace claviger::diameter {
namespace {

using namespace samples;
using namespace std::chrono_literals;

std::string sequence(char number) { return avp_of(avp::kOcSequenceNumber, std::string(7, '\0') + number); }

struct DiameterOverload : testing::Test {
  std::optional<OverloadReport> read(const std::string& olr) {
    const std::string origin = avp_of(avp::kOriginHost, "Host.example") + avp_of(avp::kOriginRealm, "Realm.example");
    return read_report(Message(slice(pool, message(Header{}, origin + olr))));
  }
  SlabPool pool;
  OverloadTable table;
  Monotonic now{1000s};
};

TEST_F(DiameterOverload, ReportsAreRead) {  // RFC 7683 clause 7.3
  EXPECT_FALSE(read(""));
  EXPECT_FALSE(read(avp_of(avp::kOcOlr, avp_u32(avp::kOcReportType, 0))));  // no sequence
  EXPECT_FALSE(read(avp_of(avp::kOcOlr, sequence(1))));                     // no type
  EXPECT_FALSE(read(avp_of(avp::kOcOlr, sequence(1) + avp_u32(avp::kOcReportType, 5))));
  const auto host = read(
      avp_of(avp::kOcOlr, sequence(1) + avp_u32(avp::kOcReportType, 0) + avp_u32(avp::kOcReductionPercentage, 150)));
  ASSERT_TRUE(host);
  EXPECT_EQ(host->name, "host.example");
  EXPECT_EQ(host->reduction, 100U);
  EXPECT_EQ(host->validity, 30s);
  const auto realm = read(
      avp_of(avp::kOcOlr, sequence(2) + avp_u32(avp::kOcReportType, 1) + avp_u32(avp::kOcValidityDuration, 1'000'000)));
  ASSERT_TRUE(realm);
  EXPECT_TRUE(realm->is_realm);
  EXPECT_EQ(realm->name, "realm.example");
  EXPECT_EQ(realm->validity, kOverloadValidityMax);
}

TEST_F(DiameterOverload, ANewSequenceReplacesAndZeroEnds) {
  EXPECT_TRUE(table.take({"h", false, 1, 100, 30s}, now));
  EXPECT_TRUE(table.sheds("H", "", 10, 99, now));
  EXPECT_FALSE(table.sheds("other", "", 10, 0, now));
  EXPECT_FALSE(table.take({"h", false, 1, 10, 30s}, now));  // not newer
  EXPECT_TRUE(table.take({"h", false, 2, 10, 30s}, now));
  EXPECT_FALSE(table.sheds("h", "", 10, 50, now));
  EXPECT_TRUE(table.sheds("h", "", 10, 9, now));
  EXPECT_FALSE(table.sheds("h", "", 10, 9, now + 31s));  // no longer valid
  EXPECT_TRUE(table.empty());
  EXPECT_TRUE(table.take({"r", true, 1, 100, 30s}, now));
  EXPECT_TRUE(table.sheds("anybody", "R", 10, 99, now));
  EXPECT_TRUE(table.take({"r", true, 2, 0, 0s}, now));
  EXPECT_TRUE(table.empty());
}

// A sequence number that nothing exceeds: the report ends with the peer's life or with its connection.
TEST_F(DiameterOverload, ANewLifeCountsAnew) {  // RFC 6733 clause 8.16
  constexpr std::uint64_t kLast = ~std::uint64_t{0};
  EXPECT_TRUE(table.take({"r", true, kLast, 100, 30s, 5, 1}, now));
  EXPECT_FALSE(table.take({"r", true, 1, 10, 30s, 4, 1}, now));
  EXPECT_FALSE(table.take({"r", true, 1, 10, 30s, 0, 1}, now));
  EXPECT_TRUE(table.take({"r", true, 1, 10, 30s, 6, 1}, now));
  EXPECT_FALSE(table.sheds("anybody", "r", 10, 50, now));
  EXPECT_TRUE(table.take({"s", true, kLast, 100, 30s, 0, 2}, now));
  table.forget(1);
  EXPECT_FALSE(table.sheds("anybody", "r", 10, 0, now));
  EXPECT_TRUE(table.sheds("anybody", "s", 10, 0, now));
  table.forget(2);
  EXPECT_TRUE(table.empty());
}

TEST_F(DiameterOverload, ReportsAreOfWhomTheyConcern) {  // RFC 7683 clauses 5.2.1.3 and 10.2
  auto peer_of = [n = std::size_t{0}](const char* identity, const char* route) mutable {
    PeerOptions options;
    options.identity = identity;
    options.routes = {{route, 1, 1}};
    return std::make_shared<PeerEntry>(n++, options);
  };
  const auto alpha = peer_of("hss.alpha.example", "Alpha.example");
  const auto charlie = peer_of("dra.charlie.example", "charlie.example");
  const auto rest = peer_of("dra.example", "*");
  const PeerTable peers(std::vector{alpha, charlie, rest});
  const auto may = [&](const char* name, bool is_realm, const PeerEntry& peer, const char* host, const char* realm) {
    return may_report({name, is_realm, 1, 100, 30s}, peer, peers, host, realm);
  };
  EXPECT_TRUE(may("alpha.example", true, *alpha, "", "alpha.EXAMPLE"));
  EXPECT_FALSE(may("alpha.example", true, *charlie, "", "charlie.example"));  // it was asked for another
  EXPECT_FALSE(may("alpha.example", true, *charlie, "dra.charlie.example", "alpha.example"));  // it does not serve it
  EXPECT_FALSE(may("alpha.example", true, *rest, "", "alpha.example"));  // the rest is what nobody else serves
  EXPECT_TRUE(may("delta.example", true, *rest, "", "delta.example"));
  EXPECT_TRUE(may("hss.alpha.example", false, *alpha, "", "alpha.example"));
  EXPECT_FALSE(may("hss.alpha.example", false, *charlie, "", "charlie.example"));
  EXPECT_FALSE(may("hss.alpha.example", false, *charlie, "hss.alpha.example", "charlie.example"));  // tells us itself
  EXPECT_TRUE(may("hss.charlie.example", false, *charlie, "HSS.charlie.example", "charlie.example"));
  EXPECT_FALSE(may("other.charlie.example", false, *charlie, "hss.charlie.example", "charlie.example"));
}

TEST_F(DiameterOverload, TheLeastImportantGoFirst) {
  EXPECT_EQ(shed_share(50, 10), 50U);
  EXPECT_LT(shed_share(50, 0), 5U);
  EXPECT_GT(shed_share(50, 15), 70U);
  EXPECT_EQ(shed_share(100, 15), 100U);
  EXPECT_EQ(room_for(0, 1000), 1000U);
  EXPECT_EQ(room_for(15, 1000), 500U);
}

TEST_F(DiameterOverload, IsBounded) {
  for (std::size_t i = 0; i < kOverloadReportsMax; ++i) {
    EXPECT_TRUE(table.take({std::to_string(i), false, 1, 50, 30s}, now));
  }
  EXPECT_FALSE(table.take({"one more", false, 1, 50, 30s}, now));
  EXPECT_TRUE(table.take({"one more", false, 1, 50, 30s}, now + 31s));
}

TEST_F(DiameterOverload, OursIsToldWhileItLastsAndThenThatItIsOver) {  // RFC 7683 clauses 5.1.2, 5.2.1.4
  OwnOverload own;
  WallTime wall{1000s};
  const auto written = [&] {
    Header header = request_header(7, 8);
    const Message asked(slice(pool, message(header, avp_of(avp::kSessionId, "s"))));
    MessageBuilder builder = MessageBuilder::answer(pool, asked);
    builder.origin("us", "realm");
    own.write(builder, now);
    return Message(*builder.finish());
  };
  own.observe(OwnOverload::kAtEase, now, wall);
  const Message at_ease = written();
  const auto features = at_ease.find(avp::kOcSupportedFeatures);
  ASSERT_TRUE(features);
  EXPECT_EQ(features->data().size(), kLossAlgorithmOnly.size());
  EXPECT_TRUE(std::ranges::equal(features->data(), kLossAlgorithmOnly));
  EXPECT_FALSE(at_ease.find(avp::kOcOlr));
  own.observe(OwnOverload::kAtEase + 100, now, wall);
  const auto first = read_report(written());
  ASSERT_TRUE(first);
  EXPECT_EQ(first->name, "us");
  EXPECT_EQ(first->reduction, 40U);
  EXPECT_EQ(first->validity, OwnOverload::kValidity);
  own.observe(OwnOverload::kWhole * 2, now, wall);
  const auto full = read_report(written());
  ASSERT_TRUE(full);
  EXPECT_EQ(full->reduction, 100U);
  EXPECT_GT(full->sequence, first->sequence);
  ASSERT_TRUE(table.take(*full, now));
  own.observe(0, now, wall);
  const auto over = read_report(written());
  ASSERT_TRUE(over);
  EXPECT_TRUE(table.take(*over, now));
  EXPECT_TRUE(table.empty());
  now += OwnOverload::kValidity + 1s;
  EXPECT_FALSE(written().find(avp::kOcOlr));
}

}  // namespace
}  // namespace claviger::diameter
