// The HTTPS API between systems and for devices, each refusal with its status.
#include "broker/identity/session_records.h"
#include "broker/migration/migration_json.h"
#include "broker/migration/migration_service.h"
#include "broker/migration/visitor_service.h"
#include "core/codec/base64url.h"
#include "tests/broker/migration/testbed.h"

namespace claviger::migration {
namespace {

using http::Field;
using http::Method;
using identity::Reply;
using identity::Sent;

constexpr std::string_view kApi = "/migration/v1/alpha";

class ApiBed : public MigrationBed {
 public:
  ApiBed() {
    certificate_.fill(std::byte{7});
    peer().is_tls = true;
    peer().certificate_digest = certificate_;
    add_system("mms-home");
    token_ = token_of("mms-home");
  }
  void add_system(std::string client_id, bool is_bound = true) {
    identity::ClientDraft draft;
    draft.client_id = std::move(client_id);
    draft.authentication = identity::ClientAuthentication::SelfSignedTlsClientAuth;
    codec::base64url_encode(certificate_, draft.tls_certificate_digest);
    draft.is_certificate_bound = is_bound;
    draft.may_client_credentials = true;
    draft.scopes = {"migration", "other"};
    add_client(std::move(draft));
  }
  std::string token_of(const std::string& client_id, const std::string& scope = "migration") {
    const Reply reply = send(identity::post_form(
        "/idms/v1/alpha/token", "grant_type=client_credentials&client_id=" + client_id + "&scope=" + scope));
    EXPECT_EQ(reply.status, 200) << reply.body;
    return reply.member("access_token");
  }
  Reply ask_with(const std::string& token, Method method, std::string path, std::string body = {},
                 std::vector<std::pair<Field, std::string>> fields = {}) {
    Sent sent{method, std::string(kApi) + path, std::move(fields), std::move(body)};
    if (!token.empty()) sent.fields.emplace_back(Field::Authorization, "Bearer " + token);
    if (!sent.body.empty()) sent.fields.emplace_back(Field::ContentType, media_type_);
    return send(sent);
  }
  void set_media_type(std::string media_type) { media_type_ = std::move(media_type); }
  Reply ask(Method method, std::string path, std::string body = {},
            std::vector<std::pair<Field, std::string>> fields = {}) {
    return ask_with(token_, method, std::move(path), std::move(body), std::move(fields));
  }

