#include "broker/keys/domain.h"

#include <algorithm>

#include "broker/keys/kms_generated.h"
#include "broker/record_key.h"
#include "core/codec/hex.h"
#include "core/codec/utf8.h"
#include "storage/record.h"

namespace claviger::keys {
namespace {

constexpr storage::RecordSchema kSchema{"kms_domains", 1};

std::string generation_text(std::uint32_t generation) {
  std::array<std::byte, 4> bytes;
  store_be(bytes, generation);
  std::string text;
  codec::hex_encode(bytes, text);
  return text;
}

template <std::size_t N>
Result<Unit> read_point(const flatbuffers::Vector<std::uint8_t>* field, std::array<std::byte, N>& point) {
  const Bytes bytes = storage::bytes_of(field);
  if (bytes.size() != N) return Error{Code::Corrupt, kSchema.name};
  std::ranges::copy(bytes, point.begin());
  return Unit{};
}

}  // namespace

std::vector<std::string> default_scopes() {
  return {"3gpp:mc:ptt_key_management_service", "3gpp:mc:video_key_management_service",
          "3gpp:mc:data_key_management_service"};
}

std::string domain_prefix(std::string_view tenant) { return broker::record_prefix({tenant}); }

std::string domain_key(std::string_view tenant, std::string_view kms_uri, std::uint32_t generation) {
  return broker::record_key({tenant, kms_uri, generation_text(generation)});
}

Result<DomainName> domain_name_of(std::string_view key) {
  const std::size_t first = key.find('\0');
  const std::size_t last = key.rfind('\0');
  std::array<std::byte, 4> bytes;
  if (first == std::string_view::npos || first == last || !codec::hex_decode(key.substr(last + 1), bytes)) {
    return Error{Code::Corrupt, kSchema.name};
  }
  DomainName name;
  name.tenant = key.substr(0, first);
  name.kms_uri = key.substr(first + 1, last - first - 1);
  name.generation = load_be<std::uint32_t>(bytes);
  return name;
}

std::string encode_domain(const Domain& domain) {
  flatbuffers::FlatBufferBuilder builder(2048);
  const auto cert_uri = storage::put_text(builder, domain.cert_uri);
  const auto issuer = storage::put_text(builder, domain.issuer);
  const auto encryption = storage::put_bytes(builder, domain.public_encryption);
  const auto authentication = storage::put_bytes(builder, domain.public_authentication);
  const auto sealed = storage::put_bytes(builder, as_bytes(domain.sealed_secrets));
  const auto scopes = storage::put_texts(builder, domain.policy.scopes);
  const auto domains = storage::put_texts(builder, domain.domains);
  schema::DomainBuilder record(builder);
  record.add_schema_version(kSchema.version);
  record.add_state(static_cast<std::uint8_t>(domain.state));
  record.add_cert_uri(cert_uri);
  record.add_issuer(issuer);
  record.add_period(domain.periods.seconds);
  record.add_offset(domain.periods.offset);
  record.add_valid_from(domain.valid_from);
  record.add_valid_to(domain.valid_to);
  record.add_public_encryption(encryption);
  record.add_public_authentication(authentication);
  if (!domain.sealed_secrets.empty()) record.add_sealed_secrets(sealed);
  record.add_created_at(domain.created_at);
  record.add_changed_at(domain.changed_at);
  record.add_cache_number(domain.cache_number);
  record.add_scopes(scopes);
  record.add_wrap_mode(static_cast<std::uint8_t>(domain.policy.wrap_mode));
  record.add_is_cipher_hex(domain.policy.is_cipher_hex);
  record.add_is_user_id_base64(domain.policy.is_user_id_base64);
  record.add_is_uid_hex_text(domain.policy.is_uid_hex_text);
  record.add_needs_signature(domain.policy.needs_signature);
  record.add_needs_transport_key(domain.policy.needs_transport_key);
  record.add_is_time_lenient(domain.policy.is_time_lenient);
  record.add_retained_periods(domain.policy.retained_periods);
  record.add_early_percent(domain.policy.early_percent);
  record.add_domains(domains);
  builder.Finish(record.Finish());
  return storage::finished(builder);
}

Result<Domain> decode_domain(const storage::Value& value, const DomainName& name) {
  CLAVIGER_TRY(record, storage::FlatRecord<schema::Domain>::open(value, kSchema, name.kms_uri));
  const bool is_known = record->state() <= static_cast<std::uint8_t>(DomainState::Revoked) &&
                        record->wrap_mode() <= static_cast<std::uint8_t>(WrapMode::Pad11) && record->period() != 0;
  if (!is_known) return Error{Code::Corrupt, kSchema.name};
  Domain domain;
  domain.kms_uri = name.kms_uri;
  domain.generation = name.generation;
  domain.state = static_cast<DomainState>(record->state());
  domain.cert_uri = storage::text_of(record->cert_uri());
  domain.issuer = storage::text_of(record->issuer());
  domain.periods = {record->period(), record->offset()};
  domain.valid_from = record->valid_from();
  domain.valid_to = record->valid_to();
  CLAVIGER_TRY(encryption, read_point(record->public_encryption(), domain.public_encryption));
  CLAVIGER_TRY(authentication, read_point(record->public_authentication(), domain.public_authentication));
  domain.sealed_secrets = as_text(storage::bytes_of(record->sealed_secrets()));
  domain.created_at = record->created_at();
  domain.changed_at = record->changed_at();
  domain.cache_number = record->cache_number();
  domain.domains = storage::texts_of(record->domains());
  DomainPolicy& policy = domain.policy;
  policy.scopes = storage::texts_of(record->scopes());
  policy.wrap_mode = static_cast<WrapMode>(record->wrap_mode());
  policy.is_cipher_hex = record->is_cipher_hex();
  policy.is_user_id_base64 = record->is_user_id_base64();
  policy.is_uid_hex_text = record->is_uid_hex_text();
  policy.needs_signature = record->needs_signature();
  policy.needs_transport_key = record->needs_transport_key();
  policy.is_time_lenient = record->is_time_lenient();
  policy.retained_periods = record->retained_periods();
  policy.early_percent = record->early_percent();
  domain.version = value.version();
  return domain;
}

Result<Unit> check_uri(std::string_view uri) {
  const bool has_control = std::ranges::any_of(uri, [](char character) {
    const auto byte = static_cast<unsigned char>(character);
    return byte < 0x21 || byte == 0x7F;  // a URI has no blank either
  });
  if (uri.empty() || uri.size() > kUriBytesMax || has_control || !codec::is_utf8(uri)) {
    return Error{Code::UriPathInvalid, "kms.uri"};
  }
  return Unit{};
}

}  // namespace claviger::keys
