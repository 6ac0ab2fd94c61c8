// What an operator says of one user at the KMS: his keys are revoked; which KMSs he may migrate to, and which external
// ones he may talk to (TS 33.180 clause 5.3.1).
//
// Record of tables::kKmsUsers, key tenant + user URI; most users have none. Values, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "storage/value.h"

namespace claviger::keys {

struct UserPolicy {
  std::string user_uri;
  bool is_revoked = false;
  std::int64_t revoked_at = 0;
  std::string reason;
  std::vector<std::string> migration_kms;  // in order of preference
  std::vector<std::string> external_kms;
  std::string client_id;      // of a server identity (group management, MCX server): the client that has its keys
  std::int64_t client_since = 0;  // when that client was made: a later one of the same name does not inherit
  std::uint64_t version = 0;  // of the record; not stored in it
};

std::string user_policy_key(std::string_view tenant, std::string_view user_uri);
std::string encode_user_policy(const UserPolicy& policy);
Result<UserPolicy> decode_user_policy(const storage::Value& value, std::string_view user_uri);

}  // namespace claviger::keys
