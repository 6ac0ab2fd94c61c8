#include "broker/keys/user_policy.h"

#include "broker/keys/kms_generated.h"
#include "broker/record_key.h"
#include "storage/record.h"

namespace claviger::keys {
namespace {

constexpr storage::RecordSchema kSchema{"kms_users", 1};

}  // namespace

std::string user_policy_key(std::string_view tenant, std::string_view user_uri) {
  return broker::record_key({tenant, user_uri});
}

std::string encode_user_policy(const UserPolicy& policy) {
  flatbuffers::FlatBufferBuilder builder(512);
  const auto reason = storage::put_text(builder, policy.reason);
  const auto migration = storage::put_texts(builder, policy.migration_kms);
  const auto external = storage::put_texts(builder, policy.external_kms);
  const auto client = storage::put_text(builder, policy.client_id);
  builder.Finish(schema::CreateUserPolicy(builder, kSchema.version, policy.is_revoked, policy.revoked_at, reason,
                                          migration, external, client, policy.client_since));
  return storage::finished(builder);
}

Result<UserPolicy> decode_user_policy(const storage::Value& value, std::string_view user_uri) {
  CLAVIGER_TRY(record, storage::FlatRecord<schema::UserPolicy>::open(value, kSchema, user_uri));
  UserPolicy policy;
  policy.user_uri = user_uri;
  policy.is_revoked = record->is_revoked();
  policy.revoked_at = record->revoked_at();
  policy.reason = storage::text_of(record->reason());
  policy.migration_kms = storage::texts_of(record->migration());
  policy.external_kms = storage::texts_of(record->external());
  policy.client_id = storage::text_of(record->client_id());
  policy.client_since = record->client_since();
  policy.version = value.version();
  return policy;
}

}  // namespace claviger::keys
