// Spec 3.2 and 3.3: which UE a sign-in is on, and whom it signs off: two users, each class of UE, in order and racing.
#include <gtest/gtest.h>

#include "broker/identity/client_procedures.h"
#include "broker/identity/session_procedures.h"
#include "broker/identity/ue_naming.h"
#include "broker/identity/ue_procedures.h"
#include "broker/tokens/token_shard.h"
#include "core/codec/base64url.h"
#include "core/crypto/random.h"
#include "tests/broker/identity/testbed.h"

namespace claviger::identity {
namespace {

constexpr std::string_view kToken = "/idms/v1/alpha/token";

// Of every Set-Cookie: "name=value; name=value".
std::string cookies_of(const Reply& reply) {
  std::string cookies;
  for (const auto& [name, value] : reply.headers) {
    if (name != "set-cookie") continue;
    if (!cookies.empty()) cookies += "; ";
    cookies += value.substr(0, value.find(';'));
  }
  return cookies;
}

Sent redemption_of(const std::string& code, std::string_view client_id = "app") {
  return post_form(std::string(kToken), "grant_type=authorization_code&client_id=" + std::string(client_id) +
                                            "&code=" + code + "&redirect_uri=" + escaped(kRedirect) +
                                            "&code_verifier=" + std::string(kVerifier));
}
Sent refresh_of(const Reply& tokens) {
  return post_form(std::string(kToken),
                   "grant_type=refresh_token&client_id=app&refresh_token=" + tokens.member("refresh_token"));
}
Sent userinfo_with(const Reply& tokens) {
  Sent sent = get("/idms/v1/alpha/userinfo");
  sent.fields.emplace_back(http::Field::Authorization, "Bearer " + tokens.member("access_token"));
  return sent;
}

// One browser with its device cookie.
struct Device {
  std::string cookie;  // the value
  std::string ue_id;
};

struct Ues : ::testing::Test {
  Testbed bed;
  User ann, bob, cyd;

