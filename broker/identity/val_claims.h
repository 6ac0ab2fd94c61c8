// What the tokens of a VAL client say of its user (TS 33.434 clauses A.2.1, A.2.2; TS 24.547 clause 6.2.2): his VAL user
// ID and the VAL services for which a VAL server has provisioned it, or the UE he is on.
//
// Asked for each token, after the session was committed: whoever takes an identity out commits that first and looks for
// sessions then, so either he finds the session, or the token knows already.
#pragma once

#include <string>

#include "broker/context.h"
#include "broker/identity/client.h"
#include "broker/identity/granted_session.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::identity {

// Fills granted->val for a client of profile Val and drops, for any client, the "val:" scopes of services that nobody
// has provisioned for this user or UE. Without such a scope the token names all his services. With VAL user IDs at
// several providers the first one that has one of the services asked for is taken: one token speaks of one of them.
// `granted` lives in the caller's frame.
runtime::Task<Result<Unit>> add_val_claims(broker::Context* context, std::string tenant, ClientProfile profile,
                                           GrantedSession* granted);

}  // namespace claviger::identity
