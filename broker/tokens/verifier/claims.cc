#include "broker/tokens/verifier/claims.h"

#include "broker/tokens/verifier/revocation.h"
#include "core/base/bytes.h"
#include "core/codec/base64url.h"

namespace claviger::tokens {
namespace {

// base64url of 32 bytes.
constexpr std::size_t kThumbprintCharacters = 43;

Result<Unit> read_text(const codec::JsonValue& value, std::string_view& out, std::size_t bytes_max, Error fault) {
  const Result<std::string_view> text = value.as_string();
  if (!text || text->size() > bytes_max) return fault;
  out = *text;
  return Unit{};
}

Result<Unit> read_date(const codec::JsonValue& value, std::optional<std::int64_t>& out, std::string_view where) {
  const Result<std::int64_t> date = value.as_numeric_date();
  if (!date) return Error{Code::TokenClaims, where};
  out = *date;
  return Unit{};
}

Result<Unit> read_thumbprint(const codec::JsonValue& value, std::optional<Confirmation::Thumbprint>& out) {
  const Result<std::string_view> text = value.as_string();
  if (!text || text->size() != kThumbprintCharacters) return Error{Code::TokenBinding, "jwt.cnf"};
  Confirmation::Thumbprint thumbprint;
  if (const auto decoded = codec::base64url_decode(*text, thumbprint); !decoded || *decoded != thumbprint.size()) {
    return Error{Code::TokenBinding, "jwt.cnf"};
  }
  out = thumbprint;
  return Unit{};
}

Result<Confirmation> read_confirmation(const codec::JsonValue& value) {
  const Result<codec::JsonObject> object = value.as_object();
  if (!object) return Error{Code::TokenBinding, "jwt.cnf"};
  Confirmation confirmation;
  for (const codec::JsonMember member : *object) {
    if (member.name == "x5t#S256") {
      CLAVIGER_TRY(read, read_thumbprint(member.value, confirmation.certificate));
    } else if (member.name == "jkt") {
      CLAVIGER_TRY(read, read_thumbprint(member.value, confirmation.key));
    }
  }
  return confirmation;  // with neither, nobody can prove it: claim_checks.h refuses
}

Result<Unit> read_claim(const codec::JsonMember& member, Claims& claims) {
  const std::string_view name = member.name;
  const codec::JsonValue& value = member.value;
  // By length first: a dozen comparisons of names become one or two.
  switch (name.size()) {
    case 3:
      if (name == "iss") return read_text(value, claims.issuer, kIssuerMax, {Code::TokenIssuer, "jwt.iss"});
      if (name == "sub") return read_text(value, claims.subject, kTokenIdMax, {Code::TokenSubject, "jwt.sub"});
      if (name == "exp") return read_date(value, claims.expires, "jwt.exp");
      if (name == "iat") return read_date(value, claims.issued_at, "jwt.iat");
      if (name == "nbf") return read_date(value, claims.not_before, "jwt.nbf");
      if (name == "jti") return read_text(value, claims.jti, kTokenIdMax, {Code::TokenClaims, "jwt.jti"});
      if (name == "sid") return read_text(value, claims.sid, kTokenIdMax, {Code::TokenClaims, "jwt.sid"});
      if (name == "acr") return read_text(value, claims.acr, kTokenIdMax, {Code::TokenClaims, "jwt.acr"});
      if (name == "aud") {
        CLAVIGER_TRY(audiences, Audiences::read(value));
        claims.audiences = audiences;
      } else if (name == "cnf") {
        CLAVIGER_TRY(confirmation, read_confirmation(value));
        claims.confirmation = confirmation;
      }
      return Unit{};
    case 5:
      // Bounded by the token's size.
      if (name == "scope") return read_text(value, claims.scope, name.npos, {Code::TokenClaims, "jwt.scope"});
      return Unit{};
    case 8:
      if (name == "mcptt_id") return read_text(value, claims.mc_ids[0], kMcIdMax, {Code::TokenClaims, "jwt.mcptt_id"});
      return Unit{};
    case 9:
      if (name == "client_id") {
        return read_text(value, claims.client_id, kTokenIdMax, {Code::TokenClaims, "jwt.client_id"});
      }
      if (name == "mcdata_id") return read_text(value, claims.mc_ids[2], kMcIdMax, {Code::TokenClaims, "jwt.mcdata_id"});
      if (name == "auth_time") return read_date(value, claims.auth_time, "jwt.auth_time");
      return Unit{};
    case 10:
      if (name == "mcvideo_id") {
        return read_text(value, claims.mc_ids[1], kMcIdMax, {Code::TokenClaims, "jwt.mcvideo_id"});
      }
      return Unit{};
    default:
      return Unit{};
  }
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

Result<Claims> read_claims(const codec::JsonValue& value, std::string_view json) {
  const Result<codec::JsonObject> object = value.as_object();
  if (!object) return Error{Code::TokenClaims, "jwt"};
  Claims claims;
  for (const codec::JsonMember member : *object) {
    CLAVIGER_TRY(read, read_claim(member, claims));
  }
  claims.all = *object;
  claims.json = json;
  return claims;
}

}  // namespace claviger::tokens