  void SetUp() override {
    ann = bed.add_user("ann", "pw");
    bob = bed.add_user("bob", "pw");
    cyd = bed.add_user("cyd", "pw");
    bed.add_client(client("app"));
    bed.add_client(client("other"));
  }
  static ClientDraft client(std::string id) {
    ClientDraft draft;
    draft.client_id = std::move(id);
    draft.redirect_uris = {std::string(kRedirect)};
    draft.may_code = true;
    return draft;
  }
  static Device device() {
    Device one{*make_ue_cookie(), {}};
    one.ue_id = ue_id_of_cookie("alpha", one.cookie);
    return one;
  }
  Ue registered(const Device& on, UeClass ue_class, UeChange members = {}) {
    members.ue_class = ue_class;
    auto ue = bed.wait(create_ue(bed.context(), "alpha", on.ue_id, std::move(members)));
    EXPECT_TRUE(ue.has_value());
    return *ue;
  }
  // The way up to the code. `parameters` are added to the authorization request.
  Reply sign_in_on(const Device& on, std::string_view login, std::string_view password = "pw",
                   std::string_view client_id = "app", const std::string& parameters = {}) {
    Sent asked = get("/idms/v1/alpha/authorize?" + authorize_query(client_id) + parameters);
    if (!on.cookie.empty()) {
      asked.fields.emplace_back(http::Field::Cookie, std::string(kUeCookie) + "=" + on.cookie);
    }
    const Reply page = bed.send(asked);
    if (page.status != 200) return page;
    Sent form = post_form("/idms/v1/alpha/sign-in", "interaction=" + hidden_interaction(page.body) + "&username=" +
                                                        std::string(login) + "&password=" + std::string(password));
    form.fields.emplace_back(http::Field::Cookie, cookies_of(page));
    return bed.send(form);
  }
  std::string code_on(const Device& on, std::string_view login, std::string_view client_id = "app",
                      const std::string& parameters = {}) {
    return sign_in_on(on, login, "pw", client_id, parameters).redirected("code");
  }
  Reply tokens_on(const Device& on, std::string_view login, std::string_view client_id = "app") {
    return bed.send(redemption_of(code_on(on, login, client_id), client_id));
  }
  bool lives(const Reply& tokens) { return bed.send(userinfo_with(tokens)).status == 200; }
  std::vector<Session> sessions_on(const Device& on) {
    auto page = bed.wait(list_sessions_of_ue(bed.context(), "alpha", on.ue_id, "", 100));
    EXPECT_TRUE(page.has_value());
    return page ? page->sessions : std::vector<Session>();
  }
  std::string sid_of(const Reply& tokens) { return member_of(claims_of(tokens.member("access_token")), "sid"); }
};

// --- 3.2: names

TEST_F(Ues, ABrowserKeepsItsDeviceCookie) {
  const Reply page = bed.send(get("/idms/v1/alpha/authorize?" + authorize_query("app")));
  const std::string cookies = cookies_of(page);
  ASSERT_NE(cookies.find(kUeCookie), std::string::npos) << cookies;
  const std::string value = cookies.substr(cookies.find(kUeCookie) + kUeCookie.size() + 1);
  Device on{value, ue_id_of_cookie("alpha", value)};
  Sent again = get("/idms/v1/alpha/authorize?" + authorize_query("app"));
  again.fields.emplace_back(http::Field::Cookie, std::string(kUeCookie).append("=") + value);
  EXPECT_NE(cookies_of(bed.send(again)).find(value), std::string::npos);
  const Reply tokens = tokens_on(on, "ann");
  ASSERT_EQ(tokens.status, 200) << tokens.body;
  ASSERT_EQ(sessions_on(on).size(), 1U);
  EXPECT_EQ(sessions_on(on)[0].ue_id, on.ue_id);
  EXPECT_EQ(on.ue_id.find(value), std::string::npos);
}

TEST_F(Ues, AProgramWithoutACookieHasNoUe) {
  Sent asked = get("/idms/v1/alpha/authorize?" + authorize_query("app"));
  asked.fields.emplace_back(http::Field::Accept, "application/json");
  const Reply page = bed.send(asked);
  EXPECT_EQ(cookies_of(page).find(kUeCookie), std::string::npos);
  Sent form =
      post_form("/idms/v1/alpha/sign-in", "interaction=" + hidden_interaction(page.body) + "&username=ann&password=pw");
  form.fields.emplace_back(http::Field::Cookie, cookies_of(page));
  const Reply tokens = bed.send(redemption_of(bed.send(form).redirected("code")));
  ASSERT_EQ(tokens.status, 200);
  auto session = bed.wait(find_session(bed.context(), "alpha", sid_of(tokens)));
  EXPECT_EQ(session->ue_id, "");
}

TEST_F(Ues, AMalformedCookieIsNone) {
  for (const std::string value : {"", "x", "%%%", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}) {
    Sent asked = get("/idms/v1/alpha/authorize?" + authorize_query("app"));
    asked.fields.emplace_back(http::Field::Cookie, std::string(kUeCookie).append("=") + value);
    EXPECT_EQ(bed.send(asked).status, 200) << value;
  }
}

TEST(UeNaming, TheOrderOfTheSources) {
  const std::string cookie = *make_ue_cookie();
  const std::string of_cookie = ue_id_of_cookie("alpha", cookie);
  const auto is = [](const Result<UeName>& name, std::string_view ue_id, UeProof proof) {
    return name && name->ue_id == ue_id && name->proof == proof;
  };
  EXPECT_TRUE(is(name_ue("alpha", "", "", ""), "", UeProof::None));
  EXPECT_TRUE(is(name_ue("alpha", "", "", cookie), of_cookie, UeProof::Cookie));
  EXPECT_TRUE(is(name_ue("alpha", "", "truck", cookie), "truck", UeProof::Claimed));
  EXPECT_TRUE(is(name_ue("alpha", "", of_cookie, cookie), of_cookie, UeProof::Cookie));
  EXPECT_TRUE(is(name_ue("alpha", "truck", "", cookie), "truck", UeProof::Key));
  EXPECT_TRUE(is(name_ue("alpha", "truck", "truck", cookie), "truck", UeProof::Key));
  EXPECT_TRUE(name_ue("alpha", "truck", "bike", cookie).failed_with(Code::UeOfAnother));
  EXPECT_TRUE(name_ue("alpha", "", "a b", cookie).failed_with(Code::ParameterMalformed));
  EXPECT_TRUE(name_ue("alpha", "", std::string(kUeIdBytesMax + 1, 'a'), "").failed_with(Code::ParameterMalformed));
  EXPECT_NE(ue_id_of_cookie("alpha", cookie), ue_id_of_cookie("bravo", cookie));
}

TEST(UeNaming, WhatIsClaimedMustBeProved) {
  EXPECT_TRUE(settle_ue({"truck", UeProof::Claimed}, "").failed_with(Code::UeOfAnother));
  EXPECT_TRUE(settle_ue({"truck", UeProof::Claimed}, "bike").failed_with(Code::UeOfAnother));
  EXPECT_TRUE(settle_ue({"truck", UeProof::Key}, "bike").failed_with(Code::UeOfAnother));
  EXPECT_EQ(*settle_ue({"truck", UeProof::Claimed}, "truck"), "truck");
  EXPECT_EQ(*settle_ue({"truck", UeProof::Key}, ""), "truck");
  EXPECT_EQ(*settle_ue({"device-x", UeProof::Cookie}, ""), "device-x");
  EXPECT_EQ(*settle_ue({"device-x", UeProof::Cookie}, "truck"), "truck");
  EXPECT_EQ(*settle_ue({"", UeProof::None}, ""), "");
}

TEST_F(Ues, AClaimWithoutProofGetsNoTokens) {
  const Reply refused = bed.send(redemption_of(code_on(device(), "ann", "app", "&ue_id=truck-7")));
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.member("error"), "access_denied");
  EXPECT_EQ(sign_in_on(device(), "ann", "pw", "app", "&ue_id=a%20b").redirected("error"), "invalid_request");
}

TEST_F(Ues, ACertificateProvesItsUe) {
  const auto digest = *crypto::random_bytes<32>();
  std::string thumbprint;
  codec::base64url_encode(digest.reveal(), thumbprint);
  UeChange members;
  members.ue_class = UeClass::Shareable;
  members.certificates = {thumbprint};
  ASSERT_TRUE(bed.wait(create_ue(bed.context(), "alpha", "truck-7", members)));
  EXPECT_TRUE(bed.wait(create_ue(bed.context(), "alpha", "truck-7", members)).failed_with(Code::UeTaken));
  EXPECT_TRUE(bed.wait(create_ue(bed.context(), "alpha", "truck-8", members)).failed_with(Code::UeTaken));

  std::ranges::copy(digest.reveal(), bed.peer().certificate_digest.emplace().begin());
  const Reply tokens = bed.send(redemption_of(code_on(device(), "ann", "app", "&ue_id=truck-7")));
  ASSERT_EQ(tokens.status, 200) << tokens.body;
  EXPECT_EQ(sign_in_on(device(), "ann", "pw", "app", "&ue_id=truck-8").redirected("error"), "access_denied");
  auto session = bed.wait(find_session(bed.context(), "alpha", sid_of(tokens)));
  EXPECT_EQ(session->ue_id, "truck-7");
  // A browser without the certificate, and the native application with it.
  const auto kept = std::exchange(bed.peer().certificate_digest, std::nullopt);
  const std::string code = code_on(device(), "bob", "app", "&ue_id=truck-7");
  bed.peer().certificate_digest = kept;
  ASSERT_EQ(bed.send(redemption_of(code)).status, 200);
  bed.peer().certificate_digest.reset();
  EXPECT_FALSE(lives(tokens));
  // A key that the UE has no more proves nothing.
  UeChange change;
  change.certificates = std::vector<std::string>();
  ASSERT_TRUE(bed.wait(change_ue(bed.context(), "alpha", "truck-7", change)));
  members.ue_class = UeClass::Personal;
  EXPECT_TRUE(bed.wait(create_ue(bed.context(), "alpha", "truck-8", members)));
}

// RFC 8141 clause 3.1: `urn`, `uuid` and the digits of a UUID have no case, whoever writes them.
constexpr std::string_view kUrn = "urn:uuid:2f1c2a34-5b6d-4e7f-8091-a2b3c4d5e6f7";
constexpr std::string_view kUrnInCapitals = "URN:UUID:2F1C2A34-5B6D-4E7F-8091-A2B3C4D5E6F7";

TEST_F(Ues, AUuidInCapitalsIsTheSameUe) {
  const auto digest = *crypto::random_bytes<32>();
  UeChange members;
  members.ue_class = UeClass::Shareable;
  codec::base64url_encode(digest.reveal(), members.certificates.emplace().emplace_back());
  const std::string shouted(kUrnInCapitals), written(kUrn);
  const auto made = bed.wait(create_ue(bed.context(), "alpha", shouted, members));
  ASSERT_TRUE(made);
  EXPECT_EQ(made->ue_id, kUrn);
  EXPECT_TRUE(bed.wait(create_ue(bed.context(), "alpha", written, UeChange())).failed_with(Code::UeTaken));
  std::ranges::copy(digest.reveal(), bed.peer().certificate_digest.emplace().begin());
  const Reply tokens = bed.send(redemption_of(code_on(device(), "ann", "app", "&ue_id=" + escaped(kUrn))));
  ASSERT_EQ(tokens.status, 200) << tokens.body;
  const Reply again = bed.send(redemption_of(code_on(device(), "bob", "app", "&ue_id=" + escaped(kUrnInCapitals))));
  ASSERT_EQ(again.status, 200) << again.body;
  EXPECT_FALSE(lives(tokens)) << "one user at a time";
  for (const std::string& id : {shouted, written}) EXPECT_EQ(sessions_on({"", id}).size(), 1U) << id;
  UeChange lost;
  lost.is_lost = true;
  ASSERT_TRUE(bed.wait(change_ue(bed.context(), "alpha", shouted, lost)));
  EXPECT_FALSE(lives(again));
  for (const std::string_view id : {kUrn, kUrnInCapitals}) {
    EXPECT_EQ(sign_in_on(device(), "ann", "pw", "app", "&ue_id=" + escaped(id)).redirected("error"), "access_denied");
  }
  ASSERT_TRUE(bed.wait(remove_ue(bed.context(), "alpha", "urn:UUID:" + shouted.substr(9))));
  EXPECT_TRUE(bed.wait(find_ue(bed.context(), "alpha", written)).failed_with(Code::UeUnknown));
}

TEST(UeNaming, AUuidInCapitalsIsTheSameUe) {
  const std::string written(kUrn);
  EXPECT_EQ(name_ue("alpha", "", kUrnInCapitals, "")->ue_id, kUrn);
  EXPECT_EQ(name_ue("alpha", written, kUrnInCapitals, "")->proof, UeProof::Key);
  EXPECT_EQ(name_ue("alpha", "", "Truck-7", "")->ue_id, "Truck-7");
}

// --- 3.3: the login commit

TEST_F(Ues, UnregisteredNobodyIsSignedOff) {
  const Device on = device();
  const Reply first = tokens_on(on, "ann");
  const Reply second = tokens_on(on, "bob");
  EXPECT_TRUE(lives(first));
  EXPECT_TRUE(lives(second));
  EXPECT_EQ(sessions_on(on).size(), 2U);
}

TEST_F(Ues, Step1NobodySignsInOnALostUe) {
  const Device on = device();
  registered(on, UeClass::Shareable);
  const Reply before = tokens_on(on, "ann");
  const std::string code = code_on(on, "bob");
  UeChange lost;
  lost.is_lost = true;
  ASSERT_TRUE(bed.wait(change_ue(bed.context(), "alpha", on.ue_id, lost)));
  EXPECT_FALSE(lives(before));
  EXPECT_EQ(bed.send(refresh_of(before)).member("error"), "invalid_grant");
  const Reply refused = bed.send(redemption_of(code));
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.member("error"), "access_denied");
  EXPECT_TRUE(sessions_on(on).empty());
  // Nobody is asked for his password there, either.
  Sent asked = get("/idms/v1/alpha/authorize?" + authorize_query("app"));
  asked.fields.emplace_back(http::Field::Cookie, std::string(kUeCookie) + "=" + on.cookie);
  EXPECT_EQ(bed.send(asked).redirected("error"), "access_denied");
  lost.is_lost = false;
  ASSERT_TRUE(bed.wait(change_ue(bed.context(), "alpha", on.ue_id, lost)));
  EXPECT_EQ(tokens_on(on, "ann").status, 200);
}

