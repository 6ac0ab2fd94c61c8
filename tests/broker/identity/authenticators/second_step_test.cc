// A sign-in with a second factor: the pages, what each refusal looks like, replays, races, enrolment, recovery codes.
#include "broker/identity/authenticators/second_step.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "broker/identity/authenticators/authenticator_procedures.h"
#include "broker/identity/authenticators/failed_codes.h"
#include "broker/identity/sign_in_unlock.h"
#include "core/codec/base32.h"
#include "core/crypto/one_time_password.h"
#include "tests/broker/identity/authenticators/sealing_bed.h"

namespace claviger::identity {
namespace {

using namespace std::chrono_literals;
constexpr std::string_view kSeed = "12345678901234567890";
constexpr std::string_view kAcrTotp = "urn:claviger:acr:password-totp";

struct SecondStep : ::testing::Test {
  SealingBed bed;
  User ann = bed.add_user();
  Client app = bed.add_public_client();
  std::string interaction;
  std::string cookie;

  Result<EnrolledAuthenticator> enrol(const User& user, std::string kind, std::string_view seed = kSeed,
                                      std::string serial = {}) {
    AuthenticatorDraft draft;
    draft.kind = std::move(kind);
    draft.seed = SecretBytes(as_bytes(seed));
    draft.serial = std::move(serial);
    return bed.wait(add_authenticator(bed.context(), "alpha", user.sub, std::move(draft)));
  }
  void set_policy(SecondFactor second, Enrolment enrolment = Enrolment::Unsaid, PolicyScope scope = {}) {
    AuthenticationPolicy policy;
    policy.second_factor = second;
    policy.enrolment = enrolment;
    ASSERT_TRUE(bed.wait(write_policy(bed.context(), "alpha", std::move(scope), policy)));
  }
  static std::string digits_of(std::uint32_t value) {
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "%06u", value);
    return text.data();
  }
  std::string totp(int steps = 0, Bytes seed = as_bytes(kSeed)) {
    const std::uint64_t step = crypto::totp_step(numeric_date(bed.clock().wall()), 30);
    return digits_of(*crypto::hotp(seed, step + static_cast<std::uint64_t>(steps), 6, crypto::OtpAlgorithm::Sha1));
  }
  static std::string hotp(std::uint64_t counter) {
    return digits_of(*crypto::hotp(as_bytes(kSeed), counter, 6, crypto::OtpAlgorithm::Sha1));
  }
  static std::string query(std::string_view acr_values) {
    std::string text = authorize_query("app");
    const std::string old = escaped("3gpp:acr:password");
    return text.replace(text.find(old), old.size(), escaped(acr_values));
  }