 private:
  std::array<std::byte, 32> certificate_;
  std::string token_;
  std::string media_type_ = "application/json";
};

const std::string kOne = "/bindings/v1%40visitors.here.example";

TEST(MigrationApi, PutGetListAndRevoke) {
  ApiBed bed;
  const std::string body = binding_text(good_binding());
  const Reply made = bed.ask(Method::Put, kOne, body);
  EXPECT_EQ(made.status, 201) << made.body;
  const std::string tag = made.header("etag");
  EXPECT_EQ(bed.ask(Method::Put, kOne, body).status, 200);
  EXPECT_EQ(bed.ask(Method::Put, kOne, body, {{Field::IfMatch, tag}}).status, 200);
  EXPECT_EQ(bed.ask(Method::Put, kOne, body, {{Field::IfMatch, "\"1\""}}).status, 412);
  EXPECT_EQ(bed.ask(Method::Put, kOne, body, {{Field::IfMatch, "W/\"1\""}}).status, 412);
  EXPECT_EQ(bed.ask(Method::Put, kOne, body, {{Field::IfNoneMatch, "*"}}).status, 412);
  const Reply got = bed.ask(Method::Get, kOne);
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.header("etag"), tag);
  EXPECT_EQ(got.member("primary_impi"), "u1@home.example");
  EXPECT_NE(bed.ask(Method::Get, "/bindings?primary_system=mc.home.example").body.find("u1@home.example"),
            std::string::npos);
  EXPECT_EQ(bed.ask(Method::Get, "/bindings?primary_system=mc.other.example").status, 403);
  EXPECT_EQ(bed.ask(Method::Get, "/bindings?limit=0").status, 400);
  EXPECT_EQ(bed.ask(Method::Delete, kOne, {}, {{Field::IfMatch, "\"1\""}}).status, 412);
  EXPECT_EQ(bed.ask(Method::Delete, kOne, {}, {{Field::IfMatch, tag}}).status, 204);
  EXPECT_EQ(bed.ask(Method::Delete, kOne).status, 204);
  EXPECT_EQ(bed.ask(Method::Get, kOne).member("state"), "revoked");
  EXPECT_EQ(bed.ask(Method::Put, kOne, body).status, 409);
}

// RFC 9110 clause 8.3.1.
TEST(MigrationApi, MediaTypesAreComparedWithoutTheirCase) {
  ApiBed bed;
  const std::string body = binding_text(good_binding());
  for (const char* good : {"Application/JSON", "application/json ; charset=utf-8"}) {
    bed.set_media_type(good);
    EXPECT_LT(bed.ask(Method::Put, kOne, body).status, 300) << good;
  }
  for (const char* bad : {"application/json-seq", "application/jsonx", "text/json"}) {
    bed.set_media_type(bad);
    EXPECT_EQ(bed.ask(Method::Put, kOne, body).status, 415) << bad;
  }
}

TEST(MigrationApi, RefusesBindingsOutsideTheAgreement) {
  ApiBed bed;
  Binding other = good_binding();
  other.system = "mc.other.example";
  EXPECT_EQ(bed.ask(Method::Put, kOne, binding_text(other)).status, 422);
  Binding foreign = good_binding();
  foreign.primary_impi = "u@elsewhere.example";
  const Reply refused = bed.ask(Method::Put, kOne, binding_text(foreign));
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(refused.member("member"), "binding.primary");
  EXPECT_EQ(bed.ask(Method::Put, kOne, binding_text(good_binding("2"))).status, 422);
  EXPECT_EQ(bed.ask(Method::Put, kOne, "{").status, 400);
  EXPECT_EQ(bed.ask(Method::Put, kOne).status, 415);
  EXPECT_EQ(bed.ask(Method::Get, "/bindings/nobody%40visitors.here.example").status, 404);
  EXPECT_EQ(bed.ask(Method::Get, "/bindings/%2Fmc.home.example").status, 404);
  EXPECT_EQ(bed.ask(Method::Get, "/bindings/%00").status, 404);
  ASSERT_EQ(bed.ask(Method::Put, kOne, binding_text(good_binding())).status, 201);
  Binding taken = good_binding("2");
  taken.partner_impus = good_binding().partner_impus;
  EXPECT_EQ(bed.ask(Method::Put, "/bindings/v2%40visitors.here.example", binding_text(taken)).status, 409);
}

TEST(MigrationApi, OnlySystemsWithAnAgreementAndTheirCertificateMayCall) {
  ApiBed bed;
  EXPECT_EQ(bed.ask_with("", Method::Get, kOne).status, 401);
  EXPECT_EQ(bed.ask_with("rubbish", Method::Get, kOne).status, 401);
  EXPECT_EQ(bed.ask_with(bed.token_of("mms-home", "other"), Method::Get, kOne).status, 403);
  bed.add_system("mms-stranger");
  EXPECT_EQ(bed.ask_with(bed.token_of("mms-stranger"), Method::Get, kOne).status, 403);
  // A token without a certificate is good for whoever has it: not here.
  bed.add_system("mms-unbound", false);
  EXPECT_EQ(bed.ask_with(bed.token_of("mms-unbound"), Method::Get, kOne).status, 401);
  // Somebody else's connection.
  bed.peer().certificate_digest->fill(std::byte{8});
  EXPECT_EQ(bed.ask(Method::Get, kOne).status, 401);
  bed.peer().certificate_digest.reset();
  EXPECT_EQ(bed.ask(Method::Get, kOne).status, 401);
}

TEST(MigrationApi, NothingWithoutAnAgreementInForce) {
  ApiBed bed;
  bed.change([](Agreement& one) { one.is_active = false; });
  EXPECT_EQ(bed.ask(Method::Get, kOne).status, 403);
}

TEST(MigrationApi, AHomeSystemHoldsItsUsersBindings) {
  ApiBed bed;
  ASSERT_EQ(bed.ask(Method::Put, kOne, binding_text(good_binding())).status, 201);
  EXPECT_EQ(bed.ask(Method::Put, kOne + "/held", R"({"held":true})").status, 204);
  EXPECT_EQ(bed.ask(Method::Put, kOne + "/held", R"({"held":true})").status, 204);
  const Reply held = bed.ask(Method::Get, kOne);
  EXPECT_EQ(held.member("state"), "active");
  EXPECT_NE(held.body.find(R"("held":true)"), std::string::npos) << held.body;
  EXPECT_EQ(bed.ask(Method::Put, kOne, binding_text(good_binding())).status, 200);
  EXPECT_NE(bed.ask(Method::Get, kOne).body.find(R"("held":true)"), std::string::npos) << "not by a record";
  EXPECT_EQ(bed.ask(Method::Put, kOne + "/held", R"({"held":false})").status, 204);
  EXPECT_EQ(bed.ask(Method::Get, kOne).body.find("held\":"), std::string::npos);
  EXPECT_EQ(bed.ask(Method::Put, kOne + "/held", R"({"held":"no"})").status, 400);
  EXPECT_EQ(bed.ask(Method::Put, kOne + "/held", "{}").status, 400);
  EXPECT_EQ(bed.ask(Method::Put, kOne + "/held", "[]").status, 400);
  EXPECT_EQ(bed.ask(Method::Put, "/bindings/nobody%40visitors.here.example/held", R"({"held":true})").status, 404);
  EXPECT_EQ(bed.ask(Method::Put, "/bindings/%2Fmc.home.example/held", R"({"held":true})").status, 404);
}

TEST(MigrationApi, APartnerSystemTellsThatItHasRevoked) {
  ApiBed bed;
  Binding away = good_outbound();
  away.state = BindingState::Active;
  away.partner_impi = "p1@home.example";
  away.partner_impus = {"sip:p1@home.example"};
  ASSERT_TRUE(bed.put(away).has_value());
  const auto tell = [&](std::string primary, std::string partner) {
    return bed
        .ask(Method::Post, "/migrants:ended",
             R"({"primary_impi":")" + primary + R"(","partner_impi":")" + partner + "\"}")
        .status;
  };
  const auto state = [&] { return bed.wait(read_binding(bed.context(), binding_key("alpha", away)))->state; };
  EXPECT_EQ(tell("nobody@here.example", "p1@home.example"), 404);
  EXPECT_EQ(tell(away.primary_impi, "p2@home.example"), 404) << "it has other identities there by now";
  EXPECT_EQ(tell(away.primary_impi, ""), 404);
  EXPECT_EQ(tell("/mc.home.example", "p1@home.example"), 404);
  EXPECT_EQ(bed.ask(Method::Post, "/migrants:ended", "[]").status, 400);
  EXPECT_EQ(state(), BindingState::Active);
  EXPECT_EQ(tell(away.primary_impi, "p1@home.example"), 204);
  EXPECT_EQ(state(), BindingState::Revoked);
  EXPECT_EQ(tell(away.primary_impi, "p1@home.example"), 204) << "twice";
}

