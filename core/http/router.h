// Which handler answers which path and method; bounds on each route's body.
//
// Built once at start, immutable while it serves, one per listener kind, read by all shards. A path segment
// "{name}" matches one segment (percent-decoded, no '/'), a last "{name*}" all that is left (as sent).
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/http/message.h"
#include "core/runtime/task.h"

namespace claviger::http {

// Owned by the router; called on the connection's shard. The Task is dropped when the stream or connection closes.
using Handler = std::function<runtime::Task<Response>(Request, PathValues)>;
// Tried first where given: an answer without a coroutine. Nothing: the Handler is called with the same request.
// The pattern's values are at request.path_values.
using InlineHandler = std::function<std::optional<Response>(const Request&)>;

struct Route {
  Method method;
  std::string pattern;  // "/idms/v1/{tenant}/token"; "{name+}" takes an encoded '/', too
  std::size_t body_bytes_max = 64 * 1024;
  Handler handler;
  InlineHandler inline_handler = {};
};

struct Match {
  const Route* route = nullptr;
  PathValues values;
  std::string allow;  // with route == nullptr: methods the path has, for 405; empty: 404
};

// More segments in a request's path than any route of ours: not looked at further.
inline constexpr std::size_t kPathSegmentsMax = 16;

class Router {
 public:
  Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;
  ~Router();

  // Two routes of one pattern and method are a mistake of ours (asserted). A literal segment goes before "{name}".
  void add(Route route);
  // HEAD is answered by the route of GET when it has none of its own. A path that is not well formed matches nothing.
  Match match(Method method, std::string_view path) const;
  const std::deque<Route>& routes() const { return routes_; }

 private:
  struct Node;
  const Node* find(std::string_view path, PathValues& values) const;
  std::deque<Route> routes_;  // a deque: matches point at its elements
  std::unique_ptr<Node> root_;
};

}  // namespace claviger::http
