#include "broker/identity/token_endpoint.h"

#include <algorithm>

#include "broker/identity/authorization_code.h"
#include "broker/identity/client_authentication.h"
#include "broker/identity/cross_origin.h"
#include "broker/identity/dpop_check.h"
#include "broker/identity/endpoint_urls.h"
#include "broker/identity/identity_shard.h"
#include "broker/identity/oauth_error.h"
#include "broker/identity/pairwise_subject.h"
#include "broker/identity/redeem_procedure.h"
#include "broker/identity/refresh_procedure.h"
#include "broker/identity/request_form.h"
#include "broker/identity/resource_indicators.h"
#include "broker/identity/scope_grant.h"
#include "broker/identity/secret_body.h"
#include "broker/identity/token_response.h"
#include "broker/identity/ue_naming.h"
#include "broker/identity/val_claims.h"
#include "core/crypto/digest.h"
#include "core/http/problem.h"

namespace claviger::identity {
namespace {

using broker::Context;
using broker::Grant;
using runtime::Task;

constexpr std::string_view kExchangeGrantType = "urn:ietf:params:oauth:grant-type:token-exchange";
constexpr std::size_t kCodeTextMax = 512;      // ours have 43 characters
constexpr std::size_t kVerifierBytesMin = 43;  // RFC 7636 clause 4.1
constexpr std::size_t kVerifierBytesMax = 128;

// What a grant needs beside the form; lives in the endpoint's frame.
struct Call {
  std::string tenant;
  ClientRef client;
  std::string certificate_digest;  // tokens are bound to it; empty: bearer
  std::string dpop_key;            // and to this key
};

Result<Grant> grant_of(const codec::Form& form) {
  CLAVIGER_TRY(type, required(form, "grant_type"));
  if (type == "authorization_code") return Grant::AuthorizationCode;
  if (type == "refresh_token") return Grant::RefreshToken;
  if (type == "client_credentials") return Grant::ClientCredentials;
  return Error{Code::GrantUnsupported, "token.grant_type"};
}

const ExtensionGrant* find_extension(const ExtensionGrants& extensions, const codec::Form& form) {
  const auto found =
      std::ranges::find(extensions, form.find("grant_type").value_or(std::string_view()), &ExtensionGrant::type);
  return found == extensions.end() ? nullptr : &*found;
}

// Nothing comes twice, but `resource` (RFC 8707 clause 2), and `audience` in an exchange (RFC 8693 clause 2.1).
Result<Unit> check_repetitions(const codec::Form& form) {
  const bool is_exchange = !form.is_duplicated("grant_type") && form.find("grant_type") == kExchangeGrantType;
  for (const std::string_view name : form.duplicates()) {
    if (name != "resource" && !(is_exchange && name == "audience"))
      return Error{Code::ParameterRepeated, "token.parameter"};
  }
  return Unit{};
}

bool may_use(const Client& client, Grant grant) {
  return grant == Grant::ClientCredentials ? client.may_client_credentials : client.may_code;
}

// RFC 8705 clause 3: tokens of such a client are bound to the certificate it shows here.
Result<std::string> binding_of(const Client& client, const http::Request& request) {
  if (!client.is_certificate_bound) return std::string();
  if (!request.peer->certificate_digest) return Error{Code::ClientCertificateWrong, "client.certificate"};
  return std::string(as_text(*request.peer->certificate_digest));
}

std::string token_url(const Context& context, std::string_view tenant, std::string_view authority) {
  const broker::TenantView* view = context.snapshot->find(tenant);
  return view == nullptr ? std::string()
                         : endpoint_base_at(*context.snapshot->settings, view->tenant, authority) + "/token";
}

// RFC 7636 clause 4.1. Malformed is invalid_grant, as wrong is: spec 4.3.
Result<std::array<std::byte, 32>> verifier_digest_of(std::string_view verifier) {
  const bool is_well_formed = verifier.size() >= kVerifierBytesMin && verifier.size() <= kVerifierBytesMax &&
                              std::ranges::all_of(verifier, [](char character) {
                                return (character >= 'a' && character <= 'z') ||
                                       (character >= 'A' && character <= 'Z') ||
                                       (character >= '0' && character <= '9') || character == '-' || character == '.' ||
                                       character == '_' || character == '~';
                              });
  if (!is_well_formed) return Error{Code::CodeVerifier, "token.code_verifier"};
  return crypto::sha256(as_bytes(verifier));
}

Result<Redemption> read_redemption(const codec::Form& form, const Call& call) {
  CLAVIGER_TRY(code, required(form, "code"));
  CLAVIGER_TRY(redirect_uri, required(form, "redirect_uri"));
  CLAVIGER_TRY(verifier, required(form, "code_verifier"));
  if (code.size() > kCodeTextMax) return Error{Code::CodeInvalid, "token.code"};
  Redemption redemption;
  CLAVIGER_TRY(verifier_digest, verifier_digest_of(verifier));
  redemption.verifier_digest = verifier_digest;
  redemption.tenant = call.tenant;
  redemption.client_id = call.client->client_id;
  redemption.client = call.client;
  CLAVIGER_TRY(resources, read_resources(form));
  redemption.resources = std::move(resources);
  redemption.digest = code_digest(code);
  redemption.redirect_uri = redirect_uri;
  redemption.certificate_digest = call.certificate_digest;
  redemption.dpop_key = call.dpop_key;
  return redemption;
}

Result<Refresh> read_refresh(const codec::Form& form, const Call& call, const http::Request& request) {
  CLAVIGER_TRY(text, required(form, "refresh_token"));
  Refresh refresh;
  if (const std::string_view scope = optional(form, "scope"); !scope.empty()) {
    CLAVIGER_TRY(scopes, parse_scope(scope));
    refresh.scopes.assign(scopes.begin(), scopes.end());
  }
  CLAVIGER_TRY(token, parse_refresh_token(text));
  refresh.token = std::move(token);
  refresh.tenant = call.tenant;
  refresh.client_id = call.client->client_id;
  refresh.client = call.client;
  CLAVIGER_TRY(resources, read_resources(form));
  refresh.resources = std::move(resources);
  if (request.peer->certificate_digest) refresh.certificate_digest = as_text(*request.peer->certificate_digest);
  refresh.dpop_key = call.dpop_key;
  refresh.is_public_client = call.client->authentication == ClientAuthentication::None;
  return refresh;
}

Task<Result<http::Response>> grant_session(Context* context, const http::Request* request, const codec::Form* form,
                                           const Call* call, Grant grant) {
  CLAVIGER_CO_TRY(resources, read_resources(*form));
  const broker::TenantView* view = context->snapshot->find(call->tenant);
  if (view == nullptr || !are_known_resources(view->tenant, resources)) {
    co_return Error{Code::TargetUnknown, "token.resource"};
  }
  // Before anything is used up: a code or a generation must not be spent on an answer that cannot be signed.
  if (!context->shard.clock().can_issue()) co_return Error{Code::Unsupported, "token.clock"};
  CLAVIGER_CO_TRY(signing, tokens::check_signing(*context, *view));
  Result<GrantedSession> granted = Error{Code::Internal, "token.grant"};
  if (grant == Grant::AuthorizationCode) {
    CLAVIGER_CO_TRY(redemption, read_redemption(*form, *call));
    CLAVIGER_CO_TRY(ue_id, co_await ue_of_keys(context, call->tenant, ue_certificate(*request->peer), call->dpop_key));
    redemption.ue_id = std::move(ue_id);
    granted = co_await redeem_code(context, std::move(redemption));
  } else {
    CLAVIGER_CO_TRY(refresh, read_refresh(*form, *call, *request));
    granted = co_await refresh_session(context, std::move(refresh));
  }
  if (!granted) co_return granted.error();
  granted->subject = subject_for(context->identity->subject_mac(), call->tenant, *call->client, granted->session.sub);
  granted->access_token_life = call->client->access_token_life;
  GrantedSession* grantee = &*granted;
  CLAVIGER_CO_TRY(val, co_await add_val_claims(context, call->tenant, call->client->profile, grantee));
  // OIDC Core clause 12.2 allows an ID token on refresh; clients of ours have no use for a second one.
  const IdToken id_token = grant == Grant::AuthorizationCode ? IdToken::Yes : IdToken::No;
  auto response = co_await session_response(context, call->tenant, *std::move(granted), id_token);
  co_return response;
}

Result<UnsignedAnswer> grant_service(Context& context, const codec::Form& form, const Client& client,
                                     const broker::TenantView& tenant, const TokenBinding& binding) {
  CLAVIGER_TRY(signing, tokens::check_signing(context, tenant));
  ScopeList requested;
  if (const std::string_view scope = optional(form, "scope"); !scope.empty()) {
    CLAVIGER_TRY(parsed, parse_scope(scope));
    requested = std::move(parsed);
  }
  CLAVIGER_TRY(granted, grant_to_service(requested, tenant.tenant, client));
  CLAVIGER_TRY(resources, read_resources(form));
  return service_answer(context, tenant, client, std::move(granted), resources, binding);
}

Task<Result<http::Response>> run_grant(Context* context, const http::Request* request, const codec::Form* form,
                                       const Call* call, Grant grant) {
  if (!may_use(*call->client, grant)) co_return Error{Code::GrantNotAllowed, "token.grant_type"};
  if (grant == Grant::ClientCredentials) {
    const broker::TenantView* view = context->snapshot->find(call->tenant);
    if (view == nullptr) co_return Error{Code::Closed, "token.tenant"};
    CLAVIGER_CO_TRY(answer,
                    grant_service(*context, *form, *call->client, *view, {call->certificate_digest, call->dpop_key}));
    auto response = co_await service_response(context, std::move(answer));
    co_return response;
  }
  co_return co_await grant_session(context, request, form, call, grant);
}

Task<Result<http::Response>> run_extension(const ExtensionGrant* extension, const ExtensionCall* call) {
  if (!extension->may_use(*call->client)) co_return Error{Code::GrantNotAllowed, "token.grant_type"};
  if (!call->context->shard.clock().can_issue()) co_return Error{Code::Unsupported, "token.clock"};
  const broker::TenantView* view = call->context->snapshot->find(call->tenant);
  if (view == nullptr) co_return Error{Code::Closed, "token.tenant"};
  CLAVIGER_CO_TRY(signing, tokens::check_signing(*call->context, *view));
  co_return co_await extension->run(call);
}

void count(Context& context, Grant grant, bool is_issued, Monotonic begun) {
  broker::GrantFigures& figures = context.figures->of(grant);
  (is_issued ? figures.issued : figures.refused).add();
  figures.latency.observe(context.shard.clock().monotonic() - begun);
}

Task<http::Response> handle(Contexts* contexts, const ExtensionGrants* extensions, http::Request request,
                            http::PathValues path) {
  Context& context = here(*contexts);
  const Monotonic begun = context.shard.clock().monotonic();
  if (context.snapshot->find(path[0]) == nullptr) co_return http::problem(404);
  const SecretBody wiped_at_end(request.body);
  const auto form = read_form_with_duplicates(request);
  if (!form) co_return oauth_error_response(form.error());
  const auto unrepeated = check_repetitions(*form);
  if (!unrepeated) co_return oauth_error_response(unrepeated.error());
  const http::Request* asked = &request;
  const codec::Form* fields = &*form;

  // Who calls comes before what he wants: an unknown client learns nothing of our grants.
  Call call;
  call.tenant = std::move(path[0]);
  auto client = co_await context.identity->clients().authenticate(call.tenant, asked, fields);
  if (!client) {
    context.figures->clients_refused.add();
    co_return client_error_response(client.error(), request);
  }
  call.client = *std::move(client);
  const ExtensionGrant* extension = find_extension(*extensions, *form);
  const auto grant = extension != nullptr ? Result<Grant>(Grant::Other) : grant_of(*form);
  if (!grant) {
    count(context, Grant::Other, false, begun);
    co_return oauth_error_response(grant.error());
  }
  auto binding = binding_of(*call.client, request);
  if (!binding) {
    count(context, *grant, false, begun);
    co_return client_error_response(binding.error(), request);
  }
  call.certificate_digest = *std::move(binding);
  const Call* kept = &call;
  ExtensionCall extended{&context, call.tenant, call.client, asked, fields, call.certificate_digest, {}};
  const ExtensionCall* kept_extended = &extended;
  Result<http::Response> response = Error{Code::DpopMissing, "token.dpop"};
  DpopRequest proven;
  proven.tenant = call.tenant;
  proven.url = token_url(context, call.tenant, request.authority);
  auto key = co_await check_dpop(&context, asked, std::move(proven));
  if (!key) {
    response = key.error();
  } else if (!key->empty() || !call.client->is_dpop_bound) {
    call.dpop_key = *std::move(key);
    extended.dpop_key = call.dpop_key;
    Task<Result<http::Response>> running = extension != nullptr ? run_extension(extension, kept_extended)
                                                                : run_grant(&context, asked, fields, kept, *grant);
    response = co_await std::move(running);
  }
  count(context, *grant, response.has_value(), begun);
  if (!response) response = oauth_error_response(response.error());
  offer_dpop_nonce(context, call.tenant, request, *response);
  co_return *std::move(response);
}

// Whatever is not plain sailing goes the way of handle(), which says what is wrong.
std::optional<http::Response> answer_inline(Contexts& contexts, const http::Request& request) {
  if (request.path_values == nullptr || request.path_values->empty()) return std::nullopt;
  Context& context = here(contexts);
  const std::string& tenant = request.path_values->front();
  const ClientRef client = context.identity->clients().authenticate_seen(tenant, request);
  if (client == nullptr || !client->may_client_credentials || client->is_certificate_bound) return std::nullopt;
  if (client->is_dpop_bound || request.has(http::Field::Dpop)) return std::nullopt;
  const broker::TenantView* view = context.snapshot->find(tenant);
  if (view == nullptr) return std::nullopt;
  const Monotonic begun = context.shard.clock().monotonic();
  const auto form = read_form_with_duplicates(request);
  if (!form || !check_repetitions(*form) || form->find("grant_type") != "client_credentials") return std::nullopt;
  if (!ClientAuthenticator::agrees_with_form(*client, *form)) return std::nullopt;
  auto answer = grant_service(context, *form, *client, *view, {});
  if (!answer || !answer->access_token.is_signed_here()) return std::nullopt;
  auto response = service_response_here(context, *std::move(answer));
  if (!response) return std::nullopt;
  count(context, Grant::ClientCredentials, true, begun);
  return *std::move(response);
}

}  // namespace

void add_token_route(http::Router& router, Contexts& contexts, ExtensionGrants extensions) {
  http::Route route;
  route.method = http::Method::Post;
  route.pattern = "/idms/v1/{tenant}/token";
  auto shared = std::make_shared<const ExtensionGrants>(std::move(extensions));
  route.handler = [&contexts, shared](http::Request request, http::PathValues path) {
    return handle(&contexts, shared.get(), std::move(request), std::move(path));
  };
  route.inline_handler = [&contexts](const http::Request& request) { return answer_inline(contexts, request); };
  add_cross_origin_routes(router, contexts, {std::move(route)});
}

}  // namespace claviger::identity
