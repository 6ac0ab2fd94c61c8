// Snapshot: what every request needs and seldom changes, immutable, one per change, published to every shard.
//
// Made by SnapshotPublisher (broker/snapshot_publisher.h); each shard holds a shared_ptr in its Context. A request
// reads it through a plain pointer that does not survive a co_await; a procedure that needs it later asks again.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "broker/settings/settings.h"
#include "broker/tenants/tenant.h"
#include "broker/tokens/tenant_keys.h"

namespace claviger::broker {

struct TenantView {
  tenants::Tenant tenant;
  std::shared_ptr<const tokens::TenantKeys> keys;
};

struct Snapshot {
  std::uint64_t number = 0;
  std::shared_ptr<const settings::Settings> settings;
  std::map<std::string, TenantView, std::less<>> tenants;  // by name

  // Enabled tenants only; null for every other name: an endpoint answers both with the same 404.
  const TenantView* find(std::string_view name) const {
    const auto found = tenants.find(name);
    return found == tenants.end() || !found->second.tenant.is_enabled ? nullptr : &found->second;
  }
};

}  // namespace claviger::broker
