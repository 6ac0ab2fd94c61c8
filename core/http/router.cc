#include "core/http/router.h"

#include <algorithm>
#include <array>

namespace claviger::http {

// One segment of the patterns' common tree.
struct Router::Node {
  struct Child {
    std::string segment;
    std::unique_ptr<Node> node;
  };
  std::vector<Child> literals;  // a handful each: a linear search beats a map
  std::unique_ptr<Node> any;    // "{name}", "{name+}"
  bool any_takes_slash = false;
  std::unique_ptr<Node> tail;  // "{name*}"
  std::vector<const Route*> routes;

  const Route* route_of(Method method) const {
    for (const Route* route : routes) {
      if (route->method == method) return route;
    }
    return nullptr;
  }
};

namespace {

// The part up to the next '/', which is cut off together with it. `path` starts behind a '/'.
std::string_view take_segment(std::string_view& path, bool& is_last) {
  const std::size_t slash = path.find('/');
  is_last = slash == std::string_view::npos;
  const std::string_view segment = path.substr(0, slash);
  path.remove_prefix(is_last ? path.size() : slash + 1);
  return segment;
}

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

// RFC 3986 clause 2.1. An encoded '/' or NUL would mean something else to whoever looks at the value next: no match,
// unless the pattern says that the value is a name in which a '/' is a letter as others are.
std::optional<std::string> decode_segment(std::string_view segment, bool takes_slash) {
  std::string decoded;
  decoded.reserve(segment.size());
  for (std::size_t i = 0; i < segment.size(); ++i) {
    char character = segment[i];
    if (character == '%') {
      const int high = i + 1 < segment.size() ? hex_value(segment[i + 1]) : -1;
      const int low = i + 2 < segment.size() ? hex_value(segment[i + 2]) : -1;
      if (high < 0 || low < 0) return std::nullopt;
      character = static_cast<char>(high * 16 + low);
      if ((character == '/' && !takes_slash) || character == '\0') return std::nullopt;
      i += 2;
    }
    decoded += character;
  }
  return decoded;
}

}  // namespace

Router::Router() : root_(std::make_unique<Node>()) {}
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;
Router::~Router() = default;

void Router::add(Route route) {
  routes_.push_back(std::move(route));
  const Route& added = routes_.back();
  CLAVIGER_ASSERT(added.pattern.starts_with('/'));
  std::string_view path = std::string_view(added.pattern).substr(1);
  Node* node = root_.get();
  for (bool is_last = false; !is_last;) {
    const std::string_view segment = take_segment(path, is_last);
    if (segment.starts_with('{') && segment.ends_with("*}")) {
      CLAVIGER_ASSERT(is_last);
      if (node->tail == nullptr) node->tail = std::make_unique<Node>();
      node = node->tail.get();
      continue;
    }
    if (segment.size() > 2 && segment.front() == '{' && segment.back() == '}') {
      if (node->any == nullptr) node->any = std::make_unique<Node>();
      if (segment.ends_with("+}")) node->any_takes_slash = true;
      node = node->any.get();
      continue;
    }
    auto child = std::find_if(node->literals.begin(), node->literals.end(),
                              [segment](const Node::Child& each) { return each.segment == segment; });
    if (child == node->literals.end()) {
      child = node->literals.insert(child, {std::string(segment), std::make_unique<Node>()});
    }
    node = child->node.get();
  }
  CLAVIGER_ASSERT(node->route_of(added.method) == nullptr);
  node->routes.push_back(&added);
}

// Literals win over "{name}" segment by segment, without going back: patterns of ours never need it.
const Router::Node* Router::find(std::string_view path, PathValues& values) const {
  if (!path.starts_with('/')) return nullptr;
  path.remove_prefix(1);
  const Node* node = root_.get();
  bool is_last = false;
  for (std::size_t depth = 0; !is_last; ++depth) {
    if (depth == kPathSegmentsMax) return nullptr;
    const std::string_view rest = path;
    const std::string_view segment = take_segment(path, is_last);
    const Node* next = nullptr;
    for (const Node::Child& child : node->literals) {
      if (child.segment == segment) next = child.node.get();
    }
    if (next == nullptr && node->any != nullptr && !segment.empty()) {
      auto value = decode_segment(segment, node->any_takes_slash);
      if (!value) return nullptr;
      values.push_back(*std::move(value));
      next = node->any.get();
    }
    if (next == nullptr && node->tail != nullptr && !rest.empty()) {
      values.emplace_back(rest);
      return node->tail.get();
    }
    if (next == nullptr) return nullptr;
    node = next;
  }
  return node;
}

Match Router::match(Method method, std::string_view path) const {
  Match match;
  const Node* node = find(path, match.values);
  if (node == nullptr || node->routes.empty()) return match;
  match.route = node->route_of(method);
  if (match.route == nullptr && method == Method::Head) match.route = node->route_of(Method::Get);
  if (match.route != nullptr) return match;
  for (const Route* route : node->routes) {
    if (route->method == Method::Options) continue;  // what a path can do is not to say what it can do
    if (!match.allow.empty()) match.allow += ", ";
    match.allow += name_of(route->method);
    if (route->method == Method::Get && node->route_of(Method::Head) == nullptr) match.allow += ", HEAD";
  }
  return match;
}

}  // namespace claviger::http
