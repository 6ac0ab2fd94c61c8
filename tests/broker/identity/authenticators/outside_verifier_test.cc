// The outside verifier: what it is asked, how its answers are read, and that nothing but "accept" passes.
#include "broker/identity/authenticators/outside_verifier.h"

#include <gtest/gtest.h>

#include "broker/identity/authenticators/authenticator_procedures.h"
#include "core/crypto/certificate_authority.h"
#include "tests/broker/identity/authenticators/sealing_bed.h"

namespace claviger::identity {
namespace {

SecretBytes mac_key() { return SecretBytes(as_bytes("a key of thirty-two octets or so")); }

struct Verifiers : ::testing::Test {
  SealingBed bed;
  crypto::CertificateAuthority authority = *crypto::CertificateAuthority::make("verifier CA", 0, 4'000'000'000);

  OutsideVerifier good() {
    OutsideVerifier verifier;
    verifier.url = "https://127.0.0.1:1/verify";
    verifier.ca_pem = authority.certificate_pem();
    verifier.mac_key = mac_key();
    return verifier;
  }
  std::string refused(OutsideVerifier verifier) {
    const auto written = bed.wait(write_verifier(bed.context(), "alpha", std::move(verifier)));
    if (written) return "written";
    EXPECT_EQ(written.error().code, Code::AuthenticatorRefused);
    return std::string(written.error().where);
  }
};

TEST_F(Verifiers, AreKeptWithTheirSecretsSealed) {
  EXPECT_EQ(bed.wait(read_verifier(bed.context(), "alpha")).error().code, Code::NotFound);
  ASSERT_EQ(refused(good()), "written");
  const auto read = bed.wait(read_verifier(bed.context(), "alpha"));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->url, "https://127.0.0.1:1/verify");
  EXPECT_TRUE(read->mac_key.equals(mac_key().reveal()));
  EXPECT_EQ(bed.wait(read_verifier(bed.context(), "bravo")).error().code, Code::NotFound);
  const auto rows = bed.wait(bed.store().range(broker::tables::kAuthenticators, "", "", 16));
  ASSERT_TRUE(rows);
  for (const storage::Record& row : *rows) {
    EXPECT_EQ(row.value.text().find("thirty-two octets"), std::string_view::npos);
  }
  ASSERT_TRUE(bed.wait(remove_verifier(bed.context(), "alpha")));
  EXPECT_EQ(bed.wait(read_verifier(bed.context(), "alpha")).error().code, Code::NotFound);
}

TEST_F(Verifiers, MustBeSafeToAsk) {
  OutsideVerifier verifier = good();
  verifier.url = "http://verifier.example/";
  EXPECT_EQ(refused(std::move(verifier)), "verifier.url");
  verifier = good();
  verifier.url = "https://user@verifier.example/";
  EXPECT_EQ(refused(std::move(verifier)), "verifier.url");
  verifier = good();
  verifier.mac_key = {};
  EXPECT_EQ(refused(std::move(verifier)), "verifier.authentication");
  verifier = good();
  verifier.mac_key = SecretBytes(as_bytes("short"));
  EXPECT_EQ(refused(std::move(verifier)), "verifier.mac_key");
  verifier = good();
  verifier.certificate_pem = authority.certificate_pem();
  EXPECT_EQ(refused(std::move(verifier)), "verifier.key");
  verifier = good();
  verifier.ca_pem.clear();
  EXPECT_EQ(refused(std::move(verifier)), "verifier.certificate");
  verifier = good();
  verifier.timeout = Milliseconds(60'000);
  EXPECT_EQ(refused(std::move(verifier)), "verifier.timeout");
  verifier = good();
  verifier.timeout = Milliseconds(1);
  EXPECT_EQ(refused(std::move(verifier)), "verifier.timeout");
}

TEST(Verdicts, OnlyAcceptIsYes) {
  const SecretBytes none;
  EXPECT_TRUE(*read_verdict(none, "n", "", R"({"result":"accept"})"));
  EXPECT_FALSE(*read_verdict(none, "n", "", R"({"result":"reject","why":"wrong"})"));
  for (const std::string_view body :
       {"", "{}", "accept", R"({"result":"ACCEPT"})", R"({"result":true})", R"(["accept"])",
        R"({"result":"accept","result":"reject"})", R"({"result":"accept"}x)"}) {
    EXPECT_EQ(read_verdict(none, "n", "", body).error().code, Code::Refused) << body;
  }
}

TEST(Verdicts, AnAnswerIsItsOwnAndToThisQuestion) {
  const SecretBytes key = mac_key();
  const std::string body = R"({"result":"accept"})";
  const std::string mac = verifier_mac(key, "answer", "nonce", body);
  EXPECT_TRUE(*read_verdict(key, "nonce", mac, body));
  EXPECT_EQ(read_verdict(key, "nonce", "", body).error().where, "verifier.mac");
  EXPECT_EQ(read_verdict(key, "another", mac, body).error().where, "verifier.mac");
  EXPECT_EQ(read_verdict(key, "nonce", mac, body + " ").error().where, "verifier.mac");
  // Our own question, sent back.
  EXPECT_EQ(read_verdict(key, "nonce", verifier_mac(key, "request", "nonce", body), body).error().where,
            "verifier.mac");
}

TEST(Verdicts, TheQuestionNamesWhomAndWhat) {
  const VerifierQuestion question{"alpha", "ann@radius", "app", "nonce", 1'700'000'000};
  EXPECT_EQ(
      verifier_body(question, "12\"34"),
      R"({"tenant":"alpha","user":"ann@radius","code":"12\"34","client_id":"app","nonce":"nonce","time":1700000000})");
}

// A sign-in whose verifier does not answer: not a wrong code, and nobody passes.
TEST_F(Verifiers, FailClosed) {
  const User ann = bed.add_user();
  bed.add_public_client();
  AuthenticatorDraft draft;
  draft.kind = "outside";
  draft.serial = "ann@radius";
  ASSERT_TRUE(bed.wait(add_authenticator(bed.context(), "alpha", ann.sub, std::move(draft))));
  const Reply page = bed.send(get("/idms/v1/alpha/authorize?" + authorize_query("app")));
  std::string cookie = page.header("set-cookie");
  cookie = cookie.substr(0, cookie.find(';'));
  const auto post = [&](const std::string& interaction, const std::string& fields) {
    Sent sent = post_form("/idms/v1/alpha/sign-in", "interaction=" + interaction + "&" + fields);
    sent.fields.emplace_back(http::Field::Cookie, cookie);
    return bed.send(sent);
  };
  const Reply asked = post(hidden_interaction(page.body), "username=ann&password=" + escaped("correct horse"));
  ASSERT_EQ(asked.status, 200);
  const std::string interaction = hidden_interaction(asked.body);
  // None is configured; then one that nobody listens at. However often: no try is counted.
  for (int i = 0; i < 8; ++i) {
    if (i == 4) {
      EXPECT_EQ(refused(good()), "written");
    }
    const Reply reply = post(interaction, "code=123456");
    EXPECT_EQ(reply.status, 503) << reply.body;
    EXPECT_FALSE(reply.header("retry-after").empty());
  }
}

// And no way to guess at our own codes: those that one of ours has judged stay counted.
TEST_F(Verifiers, AnUnreachableOneLetsNobodyGuessOurCodes) {
  const User ann = bed.add_user();
  bed.add_public_client();
  for (const auto* kind : {"outside", "totp"}) {
    AuthenticatorDraft draft;
    draft.kind = kind;
    ASSERT_TRUE(bed.wait(add_authenticator(bed.context(), "alpha", ann.sub, std::move(draft))));
  }
  const Reply page = bed.send(get("/idms/v1/alpha/authorize?" + authorize_query("app")));
  std::string cookie = page.header("set-cookie");
  cookie = cookie.substr(0, cookie.find(';'));
  const auto post = [&](const std::string& interaction, const std::string& fields) {
    Sent sent = post_form("/idms/v1/alpha/sign-in", "interaction=" + interaction + "&" + fields);
    sent.fields.emplace_back(http::Field::Cookie, cookie);
    return bed.send(sent);
  };
  const Reply asked = post(hidden_interaction(page.body), "username=ann&password=" + escaped("correct horse"));
  const std::string interaction = hidden_interaction(asked.body);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(post(interaction, "code=00000" + std::to_string(i)).status, 503);
  EXPECT_EQ(post(interaction, "code=000009").status, 429);
}

}  // namespace
}  // namespace claviger::identity
