// Users as the KMS knows them: is somebody revoked, did he exist at a time, revoke him and take it back.
//
// Called on any shard; a change runs at home_of("kms-user/" tenant "/" uri) under that turn and is durable when it
// returns. Codes: UserUnknown (nobody of the tenant has that MC service ID), UriPathInvalid, Conflict, the store's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "broker/context.h"
#include "broker/keys/user_policy.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::keys {

class Kms;  // broker/keys/kms.h

// An empty one when there is no record.
runtime::Task<Result<UserPolicy>> read_user_policy(broker::Context* context, std::string tenant, std::string user_uri);
// When the user who has the MC service ID came to be. UserUnknown.
runtime::Task<Result<std::int64_t>> user_since(broker::Context* context, std::string tenant, std::string user_uri);

runtime::Task<Result<UserPolicy>> revoke_user(Kms* kms, broker::Context* context, std::string tenant,
                                              std::string user_uri, std::string reason);
runtime::Task<Result<UserPolicy>> restore_user(Kms* kms, broker::Context* context, std::string tenant,
                                               std::string user_uri);
// What is not said stays as it is.
struct UserKmsChange {
  std::optional<std::vector<std::string>> migration_kms;
  std::optional<std::vector<std::string>> external_kms;
  std::optional<std::string> client_id;
};
runtime::Task<Result<UserPolicy>> change_user_kms(Kms* kms, broker::Context* context, std::string tenant,
                                                  std::string user_uri, UserKmsChange wanted);
// Both lists and the client anew.
runtime::Task<Result<UserPolicy>> set_user_kms(Kms* kms, broker::Context* context, std::string tenant,
                                               UserPolicy wanted);

}  // namespace claviger::keys
