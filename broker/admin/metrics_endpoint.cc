#include "broker/admin/metrics_endpoint.h"

#include "broker/admin/metrics_text.h"
#include "broker/admin/watch_metrics.h"

namespace claviger::admin {
namespace {

using runtime::Task;

constexpr std::string_view kText = "text/plain; charset=utf-8";

Task<http::Response> metrics(AdminServices* services) {
  std::string text = metrics_text(*services);
  text += co_await watch_text(services);
  co_return http::Response(200, "text/plain; version=0.0.4; charset=utf-8", std::move(text));
}

Task<http::Response> alive() { co_return http::Response(200, kText, std::string("alive\n")); }

Task<http::Response> ready(AdminServices* services) {
  const std::string_view why = why_not_ready(*services);
  if (why.empty()) co_return http::Response(200, kText, std::string("ready\n"));
  co_return http::Response(503, kText, std::string("not ready: ") + std::string(why) + "\n");
}

}  // namespace

void add_metrics_routes(http::Router& router, AdminServices& services) {
  const auto add = [&](std::string pattern, http::Handler handler) {
    router.add({http::Method::Get, std::move(pattern), 0, std::move(handler), {}});
  };
  add("/metrics", [&services](http::Request, http::PathValues) { return metrics(&services); });
  add("/livez", [](http::Request, http::PathValues) { return alive(); });
  add("/readyz", [&services](http::Request, http::PathValues) { return ready(&services); });
}

}  // namespace claviger::admin
