#include "broker/identity/par_endpoint.h"

#include <algorithm>
#include <array>

#include "broker/identity/authorization_request.h"
#include "broker/identity/client_authentication.h"
#include "broker/identity/cross_origin.h"
#include "broker/identity/dpop_check.h"
#include "broker/identity/endpoint_urls.h"
#include "broker/identity/identity_shard.h"
#include "broker/identity/oauth_error.h"
#include "broker/identity/pushed_request.h"
#include "broker/identity/request_form.h"
#include "broker/identity/secret_body.h"
#include "broker/identity/ue_naming.h"
#include "core/codec/base64url.h"
#include "core/codec/json_writer.h"
#include "core/codec/percent.h"
#include "core/http/problem.h"

namespace claviger::identity {
namespace {

using broker::Context;
using runtime::Task;

// As read_form(), but an authorization request may name several resources (RFC 8707).
Result<codec::Form> read_parameters(const http::Request& request) {
  auto form = read_form_with_duplicates(request);
  if (!form) return form.error();
  for (const std::string_view name : form->duplicates()) {
    if (name != "resource") return Error{Code::ParameterRepeated, "par.parameter"};
  }
  return form;
}

// Without a user there is nothing to ask yet: whether anybody is signed in shows when his browser comes.
bool waits_for_the_user(Code code) {
  return code == Code::LoginRequired || code == Code::InteractionRequired || code == Code::ConsentRequired;
}

Result<Unit> check_request(const codec::Form& form, const Client& client, const tenants::Tenant& tenant) {
  // RFC 9126 clause 2.1: of all parameters this one must not be there.
  if (form.find("request_uri")) return Error{Code::ParameterMalformed, "par.request_uri"};
  CLAVIGER_TRY(destination, read_destination(form, client));
  const auto wanted = read_request(form, client, tenant);
  if (!wanted && !waits_for_the_user(wanted.error().code)) return wanted.error();
  return Unit{};
}

// RFC 9449 clause 10.1: a proof here binds the code, as `dpop_jkt` does; both must mean the same key.
Result<std::string> key_of(const codec::Form& form, std::string_view proven) {
  std::string said(optional(form, "dpop_jkt"));
  if (proven.empty()) return said;
  std::string text;
  codec::base64url_encode(as_bytes(proven), text);
  if (!said.empty() && said != text) return Error{Code::DpopInvalid, "par.dpop_jkt"};
  return text;
}

// Whatever else comes along is nobody's business, and none of ours to keep.
constexpr std::array<std::string_view, 17> kKept{"response_type", "response_mode",  "redirect_uri",
                                                 "scope",         "state",          "nonce",
                                                 "acr_values",    "code_challenge", "code_challenge_method",
                                                 "prompt",        "max_age",        "login_hint",
                                                 "ui_locales",    "id_token_hint",  kUeParameter,
                                                 "resource",      "claims"};

PushedRequest pushed_of(const codec::Form& form, const Client& client, std::string_view dpop_jkt) {
  PushedRequest pushed;
  pushed.client_id = client.client_id;
  codec::FormWriter writer(pushed.parameters);
  for (const codec::FormField& field : form.fields()) {
    if (std::ranges::find(kKept, field.name) != kKept.end()) writer.add(field.name, field.value);
  }
  writer.add("client_id", client.client_id);
  if (!dpop_jkt.empty()) writer.add("dpop_jkt", dpop_jkt);
  return pushed;
}

http::Response created(const std::string& request_uri) {
  std::string body;
  codec::JsonWriter json(body);
  json.begin_object().member("request_uri", request_uri).member("expires_in", kPushedRequestLife.count()).end_object();
  return {201, "application/json", std::move(body)};
}

Task<Result<http::Response>> push(Context* context, std::string tenant, const http::Request* request,
                                  const codec::Form* form, ClientRef client) {
  const broker::TenantView* view = context->snapshot->find(tenant);
  if (view == nullptr) co_return Error{Code::Closed, "par.tenant"};
  CLAVIGER_CO_TRY(checked, check_request(*form, *client, view->tenant));
  DpopRequest proven;
  proven.tenant = tenant;
  proven.url = endpoint_base_at(*context->snapshot->settings, view->tenant, request->authority) + "/par";
  auto key = co_await check_dpop(context, request, std::move(proven));
  if (!key) co_return key.error();
  CLAVIGER_CO_TRY(dpop_jkt, key_of(*form, *key));
  PushedRequest pushed = pushed_of(*form, *client, dpop_jkt);
  if (client->authentication == ClientAuthentication::None) {
    auto sealed = seal_pushed_request(*context, tenant, pushed);
    if (!sealed) co_return sealed.error();
    co_return created(*sealed);
  }
  auto request_uri = co_await push_request(context, tenant, std::move(pushed));
  if (!request_uri) co_return request_uri.error();
  co_return created(*request_uri);
}

Task<http::Response> handle(Contexts* contexts, http::Request request, http::PathValues path) {
  Context& context = here(*contexts);
  const std::string tenant = std::move(path[0]);
  if (context.snapshot->find(tenant) == nullptr) co_return http::problem(404);
  const SecretBody wiped_at_end(request.body);
  const auto form = read_parameters(request);
  if (!form) co_return oauth_error_response(form.error());
  const http::Request* asked = &request;
  const codec::Form* fields = &*form;
  auto client = co_await context.identity->clients().authenticate(tenant, asked, fields);
  if (!client) {
    context.figures->clients_refused.add();
    co_return client_error_response(client.error(), request);
  }
  auto pushed = co_await push(&context, tenant, asked, fields, *std::move(client));
  http::Response response = pushed ? *std::move(pushed) : oauth_error_response(pushed.error());
  offer_dpop_nonce(context, tenant, request, response);
  co_return response;
}

}  // namespace

void add_par_route(http::Router& router, Contexts& contexts) {
  http::Route route;
  route.method = http::Method::Post;
  route.pattern = "/idms/v1/{tenant}/par";
  route.handler = [&contexts](http::Request request, http::PathValues path) {
    return handle(&contexts, std::move(request), std::move(path));
  };
  add_cross_origin_routes(router, contexts, {std::move(route)});
}

}  // namespace claviger::identity
