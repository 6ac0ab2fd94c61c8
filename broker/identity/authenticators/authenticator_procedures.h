// What administrators do with users' authenticators: enrol, list, take away (spec 3.2).
//
// Called on any shard; a change runs at home_of("user/" tenant "/" sub) under the user's turn. A seed is enrolled for one
// user of a tenant at most: its keyed digest, and a token's serial number, are rows of tables::kCredentialIds.
//
// Codes: UserUnknown, AuthenticatorUnknown, AuthenticatorTaken (the serial or the seed is enrolled), AuthenticatorRefused
// (no such kind, too many, a value that the standards do not allow); what the store says.
#pragma once

#include <string>
#include <vector>

#include "broker/context.h"
#include "broker/identity/authenticators/authenticator_draft.h"
#include "broker/identity/authenticators/authenticator_record.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::identity {

// A new sheet of recovery codes takes the place of the one before. Wrong codes until now are forgotten (failed_codes.h).
runtime::Task<Result<EnrolledAuthenticator>> add_authenticator(broker::Context* context, std::string tenant,
                                                               std::string sub, AuthenticatorDraft draft);
runtime::Task<Result<std::vector<AuthenticatorRecord>>> list_authenticators(broker::Context* context,
                                                                            std::string tenant, std::string sub);
// Ends all sessions of the user (spec 3.3, credential change).
runtime::Task<Result<Unit>> remove_authenticator(broker::Context* context, std::string tenant, std::string sub,
                                                 std::string id);

}  // namespace claviger::identity
