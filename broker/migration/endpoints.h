// The parts of routes.h, one file a kind of caller.
#pragma once

#include "broker/migration/migration.h"
#include "core/http/router.h"

namespace claviger::migration {

// A binding with 16 identities on either side and a grant.
inline constexpr std::size_t kOneBytesMax = 32 * 1024;
inline constexpr std::size_t kBatchBytesMax = 2 * 1024 * 1024;

void add_system_routes(http::Router& router, Migration& migration);
void add_device_routes(http::Router& router, Migration& migration);

}  // namespace claviger::migration
