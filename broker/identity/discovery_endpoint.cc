#include "broker/identity/discovery_endpoint.h"

#include <initializer_list>

#include "broker/identity/authenticators/sign_in_plan.h"
#include "broker/identity/authorization_request.h"
#include "broker/identity/cross_origin.h"
#include "broker/identity/endpoint_urls.h"
#include "broker/identity/page_text.h"
#include "core/codec/json_writer.h"
#include "core/http/problem.h"

namespace claviger::identity {
namespace {

using broker::Context;
using runtime::Task;
using Json = codec::JsonWriter<std::string>;

// The time a key is published before it signs is 24 h: five minutes are nothing, and spare us every start of a UE.
constexpr std::string_view kCacheControl = "public, max-age=300";

void put_list(Json& json, std::string_view name, std::initializer_list<std::string_view> values) {
  json.name(name).begin_array();
  for (const std::string_view value : values) json.value(value);
  json.end_array();
}

void put_endpoints(Json& json, const std::string& base) {
  json.member("authorization_endpoint", base + "/authorize").member("token_endpoint", base + "/token");
  json.member("userinfo_endpoint", base + "/userinfo").member("jwks_uri", base + "/jwks");
  json.member("revocation_endpoint", base + "/revoke").member("introspection_endpoint", base + "/introspect");
  json.member("pushed_authorization_request_endpoint", base + "/par");
}

// RFC 8705 clause 5: where certificates are asked for, when that is another place.
void put_mtls_aliases(Json& json, const settings::Settings& settings, const tenants::Tenant& tenant) {
  for (const settings::HttpsListener& listener : settings.https) {
    if (listener.client_certificates == settings::ClientCertificates::None) continue;
    if (listener.public_origin.empty() || listener.public_origin == settings.public_origin) continue;
    const std::string base = listener.public_origin + "/idms/v1/" + tenant.name;
    json.name("mtls_endpoint_aliases").begin_object().member("token_endpoint", base + "/token");
    json.member("revocation_endpoint", base + "/revoke").member("introspection_endpoint", base + "/introspect");
    json.member("pushed_authorization_request_endpoint", base + "/par").member("userinfo_endpoint", base + "/userinfo");
    json.end_object();
    return;
  }
}

void put_client_authentication(Json& json) {
  for (const std::string_view endpoint : {"token_endpoint", "revocation_endpoint", "introspection_endpoint"}) {
    const std::string methods = std::string(endpoint) + "_auth_methods_supported";
    if (endpoint == "introspection_endpoint") {
      put_list(json, methods,
               {"client_secret_basic", "client_secret_post", "private_key_jwt", "tls_client_auth",
                "self_signed_tls_client_auth"});
    } else {
      put_list(json, methods,
               {"none", "client_secret_basic", "client_secret_post", "private_key_jwt", "tls_client_auth",
                "self_signed_tls_client_auth"});
    }
    put_list(json, std::string(endpoint) + "_auth_signing_alg_values_supported", {"ES256", "EdDSA", "RS256"});
  }
  json.member("tls_client_certificate_bound_access_tokens", true);
}

bool lists_tag(std::string_view header, std::string_view tag) {
  if (header == "*") return true;
  return !tag.empty() && header.find(tag) != std::string_view::npos;  // quotes are part of the tag
}

Task<http::Response> metadata(Contexts* contexts, http::Request, http::PathValues path) {
  const broker::Snapshot& snapshot = *here(*contexts).snapshot;
  const broker::TenantView* view = snapshot.find(path[0]);
  if (view == nullptr) co_return http::problem(404);
  http::Response response(200, "application/json", metadata_document(*snapshot.settings, view->tenant));
  response.cache_control = kCacheControl;
  response.with("vary", "origin");
  co_return response;
}

Task<http::Response> jwks(Contexts* contexts, http::Request request, http::PathValues path) {
  const broker::TenantView* view = here(*contexts).snapshot->find(path[0]);
  if (view == nullptr || view->keys == nullptr) co_return http::problem(404);
  const bool is_known = lists_tag(request.field(http::Field::IfNoneMatch), view->keys->jwks_etag);
  http::Response response = is_known ? http::Response(304) : http::Response(200, "application/json", view->keys->jwks);
  response.cache_control = kCacheControl;
  response.with("etag", view->keys->jwks_etag).with("vary", "origin");
  co_return response;
}

}  // namespace

std::string metadata_document(const settings::Settings& settings, const tenants::Tenant& tenant) {
  std::string document;
  Json json(document);
  json.begin_object().member("issuer", tenant.issuer);
  put_endpoints(json, endpoint_base(settings, tenant));
  json.name("scopes_supported").begin_array().value("openid").value("profile");
  for (const auto& [scope, audience] : tenant.scope_audiences) json.value(scope);
  json.end_array();
  put_list(json, "response_types_supported", {"code"});
  put_list(json, "response_modes_supported", {"query", "form_post"});
  put_list(json, "grant_types_supported",
           {"authorization_code", "refresh_token", "client_credentials",
            "urn:ietf:params:oauth:grant-type:token-exchange", "urn:ietf:params:oauth:grant-type:jwt-bearer"});
  json.name("acr_values_supported").begin_array();
  for (const std::string_view acr : supported_acrs()) json.value(acr);
  json.end_array();
  put_list(json, "subject_types_supported", {"public", "pairwise"});
  put_list(json, "dpop_signing_alg_values_supported", {"ES256", "EdDSA", "RS256"});
  json.member("require_pushed_authorization_requests", false);
  put_list(json, "id_token_signing_alg_values_supported", {crypto::name_of(tenant.algorithm)});
  put_list(json, "code_challenge_methods_supported", {"S256"});
  json.member("end_session_endpoint", endpoint_base(settings, tenant) + "/logout");
  json.member("backchannel_logout_supported", true).member("backchannel_logout_session_supported", true);
  put_client_authentication(json);
  put_mtls_aliases(json, settings, tenant);
  put_list(json, "claims_supported",
           {"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash", "name",
            "preferred_username", "mcptt_id", "mcvideo_id", "mcdata_id"});
  json.name("ui_locales_supported").begin_array();
  for (const PageText* text : kPageTexts) json.value(text->language);
  json.end_array();
  json.member("authorization_response_iss_parameter_supported", true);
  json.member("claims_parameter_supported", true);
  json.member("request_parameter_supported", false).member("request_uri_parameter_supported", false);
  json.end_object();
  return document;
}

void add_discovery_routes(http::Router& router, Contexts& contexts) {
  // RFC 8414 clause 3.1 puts the well-known part between host and path, OpenID Connect behind it. Clients have been seen to
  // try each name at each place (RFC 8414 clause 5).
  for (const char* pattern : {"/idms/v1/{tenant}/.well-known/openid-configuration",
                              "/.well-known/oauth-authorization-server/idms/v1/{tenant}",
                              "/idms/v1/{tenant}/.well-known/oauth-authorization-server",
                              "/.well-known/openid-configuration/idms/v1/{tenant}"}) {
    http::Route route;
    route.method = http::Method::Get;
    route.pattern = pattern;
    route.handler = [&contexts](http::Request request, http::PathValues path) {
      return metadata(&contexts, std::move(request), std::move(path));
    };
    add_cross_origin_routes(router, contexts, {std::move(route)});
  }
  http::Route jwks_route;
  jwks_route.method = http::Method::Get;
  jwks_route.pattern = "/idms/v1/{tenant}/jwks";
  jwks_route.handler = [&contexts](http::Request request, http::PathValues path) {
    return jwks(&contexts, std::move(request), std::move(path));
  };
  add_cross_origin_routes(router, contexts, {std::move(jwks_route)});
}

}  // namespace claviger::identity