// A token of hours lives longer than its session's idle time: it ends with the UE, whoever has signed in there since.
TEST_F(Ues, ALostUesTokensEndThoughTheirSessionIsOver) {
  bed.settings().lifetimes.session_idle = Seconds{600};
  bed.publish();
  ClientChange longer;
  longer.access_token_life = Seconds{4 * 3600};
  ASSERT_TRUE(bed.wait(change_client(bed.context(), "alpha", "app", longer)));
  const Device on = device();
  registered(on, UeClass::Shareable);
  const std::string token = tokens_on(on, "ann").member("access_token");
  const auto is_good = [&] {
    return bed.context()->tokens->verify_own(*bed.context()->snapshot->find("alpha"), token).has_value();
  };
  bed.clock().advance(Seconds{601});
  ASSERT_EQ(tokens_on(on, "bob").status, 200);
  ASSERT_TRUE(is_good());
  UeChange lost;
  lost.is_lost = true;
  ASSERT_TRUE(bed.wait(change_ue(bed.context(), "alpha", on.ue_id, lost)));
  EXPECT_FALSE(is_good());
}

TEST_F(Ues, Step2ShareableSignsThePreviousUserOff) {
  const Device on = device();
  registered(on, UeClass::Shareable);
  const Device elsewhere = device();
  const Reply first = tokens_on(on, "ann");
  const Reply ann_elsewhere = tokens_on(elsewhere, "ann");
  const Reply second = tokens_on(on, "bob");
  ASSERT_EQ(second.status, 200) << second.body;
  EXPECT_FALSE(lives(first));
  EXPECT_EQ(bed.send(refresh_of(first)).member("error"), "invalid_grant");
  EXPECT_TRUE(lives(second));
  EXPECT_TRUE(lives(ann_elsewhere));  // step 6: her sessions on other UEs are untouched
  auto replaced = bed.wait(find_session(bed.context(), "alpha", sid_of(first)));
  EXPECT_EQ(replaced->state, SessionState::Replaced);
  ASSERT_EQ(sessions_on(on).size(), 1U);
  EXPECT_EQ(sessions_on(on)[0].sub, bob.sub);
  // The same user again: his former session is replaced, too.
  const Reply third = tokens_on(on, "bob");
  EXPECT_FALSE(lives(second));
  EXPECT_TRUE(lives(third));
}

