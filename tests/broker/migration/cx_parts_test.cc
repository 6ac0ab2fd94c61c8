#include "broker/migration/cx_parts.h"

#include <gtest/gtest.h>

#include "broker/migration/visitor_registration.h"
#include "core/base/slice.h"

namespace claviger::migration {
namespace {

using diameter::Message;
using diameter::MessageBuilder;

struct Builder {
  SlabPool pool;
  MessageBuilder request = MessageBuilder::request(pool, cx::kApplication, cx::command::kMultimediaAuth);
  Message built() {
    auto slice = request.finish();
    EXPECT_TRUE(slice.has_value());
    return Message(*std::move(slice));
  }
};

TEST(CxParts, SchemesAreTakenWithoutRegardToCase) {
  for (const auto& [scheme, is_aka] :
       {std::pair{"Digest-AKAv1-MD5", true}, std::pair{"digest-akav1-md5", true}, std::pair{"Unknown", true},
        std::pair{"unknown", true}, std::pair{"SIP Digest", false}, std::pair{"", false}}) {
    Builder one;
    one.request.begin_group(cx::avp::kSipAuthDataItem).text(cx::avp::kSipAuthenticationScheme, scheme).end_group();
    EXPECT_EQ(read_auth_item(one.built()).is_aka, is_aka) << scheme;
  }
  Builder none;
  EXPECT_TRUE(read_auth_item(none.built()).is_aka);
}

TEST(CxParts, ResynchronisationHas30Octets) {
  for (const std::size_t size : {0U, 14U, 29U, 31U}) {
    Builder one;
    one.request.begin_group(cx::avp::kSipAuthDataItem)
        .octets(cx::avp::kSipAuthorization, as_bytes(std::string(size, 'x')))
        .end_group();
    EXPECT_FALSE(read_auth_item(one.built()).is_well_formed) << size;
  }
  Builder good;
  good.request.begin_group(cx::avp::kSipAuthDataItem)
      .octets(cx::avp::kSipAuthorization, as_bytes(std::string(30, 'x')))
      .end_group();
  const Message message = good.built();
  const AuthItem item = read_auth_item(message);
  EXPECT_TRUE(item.is_well_formed);
  const AuthItemBytes bytes(item);
  Builder again;
  again.request.octets(cx::avp::kSipAuthDataItem, bytes.bytes());
  const Message copy = again.built();
  EXPECT_EQ(as_text(read_auth_item(copy).authorization), std::string(30, 'x'));
}

void add_item(MessageBuilder& builder, std::uint32_t number, char fill, std::size_t xres = 8, std::size_t ck = 16) {
  builder.begin_group(cx::avp::kSipAuthDataItem).u32(cx::avp::kSipItemNumber, number);
  builder.octets(cx::avp::kSipAuthenticate, as_bytes(std::string(32, fill)));
  builder.octets(cx::avp::kSipAuthorization, as_bytes(std::string(xres, fill)));
  builder.octets(cx::avp::kConfidentialityKey, as_bytes(std::string(ck, fill)));
  builder.octets(cx::avp::kIntegrityKey, as_bytes(std::string(16, fill))).end_group();
}

TEST(CxParts, VectorsHaveTheLengthsThatSCscfsReadBlindly) {
  for (const auto& [xres, ck] : {std::pair<std::size_t, std::size_t>{3, 16}, {17, 16}, {8, 15}, {8, 17}, {8, 0}}) {
    Builder one;
    add_item(one.request, 1, 'a', xres, ck);
    const Message message = one.built();
    EXPECT_FALSE(read_vector(message).has_value());
  }
  Builder two;
  add_item(two.request, 2, 'b');
  add_item(two.request, 1, 'a');
  const Message message = two.built();
  const auto vector = read_vector(message);
  ASSERT_TRUE(vector.has_value());
  EXPECT_EQ(as_text(vector->expected), "aaaaaaaa");
}

TEST(CxParts, ServerNamesAreBounded) {
  EXPECT_EQ(ServerNameText("mc.bravo.example", "alpha.example").view(),
            "sip:migration-mc.bravo.example.mms.alpha.example");
  EXPECT_EQ(ServerNameText(std::string(2000, 'a')).view().size(), 640U);
}

TEST(VisitorRegistration, IsKeptAsItWas) {
  VisitorRegistration one{"sip:scscf.here.example", "scscf.here.example", "here.example", true};
  const auto read = decode_visitor(encode_visitor(one));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->server_name, one.server_name);
  EXPECT_EQ(read->host, one.host);
  EXPECT_EQ(read->realm, one.realm);
  EXPECT_TRUE(read->is_registered);
  EXPECT_TRUE(decode_visitor("").failed_with(Code::Corrupt));
  EXPECT_TRUE(decode_visitor("\2\1a\nb\nc").failed_with(Code::SchemaTooNew));
  EXPECT_TRUE(decode_visitor("\1\1a\nb").failed_with(Code::Corrupt));
}

}  // namespace
}  // namespace claviger::migration
