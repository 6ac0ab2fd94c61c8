// MC services on a registered UE (clavigerctl ue): which class its users share it as, and when all of them end.
//
// A binding remembers the registered UE that it is on, by its client ID or by the instance that its REGISTER told; an index
// of kServiceStates (kind "e") finds it at whatever public identity it is.
#pragma once

#include <string>
#include <vector>

#include "broker/identity/ue.h"
#include "broker/registration/change.h"
#include "broker/registration/records.h"
#include "broker/registration/registrar.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::registration {

// The UE that these name; one with an empty ue_id: none that is registered. ServiceNotAuthorised: it is lost.
runtime::Task<Result<identity::Ue>> ue_of(Registrar* registrar, std::string client_id, std::string instance);

// TS 22.179 clause 4.5.4: whoever signs in on a shareable UE ends the service of the one before. Those at this identity end
// with the change; `change` and `registration` outlive the task.
runtime::Task<Result<Unit>> evict_here(Change* change, Registration* registration, BindingName name, std::string ue_id);
// Any shard, without a turn, after an authorisation was committed. Those at other identities, who came before, end, where
// the token's session was signed in on this very UE: anybody can name it. ServiceNotAuthorised: the UE was lost or removed
// while the service was being bound, too early for who bound it and too late for end_services_on_ue().
runtime::Task<Result<Unit>> look_at_ue(Registrar* registrar, BindingName name);

// Any shard: the UE was lost, removed or signed off by an operator; every service on it ends.
runtime::Task<Result<Unit>> end_services_on_ue(Registrar* registrar, std::string ue_id);

}  // namespace claviger::registration