TEST_F(Ues, Step3PersonalRefusesAnotherUser) {
  const Device on = device();
  registered(on, UeClass::Personal);
  const Reply first = tokens_on(on, "ann");
  const Reply refused = tokens_on(on, "bob");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.member("error"), "access_denied");
  EXPECT_TRUE(lives(first));
  const Reply again = tokens_on(on, "ann");
  EXPECT_EQ(again.status, 200);
  EXPECT_FALSE(lives(first));
  // Once ann is signed off it is free again.
  ASSERT_TRUE(bed.wait(end_session(bed.context(), "alpha", sid_of(again), SessionState::SignedOff)));
  EXPECT_EQ(tokens_on(on, "bob").status, 200);
}

TEST_F(Ues, Step3PersonalReplacesWhenToldSo) {
  const Device on = device();
  UeChange members;
  members.replaces_others = true;
  registered(on, UeClass::Personal, members);
  const Reply first = tokens_on(on, "ann");
  EXPECT_EQ(tokens_on(on, "bob").status, 200);
  EXPECT_FALSE(lives(first));
}

TEST_F(Ues, Step3PersonalOfAnOwner) {
  const Device on = device();
  UeChange members;
  members.owner = ann.sub;
  registered(on, UeClass::Personal, members);
  EXPECT_EQ(tokens_on(on, "bob").member("error"), "access_denied");
  EXPECT_EQ(tokens_on(on, "ann").status, 200);
  members.owner = "nobody";
  EXPECT_TRUE(bed.wait(create_ue(bed.context(), "alpha", "x", members)).failed_with(Code::UserUnknown));
}

