// Bindings of our users follow them: held at home as long as they are disabled, and the partner systems are told,
// by the outbox.
//
// Whoever changes a user's status owes it in that transaction (broker/identity/status_row.h); follow_users() is what
// the outbox does then, and what whoever waits for it does at once. Several bindings in one transaction. Done again
// without harm.
#pragma once

#include <string>
#include <vector>

#include "broker/migration/migration.h"

namespace claviger::migration {

// On any shard; returns when no shard knows the former bindings any more. What the store says.
runtime::Task<Result<Unit>> follow_users(Migration* migration, std::string tenant, std::vector<std::string> subs);
// All of our users who have a binding there, and what the partner system was told of them: of stores of builds that owed
// nothing, of an agreement that is made anew, and of what was given up. On the home of Migration.
runtime::Task<Result<Unit>> follow_all_users(Migration* migration, std::string tenant, std::string system);
// The same, by the outbox, of every agreement. On the home of Migration.
runtime::Task<Result<Unit>> owe_following(Migration* migration);

}  // namespace claviger::migration
