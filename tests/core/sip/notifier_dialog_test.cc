#include "core/sip/notifier_dialog.h"

#include <gtest/gtest.h>

namespace claviger::sip {
namespace {

constexpr std::string_view kSubscribe =
    "SUBSCRIBE sip:cms@a.example SIP/2.0\r\n"
    "Via: SIP/2.0/TCP core.a.example;branch=z9hG4bKx\r\n"
    "Record-Route: <sip:one.a.example;lr>, <sip:two.a.example;lr>\r\n"
    "From: \"Ann\" <sip:ann@a.example>;tag=f1\r\n"
    "To: <sip:cms@a.example>\r\n"
    "Call-ID: c1@core\r\n"
    "CSeq: 7 SUBSCRIBE\r\n"
    "Contact: <sip:ue@192.0.2.1:5062;transport=tcp>;expires=60\r\n"
    "Event: xcap-diff;diff-processing=aggregate;id=e5\r\n"
    "Content-Length: 0\r\n\r\n";

Result<NotifierDialog> read(std::string_view text) {
  Message message;
  EXPECT_TRUE(message.parse(text, Framing::Stream));
  return read_dialog(message);
}
std::string without(std::string_view line) {
  std::string text(kSubscribe);
  const std::size_t at = text.find(line);
  text.erase(at, text.find("\r\n", at) + 2 - at);
  return text;
}
std::string header(const OutgoingRequest& request, std::string_view name) {
  std::string all;
  for (const Header& each : request.headers) {
    if (each.name == name) all += (all.empty() ? "" : "|") + each.value;
  }
  return all;
}

TEST(NotifierDialog, RemembersWhatItsNotifiesNeed) {
  auto dialog = read(kSubscribe);
  ASSERT_TRUE(dialog);
  EXPECT_EQ(dialog->local_tag, "");
  EXPECT_EQ(dialog->remote_sequence, 7U);
  EXPECT_EQ(dialog->event_id, "e5");
  dialog->local_tag = "l1";
  dialog->local_sequence = 3;
  Notification notification{"xcap-diff", "active;expires=60", "<sip:as>", "<sip:cms@a.example>", "text/plain", "x"};
  const OutgoingRequest notify = write_notify(*dialog, notification);
  EXPECT_EQ(notify.method, "NOTIFY");
  EXPECT_EQ(notify.uri, "sip:ue@192.0.2.1:5062;transport=tcp");
  EXPECT_EQ(notify.next_hop, "sip:one.a.example;lr");
  EXPECT_EQ(header(notify, "Route"), "<sip:one.a.example;lr>|<sip:two.a.example;lr>");
  EXPECT_EQ(header(notify, "From"), "<sip:cms@a.example>;tag=l1");
  EXPECT_EQ(header(notify, "To"), "<sip:ann@a.example>;tag=f1");
  EXPECT_EQ(header(notify, "CSeq"), "3 NOTIFY");
  EXPECT_EQ(header(notify, "Event"), "xcap-diff;id=e5");
  EXPECT_EQ(header(notify, "P-Asserted-Identity"), "<sip:cms@a.example>");
  EXPECT_EQ(notify.body, "x");
}

// RFC 3261 clause 12.2.1.1: a strict router becomes the target, and the target the last route.
TEST(NotifierDialog, GoesThroughStrictRouters) {
  std::string text(kSubscribe);
  text.replace(text.find("<sip:one.a.example;lr>"), 22, "<sip:one.a.example>");
  const auto dialog = read(text);
  ASSERT_TRUE(dialog);
  const OutgoingRequest notify = write_notify(*dialog, {});
  EXPECT_EQ(notify.uri, "sip:one.a.example");
  EXPECT_EQ(header(notify, "Route"), "<sip:two.a.example;lr>|<sip:ue@192.0.2.1:5062;transport=tcp>");
}

TEST(NotifierDialog, NeedsSomebodyToReach) {
  EXPECT_TRUE(read(without("Contact:")).failed_with(Code::SipHeaderMissing));
  std::string no_tag(kSubscribe);
  no_tag.erase(no_tag.find(";tag=f1"), 7);
  EXPECT_TRUE(read(no_tag).failed_with(Code::SipHeaderMissing));
  // In a dialog the former target stays.
  std::string again = without("Contact:");
  again.insert(again.find("To: <sip:cms@a.example>") + 23, ";tag=l1");
  EXPECT_TRUE(read(again));
}

TEST(NotifierDialog, KnowsItsOwnRequests) {
  const auto known = read(kSubscribe);
  ASSERT_TRUE(known);
  NotifierDialog other = *known;
  EXPECT_TRUE(is_same_dialog(*known, other));
  other.remote_sequence = 9;
  other.remote_target = "sip:elsewhere";
  EXPECT_TRUE(is_same_dialog(*known, other));
  other.event_id = "e6";
  EXPECT_FALSE(is_same_dialog(*known, other));
  other = *known;
  other.call_id = "c2";
  EXPECT_FALSE(is_same_dialog(*known, other));
  other = *known;
  other.remote_tag = "f2";
  EXPECT_FALSE(is_same_dialog(*known, other));
}

ReceivedResponse response(std::string_view status, std::string_view more = {}) {
  auto received = std::make_shared<Received>();
  received->text = "SIP/2.0 " + std::string(status) + " X\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKx\r\n" +
                   std::string(more) + "Content-Length: 0\r\n\r\n";
  EXPECT_TRUE(received->message.parse(received->text, Framing::Stream));
  return received;
}

// RFC 6665 clause 4.2.2.
TEST(NotifierDialog, SaysWhatAnAnswerMeans) {
  EXPECT_EQ(outcome_of(response("200")), NotifyOutcome::Heard);
  EXPECT_EQ(outcome_of(response("481")), NotifyOutcome::Gone);
  EXPECT_EQ(outcome_of(response("481", "Retry-After: 5\r\n")), NotifyOutcome::Gone);
  EXPECT_EQ(outcome_of(response("404")), NotifyOutcome::Gone);
  EXPECT_EQ(outcome_of(response("503", "Retry-After: 5\r\n")), NotifyOutcome::Again);
  EXPECT_EQ(outcome_of(Error{Code::DeadlinePassed, "f"}), NotifyOutcome::Gone);
  EXPECT_EQ(outcome_of(Error{Code::Unreachable, "t"}), NotifyOutcome::Again);
}

}  // namespace
}  // namespace claviger::sip
