// Operators' connections are spread over the shards: what they say is written where it comes in.
#include <gtest/gtest.h>

#include <future>

#include "broker/administration/acm.h"
#include "tests/broker/identity/testbed.h"

namespace claviger::administration {
namespace {

class TwoShards : public identity::ManyShards {
 public:
  TwoShards() : ManyShards(2) {}

  partners::Partners partners{contexts_};
  Acm acm{contexts_, partners};
};

runtime::Task<Result<std::int64_t>> put(Acm* acm) {
  AcmClient chief;
  chief.id = "sip:chief@here.example";
  CLAVIGER_CO_TRY(client, co_await acm->put_client("alpha", chief));
  AcmPartner partner;
  partner.system = "home.example";
  partner.own_system = "here.example";
  partner.partner = "home";
  partner.domains = {"home.example"};
  CLAVIGER_CO_TRY(kept, co_await acm->put_partner("alpha", std::move(partner), nullptr));
  CLAVIGER_CO_TRY(clients, co_await acm->list_clients("alpha"));
  CLAVIGER_CO_TRY(partners, co_await acm->list_partners("alpha"));
  EXPECT_EQ(clients.front().created_at, partners.front().created_at);
  co_return clients.front().created_at;
}

// A shard's clock is read once a turn and without a lock: the other's is nobody's but its own.
TEST(AcmShards, AChangeIsDatedByTheShardThatItComesTo) {
  TwoShards bed;
  std::promise<void> is_in_its_turn, may_end;
  auto end = may_end.get_future();
  bed.shard(0).mailbox().post_control([&] {
    bed.shard(0).wall();
    is_in_its_turn.set_value();
    end.wait();
  });
  is_in_its_turn.get_future().wait();
  bed.clock().advance(Seconds{1000});
  const std::int64_t now = numeric_date(bed.clock().wall());
  auto dated = bed.begin_on(1, [&bed] { return put(&bed.acm); });
  const bool is_done = dated.wait_for(std::chrono::seconds(20)) == std::future_status::ready;
  may_end.set_value();
  EXPECT_TRUE(is_done) << "it waits for the other shard";
  const auto at = dated.get();
  ASSERT_TRUE(at) << at.error().where;
  EXPECT_EQ(*at, now);
}

}  // namespace
}  // namespace claviger::administration