  void begin(const std::string& wanted = authorize_query("app")) {
    const Reply page = bed.send(get("/idms/v1/alpha/authorize?" + wanted));
    interaction = hidden_interaction(page.body);
    cookie = page.header("set-cookie");
    cookie = cookie.substr(0, cookie.find(';'));
  }
  Sent form(const std::string& fields) {
    Sent sent = post_form("/idms/v1/alpha/sign-in", "interaction=" + interaction + "&" + fields);
    sent.fields.emplace_back(http::Field::Cookie, cookie);
    return sent;
  }
  // The first step; what follows is asked with the interaction of its answer.
  Reply password(std::string_view text = "correct horse") {
    const Reply reply = bed.send(form("username=ann&password=" + escaped(text)));
    if (reply.status == 200) interaction = hidden_interaction(reply.body);
    return reply;
  }
  Reply code(std::string_view text) {
    const Reply reply = bed.send(form("code=" + escaped(text)));
    if (reply.status == 200) interaction = hidden_interaction(reply.body);
    return reply;
  }
  std::string claims(const Reply& redirect) {
    const Reply tokens =
        bed.send(post_form("/idms/v1/alpha/token",
                           "grant_type=authorization_code&client_id=app&code=" + redirect.redirected("code") +
                               "&redirect_uri=" + escaped(kRedirect) + "&code_verifier=" + std::string(kVerifier)));
    return claims_of(tokens.member("id_token"));
  }
};

// spec 3.4, row "password + TOTP"
TEST_F(SecondStep, PasswordAndTotp) {
  ASSERT_TRUE(enrol(ann, "totp"));
  begin();
  const Reply asked = password();
  EXPECT_EQ(asked.status, 200);
  EXPECT_NE(asked.body.find("name=\"code\""), std::string::npos);
  EXPECT_EQ(asked.body.find("name=\"password\""), std::string::npos);
  EXPECT_EQ(asked.body.find("<script"), std::string::npos);
  const Reply passed = code(totp());
  ASSERT_EQ(passed.status, 302);
  const std::string text = claims(passed);
  EXPECT_EQ(member_of(text, "acr"), kAcrTotp);
  EXPECT_NE(text.find(R"("amr":["pwd","otp","mfa"])"), std::string::npos) << text;
  EXPECT_EQ(bed.context()->figures->sign_ins_passed.read(), 1U);
}

TEST_F(SecondStep, PasswordAloneIsPassword) {  // spec 3.4, row "password"
  const std::string text = [&] {
    begin();
    return claims(password());
  }();
  EXPECT_EQ(member_of(text, "acr"), "3gpp:acr:password");
  EXPECT_NE(text.find(R"("amr":["pwd"])"), std::string::npos) << text;
}

// RFC 6238 clause 5.2: "The verifier MUST NOT accept the second attempt of the OTP"
TEST_F(SecondStep, ACodeIsGoodOnce) {
  ASSERT_TRUE(enrol(ann, "totp"));
  begin();
  password();
  const std::string once = totp();
  ASSERT_EQ(code(once).status, 302);
  begin();
  password();
  const Reply again = code(once);
  EXPECT_EQ(again.status, 200);
  EXPECT_NE(again.body.find("role=\"alert\""), std::string::npos);
  EXPECT_EQ(code(totp(-1)).status, 200);  // nor an older one
  EXPECT_EQ(code(totp(1)).status, 302);   // the next one is in the window
}

TEST_F(SecondStep, TheWindowIsOneStepToBothSides) {
  ASSERT_TRUE(enrol(ann, "totp"));
  begin();
  password();
  EXPECT_EQ(code(totp(-2)).status, 200);
  EXPECT_EQ(code(totp(2)).status, 200);
  EXPECT_EQ(code(totp(-1)).status, 302);
}

TEST_F(SecondStep, OfTwoUsesOfOneCodeAtOnceOnePasses) {
  ASSERT_TRUE(enrol(ann, "totp"));
  begin();
  password();
  const Sent first = form("code=" + totp());
  begin();
  password();
  const Sent second = form("code=" + totp());
  const auto replies = bed.send_together({first, second});
  EXPECT_EQ(std::ranges::count(replies, 302, &Reply::status), 1);
  EXPECT_EQ(std::ranges::count(replies, 200, &Reply::status), 1);
}

TEST_F(SecondStep, HotpCountsOnAndForgivesTenPresses) {  // RFC 4226 clauses 7.2, 7.4
  ASSERT_TRUE(enrol(ann, "hotp"));
  begin();
  password();
  EXPECT_EQ(code(hotp(11)).status, 200);
  ASSERT_EQ(code(hotp(10)).status, 302);
  begin();
  password();
  EXPECT_EQ(code(hotp(10)).status, 200);
  EXPECT_EQ(code(hotp(3)).status, 200);
  EXPECT_EQ(code(hotp(11)).status, 302);
}

TEST_F(SecondStep, RecoveryCodesAreGoodOnceEach) {
  ASSERT_TRUE(enrol(ann, "totp"));
  const auto sheet = enrol(ann, "recovery", "");
  ASSERT_TRUE(sheet);
  ASSERT_EQ(sheet->codes.size(), 10U);
  std::string first(as_text(sheet->codes[0].reveal()));
  begin();
  password();
  ASSERT_EQ(code(first).status, 302);
  begin();
  password();
  EXPECT_EQ(code(first).status, 200);
  std::string second(as_text(sheet->codes[1].reveal()));
  std::ranges::transform(second, second.begin(), [](char c) { return c >= 'a' && c <= 'z' ? char(c - 32) : c; });
  EXPECT_EQ(code(second).status, 302);
  const auto left = bed.wait(list_authenticators(bed.context(), "alpha", ann.sub));
  ASSERT_TRUE(left);
  EXPECT_EQ(left->front().digests.size(), 8U * 32);
}

TEST_F(SecondStep, RecoveryCodesAloneAreNoSecondFactor) {
  ASSERT_TRUE(enrol(ann, "recovery", ""));
  begin();
  EXPECT_EQ(password().status, 302);
}

TEST_F(SecondStep, FiveWrongCodesEndIt) {  // spec 3.4: rate limit 5/5 min
  ASSERT_TRUE(enrol(ann, "totp"));
  begin();
  password();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(code("000000").status, 200);
  const Reply last = code("000000");
  EXPECT_EQ(last.status, 302);
  EXPECT_EQ(last.redirected("error"), "access_denied");
  begin();
  password();
  EXPECT_EQ(code(totp()).status, 429);
  bed.clock().advance(30s);
  EXPECT_EQ(code(totp()).status, 302);
}

// Whoever knows the password may have any number of networks: the account counts over all of them.
TEST_F(SecondStep, WrongCodesFromManyNetworksCountTogether) {
  ASSERT_TRUE(enrol(ann, "totp"));
  const std::string at_home = bed.peer().address;
  unsigned looked_at = 0;
  for (int network = 1; network <= 40; ++network) {
    bed.peer().address = "10." + std::to_string(network) + ".0.1";
    begin();
    password();
    if (code("000000").status == 200) ++looked_at;
    bed.clock().advance(1s);
  }
  EXPECT_EQ(looked_at, kCodesPerWindow);
  // The owner waits, too, for as long as the window lasts: somebody else knows his password.
  bed.peer().address = at_home;
  begin();
  password();
  EXPECT_EQ(code(totp()).status, 429);
  bed.clock().advance(kCodesWindow);
  begin();
  password();
  EXPECT_EQ(code(totp()).status, 302);
}

// However slowly somebody guesses: after kWrongCodesMax only a recovery code or an administrator helps.
TEST_F(SecondStep, AHundredWrongCodesOneAfterTheOtherLock) {
  ASSERT_TRUE(enrol(ann, "totp"));
  const auto sheet = enrol(ann, "recovery", "");
  ASSERT_TRUE(sheet);
  const auto guess = [&] {
    for (std::uint32_t i = 0; i < kWrongCodesMax; ++i) {
      bed.clock().advance(kCodesWindow);
      begin();
      password();
      EXPECT_EQ(code("000000").status, 200) << i;
    }
    bed.clock().advance(kCodesWindow);
    begin();
    password();
  };
  guess();
  EXPECT_EQ(code(totp()).status, 200);  // right, and not looked at
  EXPECT_EQ(code(as_text(sheet->codes[0].reveal())).status, 302);
  begin();
  password();
  EXPECT_EQ(code(totp()).status, 302);

  guess();
  EXPECT_EQ(code(totp()).status, 200);
  ASSERT_TRUE(bed.wait(enable_user(bed.context(), "alpha", ann.sub)));
  EXPECT_EQ(code(totp()).status, 302);

  guess();
  EXPECT_TRUE(bed.wait(read_waits(bed.context(), "alpha", ann.sub, ann.login))->is_recovery_only);
  ASSERT_TRUE(bed.wait(unlock_user(bed.context(), "alpha", ann.sub)));
  EXPECT_EQ(code(totp()).status, 302);
}

// Passwords and codes: whatever a user waits for, he need not when an operator says so.
TEST_F(SecondStep, AnOperatorLiftsTheWaits) {
  ASSERT_TRUE(enrol(ann, "totp"));
  begin();
  password();
  for (int i = 0; i < 5; ++i) code("000000");
  begin();
  password();
  EXPECT_EQ(code(totp()).status, 429);
  EXPECT_GT(bed.wait(read_waits(bed.context(), "alpha", ann.sub, ann.login))->code, 0s);
  ASSERT_TRUE(bed.wait(unlock_user(bed.context(), "alpha", ann.sub)));
  EXPECT_EQ(code(totp()).status, 302);
  EXPECT_TRUE(bed.wait(unlock_user(bed.context(), "alpha", "nobody")).failed_with(Code::UserUnknown));
  bed.clock().advance(1s);  // what was tried in that instant is lifted, too
  for (std::uint32_t i = 0; i < bed.settings().limits.sign_in_tries; ++i) {
    bed.sign_in(authorize_query("app"), "ann", "wrong");
  }
  EXPECT_EQ(bed.sign_in(authorize_query("app"), "ann", "correct horse").status, 429);
  ASSERT_TRUE(bed.wait(unlock_user(bed.context(), "alpha", ann.sub)));
  EXPECT_EQ(bed.sign_in(authorize_query("app"), "ann", "correct horse").status, 200);  // and now the code
}

TEST_F(SecondStep, NothingThatIsNoCode) {
  ASSERT_TRUE(enrol(ann, "totp"));
  begin();
  password();
  for (const std::string& bad : {std::string(), std::string("12345"), std::string("abcdef"), std::string(500, '1')}) {
    EXPECT_NE(code(bad).status, 302);
    bed.clock().advance(300s);
    begin();
    password();
  }
}

TEST_F(SecondStep, TheSecondStepIsBoundToTheBrowser) {
  ASSERT_TRUE(enrol(ann, "totp"));
  begin();
  password();
  const std::string own = interaction;
  begin();
  interaction = own;
  EXPECT_EQ(code(totp()).status, 400);
}

TEST_F(SecondStep, AContinueIsNoWayAroundIt) {
  ASSERT_TRUE(enrol(ann, "totp"));
  begin();
  password();
  const Reply reply = bed.send(form("action=continue"));
  EXPECT_EQ(reply.status, 200);
  EXPECT_NE(reply.body.find("name=\"code\""), std::string::npos);
}

TEST_F(SecondStep, APasswordChangedBetweenTheStepsEndsIt) {
  ASSERT_TRUE(enrol(ann, "totp"));
  begin();
  password();
  ASSERT_TRUE(bed.wait(set_password(bed.context(), "alpha", ann.sub, SecretBytes(as_bytes("another one")))));
  EXPECT_EQ(code(totp()).redirected("error"), "access_denied");
}

TEST_F(SecondStep, AUserDisabledBetweenTheStepsIsDenied) {
  ASSERT_TRUE(enrol(ann, "totp"));
  begin();
  password();
  ASSERT_TRUE(bed.wait(disable_user(bed.context(), "alpha", ann.sub)));
  EXPECT_EQ(code(totp()).redirected("error"), "access_denied");
}

// spec 3.4: acr negotiation

TEST_F(SecondStep, AcrValuesAreWalkedLeftToRight) {
  begin(query("urn:unknown urn:claviger:acr:password-totp 3gpp:acr:password"));
  EXPECT_EQ(member_of(claims(password()), "acr"), "3gpp:acr:password");  // nothing enrolled
  ASSERT_TRUE(enrol(ann, "totp"));
  set_policy(SecondFactor::OnRequest);
  begin(query("3gpp:acr:password urn:claviger:acr:password-totp"));
  EXPECT_EQ(password().status, 302);
  begin(query("urn:claviger:acr:password-totp 3gpp:acr:password"));
  EXPECT_EQ(password().status, 200);
  EXPECT_EQ(member_of(claims(code(totp())), "acr"), kAcrTotp);
}

TEST_F(SecondStep, WhatHeCannotReachIsUnmet) {
  begin(query(kAcrTotp));
  const Reply reply = password();
  EXPECT_EQ(reply.status, 302);
  EXPECT_EQ(reply.redirected("error"), "unmet_authentication_requirements");
}

TEST_F(SecondStep, NoneSupportedIsUnmet) {
  const Reply reply = bed.send(get("/idms/v1/alpha/authorize?" + query("urn:unknown")));
  EXPECT_EQ(reply.redirected("error"), "unmet_authentication_requirements");
}

// Policy

TEST_F(SecondStep, RequiredAndNotEnrolledIsDeniedUnlessHeMayEnrol) {
  set_policy(SecondFactor::Required);
  begin();
  EXPECT_EQ(password().redirected("error"), "access_denied");
}

TEST_F(SecondStep, TheStrictestPolicyCounts) {
  ASSERT_TRUE(enrol(ann, "totp"));
  set_policy(SecondFactor::OnRequest);
  begin();
  EXPECT_EQ(password().status, 302);
  set_policy(SecondFactor::Required, Enrolment::Unsaid, {"app", {}});
  begin();
  EXPECT_EQ(password().status, 200);
  set_policy(SecondFactor::Unsaid, Enrolment::Unsaid, {"app", {}});
  set_policy(SecondFactor::Enrolled, Enrolment::Unsaid, {{}, ann.sub});
  begin();
  EXPECT_EQ(password().status, 200);
}

// "The strictest of each counts": fewer methods never ask for less.
TEST_F(SecondStep, AListOfMethodsWithoutHisSecondFactorLetsNobodyIn) {
  ASSERT_TRUE(enrol(ann, "hotp"));
  AuthenticationPolicy narrow;
  narrow.methods = {"password", "webauthn"};
  for (const PolicyScope& scope : {PolicyScope{}, PolicyScope{"app", {}}, PolicyScope{{}, ann.sub}}) {
    ASSERT_TRUE(bed.wait(write_policy(bed.context(), "alpha", scope, narrow)));
    begin();
    EXPECT_EQ(password().redirected("error"), "access_denied");
    ASSERT_TRUE(bed.wait(write_policy(bed.context(), "alpha", scope, AuthenticationPolicy())));
  }
  begin();
  password();
  EXPECT_EQ(code(hotp(0)).status, 302);
}

TEST_F(SecondStep, SparesOfWhatIsNotAllowedLetNobodyIn) {
  ASSERT_TRUE(enrol(ann, "hotp"));
  ASSERT_TRUE(enrol(ann, "recovery", ""));
  AuthenticationPolicy narrow;
  narrow.methods = {"password", "recovery"};
  ASSERT_TRUE(bed.wait(write_policy(bed.context(), "alpha", {}, narrow)));
  begin();
  EXPECT_EQ(password().redirected("error"), "access_denied");
}

TEST_F(SecondStep, WhatIsNotAllowedStillProvesWhoEnrolsAnother) {
  ASSERT_TRUE(enrol(ann, "hotp"));
  AuthenticationPolicy narrow;
  narrow.methods = {"password", "totp"};
  narrow.enrolment = Enrolment::Himself;
  std::uint64_t counter = 0;
  for (const SecondFactor second : {SecondFactor::Required, SecondFactor::Unsaid}) {
    narrow.second_factor = second;
    for (const PolicyScope& scope : {PolicyScope{}, PolicyScope{"app", {}}, PolicyScope{{}, ann.sub}}) {
      ASSERT_TRUE(bed.wait(write_policy(bed.context(), "alpha", scope, narrow)));
      begin();
      const Reply asked = password();  // the thief of the password gets no further
      EXPECT_EQ(asked.status, 200);
      EXPECT_EQ(asked.body.find("id=\"seed\">"), std::string::npos);
      EXPECT_EQ(code("000000").body.find("id=\"seed\">"), std::string::npos);
      const Reply page = code(hotp(counter++));
      EXPECT_EQ(page.status, 200);  // no code for a client: it is a proof for the enrolment alone
      EXPECT_NE(page.body.find("id=\"seed\">"), std::string::npos);
      ASSERT_TRUE(bed.wait(write_policy(bed.context(), "alpha", scope, AuthenticationPolicy())));
    }
  }
}

TEST_F(SecondStep, AskingForAnotherContextIsNoWayToAFactorOfAThiefsOwn) {
  ASSERT_TRUE(enrol(ann, "hotp"));
  AuthenticationPolicy narrow;
  narrow.methods = {"password", "webauthn"};
  narrow.enrolment = Enrolment::Himself;
  ASSERT_TRUE(bed.wait(write_policy(bed.context(), "alpha", {"app", {}}, narrow)));
  begin(query("urn:claviger:acr:password-webauthn"));
  const Reply asked = password();
  EXPECT_NE(asked.body.find("name=\"code\""), std::string::npos);
  EXPECT_EQ(asked.body.find("<script"), std::string::npos);
  EXPECT_NE(code(hotp(0)).body.find("<script"), std::string::npos);
}

TEST_F(SecondStep, HeEnrolsOnThePageAndTheFirstCodeIsUsedUp) {
  set_policy(SecondFactor::Required, Enrolment::Himself);
  begin();
  const Reply page = password();
  ASSERT_EQ(page.status, 200);
  EXPECT_NE(page.body.find("<svg"), std::string::npos);
  const std::size_t at = page.body.find("id=\"seed\">") + 10;
  const std::string shown = page.body.substr(at, page.body.find('<', at) - at);
  std::array<std::byte, 20> seed{};
  ASSERT_EQ(*codec::base32_decode(shown, seed), 20U);
  EXPECT_EQ(code("000000").status, 200);
  const std::string first = totp(0, seed);
  EXPECT_EQ(member_of(claims(code(first)), "acr"), kAcrTotp);
  const auto enrolled = bed.wait(list_authenticators(bed.context(), "alpha", ann.sub));
  ASSERT_TRUE(enrolled);
  EXPECT_EQ(enrolled->size(), 1U);
  begin();
  EXPECT_EQ(password().body.find("<svg"), std::string::npos);
  EXPECT_EQ(code(first).status, 200);
  EXPECT_EQ(code(totp(1, seed)).status, 302);
}

TEST_F(SecondStep, JsonForAUeWithoutABrowser) {
  ASSERT_TRUE(enrol(ann, "totp"));
  begin();
  Sent sent = form("username=ann&password=" + escaped("correct horse"));
  sent.fields.emplace_back(http::Field::Accept, "application/json");
  const Reply asked = bed.send(sent);
  EXPECT_EQ(asked.status, 200);
  EXPECT_EQ(asked.content_type, "application/json");
  interaction = asked.member("interaction");
  EXPECT_NE(asked.body.find(R"("fields":["code"])"), std::string::npos);
  sent = form("code=000000");
  sent.fields.emplace_back(http::Field::Accept, "application/json");
  EXPECT_EQ(bed.send(sent).status, 401);
  EXPECT_EQ(bed.send(form("code=" + totp())).status, 302);
}

// spec 3.2: "a credential is enrolled for at most one user"

TEST_F(SecondStep, ATokenIsOneUsersOnly) {
  const User bob = bed.add_user("bob");
  ASSERT_TRUE(enrol(ann, "totp", kSeed, "A-1"));
  EXPECT_EQ(enrol(bob, "totp", "another seed of 20 b", "A-1").error().code, Code::AuthenticatorTaken);
  ASSERT_TRUE(enrol(ann, "hotp"));
  EXPECT_EQ(enrol(bob, "hotp").error().code, Code::AuthenticatorTaken);  // the same seed without a serial
  ASSERT_TRUE(bed.wait(remove_user(bed.context(), "alpha", ann.sub)));
  EXPECT_TRUE(enrol(bob, "totp", "another seed of 20 b", "A-1"));
}

TEST_F(SecondStep, WhatCannotBeEnrolled) {
  EXPECT_EQ(enrol(ann, "smoke-signals").error().code, Code::AuthenticatorRefused);
  EXPECT_EQ(enrol(ann, "totp", "short").error().code, Code::AuthenticatorRefused);
  EXPECT_EQ(enrol(ann, "totp", std::string(129, 'x')).error().code, Code::AuthenticatorRefused);
  EXPECT_EQ(enrol(ann, "recovery", kSeed).error().code, Code::AuthenticatorRefused);
  EXPECT_EQ(enrol(ann, "totp", kSeed, "line\nfeed").error().code, Code::AuthenticatorRefused);
  ASSERT_TRUE(enrol(ann, "recovery", ""));
  for (std::size_t i = 1; i < kAuthenticatorsMax; ++i) ASSERT_TRUE(enrol(ann, "totp", "")) << i;
  EXPECT_EQ(enrol(ann, "totp", "").error().code, Code::AuthenticatorRefused);
  EXPECT_TRUE(enrol(ann, "recovery", ""));  // takes the place of the sheet before it
}

TEST_F(SecondStep, OfTwoEnrolmentsAtOnceOneIs) {
  set_policy(SecondFactor::Required, Enrolment::Himself);
  std::vector<Sent> both;
  for (int i = 0; i < 2; ++i) {
    begin();
    const Reply page = password();
    const std::size_t at = page.body.find("id=\"seed\">") + 10;
    std::array<std::byte, 20> seed{};
    ASSERT_EQ(*codec::base32_decode(page.body.substr(at, page.body.find('<', at) - at), seed), 20U);
    both.push_back(form("code=" + totp(0, seed)));
  }
  const auto replies = bed.send_together(both);
  EXPECT_EQ(std::ranges::count(replies, 302, &Reply::status), 1);
  const auto enrolled = bed.wait(list_authenticators(bed.context(), "alpha", ann.sub));
  ASSERT_TRUE(enrolled);
  EXPECT_EQ(enrolled->size(), 1U);
  // Whoever counted before finds him changed, and counts anew.
  const auto after = bed.wait(find_user(bed.context(), "alpha", ann.sub));
  ASSERT_TRUE(after);
  EXPECT_GT(after->version, ann.version);
  ASSERT_TRUE(enrol(ann, "hotp"));
  const auto last = bed.wait(find_user(bed.context(), "alpha", ann.sub));
  ASSERT_TRUE(last);
  EXPECT_GT(last->version, after->version);
}

TEST_F(SecondStep, TakingOneAwayEndsHisSessions) {
  const auto made = enrol(ann, "totp");
  ASSERT_TRUE(made);
  EXPECT_EQ(bed.wait(remove_authenticator(bed.context(), "alpha", ann.sub, "nothing")).error().code,
            Code::AuthenticatorUnknown);
  ASSERT_TRUE(bed.wait(remove_authenticator(bed.context(), "alpha", ann.sub, made->record.id)));
  const auto user = bed.wait(find_user(bed.context(), "alpha", ann.sub));
  ASSERT_TRUE(user);
  EXPECT_GT(user->not_before, 0);
}

TEST_F(SecondStep, ItIsGoneAndHisSessionsAreDeadInOneCommit) {
  const auto made = enrol(ann, "totp");
  ASSERT_TRUE(made);
  const std::uint64_t before = bed.store().latest_sequence();
  ASSERT_TRUE(bed.wait(remove_authenticator(bed.context(), "alpha", ann.sub, made->record.id)));
  EXPECT_EQ(bed.store().latest_sequence(), before + 1);
}

TEST_F(SecondStep, SeedsLieSealed) {
  ASSERT_TRUE(enrol(ann, "totp"));
  const auto enrolled = bed.wait(list_authenticators(bed.context(), "alpha", ann.sub));
  ASSERT_TRUE(enrolled);
  EXPECT_EQ(encode_authenticator(enrolled->front()).find(kSeed), std::string::npos);
  AuthenticatorRecord moved = enrolled->front();
  moved.id = "elsewhere";
  EXPECT_EQ(open_secret(*bed.context(), "alpha", ann.sub, moved).error().code, Code::SealBroken);
}

TEST(AuthenticationPolicies, ArePolicies) {
  AuthenticationPolicy policy;
  policy.methods = {"password", "totp"};
  EXPECT_TRUE(check_policy(policy));
  for (const auto& methods :
       std::vector<std::vector<std::string>>{{"totp"}, {"password", "password"}, {"password", "carrier-pigeon"}}) {
    policy.methods = methods;
    EXPECT_EQ(check_policy(policy).error().code, Code::PolicyInvalid);
  }
  AuthenticationPolicy left;
  left.methods = {"totp"};
  AuthenticationPolicy right;
  right.methods = {"hotp"};
  EXPECT_FALSE(stricter(left, right).allows("totp"));
  EXPECT_FALSE(stricter(left, right).allows("hotp"));
}

TEST(SignInProgressText, IsReadBackOrRefused) {
  const SignInProgress progress{"sub", "ann", "totp", 17};
  const auto back = decode_progress(encode_progress(progress));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->login, "ann");
  EXPECT_EQ(back->second, "totp");
  EXPECT_EQ(back->auth_time, 17);
  EXPECT_TRUE(decode_progress("")->sub.empty());
  const std::string text = encode_progress(progress);
  for (std::size_t size = 1; size < text.size() - 2; ++size) {
    EXPECT_FALSE(decode_progress(std::string_view(text).substr(0, size))) << size;
  }
  EXPECT_FALSE(decode_progress(text + "x"));
  EXPECT_FALSE(decode_progress(text + std::string(1, '\0')));
}

}  // namespace
}  // namespace claviger::identity
