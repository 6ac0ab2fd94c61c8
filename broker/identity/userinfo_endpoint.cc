#include "broker/identity/userinfo_endpoint.h"

#include "broker/identity/bearer_user.h"
#include "broker/identity/dpop_check.h"
#include "broker/identity/scope_grant.h"
#include "core/codec/json_writer.h"
#include "core/http/problem.h"

namespace claviger::identity {
namespace {

using broker::Context;
using runtime::Task;

http::Response describe(const User& user, const Bearer& bearer) {
  std::string body;
  codec::JsonWriter json(body);
  json.begin_object().member("sub", bearer.sub);
  if (contains_scope(bearer.scopes, "profile")) {
    if (!user.display_name.empty()) json.member("name", user.display_name);
    json.member("preferred_username", user.login);
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
  http::Response response =
      found ? describe(found->user, found->bearer) : bearer_refusal(path[0], request, found.error());
  offer_dpop_nonce(context, path[0], request, response);
  co_return response;
}

}  // namespace

void add_userinfo_routes(http::Router& router, Contexts& contexts) {
  for (const http::Method method : {http::Method::Get, http::Method::Post}) {
    http::Route route;
    route.method = method;
    route.pattern = "/idms/v1/{tenant}/userinfo";
    route.handler = [&contexts](http::Request request, http::PathValues path) {
      return handle(&contexts, std::move(request), std::move(path));
    };
    router.add(std::move(route));
  }
}

}  // namespace claviger::identity
