// What VAL identities look like, and how the provisioned ones are kept (TS 23.434 clause 7; broker/provisioning writes
// them, the token endpoint reads them).
//
// Rows of tables::kValIdentities, without a value; several configurations may name the same identity:
//   tenant NUL "user" | "ue" NUL identity NUL VAL service ID NUL confId
// and, from the commit that takes an identity out until his sessions have ended:
//   tenant NUL "gone" NUL "user" | "ue" NUL identity NUL VAL service ID
// Pure functions, any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace claviger::identity {

inline constexpr std::string_view kValKind = "val";    // of mc_identity_key(): who has a VAL user ID
inline constexpr std::string_view kValScope = "val:";  // followed by the VAL service ID
inline constexpr std::string_view kSealKeyScope = "3gpp:seal:key_management";

// Providers that one person is a user of; each costs one range read a token.
inline constexpr std::size_t kValUserIdsMax = 8;
// VAL services of one user, one agreement, one configuration: a token carries their names.
inline constexpr std::size_t kValServicesMax = 64;
// Of VAL user, UE and server IDs: a URI as the MC identities are, short enough for a key of five parts.
inline constexpr std::size_t kValIdentityBytesMax = 255;
// Of VAL service IDs: it must fit into a scope.
inline constexpr std::size_t kValServiceBytesMax = 128;

// 1 to 255 bytes of UTF-8 without blanks and control characters.
bool is_val_identity(std::string_view text);
// 1 to 128 characters that a scope may have.
bool is_val_service_id(std::string_view text);
// "val:" and a VAL service ID.
bool is_val_scope(std::string_view scope);

// What a token says of a VAL user.
struct ValClaims {
  std::string user_id;  // empty: none
  std::string ue_id;    // empty: none
  std::vector<std::string> service_ids;
};

}  // namespace claviger::identity
