// The rows of spec 2.6 (TS 29.549 SS_IdmParameterProvisioning), each with its exact status.
#include "tests/broker/provisioning/testbed.h"

#include "broker/provisioning/configuration.h"

namespace claviger::provisioning {
namespace {

using http::Field;
using http::Method;
using identity::Reply;

const std::string kCollection(kAt);

TEST(Provisioning, PostCreates201WithLocationAndBody) {
  ProvisioningBed bed;
  const std::string body = body_for("vs1", "v2x", {"ann@v2x"});
  const Reply reply = bed.ask(Method::Post, kAt, body);
  EXPECT_EQ(reply.status, 201);
  EXPECT_EQ(reply.content_type, "application/json");
  EXPECT_EQ(reply.body, body);
  EXPECT_TRUE(reply.header("location").starts_with("https://idms.alpha.example/idms/v1/alpha/ss-ipp/v1/configurations/"));
  EXPECT_FALSE(reply.header("etag").empty());
}

TEST(Provisioning, FeaturesAreAnsweredWithNone) {
  ProvisioningBed bed;
  std::string body = body_for("vs1", "v2x", {"ann@v2x"});
  body.insert(body.size() - 1, R"(,"suppFeat":"3f")");
  EXPECT_EQ(bed.ask(Method::Post, kAt, body).member("suppFeat"), "0");
}

TEST(Provisioning, GetListsTheServersOwn) {
  ProvisioningBed bed;
  EXPECT_EQ(bed.ask(Method::Get, kAt).body, "[]");
  const std::string first = bed.create("v2x", {"ann@v2x"});
  const std::string second = bed.create("mcx", {"ann@mcx"});
  bed.add_server("vs2-client", "vs2", {"v2x"});
  EXPECT_EQ(bed.ask_as(bed.bearer("vs2-client"), Method::Get, kAt).body, "[]");
  const Reply all = bed.ask(Method::Get, kCollection + "?val-server-id=vs1");
  EXPECT_EQ(all.status, 200);
  EXPECT_NE(all.body.find("ann@v2x"), std::string::npos);
  EXPECT_NE(all.body.find("ann@mcx"), std::string::npos);
  const std::string id = second.substr(kCollection.size() + 1);
  const Reply one = bed.ask(Method::Get, kCollection + "?config-ids=" + id + "&config-ids=unknown");
  EXPECT_EQ(one.body, "[" + body_for("vs1", "mcx", {"ann@mcx"}) + "]");
}

TEST(Provisioning, GetWithAnothersServerIdIs403AndAMalformedQuery400) {
  ProvisioningBed bed;
  EXPECT_EQ(bed.ask(Method::Get, kCollection + "?val-server-id=vs2").status, 403);
  EXPECT_EQ(bed.ask(Method::Get, kCollection + "?val-server-id=").status, 400);
  EXPECT_EQ(bed.ask(Method::Get, kCollection + "?val-server-id=vs1&val-server-id=vs1").status, 400);
  EXPECT_EQ(bed.ask(Method::Get, kCollection + "?config-ids=%GG").status, 400);
}

TEST(Provisioning, GetOneIs200OrProblem404) {
  ProvisioningBed bed;
  const std::string one = bed.create("v2x", {"ann@v2x"});
  EXPECT_EQ(bed.ask(Method::Get, one).body, body_for("vs1", "v2x", {"ann@v2x"}));
  const Reply missing = bed.ask(Method::Get, kCollection + "/nothing");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.content_type, "application/problem+json");
  EXPECT_EQ(missing.member("status"), "404");
  // The rows that list a server's configurations are no configurations.
  EXPECT_EQ(bed.ask(Method::Get, kCollection + "/%2Fvs1").status, 404);
  EXPECT_EQ(bed.ask(Method::Get, kCollection + "/%00").status, 404);
}

TEST(Provisioning, PutReplacesAll200) {
  ProvisioningBed bed;
  const std::string one = bed.create("v2x", {"ann@v2x"});
  const std::string other = body_for("vs1", "mcx", {"bob@mcx"});
  const Reply reply = bed.ask(Method::Put, one, other);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, other);
  EXPECT_EQ(bed.ask(Method::Get, one).body, other);
  EXPECT_EQ(bed.ask(Method::Put, kCollection + "/nothing", other).status, 404);
}

