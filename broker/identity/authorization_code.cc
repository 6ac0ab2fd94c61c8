#include "broker/identity/authorization_code.h"

#include <algorithm>

#include "broker/identity/authorization_code_generated.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "core/codec/base64url.h"
#include "core/codec/hex.h"
#include "core/codec/urn.h"
#include "core/crypto/digest.h"
#include "core/crypto/hkdf.h"
#include "storage/record.h"

namespace claviger::identity {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

constexpr storage::RecordSchema kSchema{"codes", 1};
constexpr std::size_t kMomentBytes = 4;
constexpr std::size_t kMomentDigits = 2 * kMomentBytes;
constexpr std::size_t kCodeCharacters = codec::base64url_encoded_size(kCodeBytes);
constexpr std::string_view kPurpose = "authorization code ";

}  // namespace

SecretBytes code_of(const Secret<32>& key, std::string_view tenant, const Interaction& interaction) {
  std::string info(kPurpose);
  info.append(tenant);
  Secret<kCodeBytes> code;
  const MutableBytes bytes = code.reveal_for_writing();
  std::ranges::copy(Bytes(interaction.id).first(kMomentBytes), bytes.begin());
  crypto::hkdf_sha256(key.reveal(), interaction.id, as_bytes(info), bytes.subspan(kMomentBytes));
  SecretBytes text(kCodeCharacters);
  codec::base64url_encode(code.reveal(), text.reveal_for_writing());
  return text;
}

std::string code_digest(std::string_view code) {
  std::string digest;
  digest.reserve(kMomentDigits + 2 * crypto::kSha256Bytes);
  Secret<kCodeBytes> decoded;
  // Anything else has no moment, and there is no record of it.
  if (code.size() == kCodeCharacters && codec::base64url_decode(code, decoded.reveal_for_writing())) {
    codec::hex_encode(decoded.reveal().first<kMomentBytes>(), digest);
  }
  codec::hex_encode(crypto::sha256(as_bytes(code)), digest);
  return digest;
}

std::string code_key(std::string_view tenant, std::string_view digest) { return broker::record_key({tenant, digest}); }

std::string encode_code(const AuthorizationCode& code) {
  flatbuffers::FlatBufferBuilder builder(512);
  const auto client_id = builder.CreateString(code.client_id);
  const auto redirect_uri = builder.CreateString(code.redirect_uri);
  const auto sub = builder.CreateString(code.sub);
  const auto scopes = storage::put_texts(builder, code.scopes);
  const auto challenge = storage::put_bytes(builder, code.challenge);
  const auto nonce = storage::put_text(builder, code.nonce);
  const auto acr = storage::put_text(builder, code.acr);
  const auto amr = storage::put_texts(builder, code.amr);
  const auto source = storage::put_text(builder, code.source);
  const auto session = storage::put_text(builder, code.session);
  flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> dpop_key = 0;
  if (!code.dpop_key.empty()) dpop_key = storage::put_bytes(builder, as_bytes(code.dpop_key));
  const auto ue_id = storage::put_text(builder, code.ue.ue_id);
  schema::AuthorizationCodeBuilder record(builder);
  record.add_schema_version(kSchema.version);
  record.add_client_id(client_id);
  record.add_redirect_uri(redirect_uri);
  record.add_sub(sub);
  record.add_scopes(scopes);
  record.add_challenge(challenge);
  record.add_nonce(nonce);
  record.add_acr(acr);
  record.add_amr(amr);
  record.add_auth_time(code.auth_time);
  record.add_source(source);
  record.add_expires_at(code.expires_at);
  record.add_session(session);
  record.add_dpop_key(dpop_key);
  record.add_ue_id(ue_id);
  record.add_ue_proof(static_cast<std::uint8_t>(code.ue.proof));
  record.add_claims(code.claims);
  record.add_issued_at(code.issued_at);
  record.add_interaction_expires_at(code.interaction_expires_at);
  builder.Finish(record.Finish());
  return storage::finished(builder);
}

Result<AuthorizationCode> decode_code(const storage::Value& value, std::string_view digest) {
  CLAVIGER_TRY(record, storage::FlatRecord<schema::AuthorizationCode>::open(value, kSchema));
  AuthorizationCode code;
  const Bytes challenge = storage::bytes_of(record->challenge());
  if (challenge.size() != code.challenge.size()) return Error{Code::Corrupt, "codes.challenge"};
  std::ranges::copy(challenge, code.challenge.begin());
  code.digest = digest;
  code.client_id = storage::text_of(record->client_id());
  code.redirect_uri = storage::text_of(record->redirect_uri());
  code.sub = storage::text_of(record->sub());
  code.scopes = storage::texts_of(record->scopes());
  code.nonce = storage::text_of(record->nonce());
  code.acr = storage::text_of(record->acr());
  code.amr = storage::texts_of(record->amr());
  code.auth_time = record->auth_time();
  code.source = storage::text_of(record->source());
  code.expires_at = record->expires_at();
  code.session = storage::text_of(record->session());
  code.dpop_key = as_text(storage::bytes_of(record->dpop_key()));
  if (!code.dpop_key.empty() && code.dpop_key.size() != 32) return Error{Code::Corrupt, "codes.dpop_key"};
  code.ue.ue_id = codec::canonical_urn(storage::text_of(record->ue_id()));
  if (record->ue_proof() > static_cast<std::uint8_t>(UeProof::Key)) return Error{Code::Corrupt, "codes.ue_proof"};
  code.ue.proof = static_cast<UeProof>(record->ue_proof());
  code.claims = record->claims();
  code.issued_at = record->issued_at();
  code.interaction_expires_at = record->interaction_expires_at();
  code.version = value.version();
  return code;
}

Task<Result<AuthorizationCode>> read_code(Context* context, std::string tenant, std::string digest) {
  auto value = co_await context->store.get(tables::kCodes, code_key(tenant, digest));
  if (value.failed_with(Code::NotFound) && digest.size() > kMomentDigits) {
    // One that a former release gave out in the minute before it ended stands without its moment.
    digest.erase(0, kMomentDigits);
    value = co_await context->store.get(tables::kCodes, code_key(tenant, digest));
  }
  if (value.failed_with(Code::NotFound)) co_return Error{Code::CodeInvalid, "code"};
  if (!value) co_return value.error();
  co_return decode_code(*value, digest);
}

void put_code(storage::Transaction& transaction, std::string_view tenant, const AuthorizationCode& code,
              std::int64_t kept_until) {
  transaction.put(tables::kCodes, code_key(tenant, code.digest), as_bytes(encode_code(code)),
                  std::max(kept_until, interaction_kept_until(code.interaction_expires_at)));
}

}  // namespace claviger::identity