TEST_F(Ues, Step4GatewayCarriesManyUsers) {
  const Device on = device();
  UeChange members;
  members.max_users = 2;
  registered(on, UeClass::Gateway, members);
  const Reply of_ann = tokens_on(on, "ann");
  const Reply of_bob = tokens_on(on, "bob");
  const Reply other_client = tokens_on(on, "ann", "other");
  EXPECT_TRUE(lives(of_ann));
  EXPECT_TRUE(lives(of_bob));
  EXPECT_TRUE(lives(other_client));
  const Reply refused = tokens_on(on, "cyd");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.member("error"), "access_denied");
  const Reply again = tokens_on(on, "ann");
  EXPECT_EQ(again.status, 200);
  EXPECT_FALSE(lives(of_ann));  // same user, same client
  EXPECT_TRUE(lives(other_client));
  EXPECT_TRUE(lives(of_bob));
}

TEST_F(Ues, ADispatcherPlaceHasNoRules) {
  const Device on = device();
  registered(on, UeClass::Dispatcher);
  const Reply first = tokens_on(on, "ann");
  const Reply second = tokens_on(on, "ann");
  const Reply third = tokens_on(on, "bob");
  EXPECT_TRUE(lives(first) && lives(second) && lives(third));
}

TEST_F(Ues, Step5AFailedOrAbandonedSignInSignsNobodyOff) {
  const Device on = device();
  registered(on, UeClass::Shareable);
  const Reply first = tokens_on(on, "ann");
  EXPECT_EQ(sign_in_on(on, "bob", "wrong").status, 200);  // the form again
  const std::string code = code_on(on, "bob");            // never redeemed
  EXPECT_TRUE(lives(first));
  Sent wrong = redemption_of(code);
  wrong.body += "x";  // another verifier
  EXPECT_EQ(bed.send(wrong).member("error"), "invalid_grant");
  EXPECT_TRUE(lives(first));
  EXPECT_EQ(bed.send(refresh_of(first)).status, 200);
}

