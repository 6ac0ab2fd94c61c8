#include "broker/identity/authenticators/authenticator_record.h"

#include "broker/identity/authenticator_generated.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "core/codec/hex.h"
#include "core/crypto/digest.h"
#include "storage/record.h"

namespace claviger::identity {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

namespace {

constexpr storage::RecordSchema kSchema{"authenticators", 1};
constexpr std::size_t kDigestBytes = 32;
// With tenant and kind before it, within a key of the store (storage::Transaction::kKeyBytesMax). Serials of tokens and
// names in certificates are shorter; a key's credential id may be 1364 characters.
constexpr std::size_t kPlainCredentialMax = 512;
// What is one too many shows, so that it can be taken away.
constexpr std::size_t kRowsMax = 2 * kAuthenticatorsMax;

}  // namespace

std::string authenticator_key(std::string_view tenant, std::string_view sub, std::string_view kind,
                              std::string_view id) {
  return broker::record_key({tenant, sub, kind, id});
}
std::string credential_key(std::string_view tenant, std::string_view kind, std::string_view credential) {
  if (credential.size() <= kPlainCredentialMax) return broker::record_key({tenant, kind, credential});
  std::string digest;
  codec::hex_encode(crypto::sha256(as_bytes(credential)), digest);
  return broker::record_key({tenant, kind, "", digest});
}

std::string encode_authenticator(const AuthenticatorRecord& record) {
  CLAVIGER_ASSERT(record.digests.size() % kDigestBytes == 0);
  flatbuffers::FlatBufferBuilder builder(512);
  const auto label = storage::put_text(builder, record.label);
  const auto serial = storage::put_text(builder, record.serial);
  flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> secret = 0;
  if (!record.sealed_secret.empty()) secret = storage::put_bytes(builder, as_bytes(record.sealed_secret));
  flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> digests = 0;
  if (!record.digests.empty()) digests = storage::put_bytes(builder, as_bytes(record.digests));
  flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> public_key = 0;
  if (!record.public_key.empty()) public_key = storage::put_bytes(builder, as_bytes(record.public_key));
  schema::AuthenticatorBuilder out(builder);
  out.add_schema_version(kSchema.version);
  out.add_label(label);
  out.add_serial(serial);
  out.add_secret(secret);
  out.add_digests(digests);
  out.add_algorithm(static_cast<std::uint8_t>(record.algorithm));
  out.add_digits(static_cast<std::uint8_t>(record.digits));
  out.add_period_seconds(record.period_seconds);
  out.add_counter(record.counter);
  out.add_created_at(record.created_at);
  out.add_last_used_at(record.last_used_at);
  out.add_public_key(public_key);
  builder.Finish(out.Finish());
  return storage::finished(builder);
}

Result<AuthenticatorRecord> decode_authenticator(const storage::Value& value, std::string_view kind,
                                                 std::string_view id) {
  CLAVIGER_TRY(in, storage::FlatRecord<schema::Authenticator>::open(value, kSchema));
  AuthenticatorRecord record;
  const Bytes digests = storage::bytes_of(in->digests());
  const bool is_sound = in->algorithm() <= static_cast<std::uint8_t>(crypto::OtpAlgorithm::Sha512) &&
                        in->digits() >= crypto::kOtpDigitsMin && in->digits() <= crypto::kOtpDigitsMax &&
                        in->period_seconds() != 0 && digests.size() % kDigestBytes == 0;
  if (!is_sound) return Error{Code::Corrupt, "authenticators"};
  record.kind = kind;
  record.id = id;
  record.label = storage::text_of(in->label());
  record.serial = storage::text_of(in->serial());
  record.sealed_secret = as_text(storage::bytes_of(in->secret()));
  record.digests = as_text(digests);
  record.algorithm = static_cast<crypto::OtpAlgorithm>(in->algorithm());
  record.digits = in->digits();
  record.period_seconds = in->period_seconds();
  record.counter = in->counter();
  record.created_at = in->created_at();
  record.last_used_at = in->last_used_at();
  record.public_key = as_text(storage::bytes_of(in->public_key()));
  record.version = value.version();
  return record;
}

Task<Result<std::vector<AuthenticatorRecord>>> read_authenticators(Context* context, std::string tenant,
                                                                   std::string sub) {
  const std::string prefix = broker::record_prefix({tenant, sub});
  auto rows = co_await context->store.range(tables::kAuthenticators, prefix, broker::record_prefix_end(prefix),
                                            kRowsMax);
  if (!rows) co_return rows.error();
  std::vector<AuthenticatorRecord> records;
  records.reserve(rows->size());
  for (const storage::Record& row : *rows) {
    const std::string_view rest = std::string_view(row.key).substr(prefix.size());
    const std::size_t separator = rest.find('\0');
    if (separator == std::string_view::npos) co_return Error{Code::Corrupt, "authenticators.key"};
    CLAVIGER_CO_TRY(record, decode_authenticator(row.value, rest.substr(0, separator), rest.substr(separator + 1)));
    records.push_back(std::move(record));
  }
  co_return records;
}

void claim_credential(storage::Transaction& transaction, std::string_view tenant, std::string_view sub,
                      const AuthenticatorRecord& record) {
  if (record.serial.empty()) return;
  const std::string key = credential_key(tenant, record.kind, record.serial);
  transaction.expect_absent(tables::kCredentialIds, key);
  transaction.put(tables::kCredentialIds, key, as_bytes(broker::record_key({sub, record.id})));
}

Task<Result<std::optional<CredentialOwner>>> find_credential(Context* context, std::string tenant, std::string kind,
                                                             std::string credential) {
  auto row = co_await context->store.get(tables::kCredentialIds, credential_key(tenant, kind, credential));
  if (row.failed_with(Code::NotFound)) co_return std::optional<CredentialOwner>();
  if (!row) co_return row.error();
  const std::string_view text = as_text(row->bytes());
  const std::size_t separator = text.find('\0');
  if (separator == std::string_view::npos) co_return Error{Code::Corrupt, "credentials"};
  CredentialOwner owner{std::string(text.substr(0, separator)), std::string(text.substr(separator + 1))};
  co_return std::optional<CredentialOwner>(std::move(owner));
}

void erase_authenticators(storage::Transaction& transaction, std::string_view tenant, std::string_view sub,
                          const std::vector<AuthenticatorRecord>& records) {
  for (const AuthenticatorRecord& record : records) {
    transaction.erase(tables::kAuthenticators, authenticator_key(tenant, sub, record.kind, record.id));
    if (!record.serial.empty()) {
      transaction.erase(tables::kCredentialIds, credential_key(tenant, record.kind, record.serial));
    }
  }
}

Result<SecretBytes> open_secret(Context& context, std::string_view tenant, std::string_view sub,
                                const AuthenticatorRecord& record) {
  const std::string key = authenticator_key(tenant, sub, record.kind, record.id);
  return context.sealer.open(tables::kAuthenticators, key, as_bytes(record.sealed_secret));
}

Result<Unit> seal_secret(Context& context, std::string_view tenant, std::string_view sub, Bytes secret,
                         AuthenticatorRecord& record) {
  const std::string key = authenticator_key(tenant, sub, record.kind, record.id);
  CLAVIGER_TRY(sealed, context.sealer.seal(tables::kAuthenticators, key, secret));
  record.sealed_secret = std::move(sealed);
  return Unit{};
}

}  // namespace claviger::identity
