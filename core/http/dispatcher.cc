#include "core/http/dispatcher.h"

#include <algorithm>

#include "core/http/ascii_case.h"
#include "core/http/problem.h"

namespace claviger::http {
namespace {

// We read no coding of a body; one that we took for what it is not would be another request (RFC 9110 clause 8.4).
bool is_body_encoded(const Request& request) {
  static constexpr std::string_view kName = "content-encoding";
  if (request.method == Method::Get || request.method == Method::Head) return false;
  return std::ranges::any_of(request.headers(), [](const Header& header) {
    return header.name == kName && !header.value.empty() && !equals_ignoring_case(header.value, "identity");
  });
}

}  // namespace

Response overload_response() {
  return std::move(problem(503, "Too many requests are being served.").with("retry-after", "1"));
}

std::optional<Response> Dispatcher::admit(Exchange& exchange, std::optional<std::uint64_t> content_length) {
  if (in_flight_ >= limits_.in_flight_max) {
    counters_.requests_overload.add();
    return overload_response();
  }
  if (overload_) {
    if (auto refused = overload_(exchange.request)) {
      if (refused->status == 503) counters_.requests_overload.add();
      return refused;
    }
  }
  Match match = router_->match(exchange.request.method, exchange.request.path);
  if (match.route == nullptr) {
    if (match.allow.empty()) return problem(404);
    return std::move(problem(405).with("allow", std::move(match.allow)));
  }
  if (is_body_encoded(exchange.request)) {
    return std::move(problem(415, "The body has a content coding.").with("accept-encoding", "identity"));
  }
  exchange.route = match.route;
  exchange.path_values = std::move(match.values);
  if (content_length && *content_length > match.route->body_bytes_max) return problem(413);
  return std::nullopt;
}

void Dispatcher::dispatch(Exchange& exchange) {
  const Route& route = *exchange.route;
  if (route.inline_handler) {
    exchange.request.path_values = &exchange.path_values;
    if (auto response = route.inline_handler(exchange.request)) return exchange.answer(*std::move(response));
    exchange.request.path_values = nullptr;
  }
  counters_.requests_in_flight.add();
  ++in_flight_;
  exchange.is_counted = true;
  exchange.start(route.handler(std::move(exchange.request), std::move(exchange.path_values)));
}

bool Dispatcher::hold(Exchange& exchange, std::size_t bytes) {
  if (held_bytes_ + bytes > limits_.held_bytes_max) {
    counters_.requests_overload.add();
    return false;
  }
  exchange.held += bytes;
  counters_.requests_held_bytes.add(bytes);
  held_bytes_ += bytes;
  return true;
}

void Dispatcher::keep(std::size_t bytes) {
  held_bytes_ += bytes;
  counters_.requests_held_bytes.add(bytes);
}

void Dispatcher::release(std::size_t bytes) {
  held_bytes_ -= bytes;
  counters_.requests_held_bytes.subtract(bytes);
}

void Dispatcher::let_go(Exchange& exchange) {
  if (exchange.held == 0) return;
  held_bytes_ -= exchange.held;
  counters_.requests_held_bytes.subtract(std::exchange(exchange.held, 0));
}

void Dispatcher::answered(Exchange& exchange, std::uint16_t status) {
  CLAVIGER_ASSERT(status >= 200 && status < 600);
  counters_.responses[status / 100U].add();
  let_go(exchange);
}

void Dispatcher::ended(Exchange& exchange) {
  let_go(exchange);
  if (!exchange.is_counted) return;
  counters_.requests_in_flight.subtract();
  --in_flight_;
  if (exchange.is_running()) counters_.requests_cancelled.add();
}

}  // namespace claviger::http
