#include "broker/identity/proxies.h"

#include <algorithm>
#include <vector>

#include "broker/identity/bearer.h"
#include "core/codec/uri.h"
#include "core/http/problem.h"

namespace claviger::identity {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view unquoted(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') return text.substr(1, text.size() - 2);
  return text;
}

constexpr char lowered(char character) {
  return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a') : character;
}

// The "for" of one element of Forwarded (RFC 7239 clause 4); empty without one.
std::string_view for_of(std::string_view element) {
  while (!element.empty()) {
    const std::size_t semicolon = element.find(';');
    const std::string_view pair = trimmed(element.substr(0, semicolon));
    if (pair.size() > 4 && std::ranges::equal(pair.substr(0, 4), std::string_view("for="), {}, lowered)) {
      return unquoted(pair.substr(4));
    }
    if (semicolon == std::string_view::npos) break;
    element.remove_prefix(semicolon + 1);
  }
  return {};
}

// "192.0.2.1", "192.0.2.1:4711", "[2001:db8::1]:4711", "2001:db8::1"; empty for "unknown", "_hidden" and rubbish.
std::string address_of(std::string_view node) {
  if (node.starts_with('[')) {
    const std::size_t end = node.find(']');
    if (end == std::string_view::npos) return {};
    return settings::normalised_address(node.substr(1, end - 1));
  }
  if (std::ranges::count(node, ':') == 1) node = node.substr(0, node.find(':'));
  return settings::normalised_address(node);
}

// Every hop in the order of the header, the nearest last. Nothing when there are too many.
std::vector<std::string> hops_of(const settings::Settings& settings, const http::Request& request) {
  const bool is_rfc7239 = settings.forwarded_header == settings::ForwardedHeader::Forwarded;
  const std::string_view wanted = is_rfc7239 ? "forwarded" : "x-forwarded-for";
  std::vector<std::string> hops;
  for (const http::Header& header : request.headers()) {
    if (header.name != wanted) continue;
    std::string_view list = header.value;
    for (bool is_last = false; !is_last;) {
      const std::size_t comma = list.find(',');
      is_last = comma == std::string_view::npos;
      const std::string_view element = trimmed(list.substr(0, comma));
      if (hops.size() == kForwardedHopsMax) return {};
      hops.push_back(address_of(is_rfc7239 ? for_of(element) : element));
      if (!is_last) list.remove_prefix(comma + 1);
    }
  }
  return hops;
}

}  // namespace

bool is_trusted_proxy(const settings::Settings& settings, std::string_view address) {
  return std::ranges::any_of(settings.trusted_proxies,
                             [&](const settings::Network& network) { return network.contains(address); });
}

std::string source_of(const settings::Settings& settings, const http::Request& request) {
  std::string source = request.peer->address;
  if (settings.trusted_proxies.empty() || !is_trusted_proxy(settings, source)) return source;
  const std::vector<std::string> hops = hops_of(settings, request);
  for (auto hop = hops.rbegin(); hop != hops.rend(); ++hop) {
    if (hop->empty()) break;  // what this proxy could not name nobody can
    source = *hop;
    if (!is_trusted_proxy(settings, source)) break;
  }
  return source;
}

Result<std::string> asserted_identity(const settings::Settings& settings, const http::Request& request) {
  std::string identity;
  for (const http::Header& header : request.headers()) {
    if (header.name != kAssertedIdentityHeader) continue;
    if (!is_trusted_proxy(settings, request.peer->address)) return Error{Code::ProxyUntrusted, "asserted_identity"};
    const std::string_view uri = unquoted(trimmed(header.value));
    if (!identity.empty() || !codec::parse_uri(uri)) return Error{Code::AssertedIdentityRefused, "asserted_identity"};
    identity = uri;
  }
  return identity;
}

Result<ReferencePointCaller> read_caller(const settings::Settings& settings, const http::Request& request) {
  ReferencePointCaller caller;
  CLAVIGER_TRY(asserted, asserted_identity(settings, request));
  if (request.has(http::Field::Authorization)) {
    CLAVIGER_TRY(bearer, read_bearer(request));
    caller.bearer = bearer;
    return caller;
  }
  if (asserted.empty()) return Error{Code::BearerMissing, "caller"};
  caller.asserted_identity = std::move(asserted);
  return caller;
}

http::Response caller_refused(std::string_view tenant, const Error& error) {
  if (error.code == Code::BearerSeveral) return bearer_error_response(tenant, error);
  http::Response response = http::problem(403);
  // It may still say what would help (spec 4.7).
  response.with("www-authenticate", "Bearer realm=\"" + std::string(tenant) + "\"");
  return response;
}

}  // namespace claviger::identity
