// Merged requests (RFC 3261 clause 8.2.2.2): what is another request, what is the same, and when its name is free again.
#include "core/sip/ongoing_requests.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "core/sip/request_check.h"

namespace claviger::sip {
namespace {

struct Said {
  std::string branch = "z9hG4bKa";
  std::string call_id = "c@core.example";
  std::string from_tag = ";tag=f";
  std::string to_tag{};
  std::string sequence = "1";
  std::string method = "SUBSCRIBE";
};

struct SipOngoingRequests : testing::Test {
  std::shared_ptr<OngoingRequests> ongoing = std::make_shared<OngoingRequests>(SipKey{1, 2});
  std::shared_ptr<const void> way = std::make_shared<int>();
  std::map<std::string, OngoingRequests::Place> places;  // by branch

  std::optional<OngoingRequests::Place> place_of(const Said& said) { return place_of(said, way); }
  std::optional<OngoingRequests::Place> place_of(const Said& said, const std::shared_ptr<const void>& its_way) {
    const std::string text = said.method +
                             " sip:as.alpha.example SIP/2.0\r\nVia: SIP/2.0/UDP core.example;branch=" + said.branch +
                             "\r\nFrom: <sip:ann@alpha.example>" + said.from_tag + "\r\nTo: <sip:as.alpha.example>" +
                             said.to_tag + "\r\nCall-ID: " + said.call_id + "\r\nCSeq: " + said.sequence + " " +
                             said.method + "\r\nContent-Length: 0\r\n\r\n";
    Message message;
    EXPECT_TRUE(message.parse(text, Framing::Stream));
    EXPECT_TRUE(check_request(message));
    return ongoing->take(message, its_way);
  }
  bool take(const Said& said) {
    auto place = place_of(said);
    if (place) places[said.branch] = *std::move(place);
    return place.has_value();
  }
};

TEST_F(SipOngoingRequests, AnotherBranchOfTheSameIsMerged) {
  EXPECT_TRUE(take({}));
  EXPECT_FALSE(take({.branch = "z9hG4bKb"}));
  EXPECT_FALSE(take({.branch = "z9hG4bKc"}));
  EXPECT_EQ(ongoing->size(), 1U);
}

TEST_F(SipOngoingRequests, WhatDiffersInAnythingIsAnother) {
  EXPECT_TRUE(take({}));
  EXPECT_TRUE(take({.branch = "z9hG4bKb", .call_id = "d@core.example"}));
  EXPECT_TRUE(take({.branch = "z9hG4bKc", .from_tag = ";tag=g"}));
  EXPECT_TRUE(take({.branch = "z9hG4bKd", .from_tag = ""}));
  EXPECT_TRUE(take({.branch = "z9hG4bKe", .sequence = "2"}));
  EXPECT_TRUE(take({.branch = "z9hG4bKf", .method = "PUBLISH"}));
  EXPECT_EQ(ongoing->size(), 6U);
  EXPECT_FALSE(take({.branch = "z9hG4bKg", .from_tag = ""})) << "the null tag is one";
  EXPECT_FALSE(take({.branch = "z9hG4bKh", .sequence = "0001"})) << "a number, not a text";
}

TEST_F(SipOngoingRequests, WithinADialogNothingIs) {
  EXPECT_TRUE(take({.to_tag = ";tag=ours"}));
  EXPECT_TRUE(take({.branch = "z9hG4bKb", .to_tag = ";tag=ours"}));
  EXPECT_EQ(ongoing->size(), 0U);
  EXPECT_TRUE(take({.branch = "z9hG4bKc"}));
  EXPECT_TRUE(take({.branch = "z9hG4bKd", .to_tag = ";tag=ours"}));
}

TEST_F(SipOngoingRequests, TheSameBranchFromElsewhereIsARepetition) {
  EXPECT_TRUE(take({}));
  {
    const auto again = place_of({}, std::make_shared<int>());
    EXPECT_TRUE(again.has_value());
  }
  EXPECT_EQ(ongoing->size(), 1U) << "the first one's place is not its to give back";
  EXPECT_FALSE(take({.branch = "z9hG4bKb"}));
}

TEST_F(SipOngoingRequests, WhatIsOverIsFree) {
  EXPECT_TRUE(take({}));
  places.clear();
  EXPECT_EQ(ongoing->size(), 0U);
  EXPECT_TRUE(take({.branch = "z9hG4bKb"}));
  places["z9hG4bKb"] = {};
  EXPECT_EQ(ongoing->size(), 0U);
}

// A proxy whose connection broke asks again by another: nobody would hear the first one's answer.
TEST_F(SipOngoingRequests, WhoseWayIsGoneIsInNobodysWay) {
  EXPECT_TRUE(take({}));
  way = std::make_shared<int>();
  EXPECT_TRUE(take({.branch = "z9hG4bKb"}));
  EXPECT_EQ(ongoing->size(), 1U);
  places.erase("z9hG4bKa");
  EXPECT_FALSE(take({.branch = "z9hG4bKc"})) << "the first one's end is not the second one's";
  places.clear();
  EXPECT_EQ(ongoing->size(), 0U);
}

// Requests of few names in random order, against a table that is only a table.
TEST_F(SipOngoingRequests, IsWhatATableOfAllOfThemIs) {
  struct Known {
    std::string branch;
    std::size_t way;
    OngoingRequests::Place place;
    bool is_own;
  };
  std::vector<std::shared_ptr<const void>> ways;
  std::vector<Known> live;
  std::map<std::string, std::pair<std::string, std::size_t>> model;  // by name: branch and way
  std::vector<std::string> names_of_live;
  std::uint64_t random = 14;
  const auto next = [&random](std::uint64_t below) {
    random = random * 6364136223846793005U + 1442695040888963407U;
    return (random >> 33U) % below;
  };
  std::vector<bool> is_open;
  for (int i = 0; i < 4; ++i) ways.push_back(std::make_shared<int>()), is_open.push_back(true);
  for (int turn = 0; turn < 20'000; ++turn) {
    const std::uint64_t what = next(10);
    if (what < 6) {
      const Said said{.branch = "z9hG4bK" + std::to_string(next(4)),
                      .call_id = "c" + std::to_string(next(3)),
                      .from_tag = ";tag=" + std::to_string(next(2)),
                      .sequence = std::to_string(1 + next(2))};
      const std::string name = said.call_id + said.from_tag + said.sequence;
      const std::size_t by = ways.size() - 1 - next(4);
      if (!is_open[by]) continue;
      auto place = place_of(said, ways[by]);
      const auto known = model.find(name);
      const bool stands = known != model.end() && is_open[known->second.second];
      ASSERT_EQ(place.has_value(), !stands || known->second.first == said.branch) << turn;
      if (!place) continue;
      if (!stands) model[name] = {said.branch, by};
      live.push_back({said.branch, by, *std::move(place), !stands});
      names_of_live.push_back(name);
    } else if (what < 9 && !live.empty()) {
      const std::size_t which = next(live.size());
      const auto known = model.find(names_of_live[which]);
      if (live[which].is_own && known != model.end() && known->second.first == live[which].branch &&
          known->second.second == live[which].way)
        model.erase(known);
      live.erase(live.begin() + static_cast<std::ptrdiff_t>(which));
      names_of_live.erase(names_of_live.begin() + static_cast<std::ptrdiff_t>(which));
    } else if (what == 9) {
      const std::size_t which = ways.size() - 1 - next(4);
      ways[which] = nullptr;
      is_open[which] = false;
      ways.push_back(std::make_shared<int>());
      is_open.push_back(true);
    }
    ASSERT_EQ(ongoing->size(), model.size()) << turn;
  }
  live.clear();
  EXPECT_EQ(ongoing->size(), 0U);
}

}  // namespace
}  // namespace claviger::sip
