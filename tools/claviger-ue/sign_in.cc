#include "tools/claviger-ue/sign_in.h"

#include <chrono>
#include <map>

#include "core/codec/base64url.h"
#include "core/codec/form.h"
#include "core/codec/json_reader.h"
#include "core/codec/percent.h"
#include "core/crypto/digest.h"
#include "core/crypto/random.h"
#include "core/http/url.h"
#include "tools/claviger-ue/login_form.h"

namespace claviger::ue {
namespace {

using codec::FormWriter;
using codec::JsonObject;

constexpr std::string_view kFormType = "application/x-www-form-urlencoded";
// From the login form back to the application: one, and one more where a server has a page of its own between.
constexpr int kRedirectsMax = 8;
constexpr std::size_t kCookiesMax = 32;
// OpenID Connect Core clause 3.1.3.7; no clock of a device is better.
constexpr std::int64_t kClockLeeway = 30;

Result<std::string> random_text() {
  constexpr std::size_t kBytes = 32;
  CLAVIGER_TRY(random, crypto::random_bytes<kBytes>());
  std::string text;
  codec::base64url_encode(random.reveal(), text);
  return text;
}

std::string challenge_of(std::string_view verifier) {
  std::string text;
  codec::base64url_encode(crypto::sha256(as_bytes(verifier)), text);
  return text;
}

std::string origin_of(const http::Url& url) { return (url.is_https ? "https://" : "http://") + url.authority; }

// RFC 3986 clause 5.2 for what servers write into forms and Location: a whole URL, or a path.
Result<std::string> resolve(const std::string& base, std::string_view reference) {
  reference = reference.substr(0, reference.find('#'));
  if (reference.empty()) return base;
  if (reference.starts_with("https://") || reference.starts_with("http://")) return std::string(reference);
  CLAVIGER_TRY(url, http::parse_url(base));
  if (reference.starts_with("//")) return Error{Code::UriSyntax, "sign_in.reference"};
  if (reference.starts_with("/")) return origin_of(url) + std::string(reference);
  const std::string path = url.target.substr(0, url.target.find('?'));
  if (reference.starts_with("?")) return origin_of(url) + path + std::string(reference);
  return origin_of(url) + path.substr(0, path.rfind('/') + 1) + std::string(reference);
}

class Cookies {
 public:
  void keep(const http::ClientResponse& response) {
    for (const http::ClientHeader& header : response.headers) {
      if (header.name != "set-cookie") continue;
      const std::string_view pair = std::string_view(header.value).substr(0, header.value.find(';'));
      const std::size_t equals = pair.find('=');
      if (equals == std::string_view::npos || values_.size() >= kCookiesMax) continue;
      values_[std::string(pair.substr(0, equals))] = pair.substr(equals + 1);
    }
  }
  std::string header() const {
    std::string text;
    for (const auto& [name, value] : values_) {
      if (!text.empty()) text += "; ";
      text += name + "=" + value;
    }
    return text;
  }

