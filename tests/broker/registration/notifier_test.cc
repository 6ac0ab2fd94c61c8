// NOTIFYs of service states to a subscriber that answers late.
#include "broker/registration/notifier.h"

#include <gtest/gtest.h>

#include <optional>

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
    const auto outcome =
        wait(tag.empty() ? subscribe(registrar(), std::move(request)) : refresh(registrar(), std::move(request)));
    EXPECT_TRUE(outcome);
    return outcome ? outcome->local_tag : std::string();
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
