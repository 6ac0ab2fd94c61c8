#include "core/diameter/check.h"

#include <gtest/gtest.h>

#include "core/diameter/message_builder.h"
#include "tests/core/diameter/message_samples.h"

namespace claviger::diameter {
namespace {

using namespace samples;

constexpr std::uint32_t kApplication = 99;
constexpr std::uint32_t kCommand = 300;
constexpr std::uint32_t kVendor = 4711;
constexpr AvpId kName{1, kVendor};
constexpr AvpId kKind{2, kVendor};
constexpr AvpId kItem{3, kVendor};
constexpr AvpId kForbidden{4, kVendor};
constexpr AvpId kHint{5, kVendor, false};

Dictionary dictionary() {
  Dictionary made = Dictionary::base();
  made.add(AvpRule{kName, "Name", AvpType::Utf8String});
  made.add(AvpRule{kKind, "Kind", AvpType::Enumerated, MandatoryBit::Must, 0, 3});
  made.add(AvpRule{kItem, "Item", AvpType::Grouped});
  made.add(AvpRule{kForbidden, "Forbidden", AvpType::Unsigned32});
  made.add(AvpRule{kHint, "Hint", AvpType::Utf8String, MandatoryBit::MustNot});
  made.add(CommandRule{
      kApplication,
      kCommand,
      "THR",
      true,
      {{avp::kSessionId, 1, 1}, {avp::kOriginHost, 1, 1}, {kName, 1, 1}, {kKind, 0, 1}, {kForbidden, 0, 0}}});
  return made;
}

std::string good() { return avp_of(avp::kSessionId, "s") + avp_of(avp::kOriginHost, "h.example") + avp_of(kName, "n"); }

class DiameterCheck : public testing::Test {
 protected:
  std::optional<Fault> check(Header header, const std::string& avps) {
    return check_request(Message(slice(pool_, message(header, avps))), dictionary_);
  }
  std::optional<Fault> check(const std::string& avps) { return check(request_header(kApplication, kCommand), avps); }
  // The same bytes as an answer: a fault, so that it is dropped.
  std::optional<Fault> answer(const std::string& avps) {
    Header header = request_header(kApplication, kCommand);
    header.flags = kFlagProxiable;
    return check_answer(Message(slice(pool_, message(header, avps))), dictionary_);
  }
  void expect(const std::optional<Fault>& fault, Code code, std::uint32_t result, std::string_view failed) {
    ASSERT_TRUE(fault);
    EXPECT_EQ(name_of(fault->code), name_of(code));
    EXPECT_EQ(fault->result_code, result);
    EXPECT_EQ(as_text(fault->failed), failed);
    // The answer that tells it is itself well formed.
    const Message request(slice(pool_, message(request_header(kApplication, kCommand), good())));
    const Message told(*MessageBuilder::answer(pool_, request).fault(*fault).finish());
    EXPECT_EQ(told.structure(), Message::Structure::Sound);
    EXPECT_EQ(told.header().is_error(), result / 1000 == 3);
  }

