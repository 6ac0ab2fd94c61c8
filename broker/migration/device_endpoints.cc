// What devices ask for, with the access token of their user: see routes.h.
#include <algorithm>
#include <iterator>

#include "broker/identity/bearer.h"
#include "broker/identity/bearer_user.h"
#include "broker/identity/dpop_check.h"
#include "broker/identity/scope_grant.h"
#include "broker/identity/session_records.h"
#include "broker/migration/binding_procedures.h"
#include "broker/migration/endpoints.h"
#include "broker/migration/migrant.h"
#include "broker/migration/migration_json.h"
#include "broker/migration/migration_service.h"
#include "broker/migration/problem.h"
#include "broker/migration/routes.h"
#include "broker/migration/visitor_service.h"
#include "broker/tokens/token_shard.h"
#include "core/http/problem.h"
#include "core/runtime/call.h"

namespace claviger::migration {
namespace {

using broker::Context;
using runtime::Task;

Context* here(Migration* migration) { return migration->contexts()[runtime::Shard::current().index()].get(); }

// TS 33.180 table B.4.2.2-1: one of what configuration management servers ask for, one of MC service servers.
struct ServiceScopes {
  std::string_view service;
  std::string_view configuration;
  std::string_view use;
};
constexpr ServiceScopes kServiceScopes[] = {
    {"mcptt", "3gpp:mc:ptt_config_management_service", "3gpp:mc:ptt_service"},
    {"mcvideo", "3gpp:mc:video_config_management_service", "3gpp:mc:video_service"},
    {"mcdata", "3gpp:mc:data_config_management_service", "3gpp:mc:data_service"},
};

// The token opens this, and was issued for the server of it (RFC 9068 clause 4). BearerScope, TokenAudience; TokenIssuer and so
// on, when it has died since it was looked at.
Result<Unit> check_scope(Context& context, std::string_view tenant, const http::Request& request,
                         const identity::Bearer& bearer, std::string_view scope) {
  if (!identity::contains_scope(bearer.scopes, scope)) return Error{Code::BearerScope, "migration.scope"};
  const broker::TenantView* view = context.snapshot->find(tenant);
  if (view == nullptr) return Error{Code::TokenIssuer, "migration.tenant"};
  CLAVIGER_TRY(
      token, identity::has_dpop_scheme(request) ? identity::read_dpop_token(request) : identity::read_bearer(request));
  CLAVIGER_TRY(claims, context.tokens->verify_own(*view, token));
  const auto& mapped = view->tenant.scope_audiences;
  const auto audience = mapped.find(scope);
  const std::string& wanted = audience == mapped.end() ? view->tenant.default_audience : audience->second;
  if (!claims->audiences.contains(wanted)) return Error{Code::TokenAudience, "migration.aud"};
  return Unit{};
}

http::Response scope_refusal(std::string_view tenant, const http::Request& request, const Error& error,
                             std::string_view scope) {
  if (error.code == Code::BearerScope) return identity::bearer_error_response(tenant, error, scope);
  return identity::bearer_refusal(tenant, request, error);
}

// Migration connectivity information is what the primary system's configuration management server hands out together with
// the user's profile (TS 23.280 clause 10.1.6.1): the token is one for that server, of a service that the agreement covers.
// Neither `openid`, which says who he is, nor a scope of another service gives anything away. The scope that would have
// been needed goes to `needed`.
Result<Unit> check_configuration(Context& context, std::string_view tenant, const http::Request& request,
                                 const identity::Bearer& bearer, const Agreement& agreement, std::string_view* needed) {
  Result<Unit> last = Error{Code::BearerScope, "migration.scope"};
  for (const ServiceScopes& each : kServiceScopes) {
    if (!check_service(agreement, each.service)) continue;
    if (needed->empty()) *needed = each.configuration;
    const auto checked = check_scope(context, tenant, request, bearer, each.configuration);
    if (checked) return checked;
    if (!checked.failed_with(Code::BearerScope)) last = checked;
  }
  return last;
}

// {"mc_system": the partner system} -> the migration connectivity information for it.
Task<http::Response> configure(Migration* migration, http::Request request, http::PathValues path) {
  Context* context = here(migration);
  const std::string tenant = std::move(path[0]);
  if (context->snapshot->find(tenant) == nullptr) co_return http::problem(404);
  const http::Request* asked = &request;
  auto who = co_await identity::authenticate_bearer(context, tenant, asked, "/migration/configuration", "");
  if (!who) co_return identity::bearer_refusal(tenant, request, who.error());
  auto system = read_wanted_system(request.body.text());
  if (!system) co_return refusal(tenant, system.error());
  AgreementRef agreement = migration->table()->find(tenant, *system);
  if (agreement == nullptr) co_return refusal(tenant, {Code::AgreementUnknown, "mc_system"});
  std::string_view needed;
  const auto may = check_configuration(*context, tenant, request, who->bearer, agreement->agreement, &needed);
  if (!may) co_return scope_refusal(tenant, request, may.error(), needed);
  auto binding = co_await configure_migration(migration, context, tenant, *system, who->user.sub);
  TraceStep& step = migration->trace().add();
  step.at = context->shard.wall();
  step.step = "migration configuration of a device";
  step.outcome = binding ? std::string_view("ok") : name_of(binding.error().code);
  step.tenant = tenant;
  step.system = *system;
  if (!binding) co_return refusal(tenant, binding.error());
  step.partner = binding->partner_impi;
  step.primary = binding->primary_impi;
  std::string text;
  Json json(text);
  json.begin_object().member("mc_system", *system).member("private_identity", binding->partner_impi);
  write_texts(json, "public_identities", binding->partner_impus);
  write_access(json, binding->access);
  if (binding->not_before != 0) json.member("not_before", binding->not_before);
  if (binding->not_after != 0) json.member("not_after", binding->not_after);
  json.end_object();
  co_return http::Response(200, "application/json", std::move(text));
}

struct Asked {
  ServiceRequest request;
  identity::BearerUser who;
  AgreementRef agreement;  // once it is known
  std::string refused;     // what the primary system said
};

std::string_view id_of(const identity::User& user, std::string_view service) {
  if (service == "mcptt") return user.mcptt_id;
  return service == "mcvideo" ? user.mcvideo_id : user.mcdata_id;
}

// Empty for what is no service.
std::string_view scope_of(std::string_view service) {
  const auto* found = std::ranges::find(kServiceScopes, service, &ServiceScopes::service);
  return found == std::end(kServiceScopes) ? std::string_view() : found->use;
}

// `vouched`: what the home system's security token said of him, with blanks between.
bool is_vouched(std::string_view vouched, std::string_view id) {
  while (!vouched.empty()) {
    const std::size_t end = std::min(vouched.find(' '), vouched.size());
    if (vouched.substr(0, end) == id) return true;
    vouched.remove_prefix(std::min(end + 1, vouched.size()));
  }
  return false;
}

// TS 23.280 figure 10.6.3.3-1. `asked` lives in the caller's frame.
Task<Result<Unit>> authorise(Migration* migration, Context* context, std::string tenant, Asked* asked) {
  const ServiceRequest& request = asked->request;
  // 1. Whose session it is: a migrant's, of which system.
  auto session = co_await identity::read_session(context, tenant, asked->who.bearer.sid);
  if (session.failed_with(Code::SessionUnknown)) co_return Error{Code::TokenSubject, "service.session"};
  if (!session) co_return session.error();
  if (session->partner.empty()) co_return Error{Code::MigrationNotAllowed, "service.session"};
  asked->agreement = migration->table()->find_partner(tenant, session->partner);
  if (asked->agreement == nullptr) co_return Error{Code::AgreementUnknown, "service.partner"};
  const Agreement& agreement = asked->agreement->agreement;
  const std::int64_t now = numeric_date(context->shard.wall());
  CLAVIGER_CO_TRY(in_force, check_in_force(agreement, now));
  CLAVIGER_CO_TRY(service, check_service(agreement, request.service));
  // 2. The identities are his, and of this service. Here it is the one of his record, which he may leave out. The one at home
  //    is mandatory (TS 23.280 table 10.6.3.2.1-1): nothing is taken for it that he did not name, because his token speaks of
  //    all his services at once. It must be one that the home system vouched for when he came; that it is the one of this
  //    service the home system itself says in step 4. Of whom nothing is vouched for, nothing is believed: what step 3
  //    looks at are IDs, so with it alone he might name his neighbour's.
  const std::string_view present = id_of(asked->who.user, request.service);
  if (present.empty() || (!request.mc_service_id.empty() && request.mc_service_id != present)) {
    co_return Error{Code::ServiceNotAuthorised, "mc_service_id"};
  }
  asked->request.mc_service_id = present;
  if (!is_vouched(session->primary_mc_service_id, request.primary_mc_service_id)) {
    co_return Error{Code::ServiceIdNotListed, "primary_mc_service_id"};
  }
  // 3. The list that the home system delivered when it set him up, if it did.
  const std::string& sub = asked->who.user.sub;
  CLAVIGER_CO_TRY(listed, co_await check_listed(context, tenant, agreement.system, request.primary_mc_service_id, sub));
  // 4. The primary system.
  auto begin = [migration, agreed = asked->agreement, body = write_service_request(request)] {
    return ask_primary(migration, agreed, body);
  };
  CLAVIGER_CO_TRY(answer, co_await runtime::call_on(&migration->home().shard, std::move(begin)));
  if (answer.is_authorised) co_return Unit{};
  asked->refused = std::move(answer.cause);
  co_return Error{Code::MigrationNotAllowed, "primary"};
}

Task<http::Response> authorise_service(Migration* migration, http::Request request, http::PathValues path) {
  Context* context = here(migration);
  const std::string tenant = std::move(path[0]);
  if (context->snapshot->find(tenant) == nullptr) co_return http::problem(404);
  const http::Request* sent = &request;
  // A visitor's token is for a service, and has no `openid`: which one is asked below.
  auto who = co_await identity::authenticate_bearer(context, tenant, sent, "/migration/service-authorization", "");
  if (!who) co_return identity::bearer_refusal(tenant, request, who.error());
  auto read = read_service_request(request.body.text());
  if (!read) co_return refusal(tenant, read.error());
  if (read->service.empty()) co_return refusal(tenant, {Code::JsonMissing, "service"});
  const std::string_view scope = scope_of(read->service);
  if (scope.empty()) co_return refusal(tenant, {Code::ServiceNotAuthorised, "service"});
  if (read->primary_mc_service_id.empty()) co_return refusal(tenant, {Code::JsonMissing, "primary_mc_service_id"});
  const auto opens = check_scope(*context, tenant, request, who->bearer, scope);
  if (!opens) co_return scope_refusal(tenant, request, opens.error(), scope);
  Asked asked;
  asked.request = *std::move(read);
  asked.who = *std::move(who);
  Asked* where = &asked;
  auto done = co_await authorise(migration, context, tenant, where);
  TraceStep& step = migration->trace().add();
  step.at = context->shard.wall();
  step.step = "migration service authorisation";
  step.outcome = done ? std::string_view("ok") : name_of(done.error().code);
  step.tenant = tenant;
  step.partner = asked.request.mc_service_id;
  step.primary = asked.request.primary_mc_service_id;
  if (asked.agreement != nullptr) {
    step.system = asked.agreement->agreement.system;
    migration->counters(*asked.agreement).add(done ? Counted::Granted : Counted::Denied);
  }
  if (done) co_return http::Response(200, "application/json", write_service_response(asked.request, ""));
  const http::Response refused = refusal(tenant, done.error());
  if (refused.status != 403) co_return refusal(tenant, done.error());
  std::string_view cause = name_of(done.error().code);
  if (!asked.refused.empty()) cause = asked.refused;
  co_return http::Response(403, "application/json", write_service_response(asked.request, cause));
}

}  // namespace

void add_device_routes(http::Router& router, Migration& migration) {
  using Endpoint = Task<http::Response> (*)(Migration*, http::Request, http::PathValues);
  const auto add = [&](std::string_view path, Endpoint endpoint) {
    http::Route route{http::Method::Post, "/idms/v1/{tenant}/migration/" + std::string(path), kOneBytesMax, {}, {}};
    route.handler = [at = &migration, endpoint](http::Request request, http::PathValues values) {
      return endpoint(at, std::move(request), std::move(values));
    };
    router.add(std::move(route));
  };
  add("configuration", &configure);
  add("service-authorization", &authorise_service);
}

void add_migration_routes(http::Router& router, Migration& migration) {
  add_system_routes(router, migration);
  add_device_routes(router, migration);
}

}  // namespace claviger::migration
