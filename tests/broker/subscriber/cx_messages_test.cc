// Cx on the wire: what is read, what is answered (TS 29.229 clauses 6.1 to 6.3).
#include "broker/subscriber/cx_messages.h"

#include <gtest/gtest.h>

#include "broker/subscriber/cx.h"

namespace claviger::subscriber {
namespace {

using diameter::Message;
using diameter::MessageBuilder;

class CxMessages : public ::testing::Test {
 protected:
  MessageBuilder begin(std::uint32_t command) {
    MessageBuilder builder = MessageBuilder::request(pool_, cx::kApplication, command);
    builder.text(diameter::avp::kSessionId, "scscf;1;2");
    builder.vendor_specific_application(cx::kVendor, cx::kApplication).u32(diameter::avp::kAuthSessionState, 1);
    builder.origin("scscf1.alpha.example", "alpha.example").text(diameter::avp::kDestinationRealm, "alpha.example");
    return builder;
  }
  MessageBuilder begin_mar(std::string_view scheme = "Digest-AKAv1-MD5", std::string_view authorization = {}) {
    MessageBuilder builder = begin(cx::command::kMultimediaAuth);
    builder.text(cx::avp::kPublicIdentity, "sip:ann@x.y").text(diameter::avp::kUserName, "ann@x.y");
    builder.u32(cx::avp::kSipNumberAuthItems, 3).begin_group(cx::avp::kSipAuthDataItem);
    builder.text(cx::avp::kSipAuthenticationScheme, scheme);
    if (!authorization.empty()) builder.text(cx::avp::kSipAuthorization, authorization);
    builder.end_group().text(cx::avp::kServerName, "sip:s.alpha.example");
    return builder;
  }
  static Message finish(MessageBuilder builder) { return Message(*builder.finish()); }
  Message answer_to(const Message& request, auto write) {
    MessageBuilder builder = MessageBuilder::answer(pool_, request);
    write(builder);
    return finish(std::move(builder));
  }
  Message sar_of(std::size_t identities) {
    MessageBuilder builder = begin(cx::command::kServerAssignment);
    builder.text(cx::avp::kServerName, "sip:s").u32(cx::avp::kServerAssignmentType, 5);
    for (std::size_t i = 0; i < identities; ++i) builder.text(cx::avp::kPublicIdentity, "sip:ann@x.y");
    return finish(std::move(builder));
  }
  SlabPool pool_;
  static constexpr CxPlace kHere{"alpha", "Alpha.example"};
};

TEST_F(CxMessages, AMultimediaAuthRequest) {
  const Message request = finish(begin_mar());
  diameter::Dictionary dictionary = diameter::Dictionary::base();
  cx::add_to(dictionary);
  const auto fault = diameter::check_request(request, dictionary);
  EXPECT_FALSE(fault) << fault->result_code;
  const auto read = read_multimedia_auth(request, kHere);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->tenant, "alpha");
  EXPECT_EQ(read->private_identity, "ann@x.y");
  EXPECT_EQ(read->public_identity, "sip:ann@x.y");
  EXPECT_EQ(read->server_name, "sip:s.alpha.example");
  EXPECT_EQ(read->host, "scscf1.alpha.example");
  EXPECT_EQ(read->scheme, "Digest-AKAv1-MD5");
  EXPECT_EQ(read->serving_domain, "");
  EXPECT_EQ(read_multimedia_auth(request, {"alpha", "bravo.example"})->serving_domain, "alpha.example");
}

// Clause 6.1: Vendor-Specific-Application-Id and Destination-Realm stand in each request, results in none.
TEST_F(CxMessages, EachRequestHasItsApplicationAndItsRealmAndNoResult) {
  diameter::Dictionary dictionary = diameter::Dictionary::base();
  cx::add_to(dictionary);
  const auto code = [&](MessageBuilder builder) {
    const auto fault = diameter::check_request(finish(std::move(builder)), dictionary);
    return fault ? fault->result_code : 0;
  };
  const auto bare = [&](bool has_application, bool has_realm) {
    MessageBuilder builder = MessageBuilder::request(pool_, cx::kApplication, cx::command::kLocationInfo);
    builder.text(diameter::avp::kSessionId, "scscf;1;2").u32(diameter::avp::kAuthSessionState, 1);
    if (has_application) builder.vendor_specific_application(cx::kVendor, cx::kApplication);
    builder.origin("scscf1.alpha.example", "alpha.example").text(cx::avp::kPublicIdentity, "sip:ann@x.y");
    if (has_realm) builder.text(diameter::avp::kDestinationRealm, "alpha.example");
    return builder;
  };
  EXPECT_EQ(code(bare(true, true)), 0U);
  EXPECT_EQ(code(bare(false, true)), 5005U);
  EXPECT_EQ(code(bare(true, false)), 5005U);
  MessageBuilder twice = bare(true, true);  // a peer of the field does that
  twice.text(diameter::avp::kDestinationRealm, "alpha.example");
  EXPECT_EQ(code(std::move(twice)), 0U);
  MessageBuilder with_result = bare(true, true);
  with_result.u32(diameter::avp::kResultCode, 2001);
  EXPECT_EQ(code(std::move(with_result)), 5008U);
}

TEST_F(CxMessages, AnAuthorizationHasThirtyOctets) {
  EXPECT_TRUE(read_multimedia_auth(finish(begin_mar("Unknown", std::string(30, 'x'))), kHere));
  for (const std::size_t size : {1U, 29U, 31U, 32U}) {
    const Message request = finish(begin_mar("Unknown", std::string(size, 'x')));
    const auto read = read_multimedia_auth(request, kHere);
    EXPECT_EQ(read.error().code, Code::AvpValue);
    const Message answer = answer_to(request, [&](MessageBuilder& builder) {
      write_multimedia_auth(request, Result<VectorAnswer>(read.error()), builder);
    });
    EXPECT_EQ(answer.outcome().code, diameter::result_code::kInvalidAvpValue);
    EXPECT_TRUE(answer.find(diameter::avp::kFailedAvp));
  }
}

TEST_F(CxMessages, AMultimediaAuthAnswer) {
  const Message request = finish(begin_mar());
  VectorAnswer made;
  made.vector.rand[0] = std::byte{1};
  made.vector.autn[15] = std::byte{2};
  made.vector.response_bytes = 8;
  const Message answer = answer_to(request, [&](MessageBuilder& builder) {
    write_multimedia_auth(request, Result<VectorAnswer>(std::move(made)), builder);
  });
  EXPECT_EQ(answer.outcome().code, 2001U);
  EXPECT_EQ(answer.outcome().vendor, 0U);
  EXPECT_EQ(answer.text(diameter::avp::kUserName), "ann@x.y");
  EXPECT_EQ(answer.text(cx::avp::kPublicIdentity), "sip:ann@x.y");
  EXPECT_EQ(answer.u32(cx::avp::kSipNumberAuthItems), 1U);
  ASSERT_EQ(answer.count(cx::avp::kSipAuthDataItem), 1U);
  const auto item = *answer.find(cx::avp::kSipAuthDataItem);
  const auto size_of = [&](const diameter::AvpId& id) { return find_in_group(item, id)->data().size(); };
  EXPECT_EQ(size_of(cx::avp::kSipAuthenticate), 32U);
  EXPECT_EQ(size_of(cx::avp::kSipAuthorization), 8U);
  EXPECT_EQ(size_of(cx::avp::kConfidentialityKey), 16U);
  EXPECT_EQ(size_of(cx::avp::kIntegrityKey), 16U);
  EXPECT_EQ(find_in_group(item, cx::avp::kSipAuthenticationScheme)->text(), "Digest-AKAv1-MD5");
  EXPECT_EQ(find_in_group(item, cx::avp::kSipAuthenticate)->data()[0], std::byte{1});
  EXPECT_EQ(find_in_group(item, cx::avp::kSipAuthenticate)->data()[31], std::byte{2});
}

TEST_F(CxMessages, ErrorsSayWhomTheyAreAbout) {
  const Message request = finish(begin_mar());
  const Message answer = answer_to(request, [&](MessageBuilder& builder) {
    write_multimedia_auth(request, Result<VectorAnswer>(Error{Code::SubscriberUnknown, ""}), builder);
  });
  EXPECT_EQ(answer.outcome().vendor, cx::kVendor);
  EXPECT_EQ(answer.outcome().code, 5001U);
  EXPECT_FALSE(answer.find(diameter::avp::kResultCode));  // never both
  EXPECT_EQ(answer.text(diameter::avp::kUserName), "ann@x.y");
  EXPECT_EQ(answer.text(cx::avp::kPublicIdentity), "sip:ann@x.y");
  EXPECT_EQ(answer.text(diameter::avp::kSessionId), "scscf;1;2");
}

// RFC 6733 clause 7.1.3: a protocol error, with the E bit, so that agents try somebody else; and S-CSCFs see whom it is about.
TEST_F(CxMessages, TooManyAtOnceIsAProtocolError) {
  const Message request = finish(begin_mar());
  for (const Code code : {Code::Overload, Code::DeadlinePassed}) {
    const Message answer = answer_to(request, [&](MessageBuilder& builder) {
      write_multimedia_auth(request, Result<VectorAnswer>(Error{code, ""}), builder);
    });
    EXPECT_EQ(answer.outcome().code, 3004U);
    EXPECT_EQ(answer.outcome().vendor, 0U);
    EXPECT_NE(answer.header().flags & diameter::kFlagError, 0);
    EXPECT_EQ(answer.text(diameter::avp::kUserName), "ann@x.y");
    EXPECT_EQ(answer.text(cx::avp::kPublicIdentity), "sip:ann@x.y");
  }
}

TEST_F(CxMessages, EveryRefusalHasItsResult) {
  const auto is = [](Code code, std::uint32_t number, bool is_experimental) {
    const CxResult result = cx_result_of(code);
    return result.code == number && result.is_experimental == is_experimental;
  };
  EXPECT_TRUE(is(Code::SubscriberUnknown, 5001, true));
  EXPECT_TRUE(is(Code::PublicIdentityUnknown, 5001, true));
  EXPECT_TRUE(is(Code::SubscriberInvalid, 5001, true));
  EXPECT_TRUE(is(Code::IdentitiesDiffer, 5002, true));
  EXPECT_TRUE(is(Code::IdentityNotRegistered, 5003, true));
  EXPECT_TRUE(is(Code::RoamingNotAllowed, 5004, true));
  EXPECT_TRUE(is(Code::IdentityRegistered, 5005, true));
  EXPECT_TRUE(is(Code::AuthenticationScheme, 5006, true));
  EXPECT_TRUE(is(Code::AssignmentType, 5007, true));
  EXPECT_TRUE(is(Code::SubscriberDisabled, 5003, false));
  EXPECT_TRUE(is(Code::RouteRefused, 5003, false));
  EXPECT_TRUE(is(Code::AvpMissing, 5005, false));
  EXPECT_TRUE(is(Code::AvpValue, 5004, false));
  EXPECT_TRUE(is(Code::AvpTooMany, 5009, false));
  EXPECT_TRUE(is(Code::AutsInvalid, 5012, false));
  EXPECT_TRUE(is(Code::ServerNameDiffers, 5012, false));
  EXPECT_TRUE(is(Code::AkaThrottled, 5012, false));
  EXPECT_TRUE(is(Code::Overload, 3004, false));
}

TEST_F(CxMessages, UserAuthorization) {
  MessageBuilder builder = begin(cx::command::kUserAuthorization);
  builder.text(diameter::avp::kUserName, "ann@x.y").text(cx::avp::kPublicIdentity, "sip:ann@x.y");
  builder.text(cx::avp::kVisitedNetworkIdentifier, "bravo.example").u32(cx::avp::kUserAuthorizationType, 1);
  builder.u32(cx::avp::kUarFlags, 1);
  const Message request = finish(std::move(builder));
  const auto read = read_user_authorization(request, kHere);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->type, AuthorizationType::DeRegistration);
  EXPECT_EQ(read->visited_network, "bravo.example");
  EXPECT_TRUE(read->is_emergency);
  AuthorizationAnswer first;
  first.kind = AuthorizationAnswer::Kind::FirstRegistration;
  first.has_capabilities = true;
  first.capabilities = {7};
  const Message answer = answer_to(request, [&](MessageBuilder& to) {
    write_user_authorization(request, Result<AuthorizationAnswer>(std::move(first)), to);
  });
  EXPECT_EQ(answer.outcome().vendor, cx::kVendor);
  EXPECT_EQ(answer.outcome().code, 2001U);
  EXPECT_EQ(find_in_group(*answer.find(cx::avp::kServerCapabilities), cx::avp::kMandatoryCapability)->u32(), 7U);
}

