#include "broker/partners/security_token.h"

#include <algorithm>
#include <array>

#include "broker/identity/owned_domains.h"
#include "broker/identity/scope_grant.h"
#include "broker/tokens/token_shard.h"
#include "broker/tokens/verifier/claim_checks.h"
#include "broker/tokens/verifier/compact_token.h"
#include "core/codec/base64url.h"
#include "core/codec/json_writer.h"

namespace claviger::partners {
namespace {

constexpr std::string_view kType = "mcx-st+jwt";
constexpr std::array<std::string_view, 1> kStrictTypes{kType};
constexpr std::array<std::string_view, 2> kLenientTypes{kType, "jwt"};
constexpr std::size_t kAcrMax = 255;

Error invalid(std::string_view where) { return {Code::AssertionInvalid, where}; }

// A text that may stand in a key of ours.
bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= tokens::kTokenIdMax && text.find('\0') == std::string_view::npos;
}

// Absent is empty.
Result<std::string> optional_text(const codec::JsonObject& claims, std::string_view name, std::size_t bytes_max) {
  const auto value = claims.find(name);
  if (!value) return std::string();
  const auto text = value->as_string();
  if (!text || text->size() > bytes_max || text->find('\0') != std::string_view::npos)
    return invalid("assertion.claims");
  return std::string(*text);
}

Result<std::string> mc_identity(const codec::JsonObject& claims, std::string_view name, const Partner& partner) {
  CLAVIGER_TRY(identity, optional_text(claims, name, tokens::kMcIdMax));
  // A blank would make two of it, where lists of identities are read: one of the partner's domains, the other of anybody's.
  // And it is a URI (RFC 3986 clause 2): no octet of it is beyond ASCII, whatever sign a char has here.
  const auto is_foreign = [](unsigned char octet) { return octet <= ' ' || octet >= 0x7f; };
  if (std::ranges::any_of(identity, is_foreign)) return invalid("assertion.identity");
  // A partner that names users of somebody else's domain.
  if (!identity.empty() && !is_in_domains(identity, partner.domains)) return invalid("assertion.domain");
  return identity;
}

Result<Unit> check_times(const tokens::Claims& claims, std::int64_t now) {
  const std::int64_t leeway = tokens::kLeewayMax.count();
  if (!tokens::check_times(claims, now, leeway)) return invalid("assertion.times");
  if (!claims.issued_at) return invalid("assertion.iat");
  // Bounds the replay record, and what a stolen one is worth.
  if (*claims.expires > now + kSecurityTokenLife.count() + leeway) return invalid("assertion.exp");
  return Unit{};
}

Result<CheckedSecurityToken> read_claims(const tokens::Claims& claims, const Partner& partner, std::int64_t now) {
  if (!is_id(claims.subject)) return invalid("assertion.sub");
  if (!is_id(claims.jti)) return invalid("assertion.jti");
  if (!claims.sid.empty() && !is_id(claims.sid)) return invalid("assertion.sid");
  CheckedSecurityToken token;
  token.origin.sub = claims.subject;
  token.origin.jti = claims.jti;
  token.origin.sid = claims.sid;
  token.origin.issued_at = *claims.issued_at;
  token.expires_at = *claims.expires;
  CLAVIGER_TRY(access_token_jti, optional_text(*claims.all, "x_at_jti", tokens::kTokenIdMax));
  token.origin.access_token_jti = std::move(access_token_jti);
  CLAVIGER_TRY(acr, optional_text(*claims.all, "acr", kAcrMax));
  token.acr = std::move(acr);
  CLAVIGER_TRY(mc_id, mc_identity(*claims.all, "mc_id", partner));
  token.mc_id = std::move(mc_id);
  CLAVIGER_TRY(mcptt_id, mc_identity(*claims.all, "mcptt_id", partner));
  token.mcptt_id = std::move(mcptt_id);
  CLAVIGER_TRY(mcvideo_id, mc_identity(*claims.all, "mcvideo_id", partner));
  token.mcvideo_id = std::move(mcvideo_id);
  CLAVIGER_TRY(mcdata_id, mc_identity(*claims.all, "mcdata_id", partner));
  token.mcdata_id = std::move(mcdata_id);
  if (const auto value = claims.all->find("x_session_exp")) {
    const auto date = value->as_numeric_date();
    if (!date || *date <= now) return invalid("assertion.session");
    token.session_expires_at = *date;
  }
  if (claims.all->find("x_scope")) {
    CLAVIGER_TRY(scope, optional_text(*claims.all, "x_scope", tokens::kTokenBytesMax));
    token.scopes.emplace();
    if (!scope.empty()) {
      const auto scopes = identity::parse_scope(scope);
      if (!scopes) return invalid("assertion.scope");
      token.scopes->assign(scopes->begin(), scopes->end());
    }
  }
  return token;
}

void write_confirmation(codec::JsonWriter<std::string>& json, const tokens::Confirmation& confirmation) {
  json.name("cnf").begin_object();
  const auto put = [&](std::string_view name, const std::optional<tokens::Confirmation::Thumbprint>& thumbprint) {
    if (!thumbprint) return;
    std::string text;
    codec::base64url_encode(*thumbprint, text);
    json.member(name, text);
  };
  put("jkt", confirmation.key);
  put("x5t#S256", confirmation.certificate);
  json.end_object();
}

// As to a resource server, but that a proof beside a token that demands none binds what comes of it, and no more.
Result<Unit> check_holder(const tokens::Claims& claims, tokens::Presentation presentation) {
  if (!claims.confirmation || !claims.confirmation->key) presentation.key = nullptr;
  if (!tokens::check_binding(claims, presentation, false)) return invalid("assertion.cnf");
  return Unit{};
}

}  // namespace

