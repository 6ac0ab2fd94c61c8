#include "broker/partners/partner.h"

#include "broker/partners/partner_generated.h"
#include "broker/record_key.h"
#include "storage/record.h"

namespace claviger::partners {
namespace {

constexpr storage::RecordSchema kSchema{"partners", 1};
constexpr std::byte kKeysVersion{1};
constexpr std::size_t kKeysHead = 1 + sizeof(std::int64_t);

using storage::text_of;
using storage::texts_of;

}  // namespace

std::string partner_key(std::string_view tenant, std::string_view name) { return broker::record_key({tenant, name}); }
std::string partner_keys_key(std::string_view tenant, std::string_view name) {
  return broker::record_key({tenant, name, "keys"});
}
std::string partner_feed_key(std::string_view tenant, std::string_view name) {
  return broker::record_key({tenant, name, "feed"});
}

std::string encode_partner(const Partner& partner) {
  flatbuffers::FlatBufferBuilder builder(2048);
  const auto text = [&](const std::string& value) { return builder.CreateString(value); };
  const auto display_name = text(partner.display_name);
  const auto issuer = text(partner.issuer);
  const auto resource = text(partner.resource);
  const auto token_endpoint = text(partner.token_endpoint);
  const auto jwks_uri = text(partner.jwks_uri);
  const auto jwks = text(partner.jwks);
  const auto ca_pem = text(partner.ca_pem);
  const auto revocations_uri = text(partner.revocations_uri);
  const auto feed_client_id = text(partner.feed_client_id);
  const auto secret =
      builder.CreateVector(as_uchar(as_bytes(partner.sealed_feed_secret)), partner.sealed_feed_secret.size());
  const auto scopes = builder.CreateVectorOfStrings(partner.scopes);
  const auto domains = builder.CreateVectorOfStrings(partner.domains);
  const auto accepted_acrs = builder.CreateVectorOfStrings(partner.accepted_acrs);
  const auto clients = builder.CreateVectorOfStrings(partner.clients);
  schema::PartnerBuilder record(builder);
  record.add_schema_version(kSchema.version);
  record.add_display_name(display_name);
  record.add_issuer(issuer);
  record.add_resource(resource);
  record.add_token_endpoint(token_endpoint);
  record.add_jwks_uri(jwks_uri);
  record.add_jwks(jwks);
  record.add_ca_pem(ca_pem);
  record.add_revocations_uri(revocations_uri);
  record.add_feed_client_id(feed_client_id);
  record.add_sealed_feed_secret(secret);
  record.add_scopes(scopes);
  record.add_domains(domains);
  record.add_outbound(static_cast<std::uint8_t>(partner.outbound));
  record.add_is_strict_type(partner.is_strict_type);
  record.add_gives_refresh_tokens(partner.gives_refresh_tokens);
  record.add_keys_kept(partner.keys_kept.count());
  record.add_session_max(partner.session_max.count());
  record.add_is_enabled(partner.is_enabled);
  record.add_created_at(partner.created_at);
  record.add_accepted_acrs(accepted_acrs);
  record.add_clients(clients);
  builder.Finish(record.Finish());
  return std::string(as_text(storage::finished_bytes(builder)));
}

Result<Partner> decode_partner(const storage::Value& value, std::string_view name) {
  CLAVIGER_TRY(record, storage::FlatRecord<schema::Partner>::open(value, kSchema, name));
  if (record->outbound() > static_cast<std::uint8_t>(Outbound::All)) return Error{Code::Corrupt, "partners.outbound"};
  Partner partner;
  partner.name = name;
  partner.display_name = text_of(record->display_name());
  partner.issuer = text_of(record->issuer());
  partner.resource = text_of(record->resource());
  partner.token_endpoint = text_of(record->token_endpoint());
  partner.jwks_uri = text_of(record->jwks_uri());
  partner.jwks = text_of(record->jwks());
  partner.ca_pem = text_of(record->ca_pem());
  partner.revocations_uri = text_of(record->revocations_uri());
  partner.feed_client_id = text_of(record->feed_client_id());
  if (const auto* secret = record->sealed_feed_secret()) {
    partner.sealed_feed_secret = as_text(std::as_bytes(std::span(secret->data(), secret->size())));
  }
  partner.scopes = texts_of(record->scopes());
  partner.domains = texts_of(record->domains());
  partner.outbound = static_cast<Outbound>(record->outbound());
  partner.is_strict_type = record->is_strict_type();
  partner.gives_refresh_tokens = record->gives_refresh_tokens();
  partner.keys_kept = Seconds{record->keys_kept()};
  partner.session_max = Seconds{record->session_max()};
  partner.is_enabled = record->is_enabled();
  partner.created_at = record->created_at();
  partner.accepted_acrs = texts_of(record->accepted_acrs());
  partner.clients = texts_of(record->clients());
  partner.version = value.version();
  return partner;
}

std::string encode_fetched_keys(const FetchedKeys& keys) {
  std::string value(kKeysHead, '\0');
  const MutableBytes head = std::as_writable_bytes(std::span(value));
  head[0] = kKeysVersion;
  store_be(head.subspan(1), static_cast<std::uint64_t>(keys.fetched_at));
  value += keys.jwks;
  return value;
}

Result<FetchedKeys> decode_fetched_keys(Bytes value) {
  if (value.size() < kKeysHead) return Error{Code::Corrupt, "partners.keys"};
  if (value[0] > kKeysVersion) return Error{Code::SchemaTooNew, "partners.keys"};
  FetchedKeys keys;
  keys.fetched_at = static_cast<std::int64_t>(load_be<std::uint64_t>(value.subspan(1)));
  keys.jwks = as_text(value.subspan(kKeysHead));
  return keys;
}

}  // namespace claviger::partners
