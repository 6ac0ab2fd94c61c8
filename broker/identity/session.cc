#include "broker/identity/session.h"

#include "broker/identity/session_generated.h"
#include "broker/record_key.h"
#include "core/codec/urn.h"
#include "storage/record.h"

namespace claviger::identity {
namespace {

constexpr storage::RecordSchema kSchema{"sessions", 1};
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kDigestBytes = 32;

}  // namespace

std::string session_key(std::string_view tenant, std::string_view sid) { return broker::record_key({tenant, sid}); }
std::string user_session_key(std::string_view tenant, std::string_view sub, std::string_view sid) {
  return broker::record_key({tenant, sub, sid});
}

std::string encode_session(const Session& session) {
  CLAVIGER_ASSERT(session.refresh_salt.size() == kSaltBytes);
  CLAVIGER_ASSERT(session.certificate_digest.empty() || session.certificate_digest.size() == kDigestBytes);
  flatbuffers::FlatBufferBuilder builder(512);
  const auto sub = builder.CreateString(session.sub);
  const auto client_id = builder.CreateString(session.client_id);
  const auto ue_id = storage::put_text(builder, session.ue_id);
  const auto scopes = storage::put_texts(builder, session.scopes);
  const auto acr = storage::put_text(builder, session.acr);
  const auto amr = storage::put_texts(builder, session.amr);
  const auto refresh_salt = storage::put_bytes(builder, as_bytes(session.refresh_salt));
  flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> digest = 0;
  if (!session.certificate_digest.empty()) digest = storage::put_bytes(builder, as_bytes(session.certificate_digest));
  const auto source = storage::put_text(builder, session.source);
  CLAVIGER_ASSERT(session.dpop_key.empty() || session.dpop_key.size() == kDigestBytes);
  flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> dpop_key = 0;
  if (!session.dpop_key.empty()) dpop_key = storage::put_bytes(builder, as_bytes(session.dpop_key));
  const auto partner = storage::put_text(builder, session.partner);
  const auto primary_issuer = storage::put_text(builder, session.primary_issuer);
  const auto primary_sub = storage::put_text(builder, session.primary_sub);
  const auto primary_mc_service_id = storage::put_text(builder, session.primary_mc_service_id);
  schema::SessionBuilder record(builder);
  record.add_schema_version(kSchema.version);
  record.add_sub(sub);
  record.add_client_id(client_id);
  record.add_ue_id(ue_id);
  record.add_state(static_cast<std::uint8_t>(session.state));
  record.add_scopes(scopes);
  record.add_acr(acr);
  record.add_amr(amr);
  record.add_auth_time(session.auth_time);
  record.add_created_at(session.created_at);
  record.add_last_used_at(session.last_used_at);
  record.add_expires_at(session.expires_at);
  record.add_refresh_generation(session.refresh_generation);
  record.add_rotated_at_ms(session.rotated_at_ms);
  record.add_was_grace_used(session.was_grace_used);
  record.add_refresh_salt(refresh_salt);
  record.add_certificate_digest(digest);
  record.add_source(source);
  record.add_dpop_key(dpop_key);
  record.add_partner(partner);
  record.add_primary_issuer(primary_issuer);
  record.add_primary_sub(primary_sub);
  record.add_primary_mc_service_id(primary_mc_service_id);
  record.add_claims(session.claims);
  builder.Finish(record.Finish());
  return storage::finished(builder);
}

Result<Session> decode_session(const storage::Value& value, std::string_view sid) {
  CLAVIGER_TRY(record, storage::FlatRecord<schema::Session>::open(value, kSchema));
  if (record->state() > static_cast<std::uint8_t>(SessionState::Replaced)) {
    return Error{Code::Corrupt, "sessions.state"};
  }
  const Bytes salt = storage::bytes_of(record->refresh_salt());
  const Bytes digest = storage::bytes_of(record->certificate_digest());
  if (salt.size() != kSaltBytes) return Error{Code::Corrupt, "sessions.refresh_salt"};
  if (!digest.empty() && digest.size() != kDigestBytes) return Error{Code::Corrupt, "sessions.certificate_digest"};
  Session session;
  session.sid = sid;
  session.sub = storage::text_of(record->sub());
  session.client_id = storage::text_of(record->client_id());
  session.ue_id = codec::canonical_urn(storage::text_of(record->ue_id()));
  session.state = static_cast<SessionState>(record->state());
  session.scopes = storage::texts_of(record->scopes());
  session.acr = storage::text_of(record->acr());
  session.amr = storage::texts_of(record->amr());
  session.auth_time = record->auth_time();
  session.created_at = record->created_at();
  session.last_used_at = record->last_used_at();
  session.expires_at = record->expires_at();
  session.refresh_generation = record->refresh_generation();
  session.rotated_at_ms = record->rotated_at_ms();
  session.was_grace_used = record->was_grace_used();
  session.refresh_salt = as_text(salt);
  session.certificate_digest = as_text(digest);
  session.source = storage::text_of(record->source());
  session.dpop_key = as_text(storage::bytes_of(record->dpop_key()));
  if (!session.dpop_key.empty() && session.dpop_key.size() != kDigestBytes)
    return Error{Code::Corrupt, "sessions.dpop_key"};
  session.partner = storage::text_of(record->partner());
  session.primary_issuer = storage::text_of(record->primary_issuer());
  session.primary_sub = storage::text_of(record->primary_sub());
  session.primary_mc_service_id = storage::text_of(record->primary_mc_service_id());
  session.claims = record->claims();
  session.version = value.version();
  return session;
}

}  // namespace claviger::identity
