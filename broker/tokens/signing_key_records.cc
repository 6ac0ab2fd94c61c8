#include "broker/tokens/signing_key_records.h"

#include "broker/record_key.h"
#include "broker/tokens/signing_key_generated.h"
#include "storage/record.h"

namespace claviger::tokens {
namespace {

constexpr storage::RecordSchema kSchema{"signing_keys", 1};

}  // namespace

std::string signing_key_key(std::string_view tenant, std::string_view kid) { return broker::record_key({tenant, kid}); }

std::string encode_signing_key(const SigningKeyRecord& key) {
  flatbuffers::FlatBufferBuilder builder(512);
  const auto sealed = storage::put_bytes(builder, as_bytes(key.sealed_pkcs8));
  const auto stored_as = storage::put_text(builder, key.stored_as);
  const auto public_jwk = storage::put_text(builder, key.public_jwk);
  schema::SigningKeyBuilder record(builder);
  record.add_schema_version(kSchema.version);
  record.add_algorithm(static_cast<std::uint8_t>(key.algorithm));
  record.add_state(static_cast<std::uint8_t>(key.state));
  record.add_created_at(key.created_at);
  record.add_changed_at(key.changed_at);
  record.add_sealed_pkcs8(sealed);
  record.add_stored_as(stored_as);
  record.add_public_jwk(public_jwk);
  builder.Finish(record.Finish());
  return storage::finished(builder);
}

Result<SigningKeyRecord> decode_signing_key(const storage::Value& value, std::string_view kid) {
  CLAVIGER_TRY(record, storage::FlatRecord<schema::SigningKey>::open(value, kSchema));
  const bool is_known = record->algorithm() <= static_cast<std::uint8_t>(crypto::SignatureAlgorithm::Rs256) &&
                        record->state() <= static_cast<std::uint8_t>(KeyState::Revoked);
  if (!is_known) return Error{Code::Corrupt, "signing_keys"};
  SigningKeyRecord key;
  key.kid = kid;
  key.algorithm = static_cast<crypto::SignatureAlgorithm>(record->algorithm());
  key.state = static_cast<KeyState>(record->state());
  key.created_at = record->created_at();
  key.changed_at = record->changed_at();
  key.sealed_pkcs8 = as_text(storage::bytes_of(record->sealed_pkcs8()));
  key.stored_as = storage::text_of(record->stored_as());
  key.public_jwk = storage::text_of(record->public_jwk());
  key.version = value.version();
  return key;
}

}  // namespace claviger::tokens
