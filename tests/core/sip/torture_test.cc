// RFC 4475, test by test: what a server that takes REGISTER, PUBLISH, SUBSCRIBE and OPTIONS must make of each.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "core/sip/message.h"
#include "core/sip/multipart.h"
#include "core/sip/name_address.h"
#include "core/sip/request_check.h"
#include "core/sip/uri.h"
#include "tests/core/sip/torture_messages.h"

namespace claviger::sip {
namespace {

// What the endpoint would say before any handler is asked: 0 for a message that goes to one.
struct Verdict {
  std::uint16_t status;
  std::unique_ptr<std::string> text;  // what the message's views are into
  std::unique_ptr<Message> message;
};
Verdict judge(std::string text, Framing framing = Framing::Datagram) {
  Verdict verdict{0, std::make_unique<std::string>(std::move(text)), std::make_unique<Message>()};
  if (auto parsed = verdict.message->parse(*verdict.text, framing); !parsed) {
    verdict.status = status_of(parsed.error().code);
  } else if (verdict.message->is_request()) {
    if (auto checked = check_request(*verdict.message); !checked) verdict.status = status_of(checked.error().code);
  } else if (auto checked_response = check_response(*verdict.message); !checked_response) {
    verdict.status = 400;
  }
  return verdict;
}

TEST(Torture, WsinvTakesFoldsSpacesAndCompactNames) {
  const Verdict verdict = judge(wsinv());
  ASSERT_EQ(verdict.status, 0);
  const Message& message = *verdict.message;
  EXPECT_EQ(message.method(), Method::Invite);
  EXPECT_EQ(message.tag(HeaderId::To), "1918181833n");
  EXPECT_EQ(message.tag(HeaderId::From), "98asjd8");
  EXPECT_EQ(message.cseq()->number, 9U);
  EXPECT_EQ(message.cseq()->method, "INVITE");
  EXPECT_EQ(message.top_via()->transport, "UDP");
  EXPECT_EQ(message.top_via()->host, "192.0.2.2");
  EXPECT_EQ(message.count(HeaderId::Via), 2U);
  EXPECT_EQ(message.body().size(), 150U);
  NameAddresses contacts(message.value(HeaderId::Contact));
  const auto contact = contacts.next();
  ASSERT_TRUE(contact && *contact);
  EXPECT_EQ((*contact)->uri, "sip:jdrosen@example.com");
  EXPECT_EQ(find_parameter((*contact)->parameters, "newparam").value, "newvalue");
  EXPECT_EQ(find_parameter((*contact)->parameters, "Q").value, "0.33");
}

TEST(Torture, IntmethTakesExoticCharactersAndAnUnknownMethod) {
  const Verdict verdict = judge(intmeth());
  EXPECT_EQ(verdict.status, 0);
  EXPECT_EQ(verdict.message->method(), Method::Other);
}

TEST(Torture, NulIsForEscapesAndQuotedPairsOnly) {
  using namespace std::string_literals;
  EXPECT_EQ(judge(request("OPTIONS sip:a@example.com SIP/2.0", {"Subject: a\0b"s})).status, 400);
  EXPECT_EQ(judge(request("OPTIONS sip:a@example.com SIP/2.0", {"Subject: a\rb"})).status, 400);
  const Verdict escaped = judge(request("OPTIONS sip:null-%00-null@example.com SIP/2.0", {}));  // escnull
  EXPECT_EQ(escaped.status, 0);
  EXPECT_EQ(*canonical_identity("sip:null-%00-null@EXAMPLE.com"), "sip:null-%00-null@example.com");
}

TEST(Torture, Esc01ComparesDecoded) {
  const Verdict verdict = judge(request("INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0", {}, "INVITE"));
  EXPECT_EQ(verdict.status, 0);
  EXPECT_EQ(parse_uri(verdict.message->request_uri())->user, "sips%3Auser%40example.com");
  EXPECT_EQ(*canonical_identity("sip:%75se%72@example.com"), "sip:user@example.com");
  EXPECT_EQ(judge(request("OPTIONS sip:a%4@example.com SIP/2.0", {})).status, 400);
}

TEST(Torture, Esc02TakesPercentAsATokenCharacter) {
  const Verdict verdict = judge(request("RE%47IST%45R sip:registrar.example.com SIP/2.0", {}, "RE%47IST%45R"));
  EXPECT_EQ(verdict.status, 0);
  EXPECT_EQ(verdict.message->method(), Method::Other);
}

TEST(Torture, LwsdispNeedsNoSpaceBeforeTheBracket) {
  const auto address = parse_name_address("caller<sip:caller@example.com>;tag=323");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->display_name, "caller");
  EXPECT_EQ(find_parameter(address->parameters, "tag").value, "323");
}

TEST(Torture, LongreqIsTakenUpToTheLimits) {
  EXPECT_EQ(judge(request("OPTIONS sip:a@example.com SIP/2.0", {"Subject: " + std::string(8000, 'a')})).status, 0);
  EXPECT_EQ(
      judge(request("OPTIONS sip:a@example.com SIP/2.0", {"Subject: " + std::string(kHeaderBytesMax, 'a')})).status,
      413);
  const Verdict long_line =
      judge(request("OPTIONS sip:" + std::string(kStartLineMax, 'a') + "@example.com SIP/2.0", {}));
  EXPECT_EQ(long_line.status, 413);
  EXPECT_TRUE(long_line.message->is_request() && long_line.message->has(HeaderId::Via)) << "it gets its answer";
  EXPECT_EQ(judge(request("OPTIONS sip:a@example.com SIP/2.0", {std::string(65'536, 'n') + ": v"})).status, 413);
}

TEST(Torture, DblreqUsesTheFirst) {
  const std::string first = request("REGISTER sip:example.com SIP/2.0", {"Content-Length: 0"}, "REGISTER");
  const Verdict verdict = judge(first + request("INVITE sip:joe@example.com SIP/2.0", {}, "INVITE"));
  EXPECT_EQ(verdict.status, 0);
  EXPECT_EQ(verdict.message->method(), Method::Register);
  EXPECT_TRUE(verdict.message->body().empty());
}

TEST(Torture, SemiuriHasItsSemicolonInTheUserPart) {
  const auto uri = parse_uri("sip:user;par=u%40example.net@example.com");
  ASSERT_TRUE(uri);
  EXPECT_EQ(uri->user, "user;par=u%40example.net");
  EXPECT_EQ(uri->host, "example.com");
}

TEST(Torture, TransportsUnknownBelowTheTop) {
  EXPECT_EQ(judge(request("OPTIONS sip:user@example.com SIP/2.0",
                          {"Via: SIP/2.0/SCTP t2.example.com;branch=z9hG4bKklasjdhf",
                           "Via: SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bKuilsdhbuih"}))
                .status,
            0);
}

TEST(Torture, Mpart01HasABinaryPart) {
  using namespace std::string_literals;
  const std::string binary = "\x00\x01\r\n--7a9cbec02ceef655X\r\n\xFF"s;
  const std::string body =
      "preamble\r\n--7a9cbec02ceef655\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: binary\r\n\r\nHello\r\n"
      "--7a9cbec02ceef655\r\nContent-Type: application/octet-stream\r\nContent-ID: <a@b>\r\n\r\n" +
      binary + "\r\n--7a9cbec02ceef655--\r\nepilogue";
  const auto parts = Parts::of("multipart/mixed;boundary=7a9cbec02ceef655", body);
  ASSERT_TRUE(parts);
  ASSERT_EQ(parts->size(), 2U);
  EXPECT_EQ((*parts)[0].body, "Hello");
  EXPECT_EQ((*parts)[1].body, binary);
  EXPECT_EQ((*parts)[1].content_id, "a@b");
}

TEST(Torture, UnreasonAndNoreason) {
  const std::string rest =
      "Via: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923\r\nTo: sip:user@example.com\r\nFrom: "
      "sip:a@example.net;tag=2\r\nCall-ID: unreason.1\r\nCSeq: 35 INVITE\r\nContent-Length: 0\r\n\r\n";
  EXPECT_EQ(judge("SIP/2.0 200 = 2**3 * 5**2 \xD0\xBD\xD0\xBE\r\n" + rest).status, 0);
  const Verdict none = judge("SIP/2.0 100 \r\n" + rest);
  EXPECT_EQ(none.status, 0);
  EXPECT_EQ(none.message->reason(), "");
  EXPECT_NE(judge("SIP/2.0 4294967301 better not break the receiver\r\n" + rest).status, 0);  // bigcode
}

TEST(Torture, ScalarlgInAResponseIsDropped) {
  EXPECT_NE(
      judge("SIP/2.0 503 Service Unavailable\r\nVia: SIP/2.0/TCP host129.example.com;branch=z9hG4bKzzxdiwo34sw\r\nTo: "
            "<sip:a@example.com>\r\nFrom: <sip:b@example.com>;tag=2easdjfejw\r\nCSeq: 9292394834772304023312 "
            "OPTIONS\r\nCall-ID: scalarlg.1\r\nRetry-After: 949302838503028349304023988\r\n\r\n")
          .status,
      0);
}

class TortureRefuses : public testing::TestWithParam<Bad> {};
TEST_P(TortureRefuses, Exactly) { EXPECT_EQ(judge(GetParam().text).status, GetParam().status); }

INSTANTIATE_TEST_SUITE_P(Rfc4475, TortureRefuses, testing::ValuesIn(refused()),
                         [](const testing::TestParamInfo<Bad>& each) { return each.param.name; });

TEST(Torture, WhatIsStrangeButFine) {
  EXPECT_EQ(judge(request(kOptions, {"Date: Fri, 01 Jan 2010 16:00:00 EST"})).status, 0);  // baddate
  EXPECT_EQ(judge(request("REGISTER sip:example.com SIP/2.0", {"Authorization: NoOneKnowsThisScheme opaque-data=here"},
                          "REGISTER"))
                .status,
            0);  // regaut01
  EXPECT_EQ(judge(request("REGISTER sip:example.com SIP/2.0",
                          {"Contact: <sip:user@example.com?Route=%3Csip:sip.example.com%3E>"}, "REGISTER"))
                .status,
            0);  // regescrt
  EXPECT_EQ(judge(lines({"REGISTER sip:example.com SIP/2.0", "To: isbn:2983792873",
                         "From: <http://www.example.com>;tag=3234233", "Call-ID: u", "CSeq: 234902 REGISTER",
                         "Via: SIP/2.0/UDP 192.0.2.21:5060;branch=z9hG4bKkdjuw", "Contact: <name:John_Smith>", ""}))
                .status,
            0);  // unksm2
  EXPECT_EQ(judge(lines({"OPTIONS sip:a@b.c SIP/2.0", "Via: SIP/2.0/UDP h", "To: sip:a@b.c", "From: sip:a@b.c",
                         "Call-ID: i", "CSeq: 1 OPTIONS", "Max-Forwards: 0", ""}))
                .status,
            0);  // inv2543, zeromf
}

TEST(Torture, Bext01NamesWhatItDoesNotKnow) {
  const Verdict verdict = judge(request(
      kOptions, {"Require: nothingSupportsThis, nothingSupportsThisEither", "Proxy-Require: noProxiesSupportThis"}));
  EXPECT_EQ(verdict.status, 0);
  EXPECT_EQ(unsupported_options(*verdict.message, {}), "nothingSupportsThis, nothingSupportsThisEither");
  EXPECT_EQ(unsupported_options(*verdict.message, {"nothingsupportsthis"}), "nothingSupportsThisEither");
}

TEST(Torture, BadbranchIsNoBranch) {
  EXPECT_FALSE(parse_first_via("SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK")->has_branch_of_3261());
  EXPECT_TRUE(parse_first_via("SIP/2.0/UDP 192.0.2.1;branch=z9hg4bKa")->has_branch_of_3261());
}

TEST(Torture, CparamsStayApart) {
  const auto outside = parse_name_address("sip:+19725552222@gw1.example.net;unknownparam");
  const auto inside = parse_name_address("<sip:+19725552222@gw1.example.net;unknownparam>");
  ASSERT_TRUE(outside && inside);
  EXPECT_TRUE(find_parameter(outside->parameters, "unknownparam").is_present);
  EXPECT_EQ(outside->uri, "sip:+19725552222@gw1.example.net");
  EXPECT_TRUE(inside->parameters.empty());
  EXPECT_TRUE(find_parameter(parse_uri(inside->uri)->parameters, "unknownparam").is_present);
}

TEST(Torture, Sdp01) {
  EXPECT_FALSE(accepts(*judge(request(kOptions, {"Accept: text/nobodyKnowsThis"})).message, "application/sdp"));
  EXPECT_TRUE(accepts(*judge(request(kOptions, {"Accept: text/a, application/*;q=0.2"})).message, "application/sdp"));
}

TEST(Torture, ExpiresIsClamped) {
  const auto expires_of = [](std::string_view value) {
    const std::string line = "Expires: " + std::string(value);
    return judge(request(kOptions, {line})).message->expires();
  };
  EXPECT_EQ(expires_of("4294967295"), 4294967295U);
  EXPECT_EQ(expires_of("36893488147419103232"), 4294967295U);
  EXPECT_EQ(expires_of("-1"), 4294967295U);
  EXPECT_EQ(expires_of("0"), 0U);
}

TEST(Torture, OnAStreamContentLengthIsNeeded) {
  EXPECT_EQ(judge(request(kOptions, {}), Framing::Stream).status, 400);
  EXPECT_EQ(judge(request(kOptions, {"l: 0"}), Framing::Stream).status, 0);
}

// Cut anywhere, no message is taken for a whole one with another end of its headers.
TEST(Torture, TruncatedAtEveryByte) {
  for (std::size_t size = 0; size < wsinv().size(); ++size) EXPECT_NE(judge(wsinv().substr(0, size)).status, 0) << size;
}

}  // namespace
}  // namespace claviger::sip