TEST(MigrationApi, BatchesAnswerForEachItem) {
  ApiBed bed;
  const std::string body = "{\"bindings\":[" + binding_text(good_binding("1")) + ",5," +
                           binding_text(good_binding("1")) + "," + binding_text(good_binding("2")) + "]}";
  const Reply reply = bed.ask(Method::Post, "/bindings:batch", body);
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_TRUE(reply.body.starts_with(R"({"results":[{"status":201)")) << reply.body;
  EXPECT_NE(reply.body.find(R"({"status":400)"), std::string::npos) << reply.body;
  EXPECT_NE(reply.body.find(R"({"status":409,"code":"BindingTaken")"), std::string::npos) << reply.body;
  std::string many = "{\"bindings\":[1";
  for (std::size_t i = 0; i < kBatchMax; ++i) many += ",1";
  EXPECT_EQ(bed.ask(Method::Post, "/bindings:batch", many + "]}").status, 422);
}

TEST(MigrationApi, MigrantsGetIdentitiesFromThePool) {
  ApiBed bed;
  const std::string body = R"({"primary_impi":"u9@home.example","primary_impus":["sip:u9@home.example"]})";
  EXPECT_EQ(bed.ask(Method::Post, "/migrants", body).member("code"), "IdentitiesExhausted");
  ASSERT_TRUE(bed.wait(add_to_pool(&bed.migration, "alpha", "mc.home.example",
                                   {{"p1@visitors.here.example", {"sip:p1@visitors.here.example"}}}))
                  .has_value());
  const Reply given = bed.ask(Method::Post, "/migrants", body);
  EXPECT_EQ(given.status, 201) << given.body;
  EXPECT_EQ(given.member("partner_impi"), "p1@visitors.here.example");
  EXPECT_EQ(bed.ask(Method::Post, "/migrants", body).status, 200);
  EXPECT_EQ(bed.ask(Method::Post, "/migrants", R"({"primary_impi":"x"})").status, 409);  // nothing is left to give
  bed.change([](Agreement& one) { one.inbound = Inbound::Static; });
  EXPECT_EQ(bed.ask(Method::Post, "/migrants", body).status, 403);
}

