#include "broker/identity/userinfo_endpoint.h"

#include "broker/identity/bearer_user.h"
#include "broker/identity/cross_origin.h"
#include "broker/identity/dpop_check.h"
#include "broker/identity/identity_shard.h"
#include "broker/identity/requested_claims.h"
#include "broker/identity/scope_grant.h"
#include "broker/identity/session_records.h"
#include "core/codec/json_writer.h"
#include "core/http/problem.h"

namespace claviger::identity {
namespace {

using broker::Context;
using runtime::Task;

// What the client asked for one by one, when the user signed in (requested_claims.h).
struct Asked {
  ClaimSet claims = 0;
  std::vector<std::string> amr;
};
Task<Result<Asked>> asked_by(Context* context, std::string tenant, std::string sid) {
  if (sid.empty()) co_return Asked();
  auto session = co_await read_session(context, tenant, std::move(sid));
  if (session.failed_with(Code::SessionUnknown)) co_return Asked();
  if (!session) co_return session.error();
  // A client that may no longer have the scope `profile` has no claims of it either.
  auto client = co_await context->identity->clients().find(tenant, session->client_id);
  if (!client && !client.failed_with(Code::ClientUnknown)) co_return client.error();
  Asked asked;
  asked.claims = client ? claims_for_client(session->claims, **client) : session->claims & ~claim::kOfProfile;
  asked.amr = std::move(session->amr);
  co_return asked;
}

http::Response describe(const User& user, const Bearer& bearer, const Asked& asked) {
  const bool has_profile = contains_scope(bearer.scopes, kProfileScope);
  const auto wants = [&asked](ClaimSet claim) { return (asked.claims & claim) != 0; };
  std::string body;
  codec::JsonWriter json(body);
  json.begin_object().member("sub", bearer.sub);
  if ((has_profile || wants(claim::kUserinfoName)) && !user.display_name.empty())
    json.member("name", user.display_name);
  if (has_profile || wants(claim::kUserinfoUsername)) json.member("preferred_username", user.login);
  if (wants(claim::kUserinfoAcr) && !bearer.acr.empty()) json.member("acr", bearer.acr);
  if (wants(claim::kUserinfoAuthTime) && bearer.auth_time) json.member("auth_time", *bearer.auth_time);
  if (wants(claim::kUserinfoAmr) && !asked.amr.empty()) {
    json.name("amr").begin_array();
    for (const std::string& method : asked.amr) json.value(method);
    json.end_array();
  }
  const McIdentities identities = identities_for(bearer.scopes, user);
  if (!identities.mcptt_id.empty()) json.member("mcptt_id", identities.mcptt_id);
  if (!identities.mcvideo_id.empty()) json.member("mcvideo_id", identities.mcvideo_id);
  if (!identities.mcdata_id.empty()) json.member("mcdata_id", identities.mcdata_id);
  json.end_object();
  return {200, "application/json", std::move(body)};
}

Task<http::Response> handle(Contexts* contexts, http::Request request, http::PathValues path) {
  Context& context = here(*contexts);
  if (context.snapshot->find(path[0]) == nullptr) co_return http::problem(404);
  const http::Request* asked = &request;
  std::string url_path("/userinfo");
  auto found = co_await authenticate_bearer(&context, path[0], asked, std::move(url_path));
  Result<http::Response> told = Error{Code::Internal, "userinfo"};
  if (found) {
    const auto claims = co_await asked_by(&context, path[0], found->bearer.sid);
    if (claims) {
      told = describe(found->user, found->bearer, *claims);
    } else {
      told = claims.error();
    }
  } else {
    told = found.error();
  }
  http::Response response = told ? *std::move(told) : bearer_refusal(path[0], request, told.error());
  offer_dpop_nonce(context, path[0], request, response);
  co_return response;
}

}  // namespace

void add_userinfo_routes(http::Router& router, Contexts& contexts) {
  std::vector<http::Route> routes;
  for (const http::Method method : {http::Method::Get, http::Method::Post}) {
    http::Route route;
    route.method = method;
    route.pattern = "/idms/v1/{tenant}/userinfo";
    route.handler = [&contexts](http::Request request, http::PathValues path) {
      return handle(&contexts, std::move(request), std::move(path));
    };
    routes.push_back(std::move(route));
  }
  add_cross_origin_routes(router, contexts, std::move(routes));
}

}  // namespace claviger::identity
