#include "tests/broker/provisioning/testbed.h"

#include "broker/provisioning/configurations_endpoint.h"
#include "core/codec/json_writer.h"

namespace claviger::provisioning {

using identity::Reply;
using identity::Sent;

std::string body_for(std::string_view server, std::string_view service, const std::vector<std::string>& users) {
  std::string text;
  codec::JsonWriter json(text);
  json.begin_object().member("valServerId", server).name("valSvcConf").begin_array();
  json.begin_object().member("valServiceId", service).name("idList").begin_array();
  for (const std::string& user : users) json.begin_object().member("valUserId", user).end_object();
  json.end_array().end_object().end_array().end_object();
  return text;
}

ProvisioningBed::ProvisioningBed() {
  add_provisioning_routes(router_, contexts_);
  add_server("vs1-client", "vs1", {"v2x", "mcx"});
  identity::ClientDraft app;
  app.client_id = "val-app";
  app.profile = identity::ClientProfile::Val;
  app.redirect_uris = {std::string(identity::kRedirect)};
  app.may_code = true;
  add_client(std::move(app));
}

void ProvisioningBed::add_server(std::string client_id, std::string val_server_id, std::vector<std::string> services,
                                 std::vector<std::string> scopes) {
  identity::ClientDraft draft;
  draft.client_id = client_id;
  draft.authentication = identity::ClientAuthentication::SecretBasic;
  draft.may_client_credentials = true;
  draft.scopes = std::move(scopes);
  draft.val_server_id = std::move(val_server_id);
  draft.val_services = std::move(services);
  const auto created = add_client(std::move(draft));
  secrets_.emplace_back(std::move(client_id), as_text(created.secret.reveal()));
}

std::string ProvisioningBed::bearer(std::string_view client_id, std::string_view scope) {
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

Reply ProvisioningBed::ask_as(std::string authorization, http::Method method, std::string_view path, std::string body,
                              std::vector<std::pair<http::Field, std::string>> fields) {
  Sent sent{method, std::string(path), std::move(fields), std::move(body)};
  if (!authorization.empty()) sent.fields.emplace_back(http::Field::Authorization, std::move(authorization));
  const bool has_type = std::ranges::any_of(sent.fields, [](const auto& field) {
    return field.first == http::Field::ContentType;
  });
  if (!sent.body.empty() && !has_type) {
    const bool is_patch = method == http::Method::Patch;
    sent.fields.emplace_back(http::Field::ContentType, is_patch ? "application/merge-patch+json" : "application/json");
  }
  return send(sent);
}

Reply ProvisioningBed::ask(http::Method method, std::string_view path, std::string body,
                           std::vector<std::pair<http::Field, std::string>> fields) {
  return ask_as(bearer("vs1-client"), method, path, std::move(body), std::move(fields));
}

std::string ProvisioningBed::create(std::string_view service, const std::vector<std::string>& users) {
  const Reply reply = ask(http::Method::Post, kAt, body_for("vs1", service, users));
  EXPECT_EQ(reply.status, 201) << reply.body;
  const std::string location = reply.header("location");
  const std::string origin = "https://idms.alpha.example";
  EXPECT_TRUE(location.starts_with(origin + std::string(kAt) + "/")) << location;
  return location.substr(origin.size());
}

identity::User ProvisioningBed::add_val_user(std::string login, std::vector<std::string> val_user_ids) {
  identity::UserDraft draft;
  draft.login = std::move(login);
  draft.val_user_ids = std::move(val_user_ids);
  draft.password = SecretBytes(as_bytes(std::string_view("correct horse")));
  auto user = wait(identity::create_user(context(), "alpha", std::move(draft)));
  EXPECT_TRUE(user.has_value());
  return *std::move(user);
}

Reply ProvisioningBed::val_tokens(std::string_view scope) { return sign_in_for_tokens("val-app", scope); }

Reply ProvisioningBed::refresh(const std::string& refresh_token) {
  return send(identity::post_form("/idms/v1/alpha/token",
                                  "grant_type=refresh_token&client_id=val-app&refresh_token=" + refresh_token));
}

bool ProvisioningBed::is_good(const std::string& access_token) {
  const auto* tenant = context()->snapshot->find("alpha");
  return context()->tokens->verify_own(*tenant, access_token).has_value();
}

}  // namespace claviger::provisioning
