// An authorization code that was given out (RFC 6749 clause 4.1.2, TS 33.180 clause B.4.2.3) and all it is bound to.
//
//   code   = base64url( moment secret )         ; 4 and 28 octets
//   moment = the first octets of the interaction's id: the second it began in
//   secret = HKDF(interaction key of the installation, id of the interaction)
//
// An interaction has one code, however often it is made, so the record says both that the code was given out and that
// the interaction was used: it is written expecting that there is none, and kept for as long as either lives.
//
// Record of tables::kCodes, key tenant + hexadecimal moment and SHA-256 of the code: the code itself is not kept, and
// codes of one minute lie side by side. Written at sign-in, changed once, at redemption or when the user does not
// consent. Home shard: home_of("code/" tenant "/" digest). A code lives for lifetimes.authorization_code; its record
// stays kRedeemedCodeKept after a redemption, with the session that came of it, so that a second redemption is
// recognised and ends that session; and as long after the end of its interaction, so that a form which was opened in
// that interaction's last second and waits for a password's hash does not make the same code anew.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/context.h"
#include "broker/identity/interaction.h"
#include "broker/identity/ue_naming.h"
#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/runtime/task.h"
#include "storage/transaction.h"
#include "storage/value.h"

namespace claviger::identity {

// A stolen code is tried at once or not at all; ten minutes also cover what clients retry by themselves.
inline constexpr Seconds kRedeemedCodeKept{600};

struct AuthorizationCode {
  std::string digest;  // code_digest(); the key
  std::string client_id;
  std::string redirect_uri;  // as requested
  std::string sub;
  std::vector<std::string> scopes;        // granted
  std::array<std::byte, 32> challenge{};  // SHA-256 of the verifier (RFC 7636)
  std::string nonce;
  std::string acr;
  std::vector<std::string> amr;
  std::int64_t auth_time = 0;
  std::string source;  // address of the sign-in, for the operator's eyes only
  std::int64_t expires_at = 0;
  std::string session;         // sid of the redemption; empty: not redeemed yet
  std::string dpop_key;        // 32 bytes: thumbprint of the one key that may redeem it (RFC 9449 clause 10); or empty
  std::uint64_t version = 0;   // of the record; not stored in it
  UeName ue;                   // on which the user signed in
  std::uint32_t claims = 0;    // asked for one by one, and his: requested_claims.h
  std::int64_t issued_at = 0;  // NumericDate
  std::int64_t interaction_expires_at = 0;  // NumericDate; until then and a while longer the record says: used
};

// How long it is remembered that an interaction was used, or cancelled.
constexpr std::int64_t interaction_kept_until(std::int64_t interaction_expires_at) {
  return interaction_expires_at + kRedeemedCodeKept.count();
}

inline constexpr std::size_t kCodeBytes = 32;

// The code of this interaction.
SecretBytes code_of(const Secret<32>& key, std::string_view tenant, const Interaction& interaction);
// Of whatever somebody calls a code.
std::string code_digest(std::string_view code);

std::string code_key(std::string_view tenant, std::string_view digest);
// CodeInvalid: there is none, or it has expired.
runtime::Task<Result<AuthorizationCode>> read_code(broker::Context* context, std::string tenant, std::string digest);
// The record stays until then at least.
void put_code(storage::Transaction& transaction, std::string_view tenant, const AuthorizationCode& code,
              std::int64_t kept_until);
std::string encode_code(const AuthorizationCode& code);
Result<AuthorizationCode> decode_code(const storage::Value& value, std::string_view digest);

}  // namespace claviger::identity
