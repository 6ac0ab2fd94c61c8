// Is a URI of anybody whom the KMS may have to do with: so that an operator who mistypes one is told, and does not believe
// that he has revoked somebody or given him a transport key.
//
// On any shard.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "broker/context.h"
#include "broker/identity/user_records.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::keys {

// Kinds of MC service IDs: MCPTT, MCVideo, MCData.
inline constexpr std::size_t kIdentityKinds = 3;

// Of one kind after the other from `*kind` on, who of the tenant has the MC service ID, or had it; `*kind` is the next one to
// look at then. Nothing: nobody, of none of the kinds that are left. `kind` outlives the task.
runtime::Task<Result<std::optional<identity::IdentityOwner>>> next_owner(broker::Context* context, std::string tenant,
                                                                         std::string user_uri, std::size_t* kind);

// An MC service ID that a user of the tenant has, or had until he was removed; the identity of a group management server,
// or of a client's own tokens; one that is revoked. UserUnknown: of nobody. UriPathInvalid, the store's.
runtime::Task<Result<Unit>> check_identity(broker::Context* context, std::string tenant, std::string user_uri);

}  // namespace claviger::keys
