// UAR, SAR and LIR as the SIP database sees them (TS 29.228 clauses 6.1.1, 6.1.2, 6.1.4).
#include "broker/subscriber/registration_procedures.h"

#include <gtest/gtest.h>

#include "tests/broker/subscriber/subscriber_bed.h"

namespace claviger::subscriber {
namespace {

using Kind = AuthorizationAnswer::Kind;

class Registrations : public SubscriberBed, public ::testing::Test {
 protected:
  static AuthorizationRequest uar(AuthorizationType type = AuthorizationType::Registration) {
    return {"alpha", std::string(kAnn), std::string(kAnnPublic), "alpha.example", type, false};
  }
  static AssignmentRequest sar(AssignmentType type, std::string_view server = kServer) {
    return {"alpha",
            std::string(kAnn),
            {std::string(kAnnPublic)},
            std::string(server),
            "scscf1.alpha.example",
            "alpha.example",
            type,
            false};
  }
  Result<AuthorizationAnswer> authorize(AuthorizationRequest request) {
    return wait(authorize_user(&database(), std::move(request)));
  }
  Result<AssignmentAnswer> assign(AssignmentRequest request) {
    return wait(assign_server(&database(), std::move(request)));
  }
  Result<LocationAnswer> locate(std::string_view impu) {
    return wait(locate_user(&database(), {"alpha", std::string(impu), false}));
  }
  ServerState state() { return wait(find_subscriber(&database(), "alpha", std::string(kAnn)))->server; }
  template <typename T>
  static Code code_of(const Result<T>& result) {
    return result ? Code::Internal : result.error().code;
  }
};

TEST_F(Registrations, TheWholeLife) {
  auto first = authorize(uar());
  ASSERT_TRUE(first);
  EXPECT_EQ(first->kind, Kind::FirstRegistration);
  EXPECT_TRUE(first->has_capabilities);
  EXPECT_TRUE(first->server_name.empty());
  EXPECT_EQ(code_of(locate(kAnnPublic)), Code::IdentityNotRegistered);
  ASSERT_TRUE(ask(request()));
  // Challenged: located nowhere yet, but the same S-CSCF goes on.
  EXPECT_EQ(code_of(locate(kAnnPublic)), Code::IdentityNotRegistered);
  EXPECT_EQ(authorize(uar())->kind, Kind::SubsequentRegistration);
  const auto registered = assign(sar(AssignmentType::Registration));
  ASSERT_TRUE(registered);
  EXPECT_EQ(registered->private_identity, kAnn);
  EXPECT_NE(registered->user_data.find("<Identity>sip:ann@ims.alpha.example</Identity>"), std::string::npos);
  EXPECT_NE(registered->user_data.find("<Identity>tel:+491701</Identity>"), std::string::npos);
  EXPECT_FALSE(state().is_pending);
  EXPECT_EQ(locate("tel:+491701")->server_name, kServer);  // the implicit registration set
  const auto subsequent = authorize(uar());
  EXPECT_EQ(subsequent->kind, Kind::SubsequentRegistration);
  EXPECT_EQ(subsequent->server_name, kServer);
  EXPECT_EQ(authorize(uar(AuthorizationType::DeRegistration))->server_name, kServer);
  AssignmentRequest again = sar(AssignmentType::ReRegistration);
  again.has_user_data = true;
  EXPECT_TRUE(assign(again)->user_data.empty());
  ASSERT_TRUE(assign(sar(AssignmentType::UserDeregistration)));
  EXPECT_TRUE(state().is_empty());
  EXPECT_EQ(code_of(authorize(uar(AuthorizationType::DeRegistration))), Code::IdentityNotRegistered);
}

TEST_F(Registrations, AuthorizationRefusals) {
  AuthorizationRequest wrong = uar();
  wrong.private_identity = "bob@x.y";
  EXPECT_EQ(code_of(authorize(wrong)), Code::SubscriberUnknown);
  wrong = uar();
  wrong.public_identity = "sip:bob@x.y";
  EXPECT_EQ(code_of(authorize(wrong)), Code::PublicIdentityUnknown);
  wrong.public_identity = kTomPublic;
  EXPECT_EQ(code_of(authorize(wrong)), Code::IdentitiesDiffer);
  SubscriberDraft draft;
  draft.private_identity = kAnn;
  draft.visited_networks = std::vector<std::string>{"bravo.example"};
  ASSERT_TRUE(wait(change_subscriber(&database(), "alpha", std::move(draft))));
  EXPECT_EQ(code_of(authorize(uar())), Code::RoamingNotAllowed);
  AuthorizationRequest emergency = uar();
  emergency.is_emergency = true;
  EXPECT_TRUE(authorize(emergency));
  EXPECT_TRUE(authorize(uar(AuthorizationType::RegistrationAndCapabilities)).failed_with(Code::RoamingNotAllowed));
}

TEST_F(Registrations, CapabilitiesWhenAskedFor) {
  SubscriberDraft draft;
  draft.private_identity = kAnn;
  draft.capabilities = std::vector<std::int64_t>{3, 4};
  ASSERT_TRUE(wait(change_subscriber(&database(), "alpha", std::move(draft))));
  const auto asked = authorize(uar(AuthorizationType::RegistrationAndCapabilities));
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->kind, Kind::Success);
  EXPECT_EQ(asked->capabilities, (std::vector<std::uint32_t>{3, 4}));
  const auto located = wait(locate_user(&database(), {"alpha", std::string(kAnnPublic), true}));
  ASSERT_TRUE(located);
  EXPECT_EQ(located->capabilities.size(), 2U);
}

TEST_F(Registrations, AssignmentRefusals) {
  ASSERT_TRUE(assign(sar(AssignmentType::Registration)));
  EXPECT_EQ(code_of(assign(sar(AssignmentType::Registration, "sip:other"))), Code::IdentityRegistered);
  EXPECT_EQ(code_of(assign(sar(AssignmentType::UnregisteredUser, "sip:other"))), Code::IdentityRegistered);
  EXPECT_EQ(code_of(assign(sar(AssignmentType::UnregisteredUser))), Code::AssignmentType);
  EXPECT_EQ(code_of(assign(sar(AssignmentType::NoAssignment, "sip:other"))), Code::ServerNameDiffers);
  EXPECT_EQ(code_of(assign(sar(AssignmentType::UserDeregistration, "sip:other"))), Code::ServerNameDiffers);
  EXPECT_EQ(code_of(assign(sar(AssignmentType::UserDeregistrationStoreServerName, "sip:other"))),
            Code::ServerNameDiffers);
  EXPECT_EQ(code_of(assign(sar(AssignmentType::AuthenticationFailure, "sip:other"))), Code::ServerNameDiffers);
  AssignmentRequest many = sar(AssignmentType::ReRegistration);
  many.public_identities.emplace_back("tel:+491701");
  EXPECT_EQ(code_of(assign(many)), Code::AvpTooMany);
  many.type = AssignmentType::TimeoutDeregistration;
  EXPECT_TRUE(assign(many));
  many.type = AssignmentType::Registration;
  many.public_identities.clear();
  EXPECT_EQ(code_of(assign(many)), Code::AvpMissing);
  AssignmentRequest wrong = sar(AssignmentType::Registration);
  wrong.public_identities = {std::string(kTomPublic)};
  EXPECT_EQ(code_of(assign(wrong)), Code::IdentitiesDiffer);
  wrong.private_identity.clear();
  EXPECT_TRUE(assign(wrong));  // whose it is, says the public one
  wrong.public_identities.clear();
  EXPECT_EQ(code_of(assign(wrong)), Code::SubscriberInvalid);
}

// Clause 6.1.2: a failed authentication ends what the challenge began, and nothing else.
TEST_F(Registrations, AuthenticationFailures) {
  ASSERT_TRUE(ask(request()));
  EXPECT_TRUE(state().is_pending);
  ASSERT_TRUE(assign(sar(AssignmentType::AuthenticationFailure)));
  EXPECT_TRUE(state().is_empty());
  ASSERT_TRUE(assign(sar(AssignmentType::Registration)));
  ASSERT_TRUE(assign(sar(AssignmentType::AuthenticationTimeout)));
  EXPECT_EQ(state().registration, Registration::Registered);
}

TEST_F(Registrations, ANameMayBeKeptBehindADeregistration) {
  ASSERT_TRUE(assign(sar(AssignmentType::Registration)));
  ASSERT_TRUE(assign(sar(AssignmentType::TimeoutDeregistrationStoreServerName)));
  EXPECT_EQ(state().registration, Registration::Unregistered);
  EXPECT_EQ(locate(kAnnPublic)->server_name, kServer);
  EXPECT_TRUE(assign(sar(AssignmentType::NoAssignment)));
}

TEST_F(Registrations, LocationRefusals) {
  EXPECT_EQ(code_of(locate("sip:bob@x.y")), Code::PublicIdentityUnknown);
  EXPECT_EQ(code_of(locate("bob")), Code::SubscriberInvalid);
  SubscriberDraft draft;
  draft.private_identity = kAnn;
  draft.serves_unregistered = true;
  ASSERT_TRUE(wait(change_subscriber(&database(), "alpha", std::move(draft))));
  EXPECT_TRUE(locate(kAnnPublic)->is_unregistered_service);
  SubscriberDraft disabled;
  disabled.private_identity = kAnn;
  disabled.is_enabled = false;
  ASSERT_TRUE(wait(change_subscriber(&database(), "alpha", std::move(disabled))));
  EXPECT_EQ(code_of(locate(kAnnPublic)), Code::SubscriberDisabled);
  EXPECT_EQ(code_of(authorize(uar())), Code::SubscriberDisabled);
  EXPECT_EQ(code_of(assign(sar(AssignmentType::Registration))), Code::SubscriberDisabled);
}

// Nobody of a disabled tenant comes; whoever is there may leave, and is served when it is enabled again.
TEST_F(Registrations, OfADisabledTenantOnlyLeave) {
  ASSERT_TRUE(assign(sar(AssignmentType::Registration)));
  tenant().is_enabled = false;
  publish();
  EXPECT_EQ(refusal(request()), Code::SubscriberDisabled);
  EXPECT_EQ(code_of(locate(kAnnPublic)), Code::SubscriberDisabled);
  EXPECT_EQ(code_of(authorize(uar())), Code::SubscriberDisabled);
  EXPECT_EQ(code_of(assign(sar(AssignmentType::ReRegistration))), Code::SubscriberDisabled);
  AuthorizationRequest leaving = uar();
  leaving.type = AuthorizationType::DeRegistration;
  EXPECT_EQ(authorize(leaving)->server_name, kServer);
  EXPECT_TRUE(assign(sar(AssignmentType::UserDeregistration)));
  tenant().is_enabled = true;
  publish();
  EXPECT_TRUE(authorize(uar()).has_value());
  EXPECT_EQ(refusal(request()), Code::Internal) << "he gets his vector";
}

TEST_F(Registrations, SurvivesARestart) {
  ASSERT_TRUE(assign(sar(AssignmentType::Registration)));
  restart();
  EXPECT_EQ(locate(kAnnPublic)->server_name, kServer);
}

TEST(UserData, IsEscaped) {
  Subscriber subscriber;
  subscriber.private_identity = "a&b@x";
  subscriber.public_identities = {"sip:a&b@x"};
  EXPECT_NE(user_data_of(subscriber).find("<PrivateID>a&amp;b@x</PrivateID>"), std::string::npos);
}

}  // namespace
}  // namespace claviger::subscriber
