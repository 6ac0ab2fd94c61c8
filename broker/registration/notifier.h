// NOTIFY: what subscribers of a service state are told (RFC 6665 clause 4.2.2, TS 24.379 clause 7.3.6.2).
//
// Rows of the outbox say that somebody must hear something; what it is, is read when it is sent, so that many changes become
// one NOTIFY and a restart tells the present state.
#pragma once

#include <string>
#include <vector>

#include "broker/registration/registrar.h"
#include "broker/registration/settings_document.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::registration {

// On shard 0: every subscriber of the resource whose last NOTIFY said something else. DeadlinePassed: not all answered yet.
runtime::Task<Result<Unit>> tell_resource(Registrar* registrar, std::string resource);
// On shard 0: this one. DeadlinePassed: it has not answered yet, or a NOTIFY of it is under way; the next try finds out.
runtime::Task<Result<Unit>> tell_dialog(Registrar* registrar, std::string local_tag);
// Home of the dialog: it is no more.
runtime::Task<Result<Unit>> forget_dialog(Registrar* registrar, std::string local_tag);

// Any shard: the user's clients for a service, ended ones with the reason. `client_id` empty: all.
runtime::Task<Result<std::vector<ClientState>>> client_states(Registrar* registrar, std::string mc_service_id,
                                                              std::string service, std::string client_id);

}  // namespace claviger::registration
