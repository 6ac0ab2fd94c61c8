// Which handler answers which path and method; bounds on each route's body.
//
// Built once at start, immutable while it serves, one per listener kind, read by all shards. A path segment
// "{name}" matches one segment (percent-decoded, no '/'); the values reach the handler in order.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/http/message.h"
#include "core/runtime/task.h"

namespace claviger::http {

// The values of a pattern's "{name}" segments, in order.
using PathValues = std::vector<std::string>;

// Owned by the router; called on the connection's shard. The Task is dropped when the stream or connection closes.
using Handler = std::function<runtime::Task<Response>(Request, PathValues)>;
// Tried first where given: an answer without a coroutine. Nothing: the Handler is called with the same request.
using InlineHandler = std::function<std::optional<Response>(const Request&)>;

struct Route {
  Method method;
  std::string pattern;  // "/idms/v1/{tenant}/token"
  std::size_t body_bytes_max = 64 * 1024;
  Handler handler;
  InlineHandler inline_handler = {};
};

struct Match {
  const Route* route = nullptr;
  PathValues values;
  std::string allow;  // with route == nullptr: methods the path has, for 405; empty: 404
};

class Router {
 public:
  void add(Route route);
  Match match(Method method, std::string_view path) const;
  const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
};

}  // namespace claviger::http
