// What the primary system decides about its own users who want to migrate, and what it does for them.
//
// Procedures, on whichever shard.
#pragma once

#include <string>

#include "broker/migration/migration.h"
#include "broker/migration/migration_json.h"

namespace claviger::migration {

// "This user may migrate to that system": the agreement is in force, and he has a binding there that is neither
// suspended, revoked nor held; or none, and the agreement allows it of all, or administration has set him up there
// (broker/identity/abroad.h). AgreementEnded, MigrationNotAllowed.
runtime::Task<Result<Unit>> check_may_migrate(Migration* migration, broker::Context* context, AgreementRef agreement,
                                              std::string sub);

// The migration connectivity information of one of our users for a partner system (TS 23.280 clauses 10.1.6.1.1 and
// 10.1.6.1.2): his binding, made at both ends if it has to be. AgreementUnknown, and as above; IdentitiesExhausted,
// SystemUnknown, DeadlinePassed, Unreachable: the partner system gave no identities (the outbox goes on asking).
runtime::Task<Result<Binding>> configure_migration(Migration* migration, broker::Context* context, std::string tenant,
                                                   std::string system, std::string sub);

// A user of ours is about to be removed: nobody is left whom his bindings are for. Revoked at both ends, and his registration
// there ends (RTR). Done again without harm.
runtime::Task<Result<Unit>> end_bindings_of_user(Migration* migration, broker::Context* context, std::string tenant,
                                                 std::string sub);

// The primary system's answer to a partner system's migration service authorisation request (TS 23.280 clause 10.6.3).
// Nothing: he may. ServiceNotAuthorised, UserUnknown, MigrationNotAllowed.
runtime::Task<Result<Unit>> authorise_migrant(Migration* migration, broker::Context* context, AgreementRef agreement,
                                              ServiceRequest request);

}  // namespace claviger::migration