Result<MadeSecurityToken> make_security_token(broker::Context& context, const broker::TenantView& tenant,
                                              const Partner& partner, const SecurityTokenClaims& claims) {
  const std::int64_t now = numeric_date(context.shard.wall());
  const std::int64_t expires_at = std::min(now + kSecurityTokenLife.count(), claims.session_expires_at);
  if (expires_at <= now) return Error{Code::ExchangeSubject, "exchange.session"};
  CLAVIGER_TRY(jti, context.tokens->random_id());
  MadeSecurityToken made;
  made.jti.assign(jti.data(), jti.size());
  made.lifetime = Seconds{expires_at - now};
  std::string payload;
  codec::JsonWriter json(payload);
  json.begin_object().member("iss", tenant.tenant.issuer).member("sub", claims.sub);
  json.name("aud").begin_array().value(claims.client_id).value(partner.resource).end_array();
  json.member("exp", expires_at).member("iat", now).member("jti", made.jti).member("sid", claims.sid);
  json.member("x_scope", claims.scope);
  if (claims.confirmation) write_confirmation(json, *claims.confirmation);
  json.member("x_at_jti", claims.access_token_jti).member("x_session_exp", claims.session_expires_at);
  if (claims.auth_time != 0) json.member("auth_time", claims.auth_time);
  const std::array<std::pair<std::string_view, std::string_view>, 5> texts{{{"acr", claims.acr},
                                                                            {"mc_id", claims.mc_id},
                                                                            {"mcptt_id", claims.mcptt_id},
                                                                            {"mcvideo_id", claims.mcvideo_id},
                                                                            {"mcdata_id", claims.mcdata_id}}};
  for (const auto& [name, text] : texts) {
    if (!text.empty()) json.member(name, text);
  }
  json.end_object();
  CLAVIGER_TRY(token, tokens::token_of(context, tenant, partner.is_strict_type ? kType : "JWT", payload));
  made.unsigned_token = std::move(token);
  return made;
}

Result<std::string> unverified_issuer(codec::JsonReader& reader, std::string_view token) {
  const auto parts = tokens::split_compact(token);
  if (!parts) return invalid("assertion.segments");
  std::array<std::byte, tokens::kTokenBytesMax> decoded;
  const auto size = codec::base64url_decode(parts->payload, decoded);
  if (!size) return invalid("assertion.payload");
  const auto value = reader.parse(as_text(Bytes(decoded).first(*size)));
  if (!value) return invalid("assertion.payload");
  const auto claims = value->as_object();
  if (!claims) return invalid("assertion.payload");
  const auto issuer = claims->string_at("iss");
  if (!issuer || issuer->empty()) return invalid("assertion.iss");
  return std::string(*issuer);
}

Result<CheckedSecurityToken> check_security_token(tokens::Verifier& verifier, std::string_view token,
                                                  const SecurityTokenRules& rules) {
  const Partner& partner = rules.partner->partner;
  // 1. With that partner's keys only: a key of ours, or of another partner, is none of his.
  CLAVIGER_TRY(keys, rules.partner->usable_keys(rules.now));
  tokens::JwsRules jws;
  jws.keys = keys;
  if (partner.is_strict_type) {
    jws.types = kStrictTypes;
  } else {
    jws.types = kLenientTypes;
    jws.typ_may_be_absent = true;
  }
  const auto verified = verifier.verify_jws(token, jws);
  if (!verified) {
    return verified.error().code == Code::TokenKeyUnknown ? verified.error() : invalid(verified.error().where);
  }
  const tokens::Claims& claims = *verified->claims;
  // 2. His, for us, now.
  if (!tokens::check_issuer(claims, partner.issuer)) return invalid("assertion.iss");
  if (!tokens::check_audience(claims, rules.audiences)) return invalid("assertion.aud");
  CLAVIGER_TRY(in_time, check_times(claims, rules.now));
  // 3. Shown by whom it was made for, and about whom.
  CLAVIGER_TRY(held, check_holder(claims, rules.presentation));
  CLAVIGER_TRY(checked, read_claims(claims, partner, rules.now));
  if (claims.confirmation && claims.confirmation->certificate) {
    checked.certificate_digest = as_text(*claims.confirmation->certificate);
  }
  if (!is_id(verified->kid)) return invalid("assertion.kid");
  checked.origin.kid = verified->kid;
  return checked;
}

bool is_in_domains(std::string_view mc_identity, const std::vector<std::string>& domains) {
  return domains.empty() || identity::lies_in_domains(mc_identity, domains);
}

}  // namespace claviger::partners