 private:
  std::map<std::string, std::string> values_;
};

std::string optional_text(const JsonObject& object, std::string_view name) {
  const auto found = object.string_at(name);
  return found ? std::string(*found) : std::string();
}

// OpenID Connect Core clause 3.1.3.7: it came straight from the token endpoint over TLS, so the server's certificate
// stands for its signature (step 6).
Result<Unit> read_id_token(std::string_view token, std::string_view issuer, std::string_view client,
                           std::string_view nonce, Tokens& tokens) {
  constexpr Error kBad{Code::TokenClaims, "id_token"};
  const std::size_t first = token.find('.');
  const std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos) return kBad;
  const std::string_view payload = token.substr(first + 1, second - first - 1);
  SecretBytes claims(codec::base64url_decoded_size_max(payload.size()));
  CLAVIGER_TRY(size, codec::base64url_decode(payload, claims.reveal_for_writing()));
  codec::JsonReader reader;
  CLAVIGER_TRY(value, reader.parse(as_text(claims.reveal().first(size))));
  CLAVIGER_TRY(object, value.as_object());
  if (optional_text(object, "iss") != issuer) return Error{Code::TokenIssuer, "id_token.iss"};
  const auto audience = object.find("aud");
  bool is_ours = false;
  if (audience) {
    if (const auto one = audience->as_string()) is_ours = *one == client;
    if (const auto many = audience->as_array()) {
      for (const codec::JsonValue each : *many) {
        const auto name = each.as_string();
        is_ours = is_ours || (name && *name == client);
      }
    }
  }
  if (!is_ours) return Error{Code::TokenAudience, "id_token.aud"};
  if (!nonce.empty() && optional_text(object, "nonce") != nonce) return Error{Code::TokenClaims, "id_token.nonce"};
  CLAVIGER_TRY(expiry_value, object.at("exp"));
  CLAVIGER_TRY(expiry, expiry_value.as_numeric_date());
  if (expiry + kClockLeeway < unix_now()) return Error{Code::TokenExpired, "id_token.exp"};
  tokens.subject = optional_text(object, "sub");
  for (const std::string_view name : {"mcptt_id", "mcvideo_id", "mcdata_id"}) {
    std::string id = optional_text(object, name);
    if (!id.empty()) tokens.identities.push_back(std::move(id));
  }
  return Unit{};
}

}  // namespace

struct SignIn::Asked {
  std::string verifier;
  std::string state;
  std::string nonce;
};

std::int64_t unix_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

Result<Endpoints> SignIn::discover(const std::string& issuer) {
  CLAVIGER_TRY(response,
               web_.send(http::ClientRequest(http::Method::Get, issuer + "/.well-known/openid-configuration")));
  if (response.status != 200) return Error{Code::ProtocolError, "discovery.status"};
  codec::JsonReader reader;
  CLAVIGER_TRY(value, reader.parse(response.body));
  CLAVIGER_TRY(object, value.as_object());
  Endpoints at;
  at.issuer = optional_text(object, "issuer");
  at.authorization = optional_text(object, "authorization_endpoint");
  at.token = optional_text(object, "token_endpoint");
  at.revocation = optional_text(object, "revocation_endpoint");
  if (at.issuer != issuer) return Error{Code::TokenIssuer, "discovery.issuer"};
  if (!at.token.starts_with("https://")) return Error{Code::ProtocolError, "discovery.token_endpoint"};
  journal_.step("read what the identity server says of itself");
  journal_.detail(issuer);
  return at;
}

