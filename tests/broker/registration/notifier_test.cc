// NOTIFYs of service states to a subscriber that answers late.
#include "broker/registration/notifier.h"

#include <gtest/gtest.h>

#include <optional>

#include "broker/registration/answers.h"
#include "core/runtime/call.h"

#include "tests/broker/registration/registration_bed.h"
#include "tests/broker/registration/tcp_peer.h"

namespace claviger::registration {
namespace {

class NotifierBed : public RegistrationBed {
 public:
  NotifierBed() {
    EXPECT_EQ(register_at(), Code::Closed);
    EXPECT_TRUE(authorise("c"));
  }
  // A new dialog, or a refresh with our tag; the tag.
  std::string subscribe_it(const TcpPeer& peer, const std::string& tag = {}) {
    const auto outcome = ask(peer, tag);
    return outcome ? outcome->local_tag : std::string();
  }
  // The same, with what holds its NOTIFY back until the answer has gone.
  Result<SubscribeOutcome> ask(const TcpPeer& peer, const std::string& tag = {}) {
    auto request = std::make_shared<SubscribeRequest>();
    Subscription& subscription = request->subscription;
    subscription.resource = keys::kAnn;
    subscription.service = "mcptt";
    subscription.subscriber = kImpu;
    subscription.dialog.local_tag = tag;
    subscription.dialog.call_id = "c";
    subscription.dialog.remote_tag = "f";
    subscription.dialog.local_uri = kPsi;
    subscription.dialog.remote_uri = kImpu;
    subscription.dialog.remote_target = peer.uri();
    subscription.dialog.remote_sequence = ++sequence_;
    auto outcome =
        wait(tag.empty() ? subscribe(registrar(), std::move(request)) : refresh(registrar(), std::move(request)));
    EXPECT_TRUE(outcome);
    return outcome;
  }
  Code tell(const std::string& tag) { return code_of(wait(tell_dialog(registrar(), tag))); }
  Code tell_until_done(const std::string& tag) {
    Code code = tell(tag);
    while (code == Code::DeadlinePassed) code = tell(tag);
    return code;
  }
  // The NOTIFY that this has us send; its outcome comes later.
  std::string begin_telling(TcpPeer& peer, const std::string& tag, std::optional<Result<Unit>>* outcome) {
    begin_task(tell_dialog(registrar(), tag), outcome);
    return peer.wait(*this);
  }

