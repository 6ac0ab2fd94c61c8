// A partner whose revocation feed is away: how often it is asked, and what makes it asked at once.
#include "broker/tables.h"
#include "core/http/server.h"
#include "tests/broker/partners/partner_bed.h"
#include "tests/core/net/certificates.h"

namespace claviger::partners {
namespace {

// "bravo" answers over HTTPS, on the same shard: its keys always, its feed when it is up.
struct FeedBed : PartnerBed {
  FeedBed() {
    auto made = std::make_shared<http::Router>();
    made->add({http::Method::Get, "/jwks", 0, {}, [this](const http::Request&) {
                 return std::optional(http::Response(200, "application/json", std::string(bravo.jwks())));
               }});
    made->add({http::Method::Get, "/feed", 0, {}, [this](const http::Request&) {
                 ++asked;
                 if (!is_up) return std::optional(http::Response(503));
                 return std::optional(
                     http::Response(200, "application/json", std::string(R"({"next":7,"changes":[]})")));
               }});
    http::ListenerOptions options;
    options.address = *net::Address::parse("127.0.0.1:0");
    options.router = std::move(made);
    options.tls = net::server_context();
    const auto listening = server.listen(std::move(options));
    EXPECT_TRUE(listening);
    const std::string origin = "https://" + listening->address.text();
    // As it is stored; no client_id of ours there: this bed seals no secret.
    Partner partner;
    partner.name = bravo.name;
    partner.issuer = bravo.issuer;
    partner.jwks_uri = origin + "/jwks";
    partner.revocations_uri = origin + "/feed";
    partner.ca_pem = net::test_ca().certificate_pem();
    storage::Transaction change;
    change.put(broker::tables::kPartners, partner_key("alpha", bravo.name), as_bytes(encode_partner(partner)));
    EXPECT_TRUE(wait(context()->store.commit(std::move(change))));
    EXPECT_TRUE(wait(partners.reload()));
  }
  ~FeedBed() {
    partners.stop();
    run_turns(4);
    bool is_drained = false;
    server.drain(Milliseconds(0), [&] { is_drained = true; });
    clock().advance(Seconds(1));
    run_until([&] { return is_drained; });
    run_turns(4);
  }

  // Until the feed was asked once more, and what it said was heard.
  void hear(std::size_t before) {
    run_until([&] { return asked > before; });
    run_turns(kQuietTurns);
    EXPECT_EQ(asked, before + 1);
  }
  static constexpr int kQuietTurns = 2000;

  OtherSystem bravo{"bravo"};
  http::Server server{shards_};
  std::size_t asked = 0;
  bool is_up = false;
};

// What it revokes meanwhile is not known here: never more than eight seconds after one that failed, however many have.
TEST(PartnerFeed, IsAskedAgainWithinEightSeconds) {
  FeedBed bed;
  bed.hear(0);
  for (const int pause : {1, 2, 4, 8, 8, 8, 8, 8, 8}) {
    const std::size_t before = bed.asked;
    bed.clock().advance(Seconds(pause) - Milliseconds(100));
    bed.run_turns(FeedBed::kQuietTurns);
    EXPECT_EQ(bed.asked, before) << "doubled each time: " << pause;
    bed.clock().advance(Milliseconds(200));
    bed.hear(before);
  }
}

TEST(PartnerFeed, IsAskedAtOnceWhenItsKeysCame) {
  FeedBed bed;
  bed.hear(0);
  for (const int pause : {1, 2, 4}) {
    const std::size_t before = bed.asked;
    bed.clock().advance(Seconds(pause) + Milliseconds(100));
    bed.hear(before);
  }
  const std::size_t before = bed.asked;
  bed.clock().advance(Seconds(2));
  bed.run_turns(FeedBed::kQuietTurns);
  ASSERT_EQ(bed.asked, before) << "the next try is due in eight seconds";
  // The operator: `partner refresh`.
  bed.is_up = true;
  ASSERT_TRUE(bed.wait(bed.partners.refresh_keys(bed.context(), "alpha", "bravo")));
  bed.clock().advance(Milliseconds(1100));
  bed.hear(before);
  const auto figures = bed.wait(bed.partners.figures());
  ASSERT_TRUE(figures);
  ASSERT_EQ(figures->size(), 1U);
  EXPECT_EQ(figures->front().feed_error, "");
  EXPECT_NE(figures->front().feed_heard_at, 0);
}

}  // namespace
}  // namespace claviger::partners