Result<std::string> SignIn::authorize(const Endpoints& at, const ClientFacts& client, const Asked& asked,
                                      std::string_view user, Bytes password) {
  std::string query;
  FormWriter(query)
      .add("response_type", "code")
      .add("client_id", client.client_id)
      .add("redirect_uri", client.redirect_uri);
  query += "&";
  FormWriter(query).add("scope", client.scope).add("state", asked.state).add("nonce", asked.nonce);
  query += "&";
  FormWriter(query).add("code_challenge", challenge_of(asked.verifier)).add("code_challenge_method", "S256");
  query += "&";
  // Required of MC clients (TS 33.180 table B.4.2.2-1); others may say it.
  FormWriter(query).add("acr_values", "3gpp:acr:password");
  std::string url = at.authorization + (at.authorization.find('?') == std::string::npos ? "?" : "&") + query;
  CLAVIGER_TRY(page, web_.send(http::ClientRequest(http::Method::Get, url)));
  if (page.status != 200) return Error{Code::ProtocolError, "sign_in.page"};
  Cookies cookies;
  cookies.keep(page);
  CLAVIGER_TRY(form, find_login_form(page.body));
  journal_.step("asked to sign in; the login page came");

  CLAVIGER_TRY(action, resolve(url, form.action));
  CLAVIGER_TRY(target, http::parse_url(action));
  CLAVIGER_TRY(asked_at, http::parse_url(at.authorization));
  // The password goes to the server that was asked, and to nobody its page points at.
  if (!target.is_https || origin_of(target) != origin_of(asked_at)) return Error{Code::NotPermitted, "sign_in.action"};
  http::ClientRequest filled(http::Method::Post, action);
  filled.content_type = kFormType;
  filled.with("cookie", cookies.header()).with("origin", origin_of(target));
  // Reserved: growing would leave copies of the password behind.
  constexpr std::size_t kFieldRoom = 64;
  std::size_t room =
      kFieldRoom + 3 * (user.size() + password.size() + form.user_field.size() + form.password_field.size());
  for (const auto& [name, value] : form.hidden) room += 3 * (name.size() + value.size()) + 2;
  filled.body.reserve(room);
  FormWriter fields(filled.body);
  for (const auto& [name, value] : form.hidden) fields.add(name, value);
  fields.add(form.user_field, user).add(form.password_field, as_text(password));
  auto sent = web_.send(std::move(filled));
  CLAVIGER_TRY(answer, std::move(sent));
  for (int i = 0; i < kRedirectsMax; ++i) {
    cookies.keep(answer);
    if (answer.status == 200) {
      return find_login_form(answer.body) ? Error{Code::SignInRefused, "sign_in.password"}
                                          : Error{Code::NotFound, "sign_in.page"};
    }
    if (answer.status == 401 || answer.status == 403) return Error{Code::SignInRefused, "sign_in.password"};
    if (answer.status == 429) return Error{Code::SignInThrottled, "sign_in.password"};
    if (answer.status < 300 || answer.status > 399) return Error{Code::ProtocolError, "sign_in.status"};
    CLAVIGER_TRY(location, resolve(action, answer.header("location")));
    if (location.starts_with(client.redirect_uri)) return location;
    CLAVIGER_TRY(next, http::parse_url(location));
    if (origin_of(next) != origin_of(asked_at)) return Error{Code::NotPermitted, "sign_in.redirect"};
    action = location;
    http::ClientRequest request(http::Method::Get, location);
    request.with("cookie", cookies.header());
    auto followed = web_.send(std::move(request));
    if (!followed) return followed.error();
    answer = *std::move(followed);
  }
  return Error{Code::TooMany, "sign_in.redirects"};
}

Result<Tokens> SignIn::with_password(const Endpoints& at, const ClientFacts& client, std::string_view user,
                                     Bytes password) {
  CLAVIGER_TRY(verifier, random_text());
  CLAVIGER_TRY(state, random_text());
  CLAVIGER_TRY(nonce, random_text());
  const Asked asked{verifier, state, nonce};
  CLAVIGER_TRY(location, authorize(at, client, asked, user, password));
  const std::size_t question = location.find('?');
  if (question == std::string::npos) return Error{Code::InteractionInvalid, "sign_in.location"};
  const std::string query = location.substr(question + 1, location.find('#') - question - 1);
  CLAVIGER_TRY(form, codec::parse_form(query));
  const auto given = form.only("state");
  if (!given || *given != asked.state) return Error{Code::InteractionInvalid, "sign_in.state"};
  // RFC 9207: of which server the answer is.
  const auto issuer = form.find("iss");
  if (issuer && *issuer != at.issuer) return Error{Code::TokenIssuer, "sign_in.iss"};
  const auto code = form.only("code");
  if (!code) return Error{Code::AccessDenied, "sign_in.code"};
  journal_.step("gave the password for " + std::string(user) + "; a code came back");
  std::string body;
  FormWriter(body).add("grant_type", "authorization_code").add("code", *code).add("redirect_uri", client.redirect_uri);
  body += "&";
  FormWriter(body).add("code_verifier", asked.verifier);
  return ask_for_tokens(at, client, std::move(body), asked.nonce);
}

Result<Tokens> SignIn::with_client_credentials(const Endpoints& at, const ClientFacts& client) {
  std::string body;
  FormWriter(body).add("grant_type", "client_credentials").add("scope", client.scope);
  return ask_for_tokens(at, client, std::move(body), {});
}