// TS 23.434 table 12.3.2.3-1 note.
TEST(Provisioning, TheServerIdCannotChange) {
  ProvisioningBed bed;
  const std::string one = bed.create("v2x", {"ann@v2x"});
  EXPECT_EQ(bed.ask(Method::Put, one, body_for("vs2", "v2x", {"ann@v2x"})).status, 403);
  EXPECT_EQ(bed.ask(Method::Patch, one, R"({"valServerId":"vs2"})").status, 403);
  EXPECT_EQ(bed.ask(Method::Patch, one, R"({"valServerId":"vs1"})").status, 200);
}

TEST(Provisioning, PatchMerges200) {
  ProvisioningBed bed;
  const std::string one = bed.create("v2x", {"ann@v2x"});
  EXPECT_EQ(bed.ask(Method::Patch, one, "{}").body, body_for("vs1", "v2x", {"ann@v2x"}));
  const Reply reply =
      bed.ask(Method::Patch, one, R"({"valSvcConf":[{"valServiceId":"mcx","idList":[{"valUserId":"eve"}]}]})");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, body_for("vs1", "mcx", {"eve"}));
  EXPECT_EQ(bed.ask(Method::Patch, one, R"({"valSvcConf":null})").status, 400);
}

TEST(Provisioning, DeleteIs204AndOnce) {
  ProvisioningBed bed;
  const std::string one = bed.create("v2x", {"ann@v2x"});
  const Reply gone = bed.ask(Method::Delete, one);
  EXPECT_EQ(gone.status, 204);
  EXPECT_TRUE(gone.body.empty());
  EXPECT_EQ(bed.ask(Method::Get, one).status, 404);
  EXPECT_EQ(bed.ask(Method::Delete, one).status, 404);
  EXPECT_EQ(bed.ask(Method::Get, kAt).body, "[]");
}

TEST(Provisioning, AnothersRecordIs403ToAll) {
  ProvisioningBed bed;
  const std::string one = bed.create("v2x", {"ann@v2x"});
  bed.add_server("vs2-client", "vs2", {"v2x"});
  const std::string other = bed.bearer("vs2-client");
  EXPECT_EQ(bed.ask_as(other, Method::Get, one).status, 403);
  EXPECT_EQ(bed.ask_as(other, Method::Put, one, body_for("vs2", "v2x", {"x"})).status, 403);
  EXPECT_EQ(bed.ask_as(other, Method::Patch, one, "{}").status, 403);
  EXPECT_EQ(bed.ask_as(other, Method::Delete, one).status, 403);
  EXPECT_EQ(bed.ask_as(other, Method::Post, kAt, body_for("vs1", "v2x", {"x"})).status, 403);
  EXPECT_EQ(bed.ask(Method::Get, one).body, body_for("vs1", "v2x", {"ann@v2x"}));
}

// TS 23.434 clause 12.3.4: the service agreement.
TEST(Provisioning, AServiceOutsideTheAgreementIs403) {
  ProvisioningBed bed;
  EXPECT_EQ(bed.ask(Method::Post, kAt, body_for("vs1", "uas", {"ann"})).status, 403);
  const std::string one = bed.create("v2x", {"ann@v2x"});
  EXPECT_EQ(bed.ask(Method::Put, one, body_for("vs1", "uas", {"ann"})).status, 403);
  EXPECT_EQ(bed.ask(Method::Patch, one, R"({"valSvcConf":[{"valServiceId":"uas","idList":[{"valUserId":"a"}]}]})").status, 403);
  for (std::size_t i = 1; i < kConfigurationsMax; ++i) bed.create("v2x", {"ann" + std::to_string(i)});
  EXPECT_EQ(bed.ask(Method::Post, kAt, body_for("vs1", "v2x", {"one too many"})).status, 400);
  EXPECT_EQ(bed.ask(Method::Post, kAt, body_for("vs1", "v2x", {"one-too-many"})).status, 403);
}

TEST(Provisioning, AMalformedBodyIs400AndNamesTheMember) {
  ProvisioningBed bed;
  const Reply reply = bed.ask(Method::Post, kAt, R"({"valServerId":"vs1","valSvcConf":[{"valServiceId":"v2x"}]})");
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.content_type, "application/problem+json");
  EXPECT_EQ(reply.member("cause"), "MANDATORY_IE_MISSING");
  EXPECT_NE(reply.body.find(R"("invalidParams":[{"param":"/valSvcConf/0/idList","reason":"is missing"}])"), std::string::npos);
  EXPECT_EQ(bed.ask(Method::Post, kAt, "{").member("cause"), "INVALID_MSG_FORMAT");
}

