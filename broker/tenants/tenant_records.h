// The record of a tenant in tables::kTenants, key: its name.
#pragma once

#include <string>

#include "broker/tenants/tenant.h"
#include "core/base/result.h"
#include "storage/value.h"

namespace claviger::tenants {

std::string encode_tenant(const Tenant& tenant);
// Corrupt or SchemaTooNew; `name` is the record's key.
Result<Tenant> decode_tenant(const storage::Value& value, std::string_view name);

}  // namespace claviger::tenants
