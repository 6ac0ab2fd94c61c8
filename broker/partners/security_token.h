// Security tokens: what a user of one system shows to another system's IdMS (TS 33.180 clauses B.8 and B.11.3, RFC 7523
// clause 3).
//
//   {"iss":"https://idms.alpha.example/..","sub":"9hX..","aud":["mcptt-app","https://idms.bravo.example/.."],
//    "exp":1764000600,"iat":1764000000,"jti":"..","sid":"..","x_at_jti":"..","x_session_exp":1764036000,
//    "x_scope":"openid 3gpp:mc:ptt_service","cnf":{"jkt":".."},
//    "auth_time":1763999000,"acr":"3gpp:acr:password","mc_id":"sip:ann@alpha.example","mcptt_id":"sip:ann.ptt@alpha.example"}
//
// What begins with x_, and sid: so that what ends in the home system ends with the partner too, and nobody gets more there
// than the token that he exchanged gave him; product decision. cnf as in that token (RFC 7800).
// Made and checked on the asking shard, inline.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/context.h"
#include "broker/partners/derived_sessions.h"
#include "broker/partners/partner_table.h"
#include "broker/tokens/issuer.h"
#include "broker/tokens/verifier/verifier.h"
#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/codec/json_reader.h"

namespace claviger::partners {

inline constexpr Seconds kSecurityTokenLife{600};  // TS 33.180's example; spec 1.9: no longer

struct SecurityTokenClaims {
  std::string_view sub;
  std::string_view client_id;
  std::string_view sid;
  std::string_view access_token_jti;
  std::string_view acr;
  std::int64_t auth_time = 0;
  std::int64_t session_expires_at = 0;
  std::string_view mc_id, mcptt_id, mcvideo_id, mcdata_id;  // empty: none
  std::string_view scope;                                   // what the access token gives, and so this no more
  std::optional<tokens::Confirmation> confirmation;         // who holds the access token holds this
};
struct MadeSecurityToken {
  tokens::UnsignedToken unsigned_token;
  std::string token;  // when its maker has had it signed
  std::string jti;
  Seconds lifetime{0};
};
Result<MadeSecurityToken> make_security_token(broker::Context& context, const broker::TenantView& tenant,
                                              const Partner& partner, const SecurityTokenClaims& claims);

// A partner's, checked. Every text is the partner's word, bounded and without NUL.
struct CheckedSecurityToken {
  PrimaryOrigin origin;
  std::string acr;
  std::string mc_id;
  std::string mcptt_id, mcvideo_id, mcdata_id;
  std::int64_t expires_at = 0;
  std::int64_t session_expires_at = 0;  // 0: not said
  // What he has at home; nothing: the partner does not say.
  std::optional<std::vector<std::string>> scopes;
  std::string certificate_digest;  // of the certificate that was shown as cnf demands; empty: none was demanded
};

// The iss of a token that nobody has verified: to choose whose keys to try, and for nothing else. AssertionInvalid.
Result<std::string> unverified_issuer(codec::JsonReader& reader, std::string_view token);

struct SecurityTokenRules {
  const PartnerView* partner;
  std::vector<std::string> audiences;  // our issuer and token endpoint
  std::int64_t now;
  tokens::Presentation presentation;  // what the request proves to hold: cnf
};
// AssertionInvalid, PartnerKeysMissing; TokenKeyUnknown: the partner may have a key that we do not know yet.
Result<CheckedSecurityToken> check_security_token(tokens::Verifier& verifier, std::string_view token,
                                                  const SecurityTokenRules& rules);

// True when there are no domains to lie in, or the host part of this MC identity is one of them. Only of sip:, sips: and
// what has an authority (https://): whatever else there is has no host.
bool is_in_domains(std::string_view mc_identity, const std::vector<std::string>& domains);

}  // namespace claviger::partners
