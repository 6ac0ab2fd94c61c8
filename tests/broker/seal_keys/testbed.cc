#include "tests/broker/seal_keys/testbed.h"

#include "broker/identity/val_identity.h"
#include "broker/seal_keys/aef_security_endpoint.h"
#include "broker/seal_keys/key_records_endpoint.h"
#include "broker/seal_keys/km_endpoint.h"
#include "core/codec/base64url.h"

namespace claviger::seal_keys {

using identity::Reply;
using identity::Sent;

SealBed::SealBed() : capif(contexts_), links(*contexts_[0]) {
  add_key_record_routes(router_, contexts_, &capif, &links);
  add_km_routes(router_, contexts_, &capif, &links);
  add_aef_security_routes(router_, contexts_, &capif);
  const std::string scope(identity::kSealKeyScope);
  tenant().scope_audiences[scope] = std::string(identity::kIssuer).append("/servers/seal-kms");
  publish();
  add_server("vs1-client", "https://vs1.example", {"v2x", "mcx"}, {scope});
}

SealBed::~SealBed() {
  capif.stop();
  links.stop();
  run_turns(4);  // what was deferred on behalf of its turns
}

CapifDraft SealBed::core_draft() const {
  CapifDraft draft;
  draft.issuer = "ccf.example";
  draft.jwks = core.jwks();
  draft.aef_id = "AEF-1";
  return draft;
}

void SealBed::add_core(std::vector<std::string> open_services) {
  CapifDraft draft = core_draft();
  draft.open_services = std::move(open_services);
  ASSERT_TRUE(wait(capif.set_core("alpha", std::move(draft))).has_value());
}

partners::ClaimTexts SealBed::invoker_claims() const {
  const std::int64_t now = numeric_date(contexts_[0]->shard.wall());
  return {{"iss", "\"ccf.example\""},
          {"client_id", "\"inv-1\""},
          {"iat", std::to_string(now)},
          {"exp", std::to_string(now + 300)},
          {"scope", "\"AEF-1:ss-kir\""}};
}

void SealBed::add_server(std::string client_id, std::string val_server_id, std::vector<std::string> services,
                         std::vector<std::string> scopes, bool may_push_keys) {
  identity::ClientDraft draft;
  draft.client_id = client_id;
  draft.authentication = identity::ClientAuthentication::SecretBasic;
  draft.may_client_credentials = true;
  draft.scopes = std::move(scopes);
  draft.val_server_id = std::move(val_server_id);
  draft.val_services = std::move(services);
  draft.may_push_keys = may_push_keys;
  const auto created = add_client(std::move(draft));
  secrets_.emplace_back(std::move(client_id), as_text(created.secret.reveal()));
}

std::string SealBed::bearer(std::string_view client_id, std::string_view scope) {
  for (const auto& [id, secret] : secrets_) {
    if (id != client_id) continue;
    const std::string wanted = scope.empty() ? std::string() : "&scope=" + identity::escaped(scope);
    const Reply reply = send(identity::with_basic(
        identity::post_form("/idms/v1/alpha/token", "grant_type=client_credentials" + wanted), id, secret));
    EXPECT_EQ(reply.status, 200) << reply.body;
    return "Bearer " + reply.member("access_token");
  }
  return {};
}

Reply SealBed::ask_as(std::string authorization, http::Method method, std::string_view target, std::string body,
                      std::vector<std::pair<http::Field, std::string>> fields) {
  Sent sent{method, std::string(target), std::move(fields), std::move(body)};
  if (!authorization.empty()) sent.fields.emplace_back(http::Field::Authorization, std::move(authorization));
  const bool has_type =
      std::ranges::any_of(sent.fields, [](const auto& field) { return field.first == http::Field::ContentType; });
  if (!sent.body.empty() && !has_type) sent.fields.emplace_back(http::Field::ContentType, "application/json");
  return send(sent);
}

Reply SealBed::ask(std::string_view query, std::vector<std::pair<http::Field, std::string>> fields) {
  std::string target(kRecords);
  if (!query.empty()) target.append(1, '?').append(query);
  return ask_as(bearer("vs1-client"), http::Method::Get, target, {}, std::move(fields));
}

KeyName SealBed::name(std::string_view service, Target target) {
  return {"alpha", std::string(service), std::move(target)};
}

ServiceKeys SealBed::create(std::string_view service, Target target) {
  auto made = wait(create_service_key(context(), name(service, std::move(target)), kLifetimeDefault));
  EXPECT_TRUE(made.has_value());
  return *std::move(made);
}

std::string SealBed::info_of(const Reply& reply) {
  const std::string text = reply.member("keyInfo");
  std::string json(codec::base64url_decoded_size_max(text.size()), '\0');
  const auto size = codec::base64url_decode(text, std::as_writable_bytes(std::span(json)));
  EXPECT_TRUE(size.has_value()) << reply.body;
  json.resize(size ? *size : 0);
  return json;
}
std::string SealBed::kid_of(const Reply& reply) { return identity::member_of(info_of(reply), "kid"); }

std::string SealBed::current_kid(const ServiceKeys& keys) {
  const Generation* current = keys.current_at(numeric_date(shard().wall()));
  return current == nullptr ? std::string() : current->kid;
}

}  // namespace claviger::seal_keys