TEST_F(Ues, ASecondRedemptionEndsTheSessionOnTheUeToo) {
  const Device on = device();
  registered(on, UeClass::Shareable);
  const std::string code = code_on(on, "ann");
  const Reply tokens = bed.send(redemption_of(code));
  ASSERT_EQ(tokens.status, 200);
  EXPECT_EQ(bed.send(redemption_of(code)).member("error"), "invalid_grant");
  EXPECT_FALSE(lives(tokens));
  EXPECT_TRUE(sessions_on(on).empty());
}

// The UE's home gets the code as the code's home has read it: by then it may be spent.
TEST_F(Ues, OfTwoRedemptionsAtOnceOneWins) {
  const Device on = device();
  const Sent sent = redemption_of(code_on(on, "ann"));
  const auto replies = bed.send_together({sent, sent});
  EXPECT_EQ(std::ranges::count(replies, 200, &Reply::status), 1);
  EXPECT_EQ(std::ranges::count(replies, 400, &Reply::status), 1);
  EXPECT_EQ(bed.context()->figures->sessions_started.read(), 1U);
}

TEST_F(Ues, ARedemptionReadsTheCodeAgainAfterAConflict) {
  const Device on = device();
  const Sent sent = redemption_of(code_on(on, "ann"));
  bed.store().fail_commits(2, Code::Conflict);
  EXPECT_EQ(bed.send(sent).status, 200);
  EXPECT_EQ(sessions_on(on).size(), 1U);
  EXPECT_EQ(bed.send(sent).member("error"), "invalid_grant");
}

TEST_F(Ues, RacingSignInsLeaveOneSession) {
  const Device on = device();
  registered(on, UeClass::Shareable);
  for (int round = 0; round < 3; ++round) {
    std::vector<Sent> redemptions;
    for (const std::string_view login : {"ann", "bob", "cyd", "ann"}) {
      redemptions.push_back(redemption_of(code_on(on, login)));
    }
    int living = 0;
    for (const Reply& reply : bed.send_together(redemptions)) {
      if (reply.status == 200) {
        living += lives(reply) ? 1 : 0;
      } else {
        EXPECT_EQ(reply.member("error"), "invalid_grant") << reply.body;
      }
    }
    EXPECT_EQ(living, 1);
    EXPECT_EQ(sessions_on(on).size(), 1U);
  }
}

TEST_F(Ues, SessionsOfAUserThatWasDisabledAreInNobodysWay) {
  const Device on = device();
  registered(on, UeClass::Personal);
  ASSERT_EQ(tokens_on(on, "ann").status, 200);
  ASSERT_TRUE(bed.wait(disable_user(bed.context(), "alpha", ann.sub)));
  EXPECT_TRUE(sessions_on(on).empty());
  EXPECT_EQ(tokens_on(on, "bob").status, 200);
}

// --- what operators do

