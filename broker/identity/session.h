// A user's session on one UE with one client: what a code redemption makes and refresh, sign-off and revocation change.
//
// Record of tables::kSessions, key tenant + sid, expires with the session; index row in kUserSessions. Home shard:
// home_of("session/" tenant "/" sid).
//
// Refresh tokens are not stored. The token of generation g is
//   base64url( sid (16 bytes) | g (u32 BE) | HMAC-SHA256(refresh key of the installation, tenant NUL sid | g | salt) )
// with `salt` random per session, so that a copy of the records alone, or of the key alone, makes no token; a client
// that lost an answer gets the same successor again (RFC 9700 rotation with a grace of kRefreshGrace).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "storage/value.h"

namespace claviger::identity {

inline constexpr Seconds kRefreshGrace{10};

enum class SessionState : std::uint8_t { Active = 0, SignedOff = 1, Revoked = 2, Replaced = 3 };

struct Session {
  std::string sid;  // 22 characters base64url: the second it began in, 96 random bits
  std::string sub;
  std::string client_id;
  std::string ue_id;  // empty until the device rules come
  SessionState state = SessionState::Active;
  std::vector<std::string> scopes;  // granted
  std::string acr;
  std::vector<std::string> amr;
  std::int64_t auth_time = 0;
  std::int64_t created_at = 0;
  std::int64_t last_used_at = 0;
  std::int64_t expires_at = 0;           // absolute end
  std::uint32_t refresh_generation = 0;  // the generation that is valid now
  std::int64_t rotated_at_ms = 0;        // when it became valid
  bool was_grace_used = false;           // the previous generation was already retried once
  std::string refresh_salt;              // 16 random bytes
  std::string certificate_digest;        // 32 bytes when tokens are certificate-bound, else empty
  std::string source;                    // address, for the operator's eyes only
  std::string dpop_key;                  // 32 bytes when tokens are bound to a key (RFC 9449), else empty
  std::uint64_t version = 0;             // of the record; not stored in it
  // Of a session that a partner's security token made (broker/partners); empty for a sign-in here.
  std::string partner;  // the partner's name
  std::string primary_issuer;
  std::string primary_sub;            // who the user is there
  std::string primary_mc_service_id;  // his MC service ID there: TS 23.280 clause 10.6.3
  std::uint32_t claims = 0;           // asked for one by one: requested_claims.h
};

std::string session_key(std::string_view tenant, std::string_view sid);
std::string user_session_key(std::string_view tenant, std::string_view sub, std::string_view sid);
std::string encode_session(const Session& session);
Result<Session> decode_session(const storage::Value& value, std::string_view sid);

}  // namespace claviger::identity
