#include "broker/tokens/introspect_endpoint.h"

#include "broker/identity/client_authentication.h"
#include "broker/identity/identity_shard.h"
#include "broker/identity/oauth_error.h"
#include "broker/identity/request_form.h"
#include "broker/tenants/disabled_tenant.h"
#include "broker/tokens/token_shard.h"
#include "core/codec/base64url.h"
#include "core/http/problem.h"

#include <cstring>

namespace claviger::tokens {
namespace {

using broker::Context;
using identity::ClientRef;
using runtime::Task;

constexpr std::string_view kInactive = "{\"active\":false}";
// Followed by our payload without its opening brace.
constexpr std::string_view kActive = "{\"active\":true,\"token_type\":\"Bearer\",";
// RFC 9449 clause 6.2. Of the same length: which of the two it is shows when the payload stands behind it.
constexpr std::string_view kActiveDpop = "{\"active\":true,\"token_type\":\"DPoP\"  ,";
static_assert(kActiveDpop.size() == kActive.size());
// As issuer.cc writes it; inside a string its quotes would be escaped.
constexpr std::string_view kKeyBound = "\"cnf\":{\"jkt\":";
constexpr std::string_view kForm = "application/x-www-form-urlencoded";
constexpr std::string_view kTokenParameter = "token=";

// RFC 7662 clause 2.2: nothing else is told about a token that is not good, or not for this server.
http::Response inactive(Context& context) {
  context.figures->introspections_inactive.add();
  return {200, "application/json", Slice::of_static(kInactive)};
}

// The verified token's payload is JSON that we wrote ourselves (issuer.cc): an object with members, whose names are
// those of RFC 7662 and RFC 9068. It is decoded once, into the answer.
http::Response active(Context& context, std::string_view token) {
  const std::size_t from = token.find('.') + 1;
  const std::string_view payload = token.substr(from, token.find('.', from) - from);
  SlabWriter answer(context.shard.slabs(), kActive.size() + codec::base64url_decoded_size_max(payload.size()));
  // The payload lands so that its brace is overwritten by the last byte of the prefix.
  const MutableBytes room = answer.unwritten();
  const auto size = codec::base64url_decode(payload, room.subspan(kActive.size() - 1));
  if (!size || *size < 2 || room[kActive.size() - 1] != std::byte{'{'}) return inactive(context);
  const bool is_key_bound =
      memmem(room.data() + kActive.size(), *size - 1, kKeyBound.data(), kKeyBound.size()) != nullptr;
  std::memcpy(room.data(), is_key_bound ? kActiveDpop.data() : kActive.data(), kActive.size());
  answer.advance(kActive.size() - 1 + *size);
  context.figures->introspections_active.add();
  return {200, "application/json", answer.finish()};
}

// `tenant`: null: it is disabled.
http::Response answer(Context& context, const broker::TenantView* tenant, const ClientRef& server,
                      std::string_view token) {
  if (!server->may_introspect) {
    // Who only says his name has not authenticated (RFC 7662 clause 2.1): 401.
    const bool is_public = server->authentication == identity::ClientAuthentication::None;
    return identity::oauth_error_response(
        {is_public ? Code::ClientMethodWrong : Code::GrantNotAllowed, "introspect.client"});
  }
  return tenant != nullptr && context.tokens->verify_for(*tenant, server, token) ? active(context, token)
                                                                                 : inactive(context);
}

// The token of a body that has nothing but "token=" and base64url text; empty: read the form properly.
std::string_view plain_token(const http::Request& request) {
  if (request.field(http::Field::ContentType) != kForm || !request.query.empty()) return {};
  const std::string_view body = request.body.text();
  if (!body.starts_with(kTokenParameter)) return {};
  const std::string_view token = body.substr(kTokenParameter.size());
  // One vectorised search for each; find_first_of() makes a call for every character (1.4 us of 6, bench/run system).
  for (const char reserved : {'%', '+', '&', '='}) {
    if (token.find(reserved) != std::string_view::npos) return {};
  }
  return token;
}

std::optional<http::Response> handle_inline(Contexts& contexts, const http::Request& request) {
  Context& context = here(contexts);
  const broker::TenantView* tenant = context.snapshot->find(request.path_values->front());
  const std::string_view token = plain_token(request);
  if (tenant == nullptr || token.empty()) return std::nullopt;
  const ClientRef server = context.identity->clients().authenticate_seen(tenant->tenant.name, request);
  if (!server) return std::nullopt;
  return answer(context, tenant, server, token);
}

Task<http::Response> handle(Contexts* contexts, http::Request request, http::PathValues path) {
  Context& context = here(*contexts);
  // A disabled tenant's servers are told, as of any token that is not good, when they have said who they are: to a 404 they
  // would ask again and again.
  const bool is_put_aside = tenants::is_disabled(*context.snapshot, path[0]);
  if (!is_put_aside && context.snapshot->find(path[0]) == nullptr) co_return http::problem(404);
  auto form = identity::read_form(request);
  if (!form) co_return identity::oauth_error_response(form.error());
  const codec::Form* fields = &*form;
  auto server = co_await context.identity->clients().authenticate(path[0], &request, fields);
  if (!server) co_return identity::client_error_response(server.error(), request);
  const auto token = identity::required(*form, "token");
  if (!token) co_return identity::oauth_error_response(token.error());
  const broker::TenantView* tenant = context.snapshot->find(path[0]);
  if (tenant == nullptr && !tenants::is_disabled(*context.snapshot, path[0])) co_return http::problem(404);
  co_return answer(context, tenant, *server, *token);
}

}  // namespace

void add_introspect_route(http::Router& router, Contexts& contexts) {
  http::Route route{http::Method::Post, "/idms/v1/{tenant}/introspect", 64 * 1024, {}, {}};
  route.handler = [&contexts](http::Request request, http::PathValues path) {
    return handle(&contexts, std::move(request), std::move(path));
  };
  route.inline_handler = [&contexts](const http::Request& request) { return handle_inline(contexts, request); };
  router.add(std::move(route));
}

}  // namespace claviger::tokens