TEST_F(Ues, AreListedChangedAndRemoved) {
  const Device on = device();
  registered(on, UeClass::Personal);
  registered(device(), UeClass::Gateway);
  auto page = bed.wait(list_ues(bed.context(), "alpha", "", 1));
  ASSERT_TRUE(page && page->ues.size() == 1 && !page->next.empty());
  page = bed.wait(list_ues(bed.context(), "alpha", page->next, 10));
  EXPECT_EQ(page->ues.size(), 1U);
  const Reply tokens = tokens_on(on, "ann");
  UeChange change;
  change.ue_class = UeClass::Shareable;
  EXPECT_EQ(bed.wait(change_ue(bed.context(), "alpha", on.ue_id, change))->ue_class, UeClass::Shareable);
  EXPECT_TRUE(lives(tokens));  // until the next sign-in
  EXPECT_NE(bed.wait(find_ue(bed.context(), "alpha", on.ue_id))->last_sign_in_at, 0);
  ASSERT_TRUE(bed.wait(remove_ue(bed.context(), "alpha", on.ue_id)));
  EXPECT_FALSE(lives(tokens));
  EXPECT_TRUE(bed.wait(find_ue(bed.context(), "alpha", on.ue_id)).failed_with(Code::UeUnknown));
  EXPECT_TRUE(bed.wait(change_ue(bed.context(), "alpha", on.ue_id, change)).failed_with(Code::UeUnknown));
  EXPECT_TRUE(bed.wait(remove_ue(bed.context(), "alpha", on.ue_id)).failed_with(Code::UeUnknown));
}

TEST_F(Ues, RefuseWhatARecordMayNotContain) {
  const auto creates = [&](const std::string& id, const UeChange& members) {
    return bed.wait(create_ue(bed.context(), "alpha", id, members));
  };
  for (const std::string& id : {std::string(), std::string("a b"), std::string("a\0b", 3), std::string(256, 'a')}) {
    EXPECT_TRUE(creates(id, {}).failed_with(Code::BadValue)) << id;
  }
  UeChange members;
  members.certificates = {"short"};
  EXPECT_TRUE(creates("x", members).failed_with(Code::BadValue));
  members.certificates = std::vector<std::string>(2, std::string(43, 'A'));
  EXPECT_TRUE(creates("x", members).failed_with(Code::Duplicate));
  members.certificates = std::vector<std::string>(kUeKeysMax + 1, std::string(43, 'A'));
  EXPECT_TRUE(creates("x", members).failed_with(Code::TooMany));
  members = {};
  members.max_users = kUeUsersMax + 1;
  EXPECT_TRUE(creates("x", members).failed_with(Code::BadValue));
  members = {};
  members.name = "\xff";
  EXPECT_TRUE(creates("x", members).failed_with(Code::BadValue));
}

TEST_F(Ues, AllSessionsOfOneEndTogether) {
  const Device on = device();
  const Reply first = tokens_on(on, "ann");
  const Reply second = tokens_on(on, "bob");
  ASSERT_TRUE(bed.wait(end_sessions_of_ue(bed.context(), "alpha", on.ue_id, SessionState::Revoked)));
  EXPECT_FALSE(lives(first) || lives(second));
  EXPECT_TRUE(sessions_on(on).empty());
}

TEST(UeRecord, ComesBackAsItWas) {
  Ue ue;
  ue.ue_id = "truck";
  ue.ue_class = UeClass::Gateway;
  ue.name = "Truck 7";
  ue.owner = "o";
  ue.certificates = {"c"};
  ue.dpop_keys = {"d", "e"};
  ue.is_lost = ue.replaces_others = true;
  ue.max_users = 6;
  ue.created_at = 1;
  ue.last_sign_in_at = 2;
  const std::string bytes = encode_ue(ue);
  const auto back = decode_ue(storage::Value(as_bytes(bytes), 9, 0, nullptr), "truck");
  ASSERT_TRUE(back);
  EXPECT_EQ(back->name, ue.name);
  EXPECT_EQ(back->ue_class, ue.ue_class);
  EXPECT_EQ(back->certificates, ue.certificates);
  EXPECT_EQ(back->dpop_keys, ue.dpop_keys);
  EXPECT_TRUE(back->is_lost && back->replaces_others);
  EXPECT_EQ(back->max_users, 6U);
  EXPECT_EQ(back->version, 9U);
}

}  // namespace
}  // namespace claviger::identity
