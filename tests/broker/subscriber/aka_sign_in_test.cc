// SIM-based sign-in (RFC 3310 at the authorization endpoint; spec 3.4, row "direct AKA"): challenge, answer,
// resynchronisation, tokens, and each refusal.
#include "broker/identity/authenticators/aka_sign_in.h"

#include <gtest/gtest.h>

#include "broker/identity/authenticators/aka_challenge.h"
#include "broker/identity/authenticators/authenticator_procedures.h"
#include "broker/identity/authenticators/policy.h"
#include "broker/identity/session_procedures.h"
#include "broker/identity/ue_naming.h"
#include "broker/identity/ue_procedures.h"
#include "core/codec/base64url.h"
#include "tests/broker/subscriber/subscriber_bed.h"

namespace claviger::subscriber {
namespace {

using identity::escaped;
using identity::Reply;
using identity::Sent;

class SimSignIn : public SubscriberBed, public ::testing::Test {
 protected:
  SimSignIn() {
    router_ = http::Router();
    identity::add_identity_routes(router_, contexts_, {}, &database());
    user_ = add_user("anna");
    add_public_client();
    bind(user_.sub, kAnn);
    anns_.set(database().clock().now(shard().wall()) - 5);
    peer().address = "192.0.2.1";
  }

  void bind(const std::string& sub, std::string_view impi) {
    identity::AuthenticatorDraft draft;
    draft.kind = "aka";
    draft.serial = impi;
    const auto made = wait(identity::add_authenticator(context(), "alpha", sub, std::move(draft)));
    EXPECT_TRUE(made.has_value()) << (made ? "" : claviger::name_of(made.error().code));
  }
  static std::string target(std::string_view acr = "urn:claviger:acr:aka") {
    std::string query = identity::authorize_query("app");
    const std::string old = escaped("3gpp:acr:password");
    return "/idms/v1/alpha/authorize?" + query.replace(query.find(old), old.size(), escaped(acr));
  }
  Reply ask(const std::string& authorization, const std::string& where = target()) {
    Sent sent = identity::get(where);
    sent.fields.emplace_back(http::Field::Authorization, authorization);
    sent.fields.emplace_back(http::Field::Accept, "application/json");
    if (!ue_cookie_.empty())
      sent.fields.emplace_back(http::Field::Cookie, std::string(identity::kUeCookie) + "=" + ue_cookie_);
    return send(sent);
  }
  // From here on all is asked on this UE.
  std::string take_ue(identity::UeClass ue_class) {
    ue_cookie_ = *identity::make_ue_cookie();
    std::string ue_id = identity::ue_id_of_cookie("alpha", ue_cookie_);
    identity::UeChange members;
    members.ue_class = ue_class;
    EXPECT_TRUE(wait(identity::create_ue(context(), "alpha", ue_id, std::move(members))));
    return ue_id;
  }
  // Somebody else, by his password, on the same UE.
  Reply password_sign_in(std::string_view login) {
    const std::string ue = std::string(identity::kUeCookie) + "=" + ue_cookie_;
    Sent asked = identity::get("/idms/v1/alpha/authorize?" + identity::authorize_query("app"));
    asked.fields.emplace_back(http::Field::Cookie, ue);
    const Reply page = send(asked);
    const std::string cookie = page.header("set-cookie");
    Sent form = identity::post_form("/idms/v1/alpha/sign-in", "interaction=" + identity::hidden_interaction(page.body) +
                                                                  "&username=" + std::string(login) +
                                                                  "&password=correct+horse");
    form.fields.emplace_back(http::Field::Cookie, cookie.substr(0, cookie.find(';')) + "; " + ue);
    return tokens_for(send(form));
  }
  bool lives(const Reply& tokens) {
    Sent sent = identity::get("/idms/v1/alpha/userinfo");
    sent.fields.emplace_back(http::Field::Authorization, "Bearer " + tokens.member("access_token"));
    return send(sent).status == 200;
  }
  Reply module_sign_in() { return tokens_for(answer(answered(challenge_of(ask(first()))))); }
  static std::string first(std::string_view impi = kAnn) {
    return "Digest username=\"" + std::string(impi) + "\", realm=\"x\", nonce=\"\", uri=\"/\", response=\"\"";
  }
  static aka::DigestChallenge challenge_of(const Reply& reply) {
    EXPECT_EQ(reply.status, 401) << reply.body;
    auto challenge = aka::parse_digest_challenge(reply.header("www-authenticate"));
    EXPECT_TRUE(challenge.has_value()) << reply.header("www-authenticate");
    return challenge ? *challenge : aka::DigestChallenge();
  }
  aka::SubscriberKey key() const {
    aka::SubscriberKey key;
    EXPECT_TRUE(codec::hex_decode(kAnnKey, key.key.reveal_for_writing()));
    EXPECT_TRUE(codec::hex_decode(kAnnOpc, key.operator_code.reveal_for_writing()));
    return key;
  }
  aka::DigestCredentials credentials_for(const aka::DigestChallenge& challenge, std::string_view impi = kAnn) {
    aka::DigestCredentials credentials;
    credentials.username = impi;
    credentials.realm = challenge.realm;
    credentials.nonce = challenge.nonce;
    credentials.uri = target();
    credentials.cnonce = "c";
    credentials.nonce_count = "00000001";
    credentials.opaque = challenge.opaque;
    return credentials;
  }
  // As the module of ann answers.
  aka::DigestCredentials answered(const aka::DigestChallenge& challenge) {
    aka::DigestCredentials credentials = credentials_for(challenge);
    const auto parts = aka::read_nonce(challenge.nonce);
    EXPECT_TRUE(parts);
    const auto module = aka::answer(key(), parts->rand, parts->autn);
    EXPECT_TRUE(module);
    const auto response =
        aka::digest_response(credentials, "GET", Bytes(module->response.reveal()).first(module->response_bytes));
    credentials.response.assign(response.begin(), response.end());
    return credentials;
  }
  Reply answer(const aka::DigestCredentials& credentials, const std::string& where = target()) {
    return ask(aka::write_digest_credentials(credentials), where);
  }
  Reply tokens_for(const Reply& passed) {
    return send(identity::post_form("/idms/v1/alpha/token",
                                    "grant_type=authorization_code&client_id=app&code=" + passed.redirected("code") +
                                        "&redirect_uri=" + escaped(identity::kRedirect) +
                                        "&code_verifier=" + std::string(identity::kVerifier)));
  }

