// Our reading against libosip2's and Sofia-SIP's: RFC 4475's messages by name, and messages with faults put into them.
//   CLAVIGER_SIP_MUTATIONS   how many of the latter; 20 000 when it is not set
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <map>
#include <string>

#include "tests/core/sip/disagreements.h"
#include "tests/core/sip/mutations.h"
#include "tests/core/sip/oracles.h"
#include "tests/core/sip/torture_messages.h"

namespace claviger::sip {
namespace {

// What others take of that which the RFC says to refuse.
enum Taken { kOsip = 1, kSofia = 2, kBoth = 3 };
const std::map<std::string, Taken> kOthersTake = {
    {"clerr", kOsip},          {"ncl", kOsip},     {"scalar02_cseq", kOsip}, {"scalar02_max_forwards", kBoth},
    {"lwsstart", kSofia},      {"trws", kSofia},   {"escruri", kBoth},       {"regbadct", kOsip},
    {"badaspec", kSofia},      {"badvers", kBoth}, {"mismatch01", kOsip},    {"mismatch02", kOsip},
    {"insuf", kOsip},          {"unkscm", kBoth},  {"novelsc", kSofia},      {"no_headers", kOsip},
    {"bare_line_feed", kOsip},
};

void expect_same(const Reading& ours, const Reading& theirs, const char* whose) {
  EXPECT_EQ(ours.method, theirs.method) << whose;
  EXPECT_EQ(ours.status, theirs.status) << whose;
  EXPECT_EQ(ours.call_id, theirs.call_id) << whose;
  EXPECT_EQ(ours.cseq, theirs.cseq) << whose;
  EXPECT_EQ(ours.from_tag, theirs.from_tag) << whose;
  EXPECT_EQ(ours.to_tag, theirs.to_tag) << whose;
  EXPECT_EQ(ours.vias, theirs.vias) << whose;
}

TEST(Differential, Rfc4475ByName) {
  for (const Bad& each : refused()) {
    SCOPED_TRACE(each.name);
    EXPECT_FALSE(read_by_us(each.text).is_taken);
    const int taken = (read_by_osip(each.text).is_taken ? kOsip : 0) | (read_by_sofia(each.text).is_taken ? kSofia : 0);
    const auto known = kOthersTake.find(each.name);
    EXPECT_EQ(taken, known == kOthersTake.end() ? 0 : known->second);
  }
  const Reading ours = read_by_us(wsinv());
  ASSERT_TRUE(ours.is_taken);
  for (const Reading& theirs : {read_by_osip(wsinv()), read_by_sofia(wsinv())}) {
    ASSERT_TRUE(theirs.is_taken);
    expect_same(ours, theirs, "wsinv");
  }
  EXPECT_EQ(ours.body, read_by_sofia(wsinv()).body);
  // Both stop at the NUL in its quoted pair.
  EXPECT_TRUE(read_by_us(intmeth()).is_taken);
  EXPECT_FALSE(read_by_osip(intmeth()).is_taken || read_by_sofia(intmeth()).is_taken);
}

std::vector<std::string> originals() {
  const std::string publish =
      lines({"PUBLISH sip:mcptt-as.example.org SIP/2.0", "Via: SIP/2.0/TCP scscf.example.org:6060;branch=z9hG4bK8f2a",
             "Max-Forwards: 68", "Route: <sip:mcptt-as.example.org;lr>",
             "From: \"Alice\" <sip:alice@ims.example.org>;tag=1", "To: <sip:mcptt-as.example.org>",
             "Call-ID: cb03a@192.0.2.10", "CSeq: 61 PUBLISH", "P-Asserted-Identity: <sip:alice@ims.example.org>",
             "Event: poc-settings;id=1", "Expires: 4294967295", "Content-Type: text/plain", "Content-Length: 4", ""});
  return {wsinv(), publish + "body", request(kOptions, {"Content-Length: 3"}) + "abc",
          lines({"SIP/2.0 200 OK", "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx;rport=5060",
                 "From: <sip:a@b.example>;tag=1", "To: <sip:c@d.example>;tag=2", "Call-ID: 7@192.0.2.1",
                 "CSeq: 3 NOTIFY", "Contact: <sip:c@192.0.2.9:5060;transport=tcp>", "Content-Length: 0", ""}),
          request("REGISTER sip:example.com SIP/2.0",
                  {"Contact: <sip:ue@192.0.2.10:5060>;+sip.instance=\"<urn:uuid:1>\";+g.3gpp.mcptt;expires=600",
                   "Expires: 600", "Path: <sip:p.example.org;lr>", "Content-Length: 0"},
                  "REGISTER")};
}

// No field is understood by us alone in its way.
void expect_company(const Reading& ours, const Reading& osip, const Reading& sofia) {
  EXPECT_TRUE(ours.method == osip.method || ours.method == sofia.method);
  EXPECT_TRUE(ours.status == osip.status || ours.status == sofia.status);
  EXPECT_TRUE(ours.call_id == osip.call_id || ours.call_id == sofia.call_id);
  EXPECT_TRUE(ours.cseq == osip.cseq || ours.cseq == sofia.cseq);
  EXPECT_TRUE(ours.from_tag == osip.from_tag || ours.from_tag == sofia.from_tag);
  EXPECT_TRUE(ours.to_tag == osip.to_tag || ours.to_tag == sofia.to_tag);
  EXPECT_TRUE(ours.vias == osip.vias || ours.vias == sofia.vias);
}

TEST(Differential, WhereWeStandAloneWeKnowWhy) {
  constexpr int kFailuresShownMax = 3;
  const char* const asked = std::getenv("CLAVIGER_SIP_MUTATIONS");
  const long count = asked == nullptr ? 20'000 : std::strtol(asked, nullptr, 10);
  Mutations mutations(originals(), 4475);
  std::array<long, 3> seen{};  // taken by all, by us alone, refused by us alone
  int shown = 0;
  for (long i = 0; i < count && shown < kFailuresShownMax; ++i) {
    const std::string text = mutations.next();
    const Reading ours = read_by_us(text), osip = read_by_osip(text), sofia = read_by_sofia(text);
    bool is_explained = true;
    if (ours.is_taken && osip.is_taken && sofia.is_taken) {
      ++seen[0];
      SCOPED_TRACE(text);
      expect_company(ours, osip, sofia);
    } else if (ours.is_taken && !osip.is_taken && !sofia.is_taken) {
      ++seen[1];
      is_explained = !reason_to_take(text).empty();
    } else if (!ours.is_taken && osip.is_taken && sofia.is_taken) {
      ++seen[2];
      is_explained = !reason_to_refuse(ours.where).empty();
    }
    EXPECT_TRUE(is_explained) << (ours.is_taken ? "we take" : "we refuse at " + ours.where) << "\n" << text;
    if (!is_explained) ++shown;
  }
  if (shown == 0) {
    EXPECT_GT(seen[0], count / 20);
  }
  std::printf("%ld messages: %ld taken by all, %ld by us alone, %ld refused by us alone\n", count, seen[0], seen[1],
              seen[2]);
}

}  // namespace
}  // namespace claviger::sip