TEST(MigrationApi, ThePrimarySystemSaysWhoMayMigrate) {
  ApiBed bed;
  identity::UserDraft draft;
  draft.login = "ann";
  draft.mcptt_id = "sip:ann.mcptt@here.example";
  const auto ann = bed.wait(identity::create_user(bed.context(), "alpha", std::move(draft)));
  ASSERT_TRUE(ann.has_value());
  const auto result = [&](std::string_view service, std::string_view id) {
    const Reply reply = bed.ask(Method::Post, "/service-authorizations",
                                write_service_request({std::string(service), "", std::string(id), ""}));
    EXPECT_EQ(reply.status, 200) << reply.body;
    const auto read = read_service_response(reply.body);
    return read->is_authorised ? std::string("granted") : read->cause;
  };
  EXPECT_EQ(result("mcptt", "sip:ann.mcptt@here.example"), "MigrationNotAllowed");
  Binding away = good_outbound();
  away.sub = ann->sub;
  ASSERT_TRUE(bed.put(away).has_value());
  EXPECT_EQ(result("mcptt", "sip:ann.mcptt@here.example"), "granted");
  // Whom there is not, and who may not, is the same to the asker.
  EXPECT_EQ(result("mcptt", "sip:bob@here.example"), "MigrationNotAllowed");
  EXPECT_EQ(result("mcdata", "sip:ann.mcptt@here.example"), "ServiceNotAuthorised");
  ASSERT_TRUE(bed.wait(set_binding_state(&bed.migration, "alpha",
                                         {binding_key("alpha", away), BindingState::Suspended, {}, {}}))
                  .has_value());
  EXPECT_EQ(result("mcptt", "sip:ann.mcptt@here.example"), "MigrationNotAllowed");
  bed.change([](Agreement& one) { one.outbound = Outbound::None; });
  EXPECT_EQ(result("mcptt", "sip:ann.mcptt@here.example"), "MigrationNotAllowed");
}

