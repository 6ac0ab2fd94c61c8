// What REGISTER, PUBLISH and timers change, without a wire (TS 24.379 clauses 7.3.2 to 7.3.5).
#include <gtest/gtest.h>

#include "broker/identity/session_records.h"
#include "broker/identity/ue_procedures.h"
#include "broker/record_key.h"
#include "broker/registration/token_timer.h"
#include "broker/registration/ue_services.h"
#include "broker/tables.h"
#include "broker/tokens/revocation_records.h"
#include "tests/broker/registration/registration_bed.h"

namespace claviger::registration {
namespace {

constexpr std::string_view kBob = "sip:bob.ptt@alpha.example";

TEST(Procedures, RegistrationAloneIsNoAccessNorIsATokenAlone) {
  RegistrationBed bed;
  EXPECT_EQ(RegistrationBed::code_of(bed.authorise("c")), Code::RegistrationUnknown);
  EXPECT_EQ(bed.register_at(), Code::Closed);
  EXPECT_FALSE(bed.has_access("c"));
  EXPECT_TRUE(bed.authorise("c"));
  EXPECT_TRUE(bed.has_access("c"));
  EXPECT_EQ(bed.register_at(0), Code::Closed);
  EXPECT_FALSE(bed.has_access("c"));
  EXPECT_EQ(bed.binding("c").ended, EndReason::Deregistered);
  EXPECT_EQ(bed.register_at(0), Code::Closed) << "what was asked for is so";
}

// TS 23.280 figure 10.6.3.3-1: of users of other systems theirs has a say, whoever asks it.
TEST(Procedures, WhoIsNotAdmittedIsRegisteredAndNotServed) {
  RegistrationBed bed;
  Result<Unit> said = Error{Code::ServiceNotAuthorised, "test"};
  int asked = 0;
  bed.registrar()->use_admission(
      [&](broker::Context* here, std::string tenant, std::string sid, std::string service, std::string mc_service_id) {
        ++asked;
        EXPECT_EQ(here, bed.context());
        EXPECT_EQ(tenant + " " + sid + " " + service + " " + mc_service_id,
                  "alpha session mcptt " + std::string(keys::kAnn));
        return [](Result<Unit> answer) -> runtime::Task<Result<Unit>> { co_return answer; }(said);
      });
  const auto authorised = [&] {
    Authorisation one = bed.authorisation("c");
    one.facts.sid = "session";
    return one;
  };
  const auto publish = [&] {
    PublishRequest one = bed.publication();
    one.authorisation = authorised();
    return RegistrationBed::code_of(bed.publish_it(std::move(one)));
  };
  const auto register_with_token = [&](std::uint32_t expires = 3600) {
    auto request = std::make_shared<RegisterRequest>();
    request->impu = kImpu;
    request->expires = expires;
    request->s_cscf = "sip:127.0.0.1:1;transport=tcp";
    request->authorisations.push_back(authorised());
    return RegistrationBed::code_of(bed.wait(register_identity(bed.registrar(), std::move(request))));
  };
  EXPECT_EQ(publish(), Code::RegistrationUnknown);
  EXPECT_EQ(asked, 0) << "nobody is asked about a client that nobody reaches";
  EXPECT_EQ(register_with_token(), Code::Closed) << "an error would end the UE's registration";
  EXPECT_FALSE(bed.has_access("c"));
  EXPECT_EQ(publish(), Code::ServiceNotAuthorised);
  said = Error{Code::Overload, "test"};
  EXPECT_EQ(publish(), Code::Overload);
  EXPECT_EQ(register_with_token(), Code::Closed);
  EXPECT_FALSE(bed.has_access("c"));
  EXPECT_EQ(asked, 4);
  said = Unit{};
  EXPECT_EQ(publish(), Code::Closed);
  EXPECT_TRUE(bed.has_access("c"));
  // What was answered is answered again, and who takes himself away is let go, whatever is said of him.
  const std::string etag = bed.binding("c").etag;
  const auto with_etag = [&](std::uint32_t expires) {
    PublishRequest one = bed.publication();
    one.authorisation = authorised();
    one.if_match = etag;
    one.expires = expires;
    return RegistrationBed::code_of(bed.publish_it(std::move(one)));
  };
  EXPECT_EQ(with_etag(3600), Code::Closed);
  said = Error{Code::Overload, "test"};
  const int answered = asked;
  EXPECT_EQ(with_etag(3600), Code::Closed) << "superseded a moment ago";
  PublishRequest leaving = bed.publication();
  leaving.authorisation = authorised();
  leaving.settings.reset();
  leaving.expires = 0;
  EXPECT_EQ(RegistrationBed::code_of(bed.publish_it(std::move(leaving))), Code::Closed);
  EXPECT_FALSE(bed.has_access("c"));
  EXPECT_EQ(asked, answered);
  said = Unit{};
  EXPECT_EQ(publish(), Code::Closed);
  // One REGISTER with two services: who could not be asked about the first is not asked about the second.
  said = Error{Code::Overload, "test"};
  auto both = std::make_shared<RegisterRequest>();
  both->impu = kImpu;
  both->expires = 3600;
  both->s_cscf = "sip:127.0.0.1:1;transport=tcp";
  both->authorisations = {authorised(), authorised()};
  const int once = asked + 1;
  EXPECT_EQ(RegistrationBed::code_of(bed.wait(register_identity(bed.registrar(), std::move(both)))), Code::Closed);
  EXPECT_EQ(asked, once);
  // Refused the next time, he keeps what he had: his home ends it by what it revokes.
  said = Error{Code::ServiceNotAuthorised, "test"};
  EXPECT_EQ(publish(), Code::ServiceNotAuthorised);
  EXPECT_EQ(register_with_token(), Code::Closed);
  EXPECT_TRUE(bed.has_access("c"));
  const int before = asked;
  EXPECT_EQ(register_with_token(0), Code::Closed);
  EXPECT_EQ(asked, before);
  EXPECT_FALSE(bed.has_access("c"));
  said = Unit{};
  EXPECT_EQ(register_with_token(), Code::Closed);
  EXPECT_TRUE(bed.has_access("c"));
  bed.registrar()->use_admission(nullptr);
}

TEST(Procedures, ARegistrationsTime) {
  RegistrationBed bed;
  EXPECT_EQ(bed.register_at(100), Code::Closed);
  EXPECT_TRUE(bed.authorise("c"));
  const auto before = bed.wait(read_registration(bed.registrar(), std::string(kImpu)));
  ASSERT_TRUE(before);
  bed.advance(90);
  EXPECT_EQ(bed.register_at(100), Code::Closed);
  bed.advance(41);
  // The first time is up, but it was extended: the row moves on.
  EXPECT_TRUE(bed.wait(look_at_registration(bed.registrar(), std::string(kImpu), before->timer_due)));
  EXPECT_TRUE(bed.has_access("c"));
  EXPECT_TRUE(bed.wait(look_at_registration(bed.registrar(), std::string(kImpu), before->timer_due)))
      << "a row that was done";
  bed.advance(90);
  EXPECT_FALSE(bed.has_access("c")) << "time is up, whether a row was looked at or not";
  const auto after = bed.wait(read_registration(bed.registrar(), std::string(kImpu)));
  ASSERT_TRUE(after);
  EXPECT_TRUE(bed.wait(look_at_registration(bed.registrar(), std::string(kImpu), after->timer_due)));
  EXPECT_EQ(bed.binding("c").ended, EndReason::Expired);
  EXPECT_TRUE(bed.wait(read_registration(bed.registrar(), std::string(kImpu))).failed_with(Code::RegistrationUnknown));
}

TEST(Procedures, ARegistrationThatIsMadeShorter) {
  RegistrationBed bed;
  EXPECT_EQ(bed.register_at(3600), Code::Closed);
  EXPECT_TRUE(bed.authorise("c"));
  EXPECT_EQ(bed.register_at(100), Code::Closed);
  const auto registration = bed.wait(read_registration(bed.registrar(), std::string(kImpu)));
  ASSERT_TRUE(registration);
  EXPECT_EQ(registration->timer_due, bed.now() + 100 + kExpiryGrace) << "looked at in time";
  bed.advance(131);
  EXPECT_TRUE(bed.wait(look_at_registration(bed.registrar(), std::string(kImpu), registration->timer_due)));
  EXPECT_EQ(bed.binding("c").ended, EndReason::Expired);
}

TEST(Procedures, OneThatRanOutBeginsAnew) {
  RegistrationBed bed;
  EXPECT_EQ(bed.register_at(100), Code::Closed);
  EXPECT_TRUE(bed.authorise("c"));
  bed.advance(200);
  EXPECT_EQ(bed.register_at(100), Code::Closed);
  EXPECT_FALSE(bed.has_access("c")) << "nobody was reachable meanwhile";
}

TEST(Procedures, EntityTags) {
  RegistrationBed bed;
  EXPECT_EQ(bed.register_at(), Code::Closed);
  const auto first = bed.authorise("c");
  ASSERT_TRUE(first);
  PublishRequest refresh = bed.publication();
  refresh.settings.reset();
  refresh.if_match = first->etag;
  const auto second = bed.publish_it(refresh);
  ASSERT_TRUE(second);
  EXPECT_NE(second->etag, first->etag);
  const auto repeated = bed.publish_it(refresh);
  ASSERT_TRUE(repeated);
  EXPECT_EQ(repeated->etag, second->etag) << "the same again has the same answer";
  // Nothing that it does not do is acknowledged: other settings, another token.
  PublishRequest changed = refresh;
  changed.settings = ServiceSettings();
  changed.settings->answer_mode = "manual";
  EXPECT_EQ(RegistrationBed::code_of(bed.publish_it(changed)), Code::EntityTagUnknown);
  PublishRequest renewed = refresh;
  renewed.settings = ServiceSettings();
  renewed.authorisation = bed.authorisation("c");
  renewed.authorisation->facts.digest = "another token";
  EXPECT_EQ(RegistrationBed::code_of(bed.publish_it(renewed)), Code::EntityTagUnknown);
  EXPECT_EQ(bed.binding("c").token_digest, "");
  bed.advance(kSupersededKept + 1);
  EXPECT_EQ(RegistrationBed::code_of(bed.publish_it(refresh)), Code::EntityTagUnknown);
  refresh.if_match = second->etag;
  PublishRequest stranger = refresh;
  stranger.impu = "sip:bob@ims.alpha.example";
  EXPECT_EQ(bed.register_at(3600, stranger.impu), Code::Closed);
  EXPECT_EQ(RegistrationBed::code_of(bed.publish_it(stranger)), Code::EntityTagUnknown) << "another's";
  PublishRequest other = bed.publication();
  other.if_match = second->etag;
  other.authorisation = bed.authorisation("d");
  EXPECT_EQ(RegistrationBed::code_of(bed.publish_it(other)), Code::BindingDiffers);
  PublishRequest empty = bed.publication();
  empty.settings.reset();
  empty.authorisation = bed.authorisation("c");
  EXPECT_EQ(RegistrationBed::code_of(bed.publish_it(empty)), Code::ContentUnsupported);
}

TEST(Procedures, SettingsWithoutATokenAreOfAClientThatIsBound) {
  RegistrationBed bed;
  EXPECT_EQ(bed.register_at(), Code::Closed);
  PublishRequest only = bed.publication();
  only.service = "mcptt";
  only.client_id = "c";
  only.mc_service_id = keys::kAnn;
  EXPECT_EQ(RegistrationBed::code_of(bed.publish_it(only)), Code::RegistrationUnknown);
  EXPECT_TRUE(bed.authorise("c"));
  EXPECT_TRUE(bed.publish_it(only));
  only.client_id = "another";
  EXPECT_EQ(RegistrationBed::code_of(bed.publish_it(only)), Code::RegistrationUnknown);
  only.client_id.clear();
  EXPECT_TRUE(bed.publish_it(only)) << "the only one there is";
}

TEST(Procedures, AGatewaysUsersDoNotDisturbEachOther) {
  RegistrationBed bed;
  EXPECT_EQ(bed.register_at(), Code::Closed);
  const auto ann = bed.authorise("c");
  const auto bob = bed.authorise("c", kBob);
  ASSERT_TRUE(ann && bob);
  EXPECT_FALSE(bob->has_several_devices);
  PublishRequest leave = bed.publication();
  leave.expires = 0;
  leave.settings.reset();
  EXPECT_EQ(RegistrationBed::code_of(bed.publish_it(leave)), Code::SipHeaderMissing) << "which one?";
  leave.if_match = bob->etag;
  EXPECT_TRUE(bed.publish_it(leave));
  EXPECT_TRUE(bed.has_access("c"));
  EXPECT_FALSE(bed.has_access("c", kBob));
  EXPECT_EQ(bed.binding("c", kBob).ended, EndReason::LoggedOff);
}

// A revocation finds a binding by what its present token names, and by nothing that a former one named.
TEST(Procedures, ARenewedTokenIsFoundByWhatItNames) {
  RegistrationBed bed;
  EXPECT_EQ(bed.register_at(), Code::Closed);
  const auto publish = [&](std::string jti, std::string sid) {
    PublishRequest one = bed.publication();
    one.authorisation = bed.authorisation("c");
    one.authorisation->facts.sub = "u1";
    one.authorisation->facts.sid = std::move(sid);
    one.authorisation->facts.jti = std::move(jti);
    EXPECT_TRUE(bed.publish_it(std::move(one)));
  };
  const auto found = [&](std::string_view kind, std::string_view id) {
    const std::string prefix = revocable_prefix("alpha", kind, id);
    return bed.wait(bed.store().range(broker::tables::kServiceStates, prefix, prefix + '\x7F', 8))->size();
  };
  publish("j1", "s1");
  EXPECT_EQ(found("j", "j1") + found("s", "s1") + found("u", "u1"), 3U);
  publish("j2", "s1");
  EXPECT_EQ(found("j", "j1"), 0U);
  EXPECT_EQ(found("j", "j2") + found("s", "s1") + found("u", "u1"), 3U);
  publish("j3", "");
  EXPECT_EQ(found("s", "s1") + found("j", "j2"), 0U);
  EXPECT_TRUE(bed.wait(end_binding(bed.registrar(), std::string(kImpu), bed.binding("c").name, EndReason::Revoked)));
  EXPECT_EQ(found("j", "j3") + found("u", "u1"), 0U);
  publish("j3", "s1");
  EXPECT_EQ(found("j", "j3") + found("s", "s1") + found("u", "u1"), 3U) << "after its end all of them are there again";
}

TEST(Procedures, ARevocationIsFollowedBehindWhatDoesNotDecode) {
  RegistrationBed bed;
  EXPECT_EQ(bed.register_at(), Code::Closed);
  for (const char* client : {"a", "c"}) {
    PublishRequest one = bed.publication();
    one.authorisation = bed.authorisation(client);
    one.authorisation->facts.sid = "s1";
    EXPECT_TRUE(bed.publish_it(std::move(one)));
  }
  tokens::Revocation revocation;
  revocation.kind = tokens::RevocationKind::Sid;
  revocation.id = "s0";
  revocation.expires = bed.now() + 600;
  storage::Transaction change;
  change.put(broker::tables::kRevocations, tokens::revocation_key("alpha", revocation), as_bytes("rubbish"));
  change.put(broker::tables::kServiceStates, binding_key("alpha", bed.binding("a").name), as_bytes("rubbish"));
  EXPECT_TRUE(bed.wait(bed.store().commit(std::move(change))));
  revocation.id = "s1";
  storage::Transaction next;
  next.put(broker::tables::kRevocations, tokens::revocation_key("alpha", revocation),
           as_bytes(tokens::encode_revocation(revocation)), revocation.expires);
  EXPECT_TRUE(bed.wait(bed.store().commit(std::move(next))));
  while (bed.binding("c").ended == EndReason::None) {
    bed.clock().advance(Milliseconds(100));
    bed.run_turns(1);
  }
  EXPECT_EQ(bed.binding("c").ended, EndReason::Revoked);
}

TEST(Procedures, AUsersOtherDeviceIsFoundBehindThoseThatEnded) {
  RegistrationBed bed;
  EXPECT_EQ(bed.register_at(), Code::Closed);
  for (const char* client : {"a", "b", "c", "d", "e", "f"}) EXPECT_TRUE(bed.authorise(client));
  EXPECT_TRUE(bed.authorise("f")->has_several_devices);
  for (const char* client : {"a", "b", "c", "d"}) {
    EXPECT_TRUE(
        bed.wait(end_binding(bed.registrar(), std::string(kImpu), bed.binding(client).name, EndReason::Revoked)));
  }
  EXPECT_TRUE(bed.authorise("f")->has_several_devices) << "e is behind a page of them";
  EXPECT_TRUE(bed.wait(end_binding(bed.registrar(), std::string(kImpu), bed.binding("e").name, EndReason::Revoked)));
  EXPECT_FALSE(bed.authorise("f")->has_several_devices);
}

// The sid of a session whose sign-in showed that it was on that UE.
std::string signed_in_on(RegistrationBed& bed, std::string ue_id, char letter) {
  identity::Session session;
  session.sid = std::string(22, letter);
  session.sub = "somebody";
  session.client_id = "app";
  session.ue_id = std::move(ue_id);
  session.last_used_at = bed.now();
  session.expires_at = bed.now() + 3600;
  session.refresh_salt = std::string(16, 's');
  storage::Transaction transaction;
  identity::put_session(transaction, "alpha", session, Seconds(3600));
  EXPECT_TRUE(bed.wait(bed.context()->store.commit(std::move(transaction))));
  return session.sid;
}

TEST(Procedures, AShareableUesNextUserTakesItOver) {
  RegistrationBed bed;
  identity::UeChange members;
  members.ue_class = identity::UeClass::Shareable;
  ASSERT_TRUE(bed.wait(identity::create_ue(bed.context(), "alpha", "truck", std::move(members))));
  EXPECT_EQ(bed.register_at(), Code::Closed);
  EXPECT_TRUE(bed.authorise("truck"));
  EXPECT_TRUE(bed.authorise("own"));
  EXPECT_TRUE(bed.authorise("truck", kBob));
  EXPECT_FALSE(bed.has_access("truck"));
  EXPECT_EQ(bed.binding("truck").ended, EndReason::Replaced);
  EXPECT_TRUE(bed.has_access("truck", kBob));
  EXPECT_TRUE(bed.has_access("own")) << "his own UE is another one";
}

TEST(Procedures, AShareableUeIsOneUsersAtWhateverIdentity) {
  constexpr std::string_view kHers = "sip:hers@ims.alpha.example";
  RegistrationBed bed;
  identity::UeChange members;
  members.ue_class = identity::UeClass::Shareable;
  ASSERT_TRUE(bed.wait(identity::create_ue(bed.context(), "alpha", "truck", std::move(members))));
  EXPECT_EQ(bed.register_at(), Code::Closed);
  EXPECT_EQ(bed.register_at(3600, kHers), Code::Closed);
  const auto take = [&bed](std::string_view impu, std::string_view user, std::string sid) {
    PublishRequest one = bed.publication(impu);
    one.authorisation = bed.authorisation("truck", user);
    one.authorisation->facts.sid = std::move(sid);
    return bed.publish_it(std::move(one)).has_value();
  };
  EXPECT_TRUE(take(kImpu, keys::kAnn, signed_in_on(bed, "truck", 'a')));
  EXPECT_TRUE(bed.authorise("own"));
  EXPECT_TRUE(take(kHers, kBob, signed_in_on(bed, "truck", 'b')));
  EXPECT_EQ(bed.binding("truck").ended, EndReason::Replaced);
  EXPECT_TRUE(bed.has_access("truck", kBob));
  EXPECT_TRUE(bed.has_access("own"));
  EXPECT_TRUE(take(kImpu, keys::kAnn, signed_in_on(bed, "truck", 'c'))) << "and back";
  EXPECT_FALSE(bed.has_access("truck", kBob));
  EXPECT_TRUE(bed.has_access("truck"));

  // Whoever only says that he is on it ends nobody elsewhere: with no session, with one on another UE, with one of nobody's.
  for (const std::string& sid : {std::string(), signed_in_on(bed, "another", 'd'), std::string(22, 'x')}) {
    EXPECT_TRUE(take(kHers, kBob, sid));
    EXPECT_TRUE(bed.has_access("truck")) << sid;
  }
}

// The UE is known by the instance that its REGISTER told; its client has another name.
TEST(Procedures, AUeIsKnownByItsInstanceToo) {
  RegistrationBed bed;
  identity::UeChange members;
  members.ue_class = identity::UeClass::Shareable;
  ASSERT_TRUE(bed.wait(identity::create_ue(bed.context(), "alpha", "urn:uuid:truck", std::move(members))));
  const auto sign_on = [&bed](std::string client, std::string_view user) {
    auto request = std::make_shared<RegisterRequest>();
    request->impu = kImpu;
    request->expires = 3600;
    request->s_cscf = "sip:127.0.0.1:1;transport=tcp";
    request->contact = UeContact();
    request->contact->instance = "urn:uuid:truck";
    request->contact->services = {"mcptt"};
    request->authorisations.push_back(bed.authorisation(std::move(client), user));
    return bed.wait(register_identity(bed.registrar(), std::move(request))).has_value();
  };
  EXPECT_TRUE(sign_on("ann's app", keys::kAnn));
  EXPECT_TRUE(sign_on("bob's app", kBob));
  EXPECT_EQ(bed.binding("ann's app").ended, EndReason::Replaced);
  EXPECT_TRUE(bed.has_access("bob's app", kBob));
}

TEST(Procedures, ALostUeHasNoServiceInAnyWriting) {
  RegistrationBed bed;
  const std::string shouted = "urn:uuid:2F";
  const std::string written = "urn:uuid:2f";
  ASSERT_TRUE(bed.wait(identity::create_ue(bed.context(), "alpha", shouted, identity::UeChange())));
  EXPECT_EQ(bed.register_at(), Code::Closed);
  EXPECT_TRUE(bed.authorise(written));
  EXPECT_EQ(bed.binding(written).ue, written);
  identity::UeChange lost;
  lost.is_lost = true;
  ASSERT_TRUE(bed.wait(identity::change_ue(bed.context(), "alpha", shouted, std::move(lost))));
  ASSERT_TRUE(bed.wait(end_services_on_ue(bed.registrar(), shouted)));
  EXPECT_EQ(bed.binding(written).ended, EndReason::Revoked);
  for (const std::string& name : {written, shouted}) {
    EXPECT_TRUE(bed.wait(ue_of(bed.registrar(), name, "")).failed_with(Code::ServiceNotAuthorised));
    EXPECT_TRUE(bed.wait(ue_of(bed.registrar(), "app", name)).failed_with(Code::ServiceNotAuthorised));
  }
}

// What a commit leaves that began before the operator's word: he found no service to end.
TEST(Procedures, AUeThatIsLostWhileAServiceIsBoundHasNone) {
  for (const bool is_removed : {false, true}) {
    RegistrationBed bed;
    ASSERT_TRUE(bed.wait(identity::create_ue(bed.context(), "alpha", "truck", identity::UeChange())));
    EXPECT_EQ(bed.register_at(), Code::Closed);
    EXPECT_TRUE(bed.authorise("truck"));
    EXPECT_TRUE(bed.authorise("own"));
    EXPECT_TRUE(bed.wait(look_again(bed.registrar(), std::string(kImpu), bed.authorisation("truck"))));
    EXPECT_TRUE(bed.has_access("truck"));
    if (is_removed) {
      ASSERT_TRUE(bed.wait(identity::remove_ue(bed.context(), "alpha", "truck")));
    } else {
      identity::UeChange lost;
      lost.is_lost = true;
      ASSERT_TRUE(bed.wait(identity::change_ue(bed.context(), "alpha", "truck", std::move(lost))));
    }
    for (const char* client : {"truck", "own"}) {
      const bool is_on_it = std::string_view(client) == "truck";
      const auto looked = bed.wait(look_again(bed.registrar(), std::string(kImpu), bed.authorisation(client)));
      EXPECT_EQ(looked.failed_with(Code::ServiceNotAuthorised), is_on_it);
      EXPECT_EQ(bed.has_access(client), !is_on_it);
    }
    EXPECT_EQ(bed.binding("truck").ended, EndReason::Revoked);
    EXPECT_EQ(bed.authorise("truck").has_value(), is_removed) << "a UE that nobody registered has no rules";
  }
}

TEST(Procedures, ALostUeHasNoService) {
  RegistrationBed bed;
  identity::UeChange members;
  members.ue_class = identity::UeClass::Gateway;
  ASSERT_TRUE(bed.wait(identity::create_ue(bed.context(), "alpha", "truck", std::move(members))));
  EXPECT_EQ(bed.register_at(), Code::Closed);
  EXPECT_TRUE(bed.authorise("truck"));
  EXPECT_TRUE(bed.authorise("truck", kBob));
  EXPECT_TRUE(bed.authorise("own"));
  identity::UeChange lost;
  lost.is_lost = true;
  ASSERT_TRUE(bed.wait(identity::change_ue(bed.context(), "alpha", "truck", std::move(lost))));
  ASSERT_TRUE(bed.wait(end_services_on_ue(bed.registrar(), "truck")));
  EXPECT_EQ(bed.binding("truck").ended, EndReason::Revoked);
  EXPECT_FALSE(bed.has_access("truck", kBob));
  EXPECT_TRUE(bed.has_access("own"));
  EXPECT_EQ(RegistrationBed::code_of(bed.authorise("truck")), Code::ServiceNotAuthorised);
  auto request = std::make_shared<RegisterRequest>();
  request->impu = kImpu;
  request->expires = 3600;
  request->s_cscf = "sip:127.0.0.1:1;transport=tcp";
  request->authorisations.push_back(bed.authorisation("truck"));
  EXPECT_TRUE(bed.wait(register_identity(bed.registrar(), std::move(request)))) << "the registration stands";
  EXPECT_FALSE(bed.has_access("truck"));
}

struct Policy {
  settings::TokenExpiry expiry;
  bool is_over_at_once, is_over_later;
};

TEST(TokenTimer, WhatTheOperatorChose) {
  using settings::TokenExpiry;
  for (const Policy& policy : {Policy{TokenExpiry::Keep, false, false}, Policy{TokenExpiry::Grace, false, true},
                               Policy{TokenExpiry::Strict, true, true}}) {
    settings::Sip sip = sip_settings();
    sip.token_expiry = policy.expiry;
    sip.token_grace = Seconds(100);
    RegistrationBed bed(sip);
    EXPECT_EQ(bed.register_at(), Code::Closed);
    EXPECT_TRUE(bed.authorise("c"));
    const BindingName name{std::string(keys::kAnn), "mcptt", "c"};
    const auto look = [&] { return bed.wait(look_at_token(bed.registrar(), std::string(kImpu), name)).has_value(); };
    EXPECT_TRUE(look());
    EXPECT_TRUE(bed.has_access("c")) << "before its time";
    bed.advance(301);
    EXPECT_TRUE(look());
    EXPECT_EQ(bed.has_access("c"), !policy.is_over_at_once);
    bed.advance(100);
    EXPECT_TRUE(look());
    EXPECT_EQ(bed.has_access("c"), !policy.is_over_later);
    if (policy.is_over_later) {
      EXPECT_EQ(bed.binding("c").ended, EndReason::TokenExpired);
    }
    EXPECT_TRUE(bed.authorise("c"));
    EXPECT_TRUE(look()) << "a row of the former token";
    EXPECT_TRUE(bed.has_access("c"));
  }
}

// A registration that had run out is begun anew by a REGISTER with a token of the same session: what the former one's end took
// away (its indexes among it) is there again, and the token's revocation ends the service.
TEST(Register, ABindingMadeAnewIsFoundByItsRevocation) {
  RegistrationBed bed;
  EXPECT_EQ(bed.register_at(60), Code::Closed);
  PublishRequest first = bed.publication();
  first.authorisation = bed.authorisation("c");
  first.authorisation->facts.sid = "a-session";
  ASSERT_TRUE(bed.publish_it(first));
  bed.advance(60 + kExpiryGrace);
  auto request = std::make_shared<RegisterRequest>();
  request->impu = kImpu;
  request->expires = 3600;
  request->s_cscf = "sip:127.0.0.1:1;transport=tcp";
  request->authorisations.push_back(bed.authorisation("c"));
  request->authorisations.front().facts.sid = "a-session";
  ASSERT_TRUE(bed.wait(register_identity(bed.registrar(), std::move(request))));
  EXPECT_TRUE(bed.has_access("c"));
  EXPECT_EQ(bed.binding("c").etag, "") << "its publication went with the former one";
  const std::string prefix = revocable_prefix("alpha", "s", "a-session");
  const auto index = bed.wait(
      bed.context()->store.range(broker::tables::kServiceStates, prefix, broker::record_prefix_end(prefix), 2));
  ASSERT_TRUE(index);
  EXPECT_EQ(index->size(), 1U);
}

// Whoever reads its figures on another shard reads of one that is whole, and listens.
TEST(Registrar, HasNoEndpointThatDoesNotListen) {
  RegistrationBed bed;
  EXPECT_NE(bed.registrar()->started_endpoint(), nullptr);
  settings::Sip sip = sip_settings();
  sip.address = "192.0.2.1";
  Registrar other(bed.contexts(), std::move(sip));
  EXPECT_EQ(other.started_endpoint(), nullptr);
  EXPECT_FALSE(bed.wait(other.start([] {})));
  EXPECT_EQ(other.started_endpoint(), nullptr);
}

}  // namespace
}  // namespace claviger::registration