  SlabPool pool_;
  Dictionary dictionary_ = dictionary();
};

// What Failed-AVP holds: header and data, no padding.
std::string bare(std::string made, std::size_t data) {
  made.resize(data);
  return made;
}

TEST_F(DiameterCheck, TakesWhatIsRight) {
  EXPECT_FALSE(check(good()));
  EXPECT_FALSE(check(good() + avp_of(kHint, "hm") + avp_of(kItem, avp_of(kName, "x") + avp_u32(kKind, 3))));
  EXPECT_FALSE(answer(good()));
}

TEST_F(DiameterCheck, UnknownCommand) {
  expect(check(request_header(kApplication, 999), good()), Code::CommandUnknown, 3001, "");
}
TEST_F(DiameterCheck, UnknownApplication) {
  expect(check(request_header(12345, kCommand), good()), Code::ApplicationUnknown, 3007, "");
}
TEST_F(DiameterCheck, HeaderBits) {
  Header header = request_header(kApplication, kCommand);
  header.flags = kFlagRequest | kFlagProxiable | kFlagError;
  expect(check(header, good()), Code::DiameterHeaderBits, 3008, "");
  header.flags = kFlagRequest;  // P is missing
  expect(check(header, good()), Code::DiameterHeaderBits, 3008, "");
}
TEST_F(DiameterCheck, ReservedHeaderBitsAreIgnored) {
  Header header = request_header(kApplication, kCommand);
  header.flags |= 0x0f;
  EXPECT_FALSE(check(header, good()));
}
TEST_F(DiameterCheck, Version) {
  Header header = request_header(kApplication, kCommand);
  header.version = 2;
  expect(check(header, good()), Code::DiameterVersion, 5011, "");
}
TEST_F(DiameterCheck, AvpFlags) {
  for (const std::uint8_t flags : {std::uint8_t{0x60}, std::uint8_t{0x41}, std::uint8_t{0x50}}) {
    const std::string bad = avp_of(264, flags, 0, "host");
    expect(check(good() + bad), Code::AvpFlags, 3009, bad);
  }
  const std::string no_vendor = avp_of(264, 0xc0, 0, "host");
  expect(check(good() + no_vendor), Code::AvpFlags, 3009, no_vendor);
}
TEST_F(DiameterCheck, UnknownAvpWithM) {
  const std::string unknown = avp_of(4000, 0xc0, kVendor, "data");
  expect(check(good() + unknown), Code::AvpUnknown, 5001, unknown);
  EXPECT_TRUE(answer(good() + unknown));
  EXPECT_FALSE(check(good() + avp_of(4000, 0x80, kVendor, "data")));  // without M: ignored
  // The code of another vendor is another AVP.
  const std::string other = avp_of(1, 0xc0, kVendor + 1, "data");
  expect(check(good() + other), Code::AvpUnknown, 5001, other);
}
TEST_F(DiameterCheck, Values) {
  const std::string kind = avp_u32(kKind, 4);
  expect(check(good() + kind), Code::AvpValue, 5004, kind);
  EXPECT_TRUE(answer(good() + kind));
  const std::string identity = avp_of(avp::kDestinationHost, "two words");
  expect(check(good() + identity), Code::AvpValue, 5004, bare(identity, 17));
  const std::string text = avp_of(avp::kUserName, "\xff\xff");
  expect(check(good() + text), Code::AvpValue, 5004, bare(text, 10));
}
TEST_F(DiameterCheck, MissingAvp) {
  const std::string without = avp_of(avp::kSessionId, "s") + avp_of(kName, "n");
  expect(check(without), Code::AvpMissing, 5005, bare(avp_of(avp::kOriginHost, std::string(1, '\0')), 9));
  const std::string no_name = avp_of(avp::kSessionId, "s") + avp_of(avp::kOriginHost, "h.example");
  expect(check(no_name), Code::AvpMissing, 5005, avp_of(kName, ""));
}
TEST_F(DiameterCheck, ForbiddenAvp) {
  const std::string forbidden = avp_u32(kForbidden, 1);
  expect(check(good() + forbidden), Code::AvpNotAllowed, 5008, forbidden);
}
TEST_F(DiameterCheck, TooOften) {
  const std::string again = avp_of(kName, "0002");
  expect(check(good() + again + avp_of(kName, "3")), Code::AvpTooMany, 5009, again);
}
TEST_F(DiameterCheck, AvpLengths) {
  const auto kind_example = avp_u32(kKind, 0);
  // Shorter than its header, longer than what is left, wrong for its type.
  expect(check(good() + avp_of(2, 0xc0, kVendor, "0000", 11)), Code::AvpLength, 5014, kind_example);
  expect(check(good() + avp_of(2, 0xc0, kVendor, "0000", 17)), Code::AvpLength, 5014, kind_example);
  expect(check(good() + avp_of(2, 0xc0, kVendor, "0000", 0xffffff)), Code::AvpLength, 5014, kind_example);
  expect(check(good() + avp_of(kKind, "00000000")), Code::AvpLength, 5014, kind_example);
  expect(check(good() + avp_of(264, 0x40, 0, "", 7)), Code::AvpLength, 5014,
         bare(avp_of(avp::kOriginHost, std::string(1, '\0')), 9));
  EXPECT_TRUE(answer(good() + avp_of(kKind, "00000000")));
  EXPECT_TRUE(answer(good() + avp_of(2, 0xc0, kVendor, "0000", 17)));
  // Of a group: its header alone. Of a child: the child.
  expect(check(good() + avp_of(3, 0xc0, kVendor, "", 500)), Code::AvpLength, 5014, avp_of(kItem, ""));
  const std::string child = avp_of(kItem, avp_of(2, 0xc0, kVendor, "0000", 30));
  expect(check(good() + child), Code::AvpLength, 5014, kind_example);
  const std::string address = avp_of(avp::kHostIpAddress, std::string("\0\1\1\2\3", 5));
  expect(check(good() + address), Code::AvpLength, 5014, bare(avp_of(avp::kHostIpAddress, std::string(6, '\0')), 14));
}
TEST_F(DiameterCheck, MessageLength) {
  expect(check(good() + std::string(4, '\0')), Code::DiameterMessageLength, 5015, "");
}
TEST_F(DiameterCheck, FlagNotAllowed) {
  const std::string hint = avp_of(5, 0xc0, kVendor, "hint");
  expect(check(good() + hint), Code::AvpFlagsNotAllowed, 5016, hint);
}
TEST_F(DiameterCheck, OnlyTheFirst) {
  const std::string unknown = avp_of(4000, 0xc0, kVendor, "data");
  expect(check(good() + unknown + avp_u32(kKind, 4) + avp_of(264, 0x60, 0, "host")), Code::AvpUnknown, 5001, unknown);
}
TEST_F(DiameterCheck, GroupsInGroups) {
  std::string nested = avp_of(kName, "x");
  for (int i = 0; i < 6; ++i) nested = avp_of(kItem, nested);
  EXPECT_FALSE(check(good() + nested));
  for (int i = 0; i < 1000; ++i) nested = avp_of(kItem, nested);
  expect(check(good() + nested), Code::AvpValue, 5004, avp_of(kItem, ""));
}
TEST_F(DiameterCheck, VendorSpecificApplication) {  // RFC 6733 clause 6.11
  const std::string vendor = avp_u32(avp::kVendorId, 1);
  const std::string authentication = avp_u32(avp::kAuthApplicationId, 2);
  const std::string accounting = avp_u32(avp::kAcctApplicationId, 3);
  EXPECT_FALSE(check(good() + avp_of(avp::kVendorSpecificApplicationId, vendor + authentication)));
  expect(check(good() + avp_of(avp::kVendorSpecificApplicationId, vendor)), Code::AvpMissing, 5005,
         avp_u32(avp::kAuthApplicationId, 0));
  expect(check(good() + avp_of(avp::kVendorSpecificApplicationId, vendor + authentication + accounting)),
         Code::AvpTooMany, 5009, accounting);
}
TEST_F(DiameterCheck, ARelayLooksAtRoutingAlone) {
  const auto routing = [&](const std::string& avps) {
    return check_routing(Message(slice(pool_, message(request_header(77, 88), avps))));
  };
  EXPECT_FALSE(routing(good() + avp_of(4000, 0xc0, kVendor, "data")));
  expect(routing(avp_of(avp::kDestinationRealm, "")), Code::AvpLength, 5014,
         bare(avp_of(avp::kDestinationRealm, std::string(1, '\0')), 9));
  std::string records;
  for (int i = 0; i < 17; ++i) records += avp_of(avp::kRouteRecord, "a.example");
  ASSERT_TRUE(routing(records));
  EXPECT_EQ(routing(records)->result_code, 5009U);
  Header header = request_header(77, 88);
  header.flags = kFlagRequest;
  EXPECT_EQ(check_routing(Message(slice(pool_, message(header, good()))))->result_code, 3008U);
}

}  // namespace
}  // namespace claviger::diameter
