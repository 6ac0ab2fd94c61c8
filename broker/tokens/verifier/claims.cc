#include "broker/tokens/verifier/claims.h"

#include <algorithm>
#include <memory>
#include <type_traits>

#include "broker/tokens/verifier/compact_token.h"
#include "broker/tokens/verifier/revocation.h"
#include "core/base/bytes.h"
#include "core/codec/base64url.h"

namespace claviger::tokens {
namespace {

// base64url of 32 bytes.
constexpr std::size_t kThumbprintCharacters = 43;

bool read_text(const codec::JsonValue& value, std::string_view& out, std::size_t bytes_max) {
  const Result<std::string_view> text = value.as_string();
  if (!text || text->size() > bytes_max) return false;
  // By halves: loading both at once just after they were stored one by one stalls for 5 ns, ten times a token.
  out = std::string_view(text->data(), text->size());
  return true;
}

bool read_date(const codec::JsonValue& value, std::optional<std::int64_t>& out) {
  const Result<std::int64_t> date = value.as_numeric_date();
  if (!date) return false;
  out = *date;
  return true;
}

bool read_audiences(const codec::JsonValue& value, Audiences& out) {
  const Result<Audiences> audiences = Audiences::read(value);
  if (!audiences) return false;
  out = *audiences;
  return true;
}

bool read_thumbprint(const codec::JsonValue& value, std::optional<Confirmation::Thumbprint>& out) {
  std::string_view text;
  if (!read_text(value, text, kThumbprintCharacters)) return false;
  Confirmation::Thumbprint thumbprint;
  const Result<std::size_t> decoded = codec::base64url_decode(text, thumbprint);
  if (!decoded || *decoded != thumbprint.size()) return false;
  out = thumbprint;
  return true;
}

bool read_confirmation(const codec::JsonValue& value, std::optional<Confirmation>& out) {
  const Result<codec::JsonObject> object = value.as_object();
  if (!object) return false;
  Confirmation& confirmation = out.emplace();  // with neither of the two, nobody can prove it: claim_checks.h refuses
  for (const codec::JsonMember member : *object) {
    if (member.name == "x5t#S256" && !read_thumbprint(member.value, confirmation.certificate)) return false;
    if (member.name == "jkt" && !read_thumbprint(member.value, confirmation.key)) return false;
  }
  return true;
}

// By length first: a dozen comparisons of names become one or two.
bool read_claim(const codec::JsonMember& member, Claims& claims) {
  const std::string_view name = member.name;
  const codec::JsonValue& value = member.value;
  switch (name.size()) {
    case 3:
      if (name == "iss") return read_text(value, claims.issuer, kIssuerMax);
      if (name == "sub") return read_text(value, claims.subject, kTokenIdMax);
      if (name == "aud") return read_audiences(value, claims.audiences);
      if (name == "exp") return read_date(value, claims.expires);
      if (name == "iat") return read_date(value, claims.issued_at);
      if (name == "nbf") return read_date(value, claims.not_before);
      if (name == "jti") return read_text(value, claims.jti, kTokenIdMax);
      if (name == "sid") return read_text(value, claims.sid, kTokenIdMax);
      if (name == "acr") return read_text(value, claims.acr, kTokenIdMax);
      if (name == "cnf") return read_confirmation(value, claims.confirmation);
      return true;
    case 5:
      if (name == "scope") return read_text(value, claims.scope, kTokenBytesMax);
      return true;
    case 8:
      if (name == "mcptt_id") return read_text(value, claims.mc_ids[0], kMcIdMax);
      return true;
    case 9:
      if (name == "client_id") return read_text(value, claims.client_id, kTokenIdMax);
      if (name == "mcdata_id") return read_text(value, claims.mc_ids[2], kMcIdMax);
      if (name == "auth_time") return read_date(value, claims.auth_time);
      return true;
    case 10:
      if (name == "mcvideo_id") return read_text(value, claims.mc_ids[1], kMcIdMax);
      return true;
    default:
      return true;
  }
}

// The code of the check that the claim could never pass.
Error fault_of(std::string_view name) {
  if (name == "iss") return {Code::TokenIssuer, "jwt.iss"};
  if (name == "sub") return {Code::TokenSubject, "jwt.sub"};
  if (name == "aud") return {Code::TokenAudience, "jwt.aud"};
  if (name == "cnf") return {Code::TokenBinding, "jwt.cnf"};
  for (const std::string_view literal : {"exp", "iat", "nbf", "jti", "sid", "acr", "scope", "client_id", "auth_time",
                                         "mcptt_id", "mcvideo_id", "mcdata_id"}) {
    if (name == literal) return {Code::TokenClaims, literal};
  }
  return {Code::TokenClaims, "jwt"};
}

}  // namespace

Result<Audiences> Audiences::read(const codec::JsonValue& value) {
  Audiences audiences;
  audiences.value_ = value;
  if (value.as_string()) {
    audiences.count_ = 1;
    return audiences;
  }
  const Result<codec::JsonArray> array = value.as_array();
  if (!array) return Error{Code::TokenAudience, "jwt.aud"};
  for (const codec::JsonValue member : *array) {
    if (!member.as_string()) return Error{Code::TokenAudience, "jwt.aud"};
    ++audiences.count_;
  }
  return audiences;
}

bool Audiences::contains(std::string_view audience) const {
  bool found = false;
  for_each([&](std::string_view member) { found = found || member == audience; });
  return found;
}

bool Claims::has_scope(std::string_view name) const {
  if (name.empty()) return false;
  for (std::size_t at = 0; at < scope.size();) {
    const std::size_t end = std::min(scope.find(' ', at), scope.size());
    if (scope.substr(at, end - at) == name) return true;
    at = end + 1;
  }
  return false;
}

static_assert(std::is_trivially_destructible_v<Claims>);

Result<Unit> Claims::read(const codec::JsonValue& value, std::string_view text) {
  std::construct_at(this);  // nothing in here owns anything; assigning a fresh one would write all of it twice
  const Result<codec::JsonObject> object = value.as_object();
  if (!object) return Error{Code::TokenClaims, "jwt"};
  for (const codec::JsonMember member : *object) {
    if (read_claim(member, *this)) continue;
    std::construct_at(this);
    return fault_of(member.name);
  }
  all = *object;
  json = text;
  return Unit{};
}

}  // namespace claviger::tokens
