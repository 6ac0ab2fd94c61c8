// Whether an operator has disabled this tenant (clavigerctl tenant disable): what is asked in its name is refused, in the
// terms of whatever protocol it is asked in, and whoever leaves may. One that is not there is not disabled.
//
// Of a snapshot, on the shard that holds it.
#pragma once

#include <string_view>

#include "broker/snapshot.h"

namespace claviger::tenants {

inline bool is_disabled(const broker::Snapshot& snapshot, std::string_view name) {
  const auto found = snapshot.tenants.find(name);
  return found != snapshot.tenants.end() && !found->second.tenant.is_enabled;
}

}  // namespace claviger::tenants
