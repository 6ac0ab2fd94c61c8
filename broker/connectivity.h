// Between rooms that do not know each other: broker/configuration gives out migration connectivity information that
// broker/migration knows, or makes with the partner system; broker/registration serves migrants whom it has authorised.
//
// Made by Broker; `migration` outlives what is returned.
#pragma once

#include "broker/configuration/connectivity.h"
#include "broker/migration/migration.h"
#include "broker/registration/registrar.h"

namespace claviger::broker {

configuration::ConnectivitySource connectivity_from(migration::Migration& migration);
registration::Registrar::AdmissionCheck admission_from(migration::Migration& migration);

}  // namespace claviger::broker
