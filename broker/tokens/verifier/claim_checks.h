// The questions a verifier asks of claims whose signature holds, one function a step (RFC 7519 clause 4.1, RFC 9068
// clause 4, RFC 8705, RFC 9449, TS 33.180 clause B.10): for access tokens Verifier asks all of them in order; for other
// JWTs (client assertions, ID token hints, logout and security tokens) the caller asks those that apply.
//
// Pure functions, any thread that owns the claims.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "broker/tokens/verifier/claims.h"
#include "broker/tokens/verifier/verification_policy.h"
#include "core/base/result.h"

namespace claviger::tokens {

// TokenIssuer unless iss is exactly `issuer`: no trailing slash, no other case.
Result<Unit> check_issuer(const Claims& claims, std::string_view issuer);
// TokenAudience unless one of `accepted` is exactly a member of aud.
Result<Unit> check_audience(const Claims& claims, std::span<const std::string> accepted);
// TokenClaims without exp; TokenExpired from `leeway` after exp on; TokenNotYetValid, TokenIssuedInFuture when nbf, iat
// lie more than `leeway` ahead.
Result<Unit> check_times(const Claims& claims, std::int64_t now, std::int64_t leeway);
// What an access token must have (RFC 9068 clause 2.2, TS 33.180 clause B.2.2): TokenSubject without sub, TokenClaims
// without client_id, scope, jti or iat.
Result<Unit> check_access_token_form(const Claims& claims);
// TokenBinding when the token is bound to what was not presented, or not bound although it must be.
Result<Unit> check_binding(const Claims& claims, const Presentation& presentation, bool is_required);
// TokenScope.
Result<Unit> check_scopes(const Claims& claims, std::span<const std::string> all, std::span<const std::string> any);
// TokenIdentity unless the token has an identity for `service`, and the one that the request claims, if it claims any.
Result<Unit> check_identity(const Claims& claims, McService service, std::string_view claimed);

}  // namespace claviger::tokens
