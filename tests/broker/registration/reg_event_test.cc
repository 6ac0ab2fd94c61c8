// The registration event package (RFC 3680): documents, their order, what they mean.
#include <gtest/gtest.h>

#include <string>

#include "broker/registration/reg_notify.h"

namespace claviger::registration {
namespace {

std::string reginfo(const std::string& inside, const std::string& head = "version=\"3\" state=\"full\"") {
  return "<?xml version=\"1.0\"?><r:reginfo xmlns:r=\"urn:ietf:params:xml:ns:reginfo\" " + head + ">" + inside +
         "</r:reginfo>";
}
std::string element(const std::string& state, const std::string& contacts, const std::string& aor = "sip:a@b") {
  return "<r:registration aor=\"" + aor + "\" id=\"1\" state=\"" + state + "\">" + contacts + "</r:registration>";
}
std::string contact(const std::string& state, const std::string& event, const std::string& more = "") {
  return "<r:contact id=\"c\" state=\"" + state + "\" event=\"" + event + "\" " + more +
         "><r:uri>sip:ue@c</r:uri><r:unknown-param "
         "name=\"+sip.instance\">\"&lt;urn:uuid:1&gt;\"</r:unknown-param></r:contact>";
}
RegVerdict verdict(const std::string& text) {
  const auto info = parse_reginfo(text);
  EXPECT_TRUE(info);
  return info ? verdict_of(*info, info->registrations.front()) : RegVerdict();
}

TEST(Reginfo, Read) {
  const auto info =
      parse_reginfo(reginfo(element("active", contact("active", "registered", "expires=\"60\""), "SIP:A@Host") +
                            "<x:other xmlns:x=\"urn:x\"/>"));
  ASSERT_TRUE(info);
  EXPECT_EQ(info->version, 3U);
  EXPECT_TRUE(info->is_full);
  ASSERT_EQ(info->registrations.size(), 1U);
  EXPECT_EQ(info->registrations[0].impu, "sip:A@host");
  ASSERT_EQ(info->registrations[0].contacts.size(), 1U);
  EXPECT_EQ(info->registrations[0].contacts[0].instance, "urn:uuid:1");
  EXPECT_EQ(info->registrations[0].contacts[0].expires, 60U);
}

TEST(Reginfo, Refusals) {
  const auto fails = [](const std::string& text) { return !parse_reginfo(text).has_value(); };
  EXPECT_TRUE(fails("<reginfo/>"));
  EXPECT_TRUE(fails(reginfo("", "version=\"x\" state=\"full\"")));
  EXPECT_TRUE(fails(reginfo("", "version=\"4294967296\" state=\"full\"")));
  EXPECT_TRUE(fails(reginfo("", "version=\"1\" state=\"whole\"")));
  EXPECT_TRUE(fails(reginfo(element("gone", ""))));
  EXPECT_TRUE(fails(reginfo(element("active", contact("perhaps", "registered")))));
  EXPECT_TRUE(fails(reginfo(element("active", contact("active", "registered", "expires=\"soon\"")))));
  EXPECT_TRUE(fails(reginfo(element("active", "", "nobody"))));
  std::string many;
  for (std::size_t i = 0; i <= kReginfoElementsMax; ++i) many += element("init", "");
  EXPECT_TRUE(fails(reginfo(many)));
}

TEST(Reginfo, Verdicts) {
  EXPECT_TRUE(verdict(reginfo(element("terminated", ""))).is_gone);
  EXPECT_FALSE(verdict(reginfo(element("init", ""))).is_gone);
  const RegVerdict expired = verdict(reginfo(element("terminated", contact("terminated", "expired"))));
  EXPECT_TRUE(expired.is_gone && expired.has_expired);
  EXPECT_TRUE(verdict(reginfo(element("active", contact("terminated", "unregistered")))).is_gone)
      << "all of it is said";
  const std::string partial = "version=\"3\" state=\"partial\"";
  const RegVerdict one = verdict(reginfo(element("active", contact("terminated", "rejected")), partial));
  EXPECT_FALSE(one.is_gone) << "others may be active";
  EXPECT_EQ(one.gone, std::vector<std::string>{"urn:uuid:1"});
  EXPECT_EQ(verdict(reginfo(element("active", contact("active", "shortened", "expires=\"30\"")))).expires, 30U);
  EXPECT_FALSE(verdict(reginfo(element("active", contact("active", "refreshed", "expires=\"30\"")))).expires);
}

TEST(Reginfo, Order) {
  Reginfo info;
  info.version = 5;
  EXPECT_EQ(order_of(4, info), Order::Next);
  EXPECT_EQ(order_of(5, info), Order::Old);
  EXPECT_EQ(order_of(3, info), Order::Gap);
  EXPECT_EQ(order_of(-1, info), Order::Gap) << "a part of what nobody has told";
  info.is_full = true;
  EXPECT_EQ(order_of(3, info), Order::Next);
  EXPECT_EQ(order_of(9, info), Order::Old);
}

Result<std::shared_ptr<const RegNotify>> notify(const std::string& state, const std::string& more = "",
                                                const std::string& body = "") {
  const std::string text =
      "NOTIFY sip:as SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=f\r\nTo: <sip:as>;tag=t\r\n"
      "Call-ID: c\r\nCSeq: 7 NOTIFY\r\nEvent: reg\r\n" +
      (state.empty() ? "" : "Subscription-State: " + state + "\r\n") + more +
      "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  sip::Message message;
  EXPECT_TRUE(message.parse(text, sip::Framing::Stream));
  return read_reg_notify(message);
}

TEST(RegNotify, Read) {
  const auto read = notify("terminated;reason=probation;retry-after=20", "Contact: <sip:s@c>\r\n");
  ASSERT_TRUE(read);
  EXPECT_EQ((*read)->sequence, 7U);
  EXPECT_EQ((*read)->local_tag, "t");
  EXPECT_EQ((*read)->remote_target, "sip:s@c");
  EXPECT_TRUE((*read)->is_terminated && (*read)->may_subscribe_again);
  EXPECT_EQ((*read)->retry_after, 20);
  for (const char* final : {"rejected", "noresource", "invariant"}) {
    EXPECT_FALSE((*notify(std::string("terminated;reason=") + final))->may_subscribe_again) << final;
  }
  EXPECT_FALSE((*notify("active;expires=5"))->is_terminated);
  EXPECT_TRUE(notify("").failed_with(Code::SipHeaderMissing));
  EXPECT_TRUE(notify("active", "Content-Type: text/plain\r\n", "x").failed_with(Code::ContentUnsupported));
  EXPECT_FALSE(notify("active", "Content-Type: application/reginfo+xml\r\n", "<x/>"));
  EXPECT_TRUE(notify("active", "Content-Type: application/reginfo+xml\r\n", reginfo("")));
}

TEST(RegistrationWatch, ReadsBackAsItWas) {
  RegistrationWatch watch;
  watch.impu = "sip:a@b";
  watch.call_id = "c";
  watch.routes = {"<sip:r;lr>"};
  watch.local_sequence = 4;
  watch.heard = -1;
  watch.timer_due = 9;
  const auto read = decode_watch(storage::Value::owned(encode(watch), 3, 0), "t");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->local_tag, "t");
  EXPECT_EQ(read->routes, watch.routes);
  EXPECT_EQ(read->heard, -1);
  EXPECT_EQ(read->local_sequence, 4U);
  EXPECT_EQ(read->version, 3U);
  EXPECT_FALSE(decode_watch(storage::Value::owned("broken", 1, 0), "t"));
}

}  // namespace
}  // namespace claviger::registration
