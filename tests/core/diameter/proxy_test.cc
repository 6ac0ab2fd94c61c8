#include "core/diameter/request.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "core/diameter/outbox.h"
#include "tests/core/diameter/relay_world.h"

namespace claviger::diameter {
namespace {

using namespace samples;
using namespace std::chrono_literals;

// Who looks at answers, built or received, and keeps a way to their bytes: what is left of them afterwards?
struct Watching final : Handler, Returning {
  void handle(Request& request) override {
    if (request.message().text(kWho) == "here") {
      auto built = request.answer_builder().result(2001).text(kWho, "key").finish();
      answers.push_back(*built);
      return request.answer(*std::move(built));
    }
    Edits edits;
    Forwarding how;
    how.to = {"", kRealm};
    how.deadline = runtime::Shard::current().now() + 4s;
    how.returning = this;
    request.forward(edits, how);
  }
  std::optional<Slice> on_answer(ForwardState&, const Slice& request, const Message& answer, Edits&) override {
    answers.push_back(answer.slice());
    MessageBuilder built = MessageBuilder::answer(runtime::Shard::current().slabs(), Message(request));
    built.result(2001).origin("node.here.example", "here.example").text(kWho, answer.text(kWho));
    answers.push_back(*built.finish());
    return answers.back();
  }
  void on_failure(ForwardState&, const Slice&, Error, MessageBuilder&) override {}
  std::vector<Slice> answers;
};

TEST_F(DiameterRelay, WipesAnswersOnTheirWay) {
  Watching watching;
  world.start([&](Node& node) { node.serve(kApplication, kCommand, watching); });
  BarePeer& down = world.connected("down.far.example");
  BarePeer& up = world.connected("up.far.example", kRealm);
  down.say(down.question(1, 2));
  ASSERT_TRUE(hears(up));
  up.answer(up.heard.front());
  ASSERT_TRUE(hears(down));
  EXPECT_EQ(down.heard.back().text(kWho), "answered");
  Header header = request_header(kApplication, kCommand);
  down.say(message(header, avp_of(avp::kSessionId, "s") + down.origin() + avp_of(avp::kDestinationRealm, kRealm) +
                               avp_of(kWho, "here")));
  ASSERT_TRUE(hears(down, 2));
  EXPECT_EQ(down.heard.back().text(kWho), "key");
  ASSERT_EQ(watching.answers.size(), 3U);
  for (const Slice& answer : watching.answers) {
    EXPECT_GT(answer.size(), kHeaderBytes);
    EXPECT_TRUE(std::ranges::all_of(answer.bytes(), [](std::byte octet) { return octet == std::byte{0}; }));
  }
  world.on_shard([&] { watching.answers.clear(); });
}

// The packed copy of an answer is wiped when it has been given to the socket, or will not be; of a request, which may be sent
// once more, it is not.
TEST(DiameterOutbox, WipesAnswersAlone) {
  SlabPool pool;
  const auto is_wiped = [](const Slice& slice) { return slice.text() == std::string(slice.size(), '\0'); };
  const Slice request = Slice::copy_of(pool, as_bytes("a request"));
  const Slice answer = Slice::copy_of(pool, as_bytes("an answer"));
  const Slice unsent = Slice::copy_of(pool, as_bytes("an answer that stays"));
  {
    Outbox outbox;
    outbox.push(request, false);
    outbox.push(answer, true);
    std::array<std::byte, 12> half{};
    EXPECT_EQ(outbox.produce(half), 12U);
    EXPECT_FALSE(is_wiped(answer));
    std::array<std::byte, 64> rest{};
    EXPECT_EQ(outbox.produce(rest), 6U);
    EXPECT_EQ(as_text(Bytes(half)) == "a requestan ", true);
    EXPECT_TRUE(is_wiped(answer));
    EXPECT_EQ(request.text(), "a request");
    outbox.push(unsent, true);
  }
  EXPECT_TRUE(is_wiped(unsent));
}

// A proxy that maps identities both ways.
struct Mapping final : Handler, Returning {
  struct Kept {
    std::uint32_t number;
  };
  Node* node = nullptr;
  bool refuses_answers = false;
  std::uint64_t changes = 0;
  std::uint64_t generation() const override { return changes; }
  void handle(Request& request) override {
    Edits edits;
    edits.replace(request.message(), *request.message().find(kWho), as_bytes("primary identity"));
    edits.set(request.message(), avp::kOriginHost, as_bytes("Node.Here.example"));
    const std::string session = node->new_session_id();
    edits.set(request.message(), avp::kSessionId, as_bytes(session));
    Forwarding how;
    how.to = {"", kRealm};
    how.deadline = runtime::Shard::current().now() + 4s;
    how.returning = this;
    how.renews_end_to_end = true;
    how.records_route = false;
    how.state.as<Kept>().number = 42;
    request.forward(edits, how);
  }
  std::optional<Slice> on_answer(ForwardState& state, const Slice& request, const Message& answer,
                                 Edits& edits) override {
    EXPECT_EQ(state.as<Kept>().number, 42U);
    const Message original(request);
    if (refuses_answers) {
      auto built = MessageBuilder::answer(runtime::Shard::current().slabs(), original).result(5012).finish();
      return *std::move(built);
    }
    edits.replace(answer, *answer.find(kWho), original.find(kWho)->data());
    edits.set(answer, avp::kSessionId, as_bytes(original.session_id()));
    return std::nullopt;
  }
  void on_failure(ForwardState& state, const Slice& request, Error, MessageBuilder& answer) override {
    EXPECT_EQ(state.as<Kept>().number, 42U);
    answer.octets(kWho, Message(request).find(kWho)->data());
  }
};

struct DiameterProxy : DiameterRelay {
  Mapping mapping;
  void start() {
    world.start([&](Node& node) {
      mapping.node = &node;
      node.serve(kApplication, kCommand, mapping);
    });
  }
};

TEST_F(DiameterProxy, MapsBothWays) {
  start();
  BarePeer& down = world.connected("down.far.example");
  BarePeer& up = world.connected("up.far.example", kRealm);
  down.say(down.question(7, 8));
  ASSERT_TRUE(hears(up));
  const Heard request = up.heard.front();
  EXPECT_EQ(request.text(kWho), "primary identity");
  EXPECT_EQ(request.text(avp::kOriginHost), "Node.Here.example");
  EXPECT_EQ(request.count(avp::kRouteRecord), 0U);
  EXPECT_NE(request.header().end_to_end, 8U);
  EXPECT_NE(request.text(avp::kSessionId), "down.far.example;1;8");
  up.answer(request);
  ASSERT_TRUE(hears(down));
  EXPECT_EQ(down.heard.front().text(kWho), "who");
  EXPECT_EQ(down.heard.front().text(avp::kSessionId), "down.far.example;1;8");
  EXPECT_EQ(down.heard.front().header().end_to_end, 8U);
  // The same request again, after a link failed: the same answer, and nobody is asked.
  up.heard.clear();
  const Heard before = down.heard.front();
  down.heard.clear();
  down.say(down.question(70, 8, {}, kRealm, kFlagRetransmitted));
  ASSERT_TRUE(hears(down));
  EXPECT_EQ(down.heard.front().header().hop_by_hop, 70U);
  EXPECT_EQ(down.heard.front().bytes.substr(16), before.bytes.substr(16));
  EXPECT_TRUE(up.heard.empty());
  // The same bytes once more, though nobody says so.
  down.heard.clear();
  down.say(down.question(71, 8));
  ASSERT_TRUE(hears(down));
  EXPECT_EQ(down.heard.front().header().hop_by_hop, 71U);
  EXPECT_EQ(down.heard.front().bytes.substr(16), before.bytes.substr(16));
  EXPECT_TRUE(up.heard.empty());
}

// Whatever another one says of itself in a message.
TEST_F(DiameterProxy, KeptAnswersAreForThePeerThatAsked) {
  start();
  BarePeer& down = world.connected("down.far.example");
  BarePeer& up = world.connected("up.far.example", kRealm);
  BarePeer& other = world.connected("other.far.example");
  down.say(down.question(7, 8));
  ASSERT_TRUE(hears(up));
  up.answer(up.heard.front());
  ASSERT_TRUE(hears(down));
  up.heard.clear();
  down.heard.clear();
  // Session-Id, Origin-Host and end-to-end identifier of the other one's, with T: handled as any request of its own.
  other.say(down.question(9, 8, {}, kRealm, kFlagRetransmitted));
  ASSERT_TRUE(hears(up));
  EXPECT_TRUE(other.heard.empty());
  up.answer(up.heard.front(), 5012);
  ASSERT_TRUE(hears(other));
  EXPECT_EQ(other.heard.front().result(), 5012U);
  up.heard.clear();
  down.say(down.question(10, 8, {}, kRealm, kFlagRetransmitted));
  ASSERT_TRUE(hears(down));
  EXPECT_EQ(down.heard.front().result(), 2001U);
  EXPECT_TRUE(up.heard.empty());
  // Another one that was given the name of a peer which is gone.
  world.on_shard([&] { ASSERT_TRUE(world.node->remove("down.far.example")); });
  BarePeer& later = world.connected("down.far.example");
  later.say(later.question(11, 8, {}, kRealm, kFlagRetransmitted));
  ASSERT_TRUE(hears(up));
  EXPECT_TRUE(later.heard.empty());
}

// Somebody was revoked: before the answer was kept, while it was on its way, or after.
TEST_F(DiameterProxy, KeptAnswersEndWithAChange) {
  start();
  BarePeer& down = world.connected("down.far.example");
  BarePeer& up = world.connected("up.far.example", kRealm);
  for (std::uint32_t round = 0; round < 2; ++round) {
    up.heard.clear();
    down.heard.clear();
    down.say(down.question(7, round));
    ASSERT_TRUE(hears(up));
    if (round == 1) ++mapping.changes;
    up.answer(up.heard.front());
    ASSERT_TRUE(hears(down));
    if (round == 0) ++mapping.changes;
    up.heard.clear();
    down.heard.clear();
    down.say(down.question(8, round, {}, kRealm, kFlagRetransmitted));
    ASSERT_TRUE(hears(up)) << round;
    EXPECT_TRUE(down.heard.empty()) << round;
  }
}

TEST_F(DiameterProxy, MayAnswerItselfOrAddToAFailure) {
  start();
  BarePeer& down = world.connected("down.far.example");
  world.admit(NodeWorld::known("absent.far.example", kRealm));
  down.say(down.question(1, 1));
  ASSERT_TRUE(hears(down));
  EXPECT_EQ(down.heard.front().result(), 3002U);
  EXPECT_EQ(down.heard.front().text(kWho), "who");
  BarePeer& up = world.connected("up.far.example", kRealm);
  mapping.refuses_answers = true;
  down.heard.clear();
  down.say(down.question(2, 2));
  ASSERT_TRUE(hears(up));
  up.answer(up.heard.front());
  ASSERT_TRUE(hears(down));
  EXPECT_EQ(down.heard.front().result(), 5012U);
}

TEST_F(DiameterProxy, ChecksWhatItHandles) {
  start();
  BarePeer& down = world.connected("down.far.example");
  world.connected("up.far.example", kRealm);
  const std::string unknown = avp_of(4000, 0xc0, 99, "opaque");
  EXPECT_EQ(refusal_of(down, down.question(1, 1, unknown)), 5001U);
  EXPECT_TRUE(down.heard.front().find(avp::kFailedAvp));
  EXPECT_EQ(refusal_of(down, down.question(1, 1, avp_of(264, 0x60, 0, "h"))), 3009U);
}

// Handlers that are coroutines, and requests of our own.
struct DiameterClient : DiameterRelay {
  static runtime::Task<void> serve(void* owner, Request request) {
    auto* self = static_cast<DiameterClient*>(owner);
    if (self->drops) co_return;
    runtime::Shard& shard = runtime::Shard::current();
    co_await shard.wait_until(shard.now() + 100ms);
    auto built = request.answer_builder().result(2001).text(kWho, request.message().text(kWho)).finish();
    request.answer(*std::move(built));
  }
  static runtime::Task<void> ask(DiameterClient* self, std::string host, std::string realm, Milliseconds budget) {
    Outgoing request;
    auto built = self->world.node->request(kApplication, kCommand).text(kWho, "asked").finish();
    request.message = *std::move(built);
    request.host = std::move(host);
    request.realm = std::move(realm);
    request.deadline = runtime::Shard::current().now() + budget;
    auto answer = co_await self->world.node->send(std::move(request));
    self->answers.push_back(answer ? Result<std::string>(std::string(answer->text(kWho))) : answer.error());
  }
  void start() {
    world.start([&](Node& node) { node.serve(kApplication, kCommand, &DiameterClient::serve, this); });
  }
  void spawn(std::string host, std::string realm, Milliseconds budget = 4s) {
    world.on_shard([&] { world.one.shard.scope().spawn(ask(this, std::move(host), std::move(realm), budget)); });
  }
  bool drops = false;
  std::vector<Result<std::string>> answers;
};

TEST_F(DiameterClient, ProceduresAnswerLater) {
  start();
  BarePeer& down = world.connected("down.far.example");
  down.say(down.question(1, 1, {}, "here.example"));
  world.settle();
  EXPECT_TRUE(down.heard.empty());
  world.pass(1s);
  ASSERT_TRUE(hears(down));
  EXPECT_EQ(down.heard.front().text(kWho), "who");
  drops = true;
  EXPECT_EQ(refusal_of(down, down.question(2, 2, {}, "here.example")), 5012U);
  // The connection goes before the answer comes.
  drops = false;
  down.say(down.question(3, 3, {}, "here.example"));
  world.settle();
  down.hang_up();
  world.pass(1s);
}

TEST_F(DiameterClient, OwnRequestsAreAnsweredOrFail) {
  start();
  BarePeer& up = world.connected("up.far.example", kRealm);
  spawn("", kRealm);
  ASSERT_TRUE(hears(up));
  EXPECT_EQ(up.heard.front().text(avp::kOriginHost), "Node.Here.example");
  EXPECT_EQ(up.heard.front().text(avp::kSessionId).find("Node.Here.example;"), 0U);
  up.answer(up.heard.front());
  ASSERT_TRUE(world.run([&] { return answers.size() == 1; }));
  EXPECT_EQ(*answers[0], "answered");
  spawn("UP.far.example", "");
  ASSERT_TRUE(hears(up, 2));
  up.say(up.answer_to(up.heard[1], avp_of(264, 0x40, 0, "h", 7)));  // damaged
  ASSERT_TRUE(world.run([&] { return answers.size() == 2; }));
  EXPECT_TRUE(answers[1].failed_with(Code::Unreachable));
  spawn("", "nowhere.example");
  spawn("nobody.example", "");
  ASSERT_TRUE(world.run([&] { return answers.size() == 4; }));
  EXPECT_TRUE(answers[2].failed_with(Code::RealmUnknown));
  EXPECT_TRUE(answers[3].failed_with(Code::DestinationUnknown));
  spawn("", kRealm, 1s);
  world.pass(2s);
  ASSERT_TRUE(world.run([&] { return answers.size() == 5; }));
  EXPECT_TRUE(answers[4].failed_with(Code::DeadlinePassed));
}

TEST_F(DiameterClient, OwnRequestsFailOver) {
  start();
  BarePeer& first = world.connected("first.far.example", kRealm, 1);
  BarePeer& second = world.connected("second.far.example", kRealm, 2);
  spawn("", kRealm);
  ASSERT_TRUE(hears(first));
  EXPECT_FALSE(first.heard.front().header().is_retransmitted());
  first.hang_up();
  ASSERT_TRUE(hears(second));
  EXPECT_TRUE(second.heard.front().header().is_retransmitted());
  EXPECT_EQ(second.heard.front().header().end_to_end, first.heard.front().header().end_to_end);
  second.answer(second.heard.front());
  ASSERT_TRUE(world.run([&] { return answers.size() == 1; }));
  EXPECT_EQ(*answers[0], "answered");
}

}  // namespace
}  // namespace claviger::diameter