Result<Tokens> SignIn::with_refresh_token(const Endpoints& at, const ClientFacts& client, Bytes refresh_token) {
  std::string body;
  body.reserve(64 + 3 * refresh_token.size());
  FormWriter(body).add("grant_type", "refresh_token").add("refresh_token", as_text(refresh_token));
  return ask_for_tokens(at, client, std::move(body), {});
}

namespace {

// RFC 6749 clause 2.3.1; a public client says its name in the form.
void authenticate(const ClientFacts& client, http::ClientRequest& request) {
  if (client.client_secret.empty()) {
    request.body += request.body.empty() ? "" : "&";
    FormWriter(request.body).add("client_id", client.client_id);
    return;
  }
  std::string pair;
  pair.reserve(3 * (client.client_id.size() + client.client_secret.size()) + 1);
  codec::percent_encode(client.client_id, pair);
  pair += ":";
  codec::percent_encode(as_text(client.client_secret.reveal()), pair);
  std::string basic = "Basic ";
  basic.reserve(basic.size() + codec::base64_encoded_size(pair.size()));
  codec::base64_encode(as_bytes(pair), basic);
  wipe_text(pair);
  request.with("authorization", std::move(basic));
}

}  // namespace

Result<Tokens> SignIn::ask_for_tokens(const Endpoints& at, const ClientFacts& client, std::string form,
                                      std::string_view nonce) {
  http::ClientRequest request(http::Method::Post, at.token);
  request.content_type = kFormType;
  request.body = std::move(form);
  authenticate(client, request);
  auto sent = web_.send(std::move(request));
  CLAVIGER_TRY(response, std::move(sent));
  // It says nothing of him: another time.
  if (response.status >= 500) return Error{Code::Unreachable, "sign_in.token"};
  codec::JsonReader reader;
  auto parsed = reader.parse(response.body);
  wipe_text(response.body);
  if (!parsed) return parsed.error();
  CLAVIGER_TRY(object, parsed->as_object());
  if (response.status != 200) {
    journal_.complain("the identity server said " + optional_text(object, "error") + ": " +
                      optional_text(object, "error_description"));
    return Error{Code::AccessDenied, "sign_in.token"};
  }
  Tokens tokens;
  CLAVIGER_TRY(access, object.string_at("access_token"));
  tokens.access = SecretBytes(as_bytes(access));
  if (const auto refresh = object.string_at("refresh_token")) tokens.refresh = SecretBytes(as_bytes(*refresh));
  const auto lifetime = object.int_at("expires_in");
  tokens.expires_at = unix_now() + (lifetime && *lifetime > 0 ? *lifetime : 0);
  const auto scope = object.string_at("scope");
  tokens.scope = scope ? std::string(*scope) : client.scope;
  if (const auto id_token = object.string_at("id_token")) {
    CLAVIGER_TRY(read, read_id_token(*id_token, at.issuer, client.client_id, nonce, tokens));
  } else if (!nonce.empty() && (" " + client.scope + " ").find(" openid ") != std::string::npos) {
    return Error{Code::TokenClaims, "sign_in.id_token"};
  }
  reader.wipe();
  journal_.step("got an access token");
  journal_.detail("scope " + tokens.scope + (tokens.refresh.empty() ? "; no refresh token" : "; a refresh token"));
  return tokens;
}

Result<Unit> SignIn::revoke(const Endpoints& at, const ClientFacts& client, Bytes token) {
  if (at.revocation.empty()) return Error{Code::NotFound, "sign_off.endpoint"};
  http::ClientRequest request(http::Method::Post, at.revocation);
  request.content_type = kFormType;
  request.body.reserve(64 + 3 * token.size());
  FormWriter(request.body).add("token", as_text(token));
  authenticate(client, request);
  auto sent = web_.send(std::move(request));
  CLAVIGER_TRY(response, std::move(sent));
  if (response.status != 200) return Error{Code::Refused, "sign_off.revocation"};
  return Unit{};
}

}  // namespace claviger::ue
