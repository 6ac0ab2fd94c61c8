// The verbs of agreements, bindings, pools and traces; beside routes.h, because they need more than AdminServices.
#pragma once

#include "broker/admin/admin_services.h"
#include "core/http/router.h"

namespace claviger::migration {
class Migration;  // broker/migration/migration.h
}

namespace claviger::admin {

// Lives as long as the router's listener serves.
struct MigrationServices : AdminServices {
  migration::Migration* migration = nullptr;
};
void add_migration_verbs(http::Router& router, MigrationServices& services);

}  // namespace claviger::admin
