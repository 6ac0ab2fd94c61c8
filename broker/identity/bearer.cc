#include "broker/identity/bearer.h"

#include <algorithm>
#include <string>

#include "broker/identity/oauth_error.h"

namespace claviger::identity {
namespace {

constexpr std::string_view kBearer = "bearer";
constexpr std::string_view kDpop = "dpop";

constexpr char lowered(char character) {
  return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a') : character;
}

// b64token of RFC 6750 clause 2.1.
bool is_token_character(char character) {
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
         (character >= '0' && character <= '9') || std::string_view("-._~+/=").find(character) != std::string_view::npos;
}

bool has_query_token(std::string_view query) {
  return query.starts_with("access_token=") || query.find("&access_token=") != std::string_view::npos;
}

bool has_scheme(std::string_view header, std::string_view scheme) {
  return std::ranges::equal(header.substr(0, scheme.size()), scheme, {}, lowered);
}

Result<std::string_view> read_token(const http::Request& request, std::string_view scheme) {
  if (!request.has(http::Field::Authorization)) return Error{Code::BearerMissing, "authorization"};
  if (request.is_repeated(http::Field::Authorization)) return Error{Code::BearerSeveral, "authorization"};
  const std::string_view header = request.field(http::Field::Authorization);
  if (!has_scheme(header, scheme)) return Error{Code::BearerMissing, "authorization.scheme"};
  // The methods of RFC 6750 clauses 2.2 and 2.3 are off: alone they are no token, beside ours they are one too many.
  if (has_query_token(request.query)) return Error{Code::BearerSeveral, "authorization.query"};
  std::string_view token = header.substr(scheme.size());
  if (!token.starts_with(' ')) return Error{Code::BearerSeveral, "authorization.token"};
  while (token.starts_with(' ')) token.remove_prefix(1);
  if (token.empty() || !std::ranges::all_of(token, is_token_character)) {
    return Error{Code::BearerSeveral, "authorization.token"};
  }
  return token;
}

}  // namespace

Result<std::string_view> read_bearer(const http::Request& request) { return read_token(request, kBearer); }

bool has_dpop_scheme(const http::Request& request) {
  const std::string_view header = request.field(http::Field::Authorization);
  return has_scheme(header, kDpop) && header.substr(kDpop.size()).starts_with(' ');
}

Result<std::string_view> read_dpop_token(const http::Request& request) { return read_token(request, kDpop); }

http::Response bearer_error_response(std::string_view tenant, const Error& error, std::string_view needed_scope) {
  std::string challenge = "Bearer realm=\"" + std::string(tenant) + "\"";
  if (error.code == Code::BearerMissing) {
    http::Response response(401);
    response.with("www-authenticate", std::move(challenge));
    return response;
  }
  OauthError answer = oauth_error_of(error.code);
  // Which check failed is for our log alone.
  if (error.code != Code::BearerSeveral && error.code != Code::BearerScope) {
    answer = {401, "invalid_token", "The access token is not valid."};
  }
  challenge.append(", error=\"").append(answer.error).append("\", error_description=\"");
  challenge.append(answer.description).append("\"");
  if (!needed_scope.empty()) challenge.append(", scope=\"").append(needed_scope).append("\"");
  http::Response response(answer.status);
  response.with("www-authenticate", std::move(challenge));
  return response;
}

}  // namespace claviger::identity