TEST_F(CxMessages, ServerAssignment) {
  const auto sar = [&](std::uint32_t type, std::size_t identities) {
    MessageBuilder builder = begin(cx::command::kServerAssignment);
    builder.text(cx::avp::kServerName, "sip:s").u32(cx::avp::kServerAssignmentType, type);
    builder.u32(cx::avp::kUserDataAlreadyAvailable, 1);
    for (std::size_t i = 0; i < identities; ++i) builder.text(cx::avp::kPublicIdentity, "sip:ann@x.y");
    return finish(std::move(builder));
  };
  const auto read = read_server_assignment(sar(5, 2), kHere);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->type, AssignmentType::UserDeregistration);
  EXPECT_EQ(read->public_identities.size(), 2U);
  EXPECT_TRUE(read->has_user_data);
  EXPECT_EQ(read_server_assignment(sar(13, 1), kHere).error().code, Code::AssignmentType);
  EXPECT_EQ(read_server_assignment(sar(15, 1), kHere).error().code, Code::AvpValue);
  EXPECT_EQ(read_server_assignment(sar(1, 0), kHere).error().code, Code::AvpMissing);
  EXPECT_EQ(read_server_assignment(sar(4, 17), kHere).error().code, Code::AvpTooMany);
  const Message request = sar(1, 1);
  const Message answer = answer_to(request, [&](MessageBuilder& to) {
    write_server_assignment(request, Result<AssignmentAnswer>(AssignmentAnswer{"ann@x.y", "<xml/>"}), to);
  });
  EXPECT_EQ(answer.outcome().code, 2001U);
  EXPECT_EQ(answer.text(cx::avp::kUserData), "<xml/>");
  EXPECT_EQ(answer.text(diameter::avp::kUserName), "ann@x.y");
}

