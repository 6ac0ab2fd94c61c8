// NOTIFYs of changed documents to a peer that answers late, and the lives of subscriptions, by a clock that is set.
#include "broker/configuration/document_notifier.h"

#include <gtest/gtest.h>

#include <optional>

#include "tests/broker/registration/registration_bed.h"
#include "tests/broker/registration/tcp_peer.h"

namespace claviger::configuration {
namespace {

using registration::TcpPeer;
constexpr std::string_view kServer = "sip:server@alpha.example";

settings::Sip with_server() {
  settings::Sip sip = registration::sip_settings();
  sip.servers = {std::string(kServer)};
  return sip;
}

class NotifierBed : public registration::RegistrationBed {
 public:
  NotifierBed() : RegistrationBed(with_server()), room_(contexts_) {
    call([this] {
      notifier_.emplace(room_, *registrar());
      notifier_->start();
    });
    run_turns(8);  // nothing is there to compare
  }
  ~NotifierBed() { run_turns(8); }

  DocumentNotifier& notifier() { return *notifier_; }

  // An MC server's SUBSCRIBE for the service configuration of an organisation; a refresh with the tag of ours.
  std::uint16_t subscribe(const TcpPeer& peer, std::uint32_t expires, const std::string& tag = {}) {
    return ask(peer, expires, tag).status;
  }
  // The same, with what holds its NOTIFY back until the answer has gone.
  sip::Response ask(const TcpPeer& peer, std::uint32_t expires, const std::string& tag = {}) {
    sip::Received received;
    received.text =
        "SUBSCRIBE sip:org1@as.alpha.example;auid=org.3gpp.mcptt.service-config SIP/2.0\r\n"
        "Via: SIP/2.0/TCP h;branch=z9hG4bK1\r\nFrom: <" +
        std::string(kServer) + ">;tag=f\r\nTo: <sip:as.alpha.example>" + (tag.empty() ? "" : ";tag=" + tag) +
        "\r\nCall-ID: c\r\nCSeq: " + std::to_string(++sequence_) + " SUBSCRIBE\r\nContact: <" + peer.uri() +
        ">\r\nEvent: xcap-diff\r\nExpires: " + std::to_string(expires) + "\r\nContent-Length: 0\r\n\r\n";
    EXPECT_TRUE(received.message.parse(received.text, sip::Framing::Stream));
    return wait(notifier_->subscribe(&received, std::string(kServer)));
  }
  // The only one there is; its tag is empty when there is none.
  DocumentSubscription subscription() {
    const std::string prefix = subscriptions_prefix("alpha", "i", kServer);
    const auto rows = wait(store().range(broker::tables::kDocumentSubscriptions, prefix, prefix + '\x7F', 8));
    if (!rows || rows->empty()) return {};
    EXPECT_EQ(rows->size(), 1U);
    const std::string tag(tag_of_row(rows->front().key));
    const auto value = wait(store().get(broker::tables::kDocumentSubscriptions, subscription_key("alpha", tag)));
    EXPECT_TRUE(value);
    return *decode_document_subscription(*value, tag);
  }
  // Rows of that kind, in order of time.
  std::vector<storage::OutboxRow> rows(std::string_view kind) {
    std::vector<storage::OutboxRow> found;
    const auto all = wait(store().range(broker::tables::kOutbox, "", "", storage::kRangeMax));
    EXPECT_TRUE(all);
    for (const storage::Record& each : *all) {
      const auto row = storage::decode_outbox_row(each.key, each.value.bytes());
      if (row && row->id.starts_with(kind)) found.push_back(*row);
    }
    return found;
  }
  Code handle(storage::OutboxRow row) { return code_of(wait(notifier_->handle(std::move(row)))); }
  // As the outbox does: until it is no longer said that an answer is awaited.
  Code handle_until_done(const storage::OutboxRow& row) {
    Code code = handle(row);
    while (code == Code::DeadlinePassed) code = handle(row);
    return code;
  }

