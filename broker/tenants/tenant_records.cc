#include "broker/tenants/tenant_records.h"

#include "broker/tenants/tenant_generated.h"
#include "storage/record.h"

namespace claviger::tenants {
namespace {

constexpr storage::RecordSchema kSchema{"tenants", 1};

}  // namespace


std::string encode_tenant(const Tenant& tenant) {
  flatbuffers::FlatBufferBuilder builder(4096);
  std::vector<flatbuffers::Offset<schema::ScopeAudience>> audiences;
  for (const auto& [scope, audience] : tenant.scope_audiences) {
    audiences.push_back(schema::CreateScopeAudience(builder, builder.CreateString(scope), builder.CreateString(audience)));
  }
  const auto display_name = builder.CreateString(tenant.display_name);
  const auto issuer = builder.CreateString(tenant.issuer);
  const auto scope_audiences = builder.CreateVector(audiences);
  const auto default_audience = builder.CreateString(tenant.default_audience);
  schema::TenantBuilder record(builder);
  record.add_schema_version(kSchema.version);
  record.add_display_name(display_name);
  record.add_issuer(issuer);
  record.add_is_enabled(tenant.is_enabled);
  record.add_algorithm(static_cast<std::uint8_t>(tenant.algorithm));
  record.add_scope_audiences(scope_audiences);
  record.add_default_audience(default_audience);
  builder.Finish(record.Finish());
  return storage::finished(builder);
}

Result<Tenant> decode_tenant(const storage::Value& value, std::string_view name) {
  CLAVIGER_TRY(record, storage::FlatRecord<schema::Tenant>::open(value, kSchema));
  Tenant tenant;
  tenant.name = name;
  tenant.display_name = storage::text_of(record->display_name());
  tenant.issuer = storage::text_of(record->issuer());
  tenant.is_enabled = record->is_enabled();
  if (record->algorithm() > static_cast<std::uint8_t>(crypto::SignatureAlgorithm::Rs256)) {
    return Error{Code::Corrupt, "tenants.algorithm"};
  }
  tenant.algorithm = static_cast<crypto::SignatureAlgorithm>(record->algorithm());
  tenant.default_audience = storage::text_of(record->default_audience());
  if (tenant.issuer.empty() || tenant.default_audience.empty()) return Error{Code::Corrupt, "tenants.issuer"};
  if (const auto* audiences = record->scope_audiences()) {
    for (const schema::ScopeAudience* one : *audiences) {
      tenant.scope_audiences[storage::text_of(one->scope())] = storage::text_of(one->audience());
    }
  }
  tenant.version = value.version();
  return tenant;
}

}  // namespace claviger::tenants