// RFC 6733 clause 7.5: Failed-AVP has the first over the limit, and an example of what is missing.
TEST_F(CxMessages, ServerAssignmentsAreToldWhichIdentityIsWrong) {
  const auto failed = [&](std::size_t identities, Error error) {
    MessageBuilder builder = begin(cx::command::kServerAssignment);
    for (std::size_t i = 0; i < identities; ++i) {
      builder.text(cx::avp::kPublicIdentity, "sip:" + std::to_string(i) + "@x.y");
    }
    const Message request = finish(std::move(builder));
    const Message answer = answer_to(
        request, [&](MessageBuilder& to) { write_server_assignment(request, Result<AssignmentAnswer>(error), to); });
    const auto group = answer.find(diameter::avp::kFailedAvp);
    const auto named = group ? diameter::find_in_group(*group, cx::avp::kPublicIdentity) : std::nullopt;
    return std::to_string(answer.outcome().code) + (named ? " " + std::string(named->text()) + "." : "");
  };
  EXPECT_EQ(failed(2, {Code::AvpTooMany, "subscriber.public_identities"}), "5009 sip:1@x.y.");
  EXPECT_EQ(failed(0, {Code::AvpMissing, "subscriber.public_identities"}), "5005 .");
  EXPECT_EQ(failed(1, {Code::IdentitiesDiffer, "subscriber"}), "5002");
  EXPECT_EQ(failed(17, read_server_assignment(sar_of(17), kHere).error()), "5009 sip:16@x.y.");
}

TEST_F(CxMessages, LocationInfo) {
  MessageBuilder builder = begin(cx::command::kLocationInfo);
  builder.text(cx::avp::kPublicIdentity, "sip:ann@x.y");
  const Message request = finish(std::move(builder));
  EXPECT_EQ(read_location_info(request, kHere)->public_identity, "sip:ann@x.y");
  LocationAnswer located;
  located.server_name = "sip:s";
  Message answer = answer_to(request, [&](MessageBuilder& to) {
    write_location_info(request, Result<LocationAnswer>(std::move(located)), to);
  });
  EXPECT_EQ(answer.outcome().code, 2001U);
  EXPECT_EQ(answer.text(cx::avp::kServerName), "sip:s");
  LocationAnswer nobody;
  nobody.is_unregistered_service = true;
  nobody.has_capabilities = true;
  answer = answer_to(request, [&](MessageBuilder& to) {
    write_location_info(request, Result<LocationAnswer>(std::move(nobody)), to);
  });
  EXPECT_EQ(answer.outcome().vendor, cx::kVendor);
  EXPECT_EQ(answer.outcome().code, 2003U);
}

}  // namespace
}  // namespace claviger::subscriber