TEST(Provisioning, HeadersHaveTheirStatus406_411_415) {
  ProvisioningBed bed;
  const std::string body = body_for("vs1", "v2x", {"ann@v2x"});
  EXPECT_EQ(bed.ask(Method::Get, kAt, "", {{Field::Accept, "text/html"}}).status, 406);
  EXPECT_EQ(bed.ask(Method::Get, kAt, "", {{Field::Accept, "application/json;q=0"}}).status, 406);
  EXPECT_EQ(bed.ask(Method::Get, kAt, "", {{Field::Accept, "application/json"}, {Field::Accept, "text/html"}}).status,
            200);
  EXPECT_EQ(bed.ask(Method::Get, kAt, "", {{Field::Accept, "text/html, application/*;q=0.1"}}).status, 200);
  EXPECT_EQ(bed.ask(Method::Post, kAt, body, {{Field::ContentType, "text/plain"}}).status, 415);
  EXPECT_EQ(bed.ask(Method::Post, kAt, body, {{Field::ContentType, "Application/JSON; charset=utf-8"}}).status, 201);
  EXPECT_EQ(bed.ask(Method::Post, kAt, "", {{Field::ContentType, "application/json"}}).status, 411);
  const std::string one = bed.create("v2x", {"bob"});
  EXPECT_EQ(bed.ask(Method::Patch, one, "{}", {{Field::ContentType, "application/json"}}).status, 415);
}

// RFC 9110 clause 13.1.1.
TEST(Provisioning, IfMatchGuardsAChange412) {
  ProvisioningBed bed;
  const std::string one = bed.create("v2x", {"ann@v2x"});
  const std::string body = body_for("vs1", "v2x", {"bob"});
  const std::string old = bed.ask(Method::Get, one).header("etag");
  const Reply first = bed.ask(Method::Put, one, body, {{Field::IfMatch, old}});
  EXPECT_EQ(first.status, 200);
  EXPECT_NE(first.header("etag"), old);
  EXPECT_EQ(bed.ask(Method::Put, one, body, {{Field::IfMatch, old}}).status, 412);
  EXPECT_EQ(bed.ask(Method::Patch, one, "{}", {{Field::IfMatch, "W/" + first.header("etag")}}).status, 412);
  EXPECT_EQ(bed.ask(Method::Delete, one, "", {{Field::IfMatch, old}}).status, 412);
  EXPECT_EQ(bed.ask(Method::Put, one, body, {{Field::IfMatch, "*"}}).status, 200);
  const std::string now = bed.ask(Method::Get, one).header("etag");
  EXPECT_EQ(bed.ask(Method::Delete, one, "", {{Field::IfMatch, now}}).status, 204);
}

TEST(Provisioning, WithoutAGoodTokenIs401) {
  ProvisioningBed bed;
  EXPECT_EQ(bed.ask_as("Bearer rubbish", Method::Get, kAt).status, 401);
  const std::string good = bed.bearer("vs1-client");
  bed.clock().advance(Seconds(3600));
  EXPECT_EQ(bed.ask_as(good, Method::Get, kAt).status, 401);
}

// TS 24.547 clause A.2.3 (spec 1.11): neither a bearer token nor an asserted identity is 403, as is an identity that a UE
// asserts; one that a proxy of ours asserts is no authorisation either (TS 29.549).
TEST(Provisioning, NobodyIs403) {
  ProvisioningBed bed;
  const Reply none = bed.ask_as("", Method::Get, kAt);
  EXPECT_EQ(none.status, 403);
  EXPECT_EQ(none.content_type, "application/problem+json");
  EXPECT_EQ(none.header("www-authenticate"), "Bearer realm=\"alpha\"");
  EXPECT_EQ(bed.ask_as("Basic YTpi", Method::Get, kAt).status, 403);
}