 private:
  Configuration room_;
  std::optional<DocumentNotifier> notifier_;
  std::uint32_t sequence_ = 0;
};

TEST(DocumentNotifier, ASlowAnswerIsNoFailure) {
  std::optional<Result<Unit>> first;
  TcpPeer peer;
  NotifierBed bed;
  ASSERT_EQ(bed.subscribe(peer, 3600), 200);
  EXPECT_EQ(bed.subscription().life.all_from, 1U);
  const auto row = bed.rows("xcap.y.").front();
  bed.begin_task(bed.notifier().handle(row), &first);
  const std::string notify = peer.wait(bed);
  EXPECT_TRUE(notify.starts_with("NOTIFY ")) << notify;
  EXPECT_EQ(TcpPeer::header(notify, "CSeq"), "1 NOTIFY");
  bed.advance(3);
  bed.run_until([&] { return first.has_value(); });
  EXPECT_TRUE(first->failed_with(Code::DeadlinePassed)) << "the outbox does not wait for it";
  for (int i = 0; i < 3; ++i) EXPECT_EQ(bed.handle(row), Code::DeadlinePassed) << "nor is it sent again";
  bed.call([&] { bed.notifier().gave_up(row, {Code::DeadlinePassed, "slow"}); });
  bed.run_turns(8);
  bed.advance(20);
  peer.answer(notify, 200);
  EXPECT_EQ(bed.handle_until_done(row), Code::Closed);
  EXPECT_EQ(peer.receive(), "") << "one NOTIFY, however late its answer";
  const DocumentSubscription after = bed.subscription();
  EXPECT_EQ(after.dialog.local_sequence, 1U) << "and it lives";
  EXPECT_EQ(after.life.all_from, 0U);
  EXPECT_EQ(bed.handle(row), Code::Closed) << "whenever the row comes back";
  EXPECT_EQ(peer.receive(), "");
}

TEST(DocumentNotifier, TheAnswerToASubscribeLeavesFirst) {
  std::optional<Result<Unit>> first;
  TcpPeer peer;
  NotifierBed bed;
  auto answer = bed.ask(peer, 3600);
  ASSERT_EQ(answer.status, 200);
  const auto row = bed.rows("xcap.y.").front();
  bed.begin_task(bed.notifier().handle(row), &first);
  bed.run_turns(16);
  EXPECT_EQ(peer.receive(), "");
  EXPECT_EQ(bed.subscription().dialog.local_sequence, 0U);
  bed.call([&] { answer = sip::Response(); });
  const std::string notify = peer.wait(bed);
  EXPECT_EQ(TcpPeer::header(notify, "CSeq"), "1 NOTIFY");
  peer.answer(notify, 200);
  bed.run_until([&] { return first.has_value(); });
  EXPECT_TRUE(*first);
}

TEST(DocumentNotifier, RowsOfOneSecondAreOne) {
  TcpPeer peer;
  NotifierBed bed;
  ASSERT_EQ(bed.subscribe(peer, 3600), 200);
  ASSERT_EQ(bed.subscribe(peer, 3600, bed.subscription().dialog.local_tag), 200);
  EXPECT_EQ(bed.rows("xcap.y.").size(), 1U);
  bed.advance(1);
  ASSERT_EQ(bed.subscribe(peer, 3600, bed.subscription().dialog.local_tag), 200);
  EXPECT_EQ(bed.rows("xcap.y.").size(), 2U);
}

TEST(DocumentNotifier, ARefreshMeanwhileIsOwedItsOwn) {
  std::optional<Result<Unit>> first;
  TcpPeer peer;
  NotifierBed bed;
  ASSERT_EQ(bed.subscribe(peer, 3600), 200);
  const auto row = bed.rows("xcap.y.").front();
  bed.begin_task(bed.notifier().handle(row), &first);
  const std::string notify = peer.wait(bed);
  ASSERT_EQ(bed.subscribe(peer, 3600, bed.subscription().dialog.local_tag), 200);
  EXPECT_EQ(bed.subscription().life.all_from, 2U);
  peer.answer(notify, 200);
  bed.run_until([&] { return first.has_value(); });
  EXPECT_TRUE(*first);
  EXPECT_EQ(bed.subscription().life.all_from, 2U) << "what was heard is from before";
  std::optional<Result<Unit>> second;
  bed.begin_task(bed.notifier().handle(row), &second);
  const std::string next = peer.wait(bed);
  EXPECT_EQ(TcpPeer::header(next, "CSeq"), "2 NOTIFY");
  peer.answer(next, 200);
  bed.run_until([&] { return second.has_value(); });
  EXPECT_EQ(bed.subscription().life.all_from, 0U);
}

TEST(DocumentNotifier, WhoCouldNotBeReachedForHoursIsForgotten) {
  TcpPeer peer;
  NotifierBed bed;
  ASSERT_EQ(bed.subscribe(peer, 3600), 200);
  const auto row = bed.rows("xcap.y.").front();
  bed.call([&] { bed.notifier().gave_up(row, {Code::DeadlinePassed, "slow"}); });
  bed.run_turns(16);
  EXPECT_NE(bed.subscription().dialog.local_tag, "") << "but not for slowness";
  bed.call([&] { bed.notifier().gave_up(row, {Code::Refused, "unreachable"}); });
  while (!bed.subscription().dialog.local_tag.empty()) bed.run_turns(1);
}

TEST(DocumentNotifier, OneThatIsOverIsForgottenForSlowness) {
  TcpPeer peer;
  NotifierBed bed;
  ASSERT_EQ(bed.subscribe(peer, 3600), 200);
  const auto row = bed.rows("xcap.y.").front();
  bed.advance(3601);
  bed.run_turns(2);  // the first one still has the time from before
  bed.call([&] { bed.notifier().gave_up(row, {Code::DeadlinePassed, "slow"}); });
  while (!bed.subscription().dialog.local_tag.empty()) bed.run_turns(1);
}

TEST(DocumentNotifier, AShorterRefreshEndsInTime) {
  TcpPeer peer;
  NotifierBed bed;
  ASSERT_EQ(bed.subscribe(peer, 3600), 200);
  const std::int64_t begun = bed.now();
  EXPECT_EQ(bed.subscription().life.timer_due, begun + 3600);
  bed.advance(10);
  ASSERT_EQ(bed.subscribe(peer, 60, bed.subscription().dialog.local_tag), 200);
  EXPECT_EQ(bed.subscription().life.timer_due, begun + 70);
  const auto timers = bed.rows("xcap.s.");
  ASSERT_EQ(timers.size(), 2U);
  EXPECT_EQ(timers.front().due, begun + 70) << "a row of its own, for the one that stands comes too late";
  bed.advance(60);
  EXPECT_EQ(bed.handle(timers.front()), Code::Closed);
  EXPECT_EQ(bed.subscription().life.ending, "timeout");
  EXPECT_EQ(bed.handle(timers.back()), Code::Closed) << "the other one finds nothing to do";
  std::optional<Result<Unit>> last;
  bed.begin_task(bed.notifier().handle(bed.rows("xcap.y.").back()), &last);
  const std::string notify = peer.wait(bed);
  EXPECT_EQ(TcpPeer::header(notify, "Subscription-State"), "terminated;reason=timeout");
  peer.answer(notify, 200);
  bed.run_until([&] { return last.has_value(); });
  EXPECT_EQ(bed.subscription().dialog.local_tag, "");
}

}  // namespace
}  // namespace claviger::configuration
