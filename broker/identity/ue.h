// A UE that an operator has registered: what kind of device it is and by which keys it is known (spec 3.2; TS 22.280
// shareable and gateway UEs).
//
// Record of tables::kUes, key tenant + ue_id. Home shard: home_of("ue/" tenant "/" ue_id); each sign-in on it writes it
// anew, so that two of them cannot both believe to be the only one. A UE that nobody registered has no record: its
// sessions bear its id and follow no rule.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "storage/value.h"

namespace claviger::identity {

enum class UeClass : std::uint8_t {
  Personal = 0,   // one user's: another one is refused, or replaces him (replaces_others)
  Shareable = 1,  // one user at a time: who signs in signs the previous one off
  Gateway = 2,    // many users at once, at most max_users
  Dispatcher = 3  // a workplace: many users and sessions, none touches another
};

struct Ue {
  std::string ue_id;  // MC client instance URN, or any other name without blanks
  UeClass ue_class = UeClass::Personal;
  std::string name;                       // for people
  std::string owner;                      // sub of a personal UE's owner; empty: whoever is first
  std::vector<std::string> certificates;  // base64url x5t#S256 of client certificates that prove it
  std::vector<std::string> dpop_keys;     // base64url thumbprints (RFC 7638) of DPoP keys that prove it
  bool is_lost = false;                   // no sign-in any more
  bool replaces_others = false;           // personal: another user replaces instead of being refused
  std::uint32_t max_users = 0;            // gateway: users at a time; 0: kUeUsersMax
  std::int64_t created_at = 0;
  std::int64_t last_sign_in_at = 0;  // 0: never
  std::uint64_t version = 0;         // of the record; not stored in it
};

inline constexpr std::size_t kUeIdBytesMax = 255;
inline constexpr std::size_t kUeNameBytesMax = 255;
// A device has one certificate and its successor, and an app or two with keys of their own.
inline constexpr std::size_t kUeKeysMax = 8;
// A vehicle's gateway serves its crew; every sign-in on it reads the sessions of all.
inline constexpr std::uint32_t kUeUsersMax = 256;

// 1 to 255 printable ASCII characters.
bool is_ue_id(std::string_view text);
std::string_view name_of(UeClass ue_class);  // "shareable"

std::string ue_key(std::string_view tenant, std::string_view ue_id);
std::string ue_session_key(std::string_view tenant, std::string_view ue_id, std::string_view sid);
std::string encode_ue(const Ue& ue);
Result<Ue> decode_ue(const storage::Value& value, std::string_view ue_id);

}  // namespace claviger::identity