// TS 29.549 clause 9.2: TLS with certificates of both sides below OAuth 2.0. RFC 8705 clause 3: the token of one
// connection is nothing on another.
TEST(Provisioning, ATokenThatIsBoundToACertificateComesWithIt) {
  ProvisioningBed bed;
  identity::ClientChange change;
  change.is_certificate_bound = true;
  ASSERT_TRUE(bed.wait(identity::change_client(bed.context(), "alpha", "vs1-client", change)));
  bed.peer().certificate_digest.emplace().fill(std::byte{7});
  const std::string bound = bed.bearer("vs1-client");
  EXPECT_EQ(bed.ask_as(bound, Method::Get, kAt).status, 200);
  bed.peer().certificate_digest->fill(std::byte{8});
  EXPECT_EQ(bed.ask_as(bound, Method::Get, kAt).status, 401);
  bed.peer().certificate_digest.reset();
  EXPECT_EQ(bed.ask_as(bound, Method::Get, kAt).status, 401);
}

// TS 29.571 SupportedFeatures: hexadecimal digits; what both support is nothing yet, in the answers to those who ask.
TEST(Provisioning, FeaturesAreNegotiatedByEachWrite) {
  ProvisioningBed bed;
  const std::string one = bed.create("v2x", {"ann@v2x"});
  std::string body = body_for("vs1", "v2x", {"ann@v2x"});
  EXPECT_EQ(bed.ask(Method::Put, one, body).member("suppFeat"), "");
  body.insert(body.size() - 1, R"(,"suppFeat":"")");
  EXPECT_EQ(bed.ask(Method::Put, one, body).member("suppFeat"), "0");
  body.replace(body.size() - 3, 2, "\"fF01\"");
  EXPECT_EQ(bed.ask(Method::Put, one, body).member("suppFeat"), "0");
  body.replace(body.find("fF01"), 4, "0x1 ");
  EXPECT_EQ(bed.ask(Method::Put, one, body).status, 400);
}

TEST(Provisioning, AnotherScopeOrAudienceIsRefused) {
  ProvisioningBed bed;
  bed.add_server("wide-client", "vs3", {"v2x"}, {"ss-ipp", "3gpp:seal:group_management"});
  EXPECT_EQ(bed.ask_as(bed.bearer("wide-client"), Method::Get, kAt).status, 200);
  // Meant for another server alone, and without the scope.
  EXPECT_EQ(bed.ask_as(bed.bearer("wide-client", "3gpp:seal:group_management"), Method::Get, kAt).status, 401);
  // The audience of the API with other scopes cannot be had; one audience for both scopes shows the check of the scope.
  bed.tenant().scope_audiences["3gpp:seal:group_management"] = bed.tenant().scope_audiences["ss-ipp"];
  bed.publish();
  const Reply lacking = bed.ask_as(bed.bearer("wide-client", "3gpp:seal:group_management"), Method::Get, kAt);
  EXPECT_EQ(lacking.status, 403);
  EXPECT_NE(lacking.header("www-authenticate").find("scope=\"ss-ipp\""), std::string::npos);
}

TEST(Provisioning, AUsersTokenIsNotAServers) {
  ProvisioningBed bed;
  bed.add_val_user("ann", {});
  const Reply tokens = bed.val_tokens("openid ss-ipp");
  EXPECT_EQ(bed.ask_as("Bearer " + tokens.member("access_token"), Method::Get, kAt).status, 401);
}

TEST(Provisioning, AClientThatIsNoServerIs403AndADisabledOne401) {
  ProvisioningBed bed;
  bed.add_server("plain-client", "", {});
  EXPECT_EQ(bed.ask_as(bed.bearer("plain-client"), Method::Get, kAt).status, 403);
  const std::string before = bed.bearer("vs1-client");
  const auto disabled = bed.wait(identity::set_client_enabled(bed.context(), "alpha", "vs1-client", false));
  ASSERT_TRUE(disabled);
  const Reply refused = bed.ask_as(before, Method::Get, kAt);
  EXPECT_EQ(refused.status, 401);
  EXPECT_NE(refused.header("www-authenticate").find("invalid_token"), std::string::npos);  // RFC 9110 clause 15.5.2
}

TEST(Provisioning, AnUnknownTenantIs404) {
  ProvisioningBed bed;
  const std::string elsewhere = "/idms/v1/bravo/ss-ipp/v1/configurations";
  EXPECT_EQ(bed.ask(Method::Get, elsewhere).status, 404);
}

}  // namespace
}  // namespace claviger::provisioning
