// DPoP (RFC 9449) at our endpoints: the row of spec 4.3, spec 4.5, and what a bound token is good for.
#include <gtest/gtest.h>

#include "broker/identity/dpop_check.h"
#include "broker/identity/dpop_nonce.h"
#include "broker/identity/dpop_replays.h"
#include "tests/broker/identity/testbed.h"
#include "tests/broker/tokens/verifier/dpop_key.h"

namespace claviger::identity {
namespace {

using namespace std::chrono_literals;
using tokens::DpopKey;
using tokens::ProofParts;

constexpr std::string_view kToken = "/idms/v1/alpha/token";
constexpr std::string_view kUserinfo = "/idms/v1/alpha/userinfo";
constexpr std::string_view kOrigin = "https://idms.alpha.example";

std::string confirmation_of(const std::string& access_token) {
  const std::string claims = claims_of(access_token);
  const std::size_t at = claims.find("\"cnf\":");
  return at == std::string::npos ? std::string() : claims.substr(at);
}

struct Dpop : ::testing::Test {
  Testbed bed;
  User ann = bed.add_user();
  Client app = bed.add_public_client();
  DpopKey key;
  int proofs = 0;

  std::int64_t now() { return numeric_date(bed.clock().wall()); }
  std::string nonce() { return make_dpop_nonce(bed.context()->identity->dpop().mac, "alpha", now()); }
  ProofParts parts(std::string_view path) {
    ProofParts made;
    made.url = std::string(kOrigin) + std::string(path);
    made.issued_at = now();
    made.jti = "proof-" + std::to_string(++proofs);
    made.nonce = nonce();
    return made;
  }
  static Sent with_proof(Sent sent, std::string proof) {
    sent.fields.emplace_back(http::Field::Dpop, std::move(proof));
    return sent;
  }
  std::string code(std::string_view more = {}) {
    return bed.sign_in(authorize_query("app") + std::string(more), "ann", "correct horse").redirected("code");
  }
  static std::string code_body(std::string_view code) {
    return "grant_type=authorization_code&client_id=app&code=" + std::string(code) +
           "&redirect_uri=" + escaped(kRedirect) + "&code_verifier=" + std::string(kVerifier);
  }
  Reply redeem(const std::string& with_code, DpopKey& by) {
    return bed.send(with_proof(post_form(std::string(kToken), code_body(with_code)), by.proof(parts(kToken))));
  }
  Reply refresh(const std::string& token, DpopKey* by) {
    Sent sent = post_form(std::string(kToken), "grant_type=refresh_token&client_id=app&refresh_token=" + token);
    if (by != nullptr) sent = with_proof(std::move(sent), by->proof(parts(kToken)));
    return bed.send(sent);
  }
  Reply ask_userinfo(const std::string& token, DpopKey* by, std::string_view scheme = "DPoP ") {
    Sent sent = get(std::string(kUserinfo));
    sent.fields.emplace_back(http::Field::Authorization, std::string(scheme) + token);
    if (by == nullptr) return bed.send(sent);
    ProofParts proof = parts(kUserinfo);
    proof.method = "GET";
    proof.access_token = token;
    return bed.send(with_proof(std::move(sent), by->proof(proof)));
  }
  void expect_refused(const Reply& reply, std::string_view error) {
    EXPECT_EQ(reply.status, 400) << reply.body;
    EXPECT_EQ(reply.member("error"), error) << reply.body;
    EXPECT_EQ(reply.cache_control, "no-store");
  }
};

TEST_F(Dpop, BindsTheTokensOfACode) {
  const Reply reply = redeem(code(), key);
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.member("token_type"), "DPoP");
  EXPECT_FALSE(reply.header("dpop-nonce").empty());
  EXPECT_EQ(confirmation_of(reply.member("access_token")), "\"cnf\":{\"jkt\":\"" + key.thumbprint() + "\"}}");
}
TEST_F(Dpop, WithoutAProofTokensAreBearerTokens) {
  const Reply reply = bed.sign_in_for_tokens("app");
  EXPECT_EQ(reply.member("token_type"), "Bearer");
  EXPECT_EQ(confirmation_of(reply.member("access_token")), "");
  EXPECT_EQ(reply.header("dpop-nonce"), "");
}
TEST_F(Dpop, ANonceIsWantedAndGiven) {  // nonce wanted: 400 use_dpop_nonce + DPoP-Nonce header
  const std::string fresh = code();
  ProofParts proof = parts(kToken);
  proof.nonce = "";
  const Reply refused = bed.send(with_proof(post_form(std::string(kToken), code_body(fresh)), key.proof(proof)));
  expect_refused(refused, "use_dpop_nonce");
  const std::string given = refused.header("dpop-nonce");
  EXPECT_FALSE(given.empty());
  // The code is not used up by that.
  proof = parts(kToken);
  proof.nonce = given;
  EXPECT_EQ(bed.send(with_proof(post_form(std::string(kToken), code_body(fresh)), key.proof(proof))).status, 200);
}
TEST_F(Dpop, NonceOfAnotherTenantTimeOrKind) {
  const auto& mac = bed.context()->identity->dpop().mac;
  const std::string fresh = code();
  const auto try_nonce = [&](const std::string& text) {
    ProofParts proof = parts(kToken);
    proof.nonce = text;
    expect_refused(bed.send(with_proof(post_form(std::string(kToken), code_body(fresh)), key.proof(proof))),
                   "use_dpop_nonce");
  };
  try_nonce(make_dpop_nonce(mac, "bravo", now()));
  try_nonce(make_dpop_nonce(mac, "alpha", now() - kDpopNonceLife.count() - 1));
  try_nonce(make_dpop_nonce(mac, "alpha", now() + 60));
  try_nonce(std::string(32, 'A'));
  try_nonce("x");
}
TEST_F(Dpop, NoncesFromBeforeTheStartAreRefused) {
  const auto& mac = bed.context()->identity->dpop().mac;
  const std::string before = make_dpop_nonce(mac, "alpha", now() - 5);
  EXPECT_TRUE(is_current_dpop_nonce(mac, "alpha", before, now(), now() - 5));
  EXPECT_FALSE(is_current_dpop_nonce(mac, "alpha", before, now(), now() - 4));
  // The clock was set back to before the start.
  EXPECT_TRUE(is_current_dpop_nonce(mac, "alpha", before, now(), now() + 100));
}
TEST_F(Dpop, ProofMalformed) {
  expect_refused(bed.send(with_proof(post_form(std::string(kToken), code_body(code())), "rubbish")),
                 "invalid_dpop_proof");
}
TEST_F(Dpop, ProofForAnotherMethodUrlOrTime) {
  const auto try_proof = [&](const ProofParts& proof) {
    expect_refused(bed.send(with_proof(post_form(std::string(kToken), code_body("x")), key.proof(proof))),
                   "invalid_dpop_proof");
  };
  ProofParts proof = parts(kToken);
  proof.method = "GET";
  try_proof(proof);
  try_proof(parts(kUserinfo));
  proof = parts(kToken);
  proof.issued_at = now() - 61;
  try_proof(proof);
}
TEST_F(Dpop, ProofReplayed) {
  const std::string proof = key.proof(parts(kToken));
  const Sent sent = with_proof(post_form(std::string(kToken), code_body(code())), proof);
  EXPECT_EQ(bed.send(sent).status, 200);
  expect_refused(bed.send(with_proof(post_form(std::string(kToken), code_body(code())), proof)), "invalid_dpop_proof");
}
TEST_F(Dpop, OfTwoThatComeAtOnceWithOneProofOnePasses) {
  const std::string proof = key.proof(parts(kToken));
  const auto replies = bed.send_together({with_proof(post_form(std::string(kToken), code_body(code())), proof),
                                          with_proof(post_form(std::string(kToken), code_body(code())), proof)});
  EXPECT_EQ(std::ranges::count(replies, 200, &Reply::status), 1);
}
TEST_F(Dpop, SeveralHeaders) {
  Sent sent = with_proof(post_form(std::string(kToken), code_body(code())), key.proof(parts(kToken)));
  sent = with_proof(std::move(sent), key.proof(parts(kToken)));
  expect_refused(bed.send(sent), "invalid_dpop_proof");
}

// The code and its key (RFC 9449 clause 10).

TEST_F(Dpop, JktBindsTheCode) {
  DpopKey other;
  const std::string bound = code("&dpop_jkt=" + key.thumbprint());
  expect_refused(redeem(bound, other), "invalid_grant");
  expect_refused(bed.send(post_form(std::string(kToken), code_body(bound))), "invalid_grant");
  EXPECT_EQ(redeem(bound, key).status, 200);
}
TEST_F(Dpop, JktMalformed) {
  for (const std::string& jkt : {std::string("x"), std::string(44, 'A'), std::string(42, 'A') + "!"}) {
    const Reply reply =
        bed.send(get("/idms/v1/alpha/authorize?" + authorize_query("app") + "&dpop_jkt=" + escaped(jkt)));
    EXPECT_EQ(reply.redirected("error"), "invalid_request") << jkt;
  }
}
TEST_F(Dpop, AProofAtParBindsTheCode) {  // clause 10.1
  const Reply pushed = bed.send(
      with_proof(post_form("/idms/v1/alpha/par", authorize_query("app")), key.proof(parts("/idms/v1/alpha/par"))));
  ASSERT_EQ(pushed.status, 201) << pushed.body;
  EXPECT_FALSE(pushed.header("dpop-nonce").empty());
  const Reply signed_in =
      bed.sign_in("client_id=app&request_uri=" + escaped(pushed.member("request_uri")), "ann", "correct horse");
  DpopKey other;
  expect_refused(redeem(signed_in.redirected("code"), other), "invalid_grant");
  EXPECT_EQ(redeem(signed_in.redirected("code"), key).status, 200);
}
TEST_F(Dpop, ProofAndJktAtParMustAgree) {
  DpopKey other;
  const Sent sent = post_form("/idms/v1/alpha/par", authorize_query("app") + "&dpop_jkt=" + other.thumbprint());
  expect_refused(bed.send(with_proof(sent, key.proof(parts("/idms/v1/alpha/par")))), "invalid_dpop_proof");
}

// Refresh (clause 5).

TEST_F(Dpop, APublicClientsRefreshTokenIsBound) {
  const Reply first = redeem(code(), key);
  const std::string token = first.member("refresh_token");
  DpopKey other;
  expect_refused(refresh(token, &other), "invalid_grant");
  expect_refused(refresh(token, nullptr), "invalid_grant");
  const Reply second = refresh(token, &key);
  ASSERT_EQ(second.status, 200) << second.body;
  EXPECT_EQ(second.member("token_type"), "DPoP");
  EXPECT_NE(confirmation_of(second.member("access_token")).find(key.thumbprint()), std::string::npos);
}
TEST_F(Dpop, AClientWithASecretMayChangeItsKeyButNotDropIt) {
  ClientDraft draft;
  draft.client_id = "web";
  draft.authentication = ClientAuthentication::SecretBasic;
  draft.redirect_uris = {std::string(kRedirect)};
  draft.may_code = true;
  const CreatedClient web = bed.add_client(std::move(draft));
  const std::string secret(as_text(web.secret.reveal()));
  const std::string fresh = bed.sign_in(authorize_query("web"), "ann", "correct horse").redirected("code");
  std::string body = code_body(fresh);
  body.replace(body.find("client_id=app"), 13, "client_id=web");
  const Reply first =
      bed.send(with_proof(with_basic(post_form(std::string(kToken), body), "web", secret), key.proof(parts(kToken))));
  ASSERT_EQ(first.status, 200) << first.body;
  const Sent again = with_basic(
      post_form(std::string(kToken), "grant_type=refresh_token&refresh_token=" + first.member("refresh_token")), "web",
      secret);
  expect_refused(bed.send(again), "invalid_grant");
  DpopKey other;
  const Reply second = bed.send(with_proof(again, other.proof(parts(kToken))));
  ASSERT_EQ(second.status, 200) << second.body;
  EXPECT_NE(confirmation_of(second.member("access_token")).find(other.thumbprint()), std::string::npos);
}

// client_credentials and the client's flag.

TEST_F(Dpop, ServicesGetBoundTokens) {
  ClientDraft draft;
  draft.client_id = "server";
  draft.authentication = ClientAuthentication::SecretBasic;
  draft.may_client_credentials = true;
  draft.is_dpop_bound = true;
  const CreatedClient server = bed.add_client(std::move(draft));
  const Sent sent = with_basic(post_form(std::string(kToken), "grant_type=client_credentials"), "server",
                               as_text(server.secret.reveal()));
  // dpop_bound_access_tokens (clause 5.2): no token without a proof, the second time on the inline way neither.
  expect_refused(bed.send(sent), "invalid_dpop_proof");
  expect_refused(bed.send(sent), "invalid_dpop_proof");
  const Sent proven = with_proof(sent, key.proof(parts(kToken)));
  EXPECT_FALSE(bed.send_inline(proven));
  const Reply reply = bed.send(proven);
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.member("token_type"), "DPoP");
}

