#include <gtest/gtest.h>

#include <string>

#include "core/sip/answer.h"
#include "core/sip/frame_scanner.h"
#include "core/sip/header_id.h"
#include "core/sip/message.h"
#include "core/sip/multipart.h"
#include "core/sip/request_check.h"
#include "core/sip/uri.h"
#include "core/sip/via.h"

namespace claviger::sip {
namespace {

TEST(HeaderNames, EveryOneInAnyCaseAndItsCompactForm) {
  for (std::size_t i = 0; i + 1 < kHeaderIds; ++i) {
    const auto id = static_cast<HeaderId>(i);
    std::string name(name_of(id));
    EXPECT_EQ(header_id(name), id) << name;
    for (char& c : name) c = static_cast<char>(std::toupper(c));
    EXPECT_EQ(header_id(name), id) << name;
    EXPECT_EQ(header_id(name + "x"), HeaderId::Other) << name;
  }
  EXPECT_EQ(header_id("I"), HeaderId::CallId);
  EXPECT_EQ(header_id("o"), HeaderId::Event);
  EXPECT_EQ(header_id("q"), HeaderId::Other);
  EXPECT_EQ(header_id(""), HeaderId::Other);
}

TEST(Uris, TakenApart) {
  const auto uri = parse_uri("SIPS:alice:secret@[2001:db8::1]:5061;lr;transport=TCP?h=v");
  ASSERT_TRUE(uri);
  EXPECT_TRUE(uri->is_secure);
  EXPECT_EQ(uri->user, "alice:secret");
  EXPECT_EQ(uri->host, "[2001:db8::1]");
  EXPECT_EQ(uri->port, 5061);
  EXPECT_EQ(find_parameter(uri->parameters, "transport").value, "TCP");
  EXPECT_TRUE(find_parameter(uri->parameters, "lr").is_present);
  EXPECT_EQ(uri->headers, "h=v");
  for (const char* bad :
       {"", "sip", "sip:", ":a", "sip:@a", "sip:a@", "sip:a@b:0", "sip:a@b:65536", "sip:a@b:x", "sip:a b@c",
        "sip:a@b c", "sip:a@<b>", "sip:a@b?", "sip:a@b%", "sip:a@[::", "sip:a@b@c", "tel:", "tel:abc x", "sip:a\"@b"}) {
    EXPECT_FALSE(parse_uri(bad)) << bad;
  }
}

TEST(Uris, OneIdentityHasOneWriting) {
  EXPECT_EQ(*canonical_identity("SIP:Alice@IMS.Example.ORG;user=phone"), "sip:Alice@ims.example.org");
  EXPECT_EQ(*canonical_identity("tel:+1-(972).555-2222;ext=1"), "tel:+19725552222");
  EXPECT_EQ(*canonical_identity("sip:a%2Db%40@h"), "sip:a-b%40@h");
  EXPECT_TRUE(canonical_identity("http://a").failed_with(Code::SipUri));
  EXPECT_TRUE(canonical_identity("sip:").failed_with(Code::SipSyntax));
}

TEST(Vias, SeveralInOneHeader) {
  std::string_view rest;
  const auto first = parse_first_via("SIP/2.0/TLS [2001:db8::9]:5061;branch=z9hG4bK1;rport , SIP/2.0/UDP b", &rest);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->host, "[2001:db8::9]");
  EXPECT_EQ(first->port, 5061);
  EXPECT_TRUE(first->wants_rport);
  EXPECT_EQ(parse_first_via(rest)->host, "b");
  EXPECT_TRUE(parse_first_via("SIP/2.0/UDP a;received=2001:db8::1;branch=b"));
  for (const char* bad : {"", "SIP/2.0/UDP", "SIP/1.0/UDP a", "SIP/2.0 a", "SIP/2.0/UDP a;", "SIP/2.0/UDP a,",
                          "SIP/2.0/UDP a;=b", "SIP/2.0/UDP a:99999"}) {
    EXPECT_FALSE(parse_first_via(bad)) << bad;
  }
}

TEST(Multiparts, HostileBoundaries) {
  const auto parts_of = [](std::string_view boundary, std::string_view body) {
    return Parts::of("multipart/mixed;boundary=" + std::string(boundary), body);
  };
  const std::string prefix = "--a\r\n\r\nx\r\n--ab\r\n\r\ny\r\n--a--\r\n";  // a boundary that begins another
  ASSERT_TRUE(parts_of("a", prefix));
  EXPECT_EQ(parts_of("a", prefix)->size(), 1U);
  EXPECT_EQ((*parts_of("a", prefix))[0].body, "x\r\n--ab\r\n\r\ny");
  EXPECT_TRUE(parts_of("a", "--a\r\n\r\nx\r\n").failed_with(Code::SipSyntax));  // not closed
  EXPECT_FALSE(parts_of("a", "--a--\r\n"));
  EXPECT_FALSE(parts_of("a", ""));
  EXPECT_FALSE(parts_of(std::string(71, 'a'), "--" + std::string(71, 'a') + "--"));
  EXPECT_TRUE(
      parts_of(std::string(70, 'a'), "--" + std::string(70, 'a') + "\r\n\r\nx\r\n--" + std::string(70, 'a') + "--"));
  EXPECT_FALSE(Parts::of("multipart/mixed", "x"));
  EXPECT_FALSE(parts_of("a", "--a\r\nContent-Type: a/b\r\nContent-Type: c/d\r\n\r\nx\r\n--a--"));
  EXPECT_FALSE(parts_of("a", "--a\r\nno header\r\n\r\nx\r\n--a--"));
  std::string many;
  for (std::size_t i = 0; i < kPartsMax; ++i) many += "--a\r\n\r\nx\r\n";
  EXPECT_EQ(parts_of("a", many + "--a--")->size(), kPartsMax);
  EXPECT_TRUE(parts_of("a", many + "--a\r\n\r\nx\r\n--a--").failed_with(Code::TooMany));
  const auto empty = parts_of("\"a b\"", "--a b\r\nContent-Type: a/b; x=\"y\"\r\n\r\n\r\n--a b--");
  ASSERT_TRUE(empty);
  EXPECT_EQ((*empty)[0].body, "");
  EXPECT_EQ((*empty)[0].media_type(), "a/b");
  EXPECT_EQ(empty->find("A/B"), empty->begin());
}

// RFC 5621 clause 4: what is in a part that is a multipart itself stands in its place, to a depth.
TEST(Multiparts, PartsOfPartsStandInTheirPlace) {
  std::string body = "--b\r\nContent-Type: a/x\r\n\r\nx\r\n--b\r\nContent-Type: a/y\r\n\r\ny\r\n--b--\r\n";
  const auto wrap = [&body](const std::string& inner, const std::string& outer) {
    body = "--" + outer + "\r\nContent-Type: a/first\r\n\r\n1\r\n--" + outer +
           "\r\nContent-Type: multipart/mixed;boundary=" + inner + "\r\n\r\n" + body + "\r\n--" + outer + "--\r\n";
  };
  wrap("b", "c");
  const auto parts = Parts::of("multipart/mixed;boundary=c", body);
  ASSERT_TRUE(parts);
  ASSERT_EQ(parts->size(), 3U);
  EXPECT_EQ((*parts)[0].media_type(), "a/first");
  EXPECT_EQ((*parts)[1].body, "x");
  EXPECT_EQ((*parts)[2].body, "y");
  wrap("c", "d");
  EXPECT_TRUE(Parts::of("multipart/mixed;boundary=d", body));
  wrap("d", "e");
  EXPECT_TRUE(Parts::of("multipart/mixed;boundary=e", body).failed_with(Code::TooMany));
  EXPECT_FALSE(
      Parts::of("multipart/mixed;boundary=a", "--a\r\nContent-Type: multipart/mixed;boundary=b\r\n\r\n--b--\r\n--a--"));
  EXPECT_FALSE(Parts::of("multipart/mixed;boundary=a", "--a\r\nContent-Type: multipart/mixed\r\n\r\nx\r\n--a--"));
}

std::string part(const std::string& headers, const std::string& body) {
  return "--a\r\nContent-Type: a/b\r\n" + headers + "\r\n" + body + "\r\n";
}
Result<Parts> parts_in(const std::string& text) { return Parts::of("multipart/mixed;boundary=a", text); }

// RFC 2045 clause 6: of whatever type a part is.
TEST(Multiparts, TransferEncodingsAreUndone) {
  const std::string body = part("Content-Transfer-Encoding: base64\r\n", "PG1jcHR0\r\n aW5mby8+\r\n") +
                           part("content-transfer-encoding:8BIT\r\n", "PGE+") +
                           part("Content-Transfer-Encoding: BASE64\r\n", "") +
                           part("Content-Transfer-Encoding: Base64\r\n", "PGI+") + "--a--";
  std::optional<Parts> moved;
  {
    auto parts = parts_in(body);
    ASSERT_TRUE(parts);
    moved = *std::move(parts);
  }
  const Parts copied = *moved;
  moved.reset();
  ASSERT_EQ(copied.size(), 4U);
  EXPECT_EQ(copied[0].body, "<mcpttinfo/>");
  EXPECT_EQ(copied[0].transfer_encoding, "");
  EXPECT_EQ(copied[1].body, "PGE+");
  EXPECT_EQ(copied[2].body, "");
  EXPECT_EQ(copied[3].body, "<b>");
  const auto alone = Parts::of("application/x", "PGE+", "base64");
  ASSERT_TRUE(alone);
  EXPECT_EQ((*alone)[0].body, "<a>");
}

TEST(Multiparts, WhatIsNoBase64IsEmptyAndSaysSo) {
  for (const std::string text : {"<mcpttinfo/>", "PGE", "PGE+=", "====", "PGF="}) {
    const std::string body = part("Content-Transfer-Encoding: base64\r\n", text) +
                             part("Content-Transfer-Encoding: base64\r\n", "PGI+") + "--a--";
    const auto parts = parts_in(body);
    ASSERT_TRUE(parts);
    EXPECT_EQ((*parts)[0].body, "") << text;
    EXPECT_EQ((*parts)[0].transfer_encoding, "base64");
    EXPECT_EQ((*parts)[1].body, "<b>");
  }
}

TEST(Multiparts, OtherTransferEncodingsAreNotUnderstood) {
  for (const std::string name : {"quoted-printable", "gzip", "base64x", "7bit;x"}) {
    const std::string header = "Content-Transfer-Encoding: " + name + "\r\n";
    const auto refused = parts_in(part(header, "x") + "--a--");
    EXPECT_TRUE(refused.failed_with(Code::ContentUnsupported)) << name;
    EXPECT_EQ(refused.error().where, kTransferEncoding);
    EXPECT_TRUE(Parts::of("application/x", "x", name).failed_with(Code::ContentUnsupported));
    // RFC 3204 clause 6: whoever does not understand it may do without.
    const std::string optional = header + "Content-Disposition: render; handling=OPTIONAL\r\n";
    const std::string body = part(optional, "x") + part("", "y") + "--a--";
    const auto parts = parts_in(body);
    ASSERT_TRUE(parts);
    ASSERT_EQ(parts->size(), 1U);
    EXPECT_EQ((*parts)[0].body, "y");
    EXPECT_FALSE(parts_in(part(header + "Content-Disposition: render;handling=required\r\n", "x") + "--a--"));
  }
  // What is made of parts, or is a message, has encodings inside alone (RFC 2045 clause 6.4).
  EXPECT_TRUE(
      Parts::of("multipart/mixed;boundary=a", "--a\r\n\r\nx\r\n--a--", "base64").failed_with(Code::ContentUnsupported));
  const std::string inner = "Content-Type: multipart/mixed;boundary=b\r\nContent-Transfer-Encoding: base64\r\n";
  EXPECT_TRUE(parts_in("--a\r\n" + inner + "\r\nLS1i\r\n--a--").failed_with(Code::ContentUnsupported));
  const std::string within =
      "--a\r\nContent-Type: message/sip\r\nContent-Transfer-Encoding: base64\r\n\r\nPGE+\r\n--a--";
  const auto message = parts_in(within);
  ASSERT_TRUE(message);
  EXPECT_EQ((*message)[0].body, "PGE+");
}

TEST(Multiparts, ASinglePartIsOne) {
  const auto parts = Parts::of("application/x ; a=b", "body");
  ASSERT_TRUE(parts);
  EXPECT_EQ((*parts)[0].media_type(), "application/x");
  EXPECT_EQ((*parts)[0].body, "body");
}

using State = FrameScanner::State;

TEST(Frames, ByteByByte) {
  const std::string message = "OPTIONS sip:a SIP/2.0\r\nl\r\n : 3\r\nVia: x\r\n\r\nabc";
  const std::string whole = "OPTIONS sip:a SIP/2.0\r\nl: 3\r\nVia: x\r\n\r\nabc";
  FrameScanner scanner;
  for (std::size_t size = 1; size < whole.size(); ++size)
    ASSERT_EQ(scanner.scan(whole.substr(0, size)).state, State::NeedMore) << size;
  const auto frame = scanner.scan(whole + "NEXT");
  EXPECT_EQ(frame.state, State::Complete);
  EXPECT_EQ(frame.size, whole.size());
  EXPECT_FALSE(scanner.has_begun());
  EXPECT_EQ(scanner.scan(message).state, State::Broken);  // a name and its colon stand on one line
}

TEST(Frames, KeepAlive) {
  FrameScanner scanner;
  auto frame = scanner.scan("\r\n\r\n");
  EXPECT_TRUE(frame.is_ping);
  EXPECT_EQ(frame.skip, 4U);
  frame = scanner.scan("\r\nA sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n");
  EXPECT_FALSE(frame.is_ping);
  EXPECT_EQ(frame.skip, 2U);
  EXPECT_EQ(frame.state, State::Complete);
  EXPECT_EQ(scanner.scan("\r").skip, 0U);
  EXPECT_FALSE(scanner.has_begun());
}

TEST(Frames, Broken) {
  for (const char* bad : {"A b SIP/2.0\r\nVia: x\r\n\r\n", "A b SIP/2.0\r\nContent-Length: -1\r\n\r\n",
                          "A b SIP/2.0\r\nl: 1\r\nl: 1\r\n\r\n", "A b SIP/2.0\r\nContent-Length: 65537\r\n\r\n",
                          "A b SIP/2.0\r\nContent-Length:\r\n\r\n"}) {
    FrameScanner scanner;
    EXPECT_EQ(scanner.scan(bad).state, State::Broken) << bad;
  }
  FrameScanner scanner;
  EXPECT_EQ(scanner.scan(std::string(kHeaderBytesMax + 1, 'a')).state, State::Broken);
}

TEST(Answers, ViaSaysWhereTheRequestCameFrom) {
  Message request;
  const std::string text =
      "SUBSCRIBE sip:a SIP/2.0\r\nVia: SIP/2.0/UDP host;rport;branch=z9hG4bKrport, SIP/2.0/TCP b\r\nVia: SIP/2.0/UDP "
      "c\r\nTo: <sip:a@b>\r\n"
      "From: <sip:c@d>;tag=1\r\nCall-ID: 1\r\nCSeq: 1 SUBSCRIBE\r\nRecord-Route: <sip:p;lr>\r\n\r\n";
  ASSERT_TRUE(request.parse(text, Framing::Datagram));
  Response response(200);
  response.with("Expires", "60");
  const std::string answer = write_response(request, response, {"192.0.2.1", 5070}, "tag0");
  EXPECT_EQ(answer,
            "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP host;rport=5070;branch=z9hG4bKrport;received=192.0.2.1, SIP/2.0/TCP "
            "b\r\nVia: SIP/2.0/UDP c\r\n"
            "From: <sip:c@d>;tag=1\r\nTo: <sip:a@b>;tag=tag0\r\nCall-ID: 1\r\nCSeq: 1 SUBSCRIBE\r\nRecord-Route: "
            "<sip:p;lr>\r\nExpires: 60\r\nContent-Length: 0\r\n\r\n");
  Message again;
  EXPECT_TRUE(again.parse(answer, Framing::Stream));
  EXPECT_TRUE(check_response(again));
}

TEST(Answers, WhatIsMissingStaysMissing) {
  Message request;
  EXPECT_FALSE(
      request.parse("OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1\r\nno header\r\n\r\n", Framing::Datagram));
  EXPECT_EQ(write_response(request, Response(400), {"192.0.2.1", 5060}, "t"),
            "SIP/2.0 400 Bad Request\r\nVia: SIP/2.0/UDP 192.0.2.1\r\nContent-Length: 0\r\n\r\n");
}

TEST(Statuses, OneTable) {
  EXPECT_EQ(status_of(Code::SipSyntax), 400);
  EXPECT_EQ(status_of(Code::IntervalTooBrief), 423);
  EXPECT_EQ(status_of(Code::EventUnsupported), 489);
  EXPECT_EQ(status_of(Code::EntityTagUnknown), 412);
  EXPECT_EQ(status_of(Code::DialogUnknown), 481);
  EXPECT_EQ(status_of(Code::RequestSequence), 500);
  EXPECT_EQ(status_of(Code::Overload), 503);
}

}  // namespace
}  // namespace claviger::sip