TEST(MigrationService, TheListIsAskedOnlyWhenThereIsOne) {
  MigrationBed bed;
  const auto check = [&](std::string id, std::string sub = "listed") {
    return bed.wait(check_listed(bed.context(), "alpha", "mc.home.example", std::move(id), std::move(sub)));
  };
  EXPECT_TRUE(check("sip:a@home.example").has_value());
  storage::Transaction change;
  put_migration_list(change, "alpha", "mc.home.example", "listed");
  put_migration_service(change, "alpha", "mc.home.example", "sip:a@home.example", 0);
  put_migration_service(change, "alpha", "mc.home.example", "sip:old@home.example", 1);
  ASSERT_TRUE(bed.wait(bed.store().commit(std::move(change))).has_value());
  EXPECT_TRUE(check("sip:a@home.example").has_value());
  EXPECT_TRUE(check("sip:b@home.example").failed_with(Code::ServiceIdNotListed));
  EXPECT_TRUE(check("sip:old@home.example").failed_with(Code::ServiceIdNotListed));
  EXPECT_TRUE(check("").failed_with(Code::ServiceIdNotListed));
  // Of whose IDs none was delivered; what was has its time all the same.
  EXPECT_TRUE(check("sip:b@home.example", "another").has_value());
  EXPECT_TRUE(check("sip:old@home.example", "another").failed_with(Code::ServiceIdNotListed));
  storage::Transaction gone;
  erase_migration_list(gone, "alpha", "mc.home.example", "listed");
  erase_migration_service(gone, "alpha", "mc.home.example", "sip:a@home.example");
  erase_migration_service(gone, "alpha", "mc.home.example", "sip:old@home.example");
  ASSERT_TRUE(bed.wait(bed.store().commit(std::move(gone))).has_value());
  EXPECT_TRUE(check("sip:b@home.example").has_value());
}

TEST(MigrationDevice, NeedsATokenOfItsUser) {
  MigrationBed bed;
  const Sent configuration{
      Method::Post, "/idms/v1/alpha/migration/configuration", {}, R"({"mc_system":"mc.home.example"})"};
  EXPECT_EQ(bed.send(configuration).status, 401);
  const Sent service{Method::Post, "/idms/v1/alpha/migration/service-authorization", {}, R"({"service":"mcptt"})"};
  EXPECT_EQ(bed.send(service).status, 401);
}

class DeviceBed : public MigrationBed {
 public:
  DeviceBed() {
    user = add_user();
    identity::UserChange change;
    change.mcvideo_id = "sip:ann.video@alpha.example";
    EXPECT_TRUE(wait(identity::change_user(context(), "alpha", user.sub, std::move(change))).has_value());
    add_public_client();
  }
  std::string token(std::string_view scopes) {
    const Reply tokens = sign_in_for_tokens("app", scopes);
    EXPECT_FALSE(tokens.member("access_token").empty()) << tokens.body;
    return tokens.member("access_token");
  }
  Reply ask(const std::string& token, std::string path, std::string body) {
    return send(Sent{Method::Post,
                     "/idms/v1/alpha/migration/" + path,
                     {{Field::Authorization, "Bearer " + token}},
                     std::move(body)});
  }
  Reply configuration(const std::string& token) {
    return ask(token, "configuration", R"({"mc_system":"mc.home.example"})");
  }
  identity::User user;
};

// TS 23.280 clause 10.1.6.1: what the configuration management server of a service gives him.
TEST(MigrationDevice, ConnectivityNeedsATokenForConfigurationManagement) {
  DeviceBed bed;
  for (const std::string_view scopes :
       {"openid", "openid 3gpp:mc:ptt_service", "openid 3gpp:mc:ptt_key_management_service",
        "openid 3gpp:mc:video_config_management_service"}) {  // not in the agreement
    const Reply refused = bed.configuration(bed.token(scopes));
    EXPECT_EQ(refused.status, 403) << scopes;
    EXPECT_NE(refused.header("www-authenticate").find("insufficient_scope"), std::string::npos) << scopes;
    EXPECT_NE(refused.header("www-authenticate").find("scope=\"3gpp:mc:ptt_config_management_service\""),
              std::string::npos)
        << refused.header("www-authenticate");
  }
  const std::string token = bed.token("openid 3gpp:mc:ptt_config_management_service");
  EXPECT_EQ(bed.configuration(token).member("code"),
            "MigrationNotAllowed");  // the token is good; he is not on the list
  bed.change([](Agreement& one) { one.services = {"mcvideo"}; });
  EXPECT_EQ(bed.configuration(token).status, 403);
  EXPECT_NE(bed.configuration(token).header("www-authenticate").find("video_config"), std::string::npos);
}

TEST(MigrationDevice, ATokenForAnotherServerIsRefused) {
  DeviceBed bed;
  const std::string token = bed.token("openid 3gpp:mc:ptt_config_management_service");
  bed.tenant().scope_audiences["3gpp:mc:ptt_config_management_service"] = "https://cms.elsewhere.example";
  bed.publish();
  EXPECT_EQ(bed.configuration(token).status, 401);
}

