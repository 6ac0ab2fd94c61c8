// Rows whose keys earlier versions wrote as identifiers were said, moved to the one writing that they are looked up under since:
// UEs and clients by codec::canonical_urn() (RFC 8141 clause 3.1), users of partners by the writing of a SIP URI (RFC 3261
// clause 19.1.4).
//
// Where two rows of before become one: a UE that one of them says is lost is lost, and has the keys of both; of two clients
// or memberships the one that had the new writing stays; two mappings to different users both stay as they were.
#pragma once

#include "broker/context.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::broker {

// At the start, before anything is served, with the tenants known. Does nothing once it has succeeded; one that was cut
// short is done again.
runtime::Task<Result<Unit>> move_former_writings(Context* context);

}  // namespace claviger::broker
