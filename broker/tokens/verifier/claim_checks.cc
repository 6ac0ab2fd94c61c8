#include "broker/tokens/verifier/claim_checks.h"

#include <algorithm>

namespace claviger::tokens {

Result<Unit> check_issuer(const Claims& claims, std::string_view issuer) {
  if (claims.issuer.empty() || claims.issuer != issuer) return Error{Code::TokenIssuer, "jwt.iss"};
  return Unit{};
}

Result<Unit> check_audience(const Claims& claims, std::span<const std::string> accepted) {
  for (const std::string& audience : accepted) {
    if (claims.audiences.contains(audience)) return Unit{};
  }
  return Error{Code::TokenAudience, "jwt.aud"};
}

Result<Unit> check_times(const Claims& claims, std::int64_t now, std::int64_t leeway) {
  // Dates are below 2^53 (core/codec), so no sum overflows.
  if (!claims.expires) return Error{Code::TokenClaims, "jwt.exp"};
  if (now >= *claims.expires + leeway) return Error{Code::TokenExpired, "jwt.exp"};
  if (claims.not_before && *claims.not_before > now + leeway) return Error{Code::TokenNotYetValid, "jwt.nbf"};
  if (claims.issued_at && *claims.issued_at > now + leeway) return Error{Code::TokenIssuedInFuture, "jwt.iat"};
  return Unit{};
}

Result<Unit> check_access_token_form(const Claims& claims) {
  if (claims.subject.empty()) return Error{Code::TokenSubject, "jwt.sub"};
  if (claims.client_id.empty()) return Error{Code::TokenClaims, "jwt.client_id"};
  if (claims.scope.empty()) return Error{Code::TokenClaims, "jwt.scope"};
  if (claims.jti.empty()) return Error{Code::TokenClaims, "jwt.jti"};
  if (!claims.issued_at) return Error{Code::TokenClaims, "jwt.iat"};
  return Unit{};
}

Result<Unit> check_binding(const Claims& claims, const Presentation& presentation, bool is_required) {
  constexpr Error kFault{Code::TokenBinding, "jwt.cnf"};
  if (!claims.confirmation) {
    // A DPoP proof beside a plain bearer token: somebody has replaced the token (RFC 9449 clause 7.1).
    if (is_required || presentation.key != nullptr) return kFault;
    return Unit{};
  }
  const Confirmation& confirmation = *claims.confirmation;
  if (!confirmation.certificate && !confirmation.key) return kFault;  // a method that we do not know
  if (confirmation.certificate &&
      (presentation.certificate == nullptr || *presentation.certificate != *confirmation.certificate)) {
    return kFault;
  }
  if (confirmation.key.has_value() != (presentation.key != nullptr)) return kFault;
  if (confirmation.key && *presentation.key != *confirmation.key) return kFault;
  return Unit{};
}

Result<Unit> check_scopes(const Claims& claims, std::span<const std::string> all, std::span<const std::string> any) {
  const auto has = [&claims](const std::string& name) { return claims.has_scope(name); };
  if (!std::all_of(all.begin(), all.end(), has)) return Error{Code::TokenScope, "jwt.scope"};
  if (!any.empty() && std::none_of(any.begin(), any.end(), has)) return Error{Code::TokenScope, "jwt.scope"};
  return Unit{};
}

Result<Unit> check_identity(const Claims& claims, McService service, std::string_view claimed) {
  if (service == McService::None) return Unit{};
  const std::string_view identity = claims.mc_id(service);
  if (identity.empty()) return Error{Code::TokenIdentity, mc_id_claim(service)};
  if (!claimed.empty() && claimed != identity) return Error{Code::TokenIdentity, mc_id_claim(service)};
  return Unit{};
}

}  // namespace claviger::tokens