 private:
  std::uint32_t sequence_ = 0;
};

TEST(Notifier, ASlowAnswerIsNoFailure) {
  std::optional<Result<Unit>> first, second;
  TcpPeer peer;
  NotifierBed bed;
  const std::string tag = bed.subscribe_it(peer);
  const std::string notify = bed.begin_telling(peer, tag, &first);
  EXPECT_TRUE(notify.starts_with("NOTIFY ")) << notify;
  bed.advance(3);
  bed.run_until([&] { return first.has_value(); });
  EXPECT_TRUE(first->failed_with(Code::DeadlinePassed));
  EXPECT_EQ(bed.tell(tag), Code::DeadlinePassed);
  bed.call([&] { bed.registrar()->gave_up({"sip.y." + tag, 0, 0, 31, tag}, {Code::DeadlinePassed, "slow"}); });
  bed.advance(20);
  peer.answer(notify, 200);
  EXPECT_EQ(bed.tell_until_done(tag), Code::Closed);
  EXPECT_EQ(peer.receive(), "") << "one NOTIFY, however late its answer";
  EXPECT_TRUE(bed.wait(read_subscription(bed.registrar(), tag))) << "and the subscription lives";
  EXPECT_EQ(bed.subscribe_it(peer, tag), tag);
  const std::string next = bed.begin_telling(peer, tag, &second);
  EXPECT_EQ(TcpPeer::header(next, "CSeq"), "3 NOTIFY") << "a refresh is owed its own, though nothing is different";
  peer.answer(next, 200);
  bed.run_until([&] { return second.has_value(); });
  EXPECT_TRUE(*second);
}

// Granted to the end of a registration whose refresh is under way: a change meanwhile is told, and is no end.
TEST(Notifier, WhoseRegistrationIsInItsGraceIsTold) {
  std::optional<Result<Unit>> first, second;
  TcpPeer peer;
  NotifierBed bed;
  EXPECT_EQ(bed.register_at(100), Code::Closed);
  const std::string tag = bed.subscribe_it(peer);
  peer.answer(bed.begin_telling(peer, tag, &first), 200);
  bed.run_until([&] { return first.has_value(); });
  bed.advance(110);
  EXPECT_TRUE(bed.authorise("another"));
  const std::string notify = bed.begin_telling(peer, tag, &second);
  EXPECT_EQ(TcpPeer::header(notify, "Subscription-State").substr(0, 15), "active;expires=");
  peer.answer(notify, 200);
  bed.run_until([&] { return second.has_value(); });
  EXPECT_TRUE(*second);
  EXPECT_EQ(bed.register_at(100), Code::Closed) << "the refresh";
  EXPECT_EQ(bed.subscribe_it(peer, tag), tag) << "in the same dialog";
}

// RFC 6665 lets a NOTIFY come before the answer to its SUBSCRIBE; ours does not.
TEST(Notifier, TheAnswerToASubscribeLeavesFirst) {
  std::optional<Result<Unit>> first, second;
  TcpPeer peer;
  NotifierBed bed;
  auto asked = bed.ask(peer);
  ASSERT_TRUE(asked);
  const std::string tag = asked->local_tag;
  auto answer = subscribed(*bed.registrar(), *asked, false);
  EXPECT_EQ(answer.to_tag, tag);
  asked = Error{Code::Closed, "gone"};
  bed.begin_task(tell_dialog(bed.registrar(), tag), &first);
  bed.run_turns(16);
  EXPECT_EQ(peer.receive(), "") << "the answer is still to be sent";
  EXPECT_EQ(bed.wait(read_subscription(bed.registrar(), tag))->dialog.local_sequence, 1U) << "nor is its number taken";
  bed.call([&] { answer = sip::Response(); });
  const std::string notify = peer.wait(bed);
  EXPECT_EQ(TcpPeer::header(notify, "CSeq"), "2 NOTIFY");
  peer.answer(notify, 200);
  bed.run_until([&] { return first.has_value(); });
  EXPECT_TRUE(*first);

  // A refresh likewise, of whoever the row is; the outbox is not held up by an answer that does not come.
  auto again = bed.ask(peer, tag);
  ASSERT_TRUE(again);
  bed.begin_task(tell_resource(bed.registrar(), std::string(keys::kAnn)), &second);
  bed.run_turns(16);
  bed.advance(3);
  bed.run_until([&] { return second.has_value(); });
  EXPECT_TRUE(second->failed_with(Code::DeadlinePassed));
  EXPECT_EQ(peer.receive(), "");
  bed.call([&] { again = Error{Code::Closed, "gone"}; });
  const std::string next = peer.wait(bed);
  EXPECT_EQ(TcpPeer::header(next, "CSeq"), "3 NOTIFY");
  peer.answer(next, 200);
  EXPECT_EQ(bed.tell_until_done(tag), Code::Closed);
  EXPECT_EQ(peer.receive(), "");
}

// Two answers of one dialog are outstanding, and one that never comes is waited for no longer than its asker waits.
TEST(Notifier, AnswersThatAreOutstandingAreCounted) {
  std::optional<bool> waited;
  RegistrationBed bed;
  auto first = std::make_shared<AnswerFirst>(bed.shard());
  std::shared_ptr<const void> one, other;
  const auto wait = [](AnswerFirst* answers) -> runtime::Task<bool> {
    co_await answers->wait("t");
    co_return true;
  };
  EXPECT_TRUE(bed.wait(wait(first.get()))) << "none is";
  bed.call([&] {
    one = first->hold("t");
    other = first->hold("t");
  });
  bed.begin_task(wait(first.get()), &waited);
  bed.call([&] { one.reset(); });
  bed.run_turns(8);
  EXPECT_FALSE(waited);
  bed.call([&] { other.reset(); });
  bed.run_until([&] { return waited.has_value(); });
  bed.call([&] { one = first->hold("t"); });
  waited.reset();
  bed.begin_task(wait(first.get()), &waited);
  bed.run_turns(4);
  EXPECT_FALSE(waited);
  bed.advance(runtime::kCallMax.count() + 1);
  bed.run_until([&] { return waited.has_value(); });
  bed.call([&] { one.reset(); });
}

// Another shard's word lies in the mailbox when the outbox, on the dialog's own shard, is there without one.
TEST(Notifier, AnAnswerThatAnotherShardIsToSendIsWaitedFor) {
  std::optional<bool> waited;
  RegistrationBed bed;
  auto answers = std::make_shared<AnswerFirst>(bed.shard());
  std::shared_ptr<const void> hold;
  const auto wait = [](AnswerFirst* of) -> runtime::Task<bool> {
    co_await of->wait("t");
    co_return true;
  };
  bed.call([&] {
    bed.shard().mailbox().post_control([&] { hold = answers->hold("t"); });
    bed.shard().scope().spawn(storage::keep_result(wait(answers.get()), &waited));
  });
  bed.run_turns(16);
  EXPECT_FALSE(waited);
  bed.call([&] { hold.reset(); });
  bed.run_until([&] { return waited.has_value(); });
}

TEST(Notifier, ARefreshMeanwhileIsOwedItsOwn) {
  std::optional<Result<Unit>> first, second;
  TcpPeer peer;
  NotifierBed bed;
  const std::string tag = bed.subscribe_it(peer);
  const std::string notify = bed.begin_telling(peer, tag, &first);
  EXPECT_EQ(bed.subscribe_it(peer, tag), tag);
  peer.answer(notify, 200);
  bed.run_until([&] { return first.has_value(); });
  EXPECT_TRUE(*first);
  const std::string next = bed.begin_telling(peer, tag, &second);
  EXPECT_EQ(TcpPeer::header(next, "CSeq"), "3 NOTIFY");
  peer.answer(next, 200);
  bed.run_until([&] { return second.has_value(); });
  EXPECT_EQ(bed.tell(tag), Code::Closed);
  EXPECT_EQ(peer.receive(), "");
}

}  // namespace
}  // namespace claviger::registration