// At a resource: userinfo (clause 7).

TEST_F(Dpop, UserinfoTakesTheTokenWithAProof) {
  const std::string token = redeem(code(), key).member("access_token");
  const Reply reply = ask_userinfo(token, &key);
  ASSERT_EQ(reply.status, 200) << reply.header("www-authenticate");
  EXPECT_EQ(reply.member("sub"), ann.sub);
  EXPECT_FALSE(reply.header("dpop-nonce").empty());
}
TEST_F(Dpop, ABoundTokenIsNoBearerToken) {  // 401 invalid_token
  const std::string token = redeem(code(), key).member("access_token");
  const Reply reply = ask_userinfo(token, nullptr, "Bearer ");
  EXPECT_EQ(reply.status, 401);
  EXPECT_NE(reply.header("www-authenticate").find("error=\"invalid_token\""), std::string::npos);
}
TEST_F(Dpop, ABearerTokenIsNoBoundToken) {
  const std::string token = bed.sign_in_for_tokens("app").member("access_token");
  const Reply reply = ask_userinfo(token, &key);
  EXPECT_EQ(reply.status, 401);
  EXPECT_NE(reply.header("www-authenticate").find("error=\"invalid_token\""), std::string::npos);
  EXPECT_EQ(ask_userinfo(token, nullptr, "Bearer ").status, 200);
}
TEST_F(Dpop, UserinfoRefusesOtherKeysTokensAndNoProof) {
  const std::string token = redeem(code(), key).member("access_token");
  DpopKey other;
  Reply reply = ask_userinfo(token, &other);
  EXPECT_EQ(reply.status, 401);
  EXPECT_TRUE(reply.header("www-authenticate").starts_with("DPoP realm=\"alpha\", error=\"invalid_token\""));
  EXPECT_NE(reply.header("www-authenticate").find("algs=\"ES256 EdDSA RS256\""), std::string::npos);
  reply = ask_userinfo(token, nullptr);
  EXPECT_EQ(reply.status, 401);
  EXPECT_NE(reply.header("www-authenticate").find("error=\"invalid_dpop_proof\""), std::string::npos);
  // ath of another token.
  Sent sent = get(std::string(kUserinfo));
  sent.fields.emplace_back(http::Field::Authorization, "DPoP " + token);
  ProofParts proof = parts(kUserinfo);
  proof.method = "GET";
  proof.access_token = "another";
  reply = bed.send(with_proof(sent, key.proof(proof)));
  EXPECT_NE(reply.header("www-authenticate").find("error=\"invalid_dpop_proof\""), std::string::npos);
  proof = parts(kUserinfo);
  proof.method = "GET";
  proof.access_token = token;
  proof.nonce = "";
  reply = bed.send(with_proof(sent, key.proof(proof)));
  EXPECT_EQ(reply.status, 401);
  EXPECT_NE(reply.header("www-authenticate").find("error=\"use_dpop_nonce\""), std::string::npos);
  EXPECT_FALSE(reply.header("dpop-nonce").empty());
}

