// The JWS algorithms we sign and verify with (RFC 7518 clause 3.1, RFC 8037), and no others: no "none", no
// MACs.
//
// A key carries its one algorithm; a token's header is only compared with it (RFC 8725 clause 3.1).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace claviger::crypto {

// The numbers are stored in records: never reuse one.
enum class SignatureAlgorithm : std::uint8_t { Es256 = 0, EdDsa = 1, Rs256 = 2 };

// The "alg" value as the standards write it. Exact: "es256" is not "ES256".
constexpr std::string_view name_of(SignatureAlgorithm algorithm) {
  switch (algorithm) {
    case SignatureAlgorithm::Es256:
      return "ES256";
    case SignatureAlgorithm::EdDsa:
      return "EdDSA";
    case SignatureAlgorithm::Rs256:
      return "RS256";
  }
  return "?";
}

constexpr std::optional<SignatureAlgorithm> signature_algorithm_named(std::string_view name) {
  for (const auto algorithm : {SignatureAlgorithm::Es256, SignatureAlgorithm::EdDsa, SignatureAlgorithm::Rs256}) {
    if (name == name_of(algorithm)) return algorithm;
  }
  return std::nullopt;
}

}  // namespace claviger::crypto