// Service authorisation of somebody who has come from home, with what his home vouched for.
class VisitorBed : public DeviceBed {
 public:
  // As the security token's grant leaves his session (broker/partners): "sip:a sip:b" of several services.
  explicit VisitorBed(std::string_view vouched) {
    identity::UserChange change;
    change.mcptt_id = "sip:v.ptt@here.example";
    EXPECT_TRUE(wait(identity::change_user(context(), "alpha", user.sub, std::move(change))).has_value());
    clock().advance(Seconds(2));  // tokens of the second in which something was taken from him are dead
    visitors = token("openid 3gpp:mc:ptt_service");
    const std::string sid = identity::member_of(identity::claims_of(visitors), "sid");
    EXPECT_TRUE(wait(comes_from_home(context(), sid, std::string(vouched))).has_value());
  }
  std::string cause(const std::string& body) { return ask(visitors, "service-authorization", body).member("cause"); }
  std::string visitors;

 private:
  static runtime::Task<Result<Unit>> comes_from_home(broker::Context* context, std::string sid, std::string vouched) {
    CLAVIGER_CO_TRY(session, co_await identity::read_session(context, "alpha", sid));
    session.partner = "home";
    session.primary_mc_service_id = vouched;
    storage::Transaction change;
    identity::put_session(change, "alpha", session, Seconds(3600));
    CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(change)));
    co_return Unit{};
  }
};

TEST(MigrationDevice, OnlyAServiceIdThatHomeVouchedForIsUsed) {
  VisitorBed bed("sip:u.ptt@home.example sip:u.data@home.example");
  const auto body = [](const std::string& id) {
    return R"({"service":"mcptt","primary_mc_service_id":")" + id + "\"}";
  };
  // Nobody names one for him: neither the token's only one nor all of them together.
  const Reply silent = bed.ask(bed.visitors, "service-authorization", R"({"service":"mcptt"})");
  EXPECT_EQ(silent.status, 400);
  EXPECT_EQ(silent.member("code"), "JsonMissing");
  const Reply of_none = bed.ask(bed.visitors, "service-authorization", R"({"primary_mc_service_id":"sip:u@h"})");
  EXPECT_EQ(of_none.status, 400);
  EXPECT_EQ(of_none.member("code"), "JsonMissing");
  EXPECT_EQ(bed.cause(body("sip:u.ptt@home.example sip:u.data@home.example")), "ServiceIdNotListed");
  EXPECT_EQ(bed.cause(body("sip:neighbour.ptt@home.example")), "ServiceIdNotListed");
  EXPECT_EQ(bed.cause(body("sip:u.ptt@home.exampl")), "ServiceIdNotListed");
  // One of them is his; whether it is the one of this service his home is asked (here there is no way to it).
  EXPECT_EQ(bed.ask(bed.visitors, "service-authorization", body("sip:u.ptt@home.example")).member("code"),
            "SystemUnknown");
}

TEST(MigrationDevice, OfWhomNothingIsVouchedForNothingIsBelieved) {
  VisitorBed bed("");
  EXPECT_EQ(bed.cause(R"({"service":"mcptt","primary_mc_service_id":"sip:neighbour.ptt@home.example"})"),
            "ServiceIdNotListed");
}

