#include "broker/identity/client.h"

#include <algorithm>

#include "broker/identity/client_generated.h"
#include "broker/record_key.h"
#include "storage/record.h"

namespace claviger::identity {
namespace {

constexpr storage::RecordSchema kSchema{"clients", 1};

}  // namespace

std::string client_key(std::string_view tenant, std::string_view client_id) {
  return broker::record_key({tenant, client_id});
}

std::string encode_client(const Client& client) {
  flatbuffers::FlatBufferBuilder builder(512);
  const auto name = storage::put_text(builder, client.name);
  const auto redirect_uris = storage::put_texts(builder, client.redirect_uris);
  const auto scopes = storage::put_texts(builder, client.scopes);
  const auto audiences = storage::put_texts(builder, client.audiences);
  flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> secret_mac = 0;
  if (client.secret_mac) secret_mac = storage::put_bytes(builder, *client.secret_mac);
  const auto jwks = storage::put_text(builder, client.jwks);
  const auto tls_subject = storage::put_text(builder, client.tls_subject);
  const auto tls_certificate_digest = storage::put_text(builder, client.tls_certificate_digest);
  const auto sector_identifier = storage::put_text(builder, client.sector_identifier);
  const auto post_logout_redirect_uris = storage::put_texts(builder, client.post_logout_redirect_uris);
  const auto backchannel_logout_uri = storage::put_text(builder, client.backchannel_logout_uri);
  const auto val_server_id = storage::put_text(builder, client.val_server_id);
  const auto val_services = storage::put_texts(builder, client.val_services);
  schema::ClientBuilder record(builder);
  record.add_schema_version(kSchema.version);
  record.add_name(name);
  record.add_is_enabled(client.is_enabled);
  record.add_profile(static_cast<std::uint8_t>(client.profile));
  record.add_authentication(static_cast<std::uint8_t>(client.authentication));
  record.add_redirect_uris(redirect_uris);
  record.add_scopes(scopes);
  record.add_may_code(client.may_code);
  record.add_may_client_credentials(client.may_client_credentials);
  record.add_may_introspect(client.may_introspect);
  record.add_audiences(audiences);
  record.add_secret_mac(secret_mac);
  record.add_jwks(jwks);
  record.add_tls_subject(tls_subject);
  record.add_tls_certificate_digest(tls_certificate_digest);
  record.add_is_certificate_bound(client.is_certificate_bound);
  record.add_created_at(client.created_at);
  record.add_must_push_requests(client.must_push_requests);
  record.add_is_dpop_bound(client.is_dpop_bound);
  record.add_has_pairwise_subject(client.has_pairwise_subject);
  record.add_sector_identifier(sector_identifier);
  record.add_asks_consent(client.asks_consent);
  record.add_post_logout_redirect_uris(post_logout_redirect_uris);
  record.add_backchannel_logout_uri(backchannel_logout_uri);
  record.add_val_server_id(val_server_id);
  record.add_val_services(val_services);
  record.add_may_push_keys(client.may_push_keys);
  record.add_may_exchange(client.may_exchange);
  record.add_may_assert(client.may_assert);
  record.add_access_token_life(static_cast<std::uint32_t>(client.access_token_life.count()));
  builder.Finish(record.Finish());
  return storage::finished(builder);
}

Result<Client> decode_client(const storage::Value& value, std::string_view client_id) {
  CLAVIGER_TRY(record, storage::FlatRecord<schema::Client>::open(value, kSchema));
  if (record->profile() > static_cast<std::uint8_t>(ClientProfile::Val)) {
    return Error{Code::Corrupt, "clients.profile"};
  }
  if (record->authentication() > static_cast<std::uint8_t>(ClientAuthentication::SelfSignedTlsClientAuth)) {
    return Error{Code::Corrupt, "clients.authentication"};
  }
  Client client;
  client.client_id = client_id;
  client.name = storage::text_of(record->name());
  client.is_enabled = record->is_enabled();
  client.profile = static_cast<ClientProfile>(record->profile());
  client.authentication = static_cast<ClientAuthentication>(record->authentication());
  client.redirect_uris = storage::texts_of(record->redirect_uris());
  client.scopes = storage::texts_of(record->scopes());
  client.may_code = record->may_code();
  client.may_client_credentials = record->may_client_credentials();
  client.may_introspect = record->may_introspect();
  client.audiences = storage::texts_of(record->audiences());
  if (const Bytes mac = storage::bytes_of(record->secret_mac()); !mac.empty()) {
    if (mac.size() != 32) return Error{Code::Corrupt, "clients.secret_mac"};
    std::copy_n(mac.begin(), 32, client.secret_mac.emplace().begin());
  }
  client.jwks = storage::text_of(record->jwks());
  client.tls_subject = storage::text_of(record->tls_subject());
  client.tls_certificate_digest = storage::text_of(record->tls_certificate_digest());
  client.is_certificate_bound = record->is_certificate_bound();
  client.created_at = record->created_at();
  client.must_push_requests = record->must_push_requests();
  client.is_dpop_bound = record->is_dpop_bound();
  client.has_pairwise_subject = record->has_pairwise_subject();
  client.sector_identifier = storage::text_of(record->sector_identifier());
  client.asks_consent = record->asks_consent();
  client.post_logout_redirect_uris = storage::texts_of(record->post_logout_redirect_uris());
  client.backchannel_logout_uri = storage::text_of(record->backchannel_logout_uri());
  client.val_server_id = storage::text_of(record->val_server_id());
  client.val_services = storage::texts_of(record->val_services());
  client.may_push_keys = record->may_push_keys();
  client.may_exchange = record->may_exchange();
  client.may_assert = record->may_assert();
  client.access_token_life = Seconds{record->access_token_life()};
  client.version = value.version();
  return client;
}

}  // namespace claviger::identity
