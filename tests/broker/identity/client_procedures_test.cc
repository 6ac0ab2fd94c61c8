#include "broker/identity/client_procedures.h"

#include <gtest/gtest.h>

#include "broker/identity/authorization_code.h"
#include "broker/identity/client_authentication.h"
#include "broker/identity/client_draft.h"
#include "broker/identity/redeem_procedure.h"
#include "core/crypto/digest.h"
#include "core/crypto/jwk.h"
#include "core/crypto/signing_key.h"
#include "tests/broker/identity/testbed.h"

namespace claviger::identity {
namespace {

struct Clients : ::testing::Test {
  Testbed bed;
  broker::Context* context = bed.context();
  Result<CreatedClient> create(ClientDraft draft) {
    return bed.wait(create_client(context, "alpha", std::move(draft)));
  }
};

ClientDraft draft_with_redirect(std::string uri) {
  ClientDraft draft;
  draft.may_code = true;
  draft.redirect_uris = {std::move(uri)};
  return draft;
}

TEST_F(Clients, CreateShowListRemove) {
  ClientDraft draft = draft_with_redirect("https://app.example/cb");
  draft.client_id = "app";
  draft.name = "App";
  const auto created = create(draft);
  ASSERT_TRUE(created);
  EXPECT_TRUE(created->secret.empty());
  EXPECT_FALSE(created->client.secret_mac.has_value());
  EXPECT_TRUE(create(draft).failed_with(Code::ClientTaken));
  draft.client_id = "";
  const auto generated = create(draft);
  EXPECT_EQ(generated->client.client_id.size(), 22U);
  EXPECT_EQ(bed.wait(find_client(context, "alpha", "app"))->name, "App");
  EXPECT_TRUE(bed.wait(find_client(context, "alpha", "nobody")).failed_with(Code::ClientUnknown));
  EXPECT_TRUE(bed.wait(find_client(context, "alpha", "a/b")).failed_with(Code::ClientUnknown));
  auto page = bed.wait(list_clients(context, "alpha", "", 1));
  ASSERT_EQ(page->clients.size(), 1U);
  page = bed.wait(list_clients(context, "alpha", page->next, 10));
  EXPECT_EQ(page->clients.size(), 1U);
  EXPECT_TRUE(page->next.empty());
  ASSERT_TRUE(bed.wait(remove_client(context, "alpha", "app")));
  EXPECT_TRUE(bed.wait(remove_client(context, "alpha", "app")).failed_with(Code::ClientUnknown));
  EXPECT_TRUE(bed.wait(create_client(context, "nowhere", draft)).failed_with(Code::NotFound));
}

TEST_F(Clients, SecretsAreShownOnceAndKeptAsMac) {
  ClientDraft draft;
  draft.client_id = "server";
  draft.authentication = ClientAuthentication::SecretBasic;
  draft.may_client_credentials = true;
  const auto created = create(draft);
  ASSERT_TRUE(created);
  EXPECT_EQ(created->secret.size(), 43U);
  const auto kept = bed.wait(context->store.get(broker::tables::kClients, client_key("alpha", "server")));
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->text().find(as_text(created->secret.reveal())), std::string_view::npos);
  const auto rotated = bed.wait(rotate_client_secret(context, "alpha", "server"));
  ASSERT_TRUE(rotated);
  EXPECT_FALSE(rotated->equals(created->secret.reveal()));
  // Another way to authenticate drops the secret for good.
  ClientChange change;
  change.authentication = ClientAuthentication::SelfSignedTlsClientAuth;
  change.tls_certificate_digest = std::string(43, 'A');
  ASSERT_TRUE(bed.wait(change_client(context, "alpha", "server", change)));
  EXPECT_FALSE(bed.wait(find_client(context, "alpha", "server"))->secret_mac.has_value());
  EXPECT_TRUE(bed.wait(rotate_client_secret(context, "alpha", "server")).failed_with(Code::ClientMetadata));
}

TEST(RedirectUri, TakesWhatRfc8252And9700Allow) {
  for (const char* good : {"https://app.example/cb", "https://app.example:8443/cb?x=1",
                           "https://app.example/cb?codes=1&x=code", "http://127.0.0.1/cb", "http://127.0.0.1:49152/cb",
                           "http://[::1]/cb", "com.example.app:/cb", "com.example.app://oauth/cb"}) {
    EXPECT_TRUE(check_redirect_uri(good)) << good;
  }
  for (const char* bad :
       {"", "/cb", "app.example/cb", "https://app.example/cb#f", "http://app.example/cb", "http://localhost/cb",
        "myapp:/cb", "javascript:alert(1)", "data:text/html,x", "https://user@app.example/cb",
        "https://app;x.example/cb", "https://app.example/c b", "https://app.example/cb?a=1&code=2",
        "https://app.example/cb?st%61te=2", "com.example.app:/cb?iss", "https://app.example/cb?error=x"}) {
    EXPECT_TRUE(check_redirect_uri(bad).failed_with(Code::ClientRedirectUri)) << bad;
  }
}

// A redemption that knew the client before the change goes by what it is when the session begins.
TEST_F(Clients, ASessionBeginsUnderTheRecordAsItStands) {
  bed.add_user();
  bed.add_public_client();
  const auto redemption_of = [this](const Reply& signed_in) {
    Redemption redemption;
    redemption.tenant = "alpha";
    redemption.client_id = "app";
    redemption.client = *bed.wait(bed.context()->identity->clients().find("alpha", "app"));
    redemption.digest = code_digest(signed_in.redirected("code"));
    redemption.redirect_uri = kRedirect;
    redemption.verifier_digest = crypto::sha256(as_bytes(kVerifier));
    return redemption;
  };
  Redemption renamed = redemption_of(bed.sign_in(authorize_query("app"), "ann", "correct horse"));
  Redemption moved = redemption_of(bed.sign_in(authorize_query("app"), "ann", "correct horse"));
  ClientChange change;
  change.name = "Another name";
  ASSERT_TRUE(bed.wait(change_client(bed.context(), "alpha", "app", std::move(change))));
  EXPECT_TRUE(bed.wait(redeem_code(bed.context(), std::move(renamed))).has_value());
  change = {};
  change.redirect_uris = std::vector<std::string>{"https://app.example/elsewhere"};
  ASSERT_TRUE(bed.wait(change_client(bed.context(), "alpha", "app", std::move(change))));
  EXPECT_TRUE(bed.wait(redeem_code(bed.context(), std::move(moved))).failed_with(Code::CodeRedirect));
}

TEST_F(Clients, RefusesWhatDoesNotFit) {
  ClientDraft draft;
  draft.may_code = true;  // nowhere to redirect to
  EXPECT_TRUE(create(draft).failed_with(Code::ClientRedirectUri));
  draft = ClientDraft();
  draft.client_id = "a b";
  EXPECT_TRUE(create(draft).failed_with(Code::ClientMetadata));
  draft = ClientDraft();
  draft.may_client_credentials = true;  // a public client
  EXPECT_TRUE(create(draft).failed_with(Code::ClientMetadata));
  draft = ClientDraft();
  draft.may_introspect = true;
  EXPECT_TRUE(create(draft).failed_with(Code::ClientMetadata));
  draft = ClientDraft();
  draft.scopes = {"two words"};
  EXPECT_TRUE(create(draft).failed_with(Code::ScopeMalformed));
  draft = ClientDraft();
  draft.audiences = {"relative"};
  EXPECT_TRUE(create(draft).failed_with(Code::ClientMetadata));
  draft = ClientDraft();
  draft.authentication = ClientAuthentication::TlsClientAuth;
  EXPECT_TRUE(create(draft).failed_with(Code::ClientMetadata));
  draft.authentication = ClientAuthentication::SelfSignedTlsClientAuth;
  draft.tls_certificate_digest = "short";
  EXPECT_TRUE(create(draft).failed_with(Code::ClientMetadata));
  draft = ClientDraft();
  draft.redirect_uris.assign(33, "https://app.example/cb");
  EXPECT_TRUE(create(draft).failed_with(Code::ClientRedirectUri));
}

TEST_F(Clients, KeysMustBePublicUsableAndNobodyElses) {
  ClientDraft draft;
  draft.authentication = ClientAuthentication::PrivateKeyJwt;
  draft.may_client_credentials = true;
  EXPECT_TRUE(create(draft).failed_with(Code::ClientKeys));
  // RFC 7515 appendix A.3: the private part stands in the standard.
  const std::string published =
      R"("kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")";
  draft.jwks = "{\"keys\":[{" + published + "}]}";
  EXPECT_TRUE(create(draft).failed_with(Code::KeyPublished));
  draft.jwks = "{\"keys\":[{" + published + R"(,"d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}]})";
  EXPECT_TRUE(create(draft).failed_with(Code::ClientKeys));
  for (const char* bad : {"{}", "[]", "x", "{\"keys\":[]}", "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}"}) {
    draft.jwks = bad;
    EXPECT_TRUE(create(draft).failed_with(Code::ClientKeys)) << bad;
  }
  const auto key = crypto::SigningKey::generate(crypto::SignatureAlgorithm::Es256);
  std::string jwk;
  crypto::write_jwk(key->verify_key(), jwk);
  draft.jwks = "{\"keys\":[" + jwk + "]}";
  EXPECT_TRUE(create(draft));
}

TEST_F(Clients, AChangeIsCheckedAsAWhole) {
  ClientDraft draft = draft_with_redirect("https://app.example/cb");
  draft.client_id = "app";
  ASSERT_TRUE(create(draft));
  ClientChange change;
  change.redirect_uris = std::vector<std::string>();
  EXPECT_TRUE(bed.wait(change_client(context, "alpha", "app", change)).failed_with(Code::ClientRedirectUri));
  change.may_code = false;
  EXPECT_TRUE(bed.wait(change_client(context, "alpha", "app", change)));
  EXPECT_TRUE(bed.wait(change_client(context, "alpha", "nobody", change)).failed_with(Code::ClientUnknown));
  bed.store().fail_commits(2, Code::Conflict);
  EXPECT_TRUE(bed.wait(set_client_enabled(context, "alpha", "app", false)));
  bed.store().fail_commits(3, Code::Conflict);
  EXPECT_TRUE(bed.wait(set_client_enabled(context, "alpha", "app", true)).failed_with(Code::Conflict));
}

}  // namespace
}  // namespace claviger::identity
