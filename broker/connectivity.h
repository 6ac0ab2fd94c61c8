// Between two rooms that do not know each other: broker/configuration gives out migration connectivity information that
// broker/migration knows, or makes with the partner system.
//
// Made by Broker; `migration` outlives what is returned.
#pragma once

#include "broker/configuration/connectivity.h"
#include "broker/migration/migration.h"

namespace claviger::broker {

configuration::ConnectivitySource connectivity_from(migration::Migration& migration);

}  // namespace claviger::broker