  Module anns_{kAnnKey, kAnnOpc};
  identity::User user_;
  std::string ue_cookie_;
};

TEST_F(SimSignIn, SignsIn) {
  const Reply asked = ask(first());
  const auto challenge = challenge_of(asked);
  EXPECT_EQ(challenge.realm, identity::kIssuer);
  EXPECT_EQ(asked.cache_control, "no-store");
  const Reply passed = answer(answered(challenge));
  ASSERT_EQ(passed.status, 302) << passed.body;
  const Reply tokens = tokens_for(passed);
  ASSERT_EQ(tokens.status, 200) << tokens.body;
  const std::string claims = identity::claims_of(tokens.member("id_token"));
  EXPECT_EQ(identity::member_of(claims, "acr"), "urn:claviger:acr:aka");
  EXPECT_NE(claims.find("\"amr\":[\"sc\"]"), std::string::npos) << claims;
  EXPECT_EQ(identity::member_of(claims, "sub"), user_.sub);
  // TS 33.180: no identity of the subscription in what goes to servers.
  for (const std::string& token : {claims, identity::claims_of(tokens.member("access_token")), tokens.body}) {
    EXPECT_EQ(token.find("ims.alpha"), std::string::npos) << token;
  }
}

// spec 3.3: what a UE is counts for a module as for a password.
TEST_F(SimSignIn, OnAShareableUeItTakesOver) {
  add_user("bob");
  const std::string ue_id = take_ue(identity::UeClass::Shareable);
  const Reply bobs = password_sign_in("bob");
  ASSERT_TRUE(lives(bobs)) << bobs.body;
  const Reply annas = module_sign_in();
  ASSERT_TRUE(lives(annas)) << annas.body;
  EXPECT_FALSE(lives(bobs));
  const auto session = wait(identity::find_session(
      context(), "alpha", identity::member_of(identity::claims_of(annas.member("id_token")), "sid")));
  ASSERT_TRUE(session);
  EXPECT_EQ(session->ue_id, ue_id);
  // And is taken over from.
  const Reply again = password_sign_in("bob");
  EXPECT_TRUE(lives(again));
  EXPECT_FALSE(lives(annas));
}

TEST_F(SimSignIn, OnAGatewayItStandsBesideOthers) {
  add_user("bob");
  take_ue(identity::UeClass::Gateway);
  const Reply bobs = password_sign_in("bob");
  const Reply annas = module_sign_in();
  EXPECT_TRUE(lives(bobs));
  EXPECT_TRUE(lives(annas));
  const Reply once_more = module_sign_in();
  EXPECT_TRUE(lives(once_more));
  EXPECT_FALSE(lives(annas)) << "the same user, the same client";
  EXPECT_TRUE(lives(bobs));
}

TEST_F(SimSignIn, OnALostUeItGetsNothing) {
  const std::string ue_id = take_ue(identity::UeClass::Shareable);
  identity::UeChange lost;
  lost.is_lost = true;
  ASSERT_TRUE(wait(identity::change_ue(context(), "alpha", ue_id, std::move(lost))));
  const Reply refused = ask(first());
  EXPECT_TRUE(refused.header("www-authenticate").empty());
  EXPECT_EQ(refused.redirected("error"), "access_denied") << refused.status << " " << refused.body;
}

// An answer is good once.
TEST_F(SimSignIn, AReplayIsRefused) {
  const auto credentials = answered(challenge_of(ask(first())));
  EXPECT_EQ(answer(credentials).status, 302);
  const Reply again = answer(credentials);
  EXPECT_NE(again.status, 302) << again.header("location");
  EXPECT_EQ(again.redirected("code"), "");
}

// RFC 3310 clause 3.4.
TEST_F(SimSignIn, Resynchronises) {
  anns_.set(database().clock().now(shard().wall()) + 100'000);
  const auto challenge = challenge_of(ask(first()));
  const auto parts = *aka::read_nonce(challenge.nonce);
  aka::DigestCredentials calls = credentials_for(challenge);
  const std::string both = anns_.resynchronisation(parts.rand);
  codec::base64_encode(as_bytes(both).subspan(16), calls.auts);
  const auto second = challenge_of(answer(calls));
  EXPECT_NE(second.nonce, challenge.nonce);
  const auto fresh = *aka::read_nonce(second.nonce);
  const auto module = aka::answer(key(), fresh.rand, fresh.autn);
  ASSERT_TRUE(module);
  EXPECT_GT(module->sequence >> 5U, anns_.highest());
  EXPECT_EQ(answer(answered(second)).status, 302);
}

TEST_F(SimSignIn, AutsOfAnother) {
  const auto challenge = challenge_of(ask(first()));
  aka::DigestCredentials calls = credentials_for(challenge);
  calls.auts = "AAAAAAAAAAAAAAAAAAA=";
  EXPECT_EQ(answer(calls).status, 401);
  EXPECT_EQ(answer(calls).header("www-authenticate"), "");
  calls.auts = "AAAA";
  EXPECT_EQ(answer(calls).status, 400);
}

TEST_F(SimSignIn, AWrongAnswerIsAskedAgain) {
  const auto challenge = challenge_of(ask(first()));
  auto wrong = answered(challenge);
  wrong.response[0] = wrong.response[0] == '0' ? '1' : '0';
  const auto again = challenge_of(answer(wrong));
  EXPECT_NE(again.nonce, challenge.nonce);
  EXPECT_EQ(answer(answered(again)).status, 302);
}

TEST_F(SimSignIn, AModuleThatRefusesUs) {
  const auto challenge = challenge_of(ask(first()));
  const Reply refused = answer(credentials_for(challenge));  // no response, no AUTS
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.header("www-authenticate"), "");
}

TEST_F(SimSignIn, NobodyLearnsWhoHasASubscription) {
  const Reply known = ask(first());
  const Reply unknown = ask(first("nobody@ims.alpha.example"));
  EXPECT_EQ(unknown.status, known.status);
  EXPECT_EQ(unknown.body, known.body);
  // As long as that of whose name is as long.
  EXPECT_EQ(challenge_of(unknown).nonce.size(), challenge_of(known).nonce.size());
  aka::DigestCredentials calls = credentials_for(challenge_of(unknown), "nobody@ims.alpha.example");
  calls.response = std::string(32, '0');
  EXPECT_EQ(answer(calls).status, 401);
  calls.auts = "AAAAAAAAAAAAAAAAAAA=";
  EXPECT_EQ(answer(calls).status, 401);
  EXPECT_EQ(answer(calls).header("www-authenticate"), "");
}

TEST_F(SimSignIn, ASubscriberWhoIsBoundToNobody) {
  const auto challenge = challenge_of(ask(first(kTom)));
  const auto parts = *aka::read_nonce(challenge.nonce);
  aka::SubscriberKey toms;
  toms.algorithm = aka::Algorithm::Tuak;
  toms.key_bytes = 32;
  ASSERT_TRUE(codec::hex_decode(kTomKey, toms.key.reveal_for_writing()));
  ASSERT_TRUE(codec::hex_decode(kTomTopc, toms.operator_code.reveal_for_writing()));
  const auto module = aka::answer(toms, parts.rand, parts.autn);
  ASSERT_TRUE(module);
  aka::DigestCredentials credentials = credentials_for(challenge, kTom);
  const auto response =
      aka::digest_response(credentials, "GET", Bytes(module->response.reveal()).first(module->response_bytes));
  credentials.response.assign(response.begin(), response.end());
  const Reply refused = answer(credentials);
  EXPECT_EQ(refused.redirected("error"), "access_denied");
}

TEST_F(SimSignIn, AnswersThatAreNotOfThisChallenge) {
  const auto challenge = challenge_of(ask(first()));
  const auto right = answered(challenge);
  const auto refused = [&](auto change) {
    aka::DigestCredentials wrong = right;
    change(wrong);
    return answer(wrong).status;
  };
  EXPECT_EQ(refused([](auto& c) { c.opaque = "nonsense"; }), 400);
  EXPECT_EQ(refused([](auto& c) { c.opaque.clear(); }), 400);
  EXPECT_EQ(refused([](auto& c) { c.username = kTom; }), 400);
  EXPECT_EQ(refused([](auto& c) { c.realm = "other"; }), 400);
  EXPECT_EQ(refused([](auto& c) { c.uri = "/idms/v1/alpha/authorize"; }), 400);
  EXPECT_EQ(refused([](auto& c) { c.nonce = aka::digest_nonce({}, std::array<std::byte, 16>{}); }), 400);
  EXPECT_EQ(refused([](auto& c) { c.algorithm = aka::DigestAlgorithm::AkaV2; }), 400);
  EXPECT_EQ(answer(right, target() + "&x=y").status, 400);  // for another request
  EXPECT_EQ(answer(right).status, 302);
}

TEST_F(SimSignIn, AnswersComeInTime) {
  const auto credentials = answered(challenge_of(ask(first())));
  clock().advance(settings().lifetimes.interaction);
  run_turns(2);
  EXPECT_EQ(answer(credentials).status, 400);
}

TEST_F(SimSignIn, HeadersThatAreWrong) {
  EXPECT_EQ(ask("Digest username=\"ann").status, 400);
  EXPECT_EQ(ask("Digest username=\"ann\", nonce=\"\"").status, 400);  // no private identity
  EXPECT_EQ(ask("Digest nonce=\"abc\"").status, 400);
  EXPECT_EQ(ask("Basic YTpi").status, 200);  // not ours: the usual answer
}

// Policy binds it as any other method.
TEST_F(SimSignIn, PolicyMayForbidIt) {
  identity::AuthenticationPolicy policy;
  policy.methods = {"password"};
  ASSERT_TRUE(wait(identity::write_policy(context(), "alpha", {}, policy)));
  const Reply refused = answer(answered(challenge_of(ask(first()))));
  EXPECT_EQ(refused.redirected("error"), "access_denied");
}

TEST_F(SimSignIn, PolicyMayWantASecondFactor) {
  identity::AuthenticatorDraft draft;
  draft.kind = "totp";
  ASSERT_TRUE(wait(identity::add_authenticator(context(), "alpha", user_.sub, std::move(draft))));
  identity::AuthenticationPolicy policy;
  policy.second_factor = identity::SecondFactor::Required;
  ASSERT_TRUE(wait(identity::write_policy(context(), "alpha", {}, policy)));
  const Reply next = answer(answered(challenge_of(ask(first()))));
  EXPECT_EQ(next.status, 200);
  EXPECT_FALSE(next.member("interaction").empty()) << next.body;
}

TEST_F(SimSignIn, AClientThatWantsAPasswordIsNotServed) {
  const std::string strict = target("urn:claviger:acr:password-totp");
  const auto challenge = challenge_of(ask(first(), strict));
  auto credentials = answered(challenge);
  credentials.uri = strict;
  const auto parts = *aka::read_nonce(challenge.nonce);
  const auto module = aka::answer(key(), parts.rand, parts.autn);
  const auto response =
      aka::digest_response(credentials, "GET", Bytes(module->response.reveal()).first(module->response_bytes));
  credentials.response.assign(response.begin(), response.end());
  EXPECT_EQ(answer(credentials, strict).redirected("code"), "");
}

TEST_F(SimSignIn, ADisabledSubscriberGetsNoMoreThanNobody) {
  SubscriberDraft disabled;
  disabled.private_identity = kAnn;
  disabled.is_enabled = false;
  ASSERT_TRUE(wait(change_subscriber(&database(), "alpha", std::move(disabled))));
  const auto challenge = challenge_of(ask(first()));
  const auto parts = *aka::read_nonce(challenge.nonce);
  EXPECT_EQ(aka::answer(key(), parts.rand, parts.autn).error().code, Code::AkaRefused);
}

TEST_F(SimSignIn, ChallengesAreThrottled) {
  int asked = 0;
  while (asked < 100 && ask(first()).status == 401) ++asked;
  EXPECT_LT(asked, 100);
  EXPECT_EQ(ask(first()).status, 429);
  EXPECT_FALSE(ask(first()).header("retry-after").empty());
}

TEST_F(SimSignIn, OneUserASubscription) {
  const identity::User other = add_user("other");
  identity::AuthenticatorDraft draft;
  draft.kind = "aka";
  draft.serial = "ann@IMS.alpha.example";
  EXPECT_EQ(wait(identity::add_authenticator(context(), "alpha", other.sub, std::move(draft))).error().code,
            Code::AuthenticatorTaken);
  identity::AuthenticatorDraft wrong;
  wrong.kind = "aka";
  wrong.serial = "ann";
  EXPECT_EQ(wait(identity::add_authenticator(context(), "alpha", other.sub, std::move(wrong))).error().code,
            Code::AuthenticatorRefused);
}

TEST(AkaChallenge, OpensOnlyWhereItWasSealed) {
  const Secret<32> key;
  identity::AkaChallenge challenge;
  challenge.private_identity = "ann@x.y";
  challenge.interaction = "sealed";
  challenge.vector.rand[3] = std::byte{7};
  challenge.vector.expected_response = SecretBytes(as_bytes("12345678"));
  const auto sealed = identity::seal_challenge(key, "alpha", challenge);
  ASSERT_TRUE(sealed);
  const auto opened = identity::open_challenge(key, "alpha", *sealed);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->private_identity, "ann@x.y");
  EXPECT_EQ(opened->interaction, "sealed");
  EXPECT_EQ(opened->vector.rand, challenge.vector.rand);
  EXPECT_TRUE(opened->vector.expected_response.equals(as_bytes("12345678")));
  EXPECT_EQ(identity::open_challenge(key, "bravo", *sealed).error().code, Code::InteractionInvalid);
  EXPECT_EQ(identity::open_challenge(key, "alpha", sealed->substr(1)).error().code, Code::InteractionInvalid);
  challenge.interaction = std::string(8192, 'x');
  EXPECT_EQ(identity::seal_challenge(key, "alpha", challenge).error().code, Code::TooLarge);
}

}  // namespace
}  // namespace claviger::subscriber