TEST(DpopReplays, RemembersForAWindowAndRefusesWhenFull) {
  DpopReplays replays(2);
  const auto id = [](int number) {
    DpopReplays::Id made{};
    made[0] = static_cast<std::byte>(number);
    return made;
  };
  const std::int64_t begin = 1'000'000;
  EXPECT_TRUE(replays.remember(id(1), 7, begin));
  EXPECT_EQ(replays.remember(id(1), 7, begin + 1).error().code, Code::DpopReplayed);
  EXPECT_TRUE(replays.remember(id(2), 7, begin + 1));
  EXPECT_EQ(replays.remember(id(3), 7, begin + 2).error().code, Code::Overload);
  EXPECT_EQ(replays.remember(id(2), 7, begin + DpopReplays::kGeneration + 1).error().code, Code::DpopReplayed);
  EXPECT_TRUE(replays.remember(id(3), 7, begin + DpopReplays::kGeneration + 2));
  EXPECT_TRUE(replays.remember(id(1), 7, begin + 3 * DpopReplays::kGeneration + 2));
  EXPECT_EQ(replays.size(), 1U);
}

TEST(DpopReplays, OneSourceDoesNotUseUpTheRoomOfAll) {
  constexpr std::size_t kRoom = 100 * DpopReplays::kProofsOfSourceMin;
  DpopReplays replays(kRoom);
  const auto id = [](std::uint64_t number) {
    DpopReplays::Id made{};
    store_be(made, number);
    return made;
  };
  std::uint64_t number = 0;
  std::size_t taken = 0;
  while (replays.remember(id(++number), 1, 1000)) ++taken;
  EXPECT_LT(taken, kRoom / DpopReplays::kShareOfSource + 1);
  EXPECT_EQ(replays.remember(id(++number), 1, 1001).error().code, Code::Overload);
  EXPECT_TRUE(replays.remember(id(++number), 2, 1001));  // somebody else
  EXPECT_TRUE(replays.remember(id(++number), 1, 1000 + DpopReplays::kGeneration));
}

TEST(DpopReplays, AClockThatIsPutBackShutsNobodyOut) {
  DpopReplays replays(2);
  constexpr std::int64_t kAhead = 1'000'000;
  constexpr std::int64_t kRight = kAhead - 86'400;
  EXPECT_TRUE(replays.remember({std::byte{1}}, 7, kAhead));
  EXPECT_EQ(replays.remember({std::byte{1}}, 7, kRight).error().code, Code::DpopReplayed);
  EXPECT_TRUE(replays.remember({std::byte{2}}, 7, kRight));
  EXPECT_EQ(replays.remember({std::byte{3}}, 7, kRight + 1).error().code, Code::Overload);
  EXPECT_TRUE(replays.remember({std::byte{3}}, 7, kRight + DpopReplays::kGeneration));
}

}  // namespace
}  // namespace claviger::identity