// TS 23.280 figure 10.6.3.3-1, at the MC service that his client registers with. This home has no API: it has spoken with its
// security token and its list.
TEST(VisitorService, AMigrantIsServedAsHisHomeSays) {
  VisitorBed bed("sip:u.ptt@home.example sip:u.data@home.example");
  const std::string sid = identity::member_of(identity::claims_of(bed.visitors), "sid");
  const auto outcome = [&](std::string service = "mcptt") {
    const auto done =
        bed.wait(authorise_visitor(&bed.migration, bed.context(), "alpha", sid, {std::move(service), "sip:v", "", ""}));
    return done ? Code::Closed : done.error().code;  // Closed: nothing here fails with it
  };
  EXPECT_EQ(outcome(), Code::Closed);
  EXPECT_EQ(outcome("mcdata"), Code::ServiceNotAuthorised) << "not in the agreement";
  EXPECT_EQ(outcome("wall"), Code::Closed) << "of the operator's own";
  storage::Transaction change;
  put_migration_list(change, "alpha", "mc.home.example", bed.user.sub);
  ASSERT_TRUE(bed.wait(bed.store().commit(std::move(change))).has_value());
  EXPECT_EQ(outcome(), Code::ServiceNotAuthorised) << "none of his IDs is on the list";
  storage::Transaction listed;
  put_migration_service(listed, "alpha", "mc.home.example", "sip:u.data@home.example", 0);
  ASSERT_TRUE(bed.wait(bed.store().commit(std::move(listed))).has_value());
  EXPECT_EQ(outcome(), Code::Closed);
  bed.change([](Agreement& one) { one.is_active = false; });
  EXPECT_EQ(outcome(), Code::ServiceNotAuthorised);
  // Nobody migrates from his system: his service is homed here.
  bed.change([](Agreement& one) {
    one.is_active = true;
    one.partner = "another";
  });
  EXPECT_EQ(outcome(), Code::Closed);
}

TEST(VisitorService, OfWhomNothingIsVouchedForIsNotServed) {
  VisitorBed bed("");
  const std::string sid = identity::member_of(identity::claims_of(bed.visitors), "sid");
  EXPECT_TRUE(bed.wait(authorise_visitor(&bed.migration, bed.context(), "alpha", sid,
                                         {"mcptt", "sip:v", "sip:u@home.example", ""}))
                  .failed_with(Code::ServiceNotAuthorised));
}

TEST(VisitorService, UsersOfOursAreNoVisitors) {
  DeviceBed bed;
  const std::string sid = identity::member_of(identity::claims_of(bed.token("openid 3gpp:mc:ptt_service")), "sid");
  const auto ask = [&](std::string of) {
    return bed.wait(authorise_visitor(&bed.migration, bed.context(), "alpha", std::move(of),
                                      {"mcdata", "sip:u@here.example", "", ""}));
  };
  EXPECT_TRUE(ask(sid).has_value());
  EXPECT_TRUE(ask("").has_value());
  EXPECT_TRUE(ask("nobodys").failed_with(Code::ServiceNotAuthorised));
}

TEST(MigrationDevice, WhoMayNotMigrateIsToldSo) {
  MigrationBed bed;
  bed.add_user();
  bed.add_public_client();
  const Reply tokens =
      bed.sign_in_for_tokens("app", "openid 3gpp:mc:ptt_service 3gpp:mc:ptt_config_management_service");
  const std::string token = tokens.member("access_token");
  ASSERT_FALSE(token.empty()) << tokens.body;
  const auto ask = [&](std::string path, std::string body) {
    Sent sent{
        Method::Post, "/idms/v1/alpha/migration/" + path, {{Field::Authorization, "Bearer " + token}}, std::move(body)};
    return bed.send(sent);
  };
  EXPECT_EQ(ask("configuration", R"({"mc_system":"mc.home.example"})").member("code"), "MigrationNotAllowed");
  EXPECT_EQ(ask("configuration", R"({"mc_system":"mc.nobody.example"})").status, 404);
  EXPECT_EQ(ask("configuration", "{}").status, 400);
  // A user of our own is no migrant.
  const Reply own = ask("service-authorization", R"({"service":"mcptt","primary_mc_service_id":"sip:x@home.example"})");
  EXPECT_EQ(own.status, 403);
  EXPECT_EQ(own.member("cause"), "MigrationNotAllowed");
  // The token is for another service.
  const Reply other =
      ask("service-authorization", R"({"service":"mcvideo","primary_mc_service_id":"sip:x@home.example"})");
  EXPECT_EQ(other.status, 403);
  EXPECT_NE(other.header("www-authenticate").find("insufficient_scope"), std::string::npos);
}

}  // namespace
}  // namespace claviger::migration
