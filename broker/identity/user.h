// An MC user as the identity management server knows him (TS 33.180 clause 5.1.2, TS 23.280 clause 10.1).
//
// Record of tables::kUsers, key tenant + sub. Home shard: home_of("user/" tenant "/" sub). `sub` is random, never
// derived from IMSI or a public identity, never reassigned. Login names are unique per tenant after canonicalisation
// (index kLogins); MC IDs and MC service IDs are unique over all tenants per kind and stay taken after removal
// (index kMcIdentities).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "storage/store.h"
#include "storage/value.h"

namespace claviger::identity {

enum class UserStatus : std::uint8_t { Enabled = 0, Disabled = 1 };

struct User {
  std::string sub;            // 22 characters base64url of 128 random bits
  std::string login;          // canonical
  std::string display_name;
  UserStatus status = UserStatus::Enabled;
  std::string mc_id;          // URI; empty for a VAL-only user
  std::string mcptt_id;       // URIs; empty: not entitled to that service
  std::string mcvideo_id;
  std::string mcdata_id;
  std::vector<std::string> scopes;  // scopes he is entitled to; empty: every scope his service IDs allow
  std::string password_hash;  // PHC string; empty: no password
  std::int64_t password_changed_at = 0;  // NumericDate
  std::int64_t not_before = 0;  // tokens and sessions from before (NumericDate) are dead
  std::int64_t created_at = 0;
  std::vector<std::string> val_user_ids;  // TS 23.434 clause 7.2: one for each VAL provider he is a user of
  std::uint64_t version = 0;  // of the record; not stored in it
};

// The canonical form of a login name: ASCII letters lowered, surrounding blanks off; 1..255 bytes of UTF-8 without
// control characters.
Result<std::string> canonical_login(std::string_view login);

std::string user_key(std::string_view tenant, std::string_view sub);
std::string login_key(std::string_view tenant, std::string_view canonical);
// kind: "mc", "mcptt", "mcvideo", "mcdata", "val".
std::string mc_identity_key(std::string_view kind, std::string_view identity);

std::string encode_user(const User& user);
Result<User> decode_user(const storage::Value& value, std::string_view sub);

}  // namespace claviger::identity
