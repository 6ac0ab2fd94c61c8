#include "broker/identity/cross_origin.h"

#include <algorithm>
#include <string>

#include "broker/identity/client_origins.h"
#include "core/http/problem.h"

namespace claviger::identity {
namespace {

using broker::Context;
using runtime::Task;

// What clients send that no page may send unasked: credentials and proofs.
constexpr std::string_view kRequestHeaders = "authorization, content-type, dpop";
// What of an answer's head they read: RFC 9449 clause 8.2, RFC 6750 clause 3, RFC 9110 clause 10.2.3.
constexpr std::string_view kResponseHeaders = "dpop-nonce, www-authenticate, retry-after";
// Chromium keeps an answer two hours at most; a client that is removed should not be met for so long.
constexpr std::string_view kMaxAge = "600";

std::string_view header_of(const http::Request& request, std::string_view name) {
  const auto found = std::ranges::find(request.headers(), name, &http::Header::name);
  return found == request.headers().end() ? std::string_view() : found->value;
}

// One for each shard, in the routes' hands.
using OriginsOfShards = std::vector<ClientOrigins>;

// The page's origin when it may read the answer, else empty.
Task<std::string> allowed_origin(Context* context, OriginsOfShards* known, std::string tenant, std::string origin) {
  if (context->snapshot->find(tenant) == nullptr) co_return std::string();
  ClientOrigins& origins = (*known)[context->shard.index()];
  const auto is_known = co_await origins.holds(context, std::move(tenant), origin);
  co_return is_known&&* is_known ? origin : std::string();
}

void allow(http::Response& response, std::string origin) {
  response.with("access-control-allow-origin", std::move(origin));
}

// One that depends on the origin must not be given to a page of another from a cache.
void vary(http::Response& response) {
  const bool is_said = std::ranges::any_of(response.headers, [](const auto& header) { return header.name == "vary"; });
  if (!is_said) response.with("vary", "origin");
}

Task<http::Response> serve(Contexts* contexts, OriginsOfShards* known, const http::Handler* inner,
                           http::Request request, http::PathValues path) {
  Context& context = here(*contexts);
  std::string origin;
  if (!request.is_repeated(http::Field::Origin)) {
    std::string sent(request.field(http::Field::Origin));
    origin = co_await allowed_origin(&context, known, path[0], std::move(sent));
  }
  Task<http::Response> answering = (*inner)(std::move(request), std::move(path));
  http::Response response = co_await std::move(answering);
  vary(response);
  if (origin.empty()) co_return response;
  allow(response, std::move(origin));
  response.with("access-control-expose-headers", std::string(kResponseHeaders));
  co_return response;
}

std::string list_of(const std::vector<http::Method>& methods) {
  std::string text;
  for (const http::Method method : methods) {
    if (!text.empty()) text += ", ";
    text += http::name_of(method);
    if (method == http::Method::Get) text += ", HEAD";
  }
  return text;
}

// Whatever is no preflight of a page that may come in gets what OPTIONS had without it.
Task<http::Response> preflight(Contexts* contexts, OriginsOfShards* known, const std::vector<http::Method>* methods,
                               http::Request request, http::PathValues path) {
  Context& context = here(*contexts);
  if (context.snapshot->find(path[0]) == nullptr) co_return http::problem(404);
  const std::string_view asked = header_of(request, "access-control-request-method");
  const bool is_ours = std::ranges::any_of(*methods, [asked](http::Method method) {
    return http::name_of(method) == asked || (method == http::Method::Get && asked == "HEAD");
  });
  std::string origin;
  if (is_ours && !request.is_repeated(http::Field::Origin)) {
    std::string sent(request.field(http::Field::Origin));
    origin = co_await allowed_origin(&context, known, path[0], std::move(sent));
  }
  if (origin.empty()) co_return std::move(http::problem(405).with("allow", list_of(*methods)));
  http::Response response(204);
  vary(response);
  allow(response, std::move(origin));
  response.with("access-control-allow-methods", list_of(*methods));
  response.with("access-control-allow-headers", std::string(kRequestHeaders));
  response.with("access-control-max-age", std::string(kMaxAge));
  co_return response;
}

}  // namespace

void add_cross_origin_routes(http::Router& router, Contexts& contexts, std::vector<http::Route> routes) {
  auto methods = std::make_shared<std::vector<http::Method>>();
  auto known = std::make_shared<OriginsOfShards>(contexts.front()->shard.shards().size());
  const std::string pattern = routes.front().pattern;
  for (http::Route& route : routes) {
    CLAVIGER_ASSERT(route.pattern == pattern);
    methods->push_back(route.method);
    auto inner = std::make_shared<const http::Handler>(std::move(route.handler));
    // Who is no page takes the way he always took.
    route.handler = [&contexts, known, inner](http::Request request, http::PathValues path) {
      if (!request.has(http::Field::Origin)) return (*inner)(std::move(request), std::move(path));
      return serve(&contexts, known.get(), inner.get(), std::move(request), std::move(path));
    };
    if (route.inline_handler) {
      route.inline_handler = [inner_now = std::move(route.inline_handler)](const http::Request& request) {
        return request.has(http::Field::Origin) ? std::optional<http::Response>() : inner_now(request);
      };
    }
    router.add(std::move(route));
  }
  http::Route options;
  options.method = http::Method::Options;
  options.pattern = pattern;
  options.handler = [&contexts, known, methods](http::Request request, http::PathValues path) {
    return preflight(&contexts, known.get(), methods.get(), std::move(request), std::move(path));
  };
  router.add(std::move(options));
}

}  // namespace claviger::identity
