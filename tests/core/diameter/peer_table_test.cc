#include "core/diameter/peer_table.h"

#include <gtest/gtest.h>

#include "core/diameter/avp.h"

namespace claviger::diameter {
namespace {

struct DiameterRoutes : testing::Test {
  std::shared_ptr<PeerEntry> add(const std::string& identity, std::vector<RealmRoute> routes, bool is_usable = true) {
    PeerOptions options;
    options.identity = identity;
    options.routes = std::move(routes);
    auto entry = std::make_shared<PeerEntry>(entries.size(), options);
    if (is_usable) {
      entry->shard = 0;
      entry->state = PeerState::Okay;
      entry->applications[0] = 7;
      entry->application_count = 1;
    }
    entries.push_back(entry);
    return entry;
  }
  std::string route(std::string_view host, std::string_view realm, std::uint32_t application = 7,
                    const PeerEntry* tried = nullptr, std::uint64_t random = 0) {
    const auto found = PeerTable(entries).route({host, realm, application, tried, nullptr, random});
    return found ? (*found)->identity : std::string(name_of(found.error().code));
  }
  std::vector<std::shared_ptr<PeerEntry>> entries;
};

TEST_F(DiameterRoutes, ByHostThenByRealm) {
  add("A.example", {{"One.example", 1, 1}});
  add("b.example", {});
  add("d.example", {{"*", 1, 1}});
  EXPECT_EQ(route("B.EXAMPLE", "one.example"), "b.example");
  EXPECT_EQ(route("nobody.example", "ONE.example"), "a.example");
  EXPECT_EQ(route("", "other.example"), "d.example");
  EXPECT_EQ(route("nobody.example", ""), "DestinationUnknown");
  entries.pop_back();
  EXPECT_EQ(route("", "other.example"), "RealmUnknown");
  EXPECT_EQ(route("", std::string(300, 'x')), "RealmUnknown");
}

TEST_F(DiameterRoutes, ByPriorityHealthAndWeight) {
  const auto first = add("first.example", {{"r", 1, 3}});
  const auto also = add("also.example", {{"r", 1, 1}});
  const auto last = add("last.example", {{"r", 9, 0}});
  int firsts = 0;
  for (std::uint64_t random = 0; random < 400; ++random)
    firsts += route("", "r", 7, nullptr, random) == "first.example";
  EXPECT_EQ(firsts, 300);
  EXPECT_EQ(route("", "r", 7, first.get()), "also.example");
  for (const PeerState state : {PeerState::Suspect, PeerState::Reopen, PeerState::Down}) {
    first->state = state;
    EXPECT_EQ(route("", "r"), "also.example");
  }
  also->is_leaving = true;
  EXPECT_EQ(route("", "r"), "last.example");  // of weight 0: when no other is there
  EXPECT_EQ(route("also.example", "r"), "last.example");
  last->shard = PeerEntry::kNowhere;
  EXPECT_EQ(route("", "r"), "Unreachable");
  EXPECT_EQ(route("last.example", ""), "Unreachable");
}

TEST_F(DiameterRoutes, OnlyToWhoHasTheApplication) {  // RFC 6733 clause 2.7
  const auto peer = add("a.example", {{"r", 1, 1}});
  EXPECT_EQ(route("", "r", 8), "Unreachable");
  peer->applications[0] = kRelayApplication;
  EXPECT_EQ(route("", "r", 8), "a.example");
}

}  // namespace
}  // namespace claviger::diameter
