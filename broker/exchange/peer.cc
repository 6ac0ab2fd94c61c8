#include "broker/exchange/peer.h"

#include "broker/exchange/exchange_generated.h"
#include "broker/record_key.h"
#include "storage/record.h"

namespace claviger::exchange {
namespace {

constexpr storage::RecordSchema kPeerSchema{"kms_peers", 1};
constexpr storage::RecordSchema kIdentitySchema{"kms_identity", 1};

}  // namespace

std::string peer_prefix(std::string_view tenant) { return broker::record_prefix({tenant, "peer"}); }
std::string peer_key(std::string_view tenant, std::string_view kms_uri) {
  return broker::record_key({tenant, "peer", kms_uri});
}
std::string identity_key(std::string_view tenant) { return broker::record_key({tenant, "identity"}); }

std::string encode_peer(const Peer& peer) {
  flatbuffers::FlatBufferBuilder builder(2048);
  const auto url = storage::put_text(builder, peer.url);
  const auto name = storage::put_text(builder, peer.name);
  const auto ca_pem = storage::put_text(builder, peer.ca_pem);
  const auto shared = storage::put_texts(builder, peer.shared);
  const auto held = storage::put_texts(builder, peer.held);
  builder.Finish(schema::CreatePeer(builder, kPeerSchema.version, url, name, ca_pem, shared, held, peer.created_at));
  return storage::finished(builder);
}

Result<Peer> decode_peer(const storage::Value& value, std::string_view kms_uri) {
  CLAVIGER_TRY(record, storage::FlatRecord<schema::Peer>::open(value, kPeerSchema, kms_uri));
  Peer peer;
  peer.kms_uri = kms_uri;
  peer.url = storage::text_of(record->url());
  peer.name = storage::text_of(record->name());
  peer.ca_pem = storage::text_of(record->ca_pem());
  peer.shared = storage::texts_of(record->shared());
  peer.held = storage::texts_of(record->held());
  peer.created_at = record->created_at();
  peer.version = value.version();
  return peer;
}

std::string encode_identity(const Identity& identity) {
  flatbuffers::FlatBufferBuilder builder(4096);
  const auto chain = storage::put_text(builder, identity.chain_pem);
  const auto key = storage::put_bytes(builder, as_bytes(identity.sealed_key));
  builder.Finish(schema::CreateIdentity(builder, kIdentitySchema.version, chain, key, identity.changed_at));
  return storage::finished(builder);
}

Result<Identity> decode_identity(const storage::Value& value, std::string_view tenant) {
  CLAVIGER_TRY(record, storage::FlatRecord<schema::Identity>::open(value, kIdentitySchema, tenant));
  Identity identity;
  identity.chain_pem = storage::text_of(record->chain_pem());
  identity.sealed_key = as_text(storage::bytes_of(record->sealed_key()));
  identity.changed_at = record->changed_at();
  identity.version = value.version();
  return identity;
}

}  // namespace claviger::exchange
