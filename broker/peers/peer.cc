#include "broker/peers/peer.h"

#include <algorithm>

#include "broker/peers/peer_generated.h"
#include "broker/record_key.h"
#include "broker/settings/network.h"
#include "core/diameter/peer_table.h"
#include "storage/record.h"

namespace claviger::peers {
namespace {

constexpr storage::RecordSchema kSchema{"diameter_peers", 1};
// Of one peer: more is a default route.
constexpr std::size_t kRealmsMax = 256;

using Texts = flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>;

std::string text_of(const flatbuffers::String* field) { return field == nullptr ? std::string() : field->str(); }
std::vector<std::string> texts_of(const Texts* field) {
  std::vector<std::string> texts;
  if (field == nullptr) return texts;
  for (const flatbuffers::String* text : *field) texts.push_back(text->str());
  return texts;
}

// Letters, digits, dots and hyphens (RFC 1034 clause 3.5); underscores are seen in the wild.
bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= diameter::kIdentityMax && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_';
  });
}
// An address may be IPv6.
bool is_host(std::string_view text) {
  std::string plain(text);
  std::erase(plain, ':');
  return is_name(plain);
}

}  // namespace

std::optional<std::string> what_is_wrong(const DiameterPeer& peer) {
  if (!is_name(peer.identity)) return "identity: the peer's host name";
  if (!is_name(peer.realm)) return "realm: the peer's realm";
  if (!peer.host.empty() && !is_host(peer.host)) return "host: an address or a host name";
  if (peer.port == 0) return "port: 1 to 65535";
  if (peer.realms.size() > kRealmsMax) return "realms: at most 256";
  for (const std::string& realm : peer.realms) {
    if (realm != "*" && !is_name(realm)) return "realms: names, or * for every other";
  }
  if (!settings::are_peer_addresses(peer.addresses)) return "addresses: at most 64, such as 192.0.2.7 or 192.0.2.0/24";
  for (const std::string& quirk : peer.quirks) {
    if (std::ranges::find(settings::kDiameterQuirks, quirk) == std::end(settings::kDiameterQuirks)) {
      return "quirks: base-codes-as-3gpp";
    }
  }
  return std::nullopt;
}

DiameterPeer changed_peer(DiameterPeer peer, PeerChange wanted) {
  const auto take = [](auto& member, auto& said) {
    if (said) member = *std::move(said);
  };
  take(peer.realm, wanted.realm);
  take(peer.host, wanted.host);
  take(peer.port, wanted.port);
  take(peer.is_tls, wanted.is_tls);
  take(peer.addresses, wanted.addresses);
  take(peer.realms, wanted.realms);
  take(peer.quirks, wanted.quirks);
  take(peer.priority, wanted.priority);
  take(peer.weight, wanted.weight);
  take(peer.requests_per_second, wanted.requests_per_second);
  return peer;
}

void empty_lists(PeerChange& wanted) {
  for (auto* list : {&wanted.addresses, &wanted.realms, &wanted.quirks}) {
    if (*list && **list == std::vector<std::string>{""}) (*list)->clear();
  }
}

diameter::PeerOptions options_of(const DiameterPeer& peer, bool is_admitted) {
  diameter::PeerOptions options;
  options.identity = peer.identity;
  options.realm = peer.realm;
  options.host = peer.host;
  options.port = peer.port;
  options.is_tls = peer.is_tls;
  for (const std::string& realm : peer.realms) options.routes.push_back({realm, peer.priority, peer.weight});
  options.requests_per_second = peer.requests_per_second;
  options.quirks = peer.quirks;
  options.operator_admitted = is_admitted;
  options.addresses = peer.addresses;
  // Names are not looked up for it: whoever answers them would say who it is.
  const bool is_where_we_call =
      !peer.is_tls && peer.addresses.empty() && settings::Network::parse(peer.host).has_value();
  if (is_where_we_call) options.addresses.push_back(peer.host);
  std::vector<settings::Network> networks;
  for (const std::string& each : options.addresses) {
    if (auto network = settings::Network::parse(each)) networks.push_back(*std::move(network));
  }
  if (networks.empty()) return options;
  options.admits = [networks = std::move(networks)](std::string_view address) {
    return std::ranges::any_of(networks, [&](const settings::Network& each) { return each.contains(address); });
  };
  return options;
}

bool may_be_anybody(const diameter::PeerOptions& options) { return !options.is_tls && !options.admits; }

std::string peer_key(std::string_view identity) { return broker::record_key({diameter::lower(identity)}); }

std::string encode_peer(const DiameterPeer& peer, std::int64_t created_at) {
  flatbuffers::FlatBufferBuilder builder(512);
  const auto identity = builder.CreateString(peer.identity);
  const auto realm = builder.CreateString(peer.realm);
  const auto host = builder.CreateString(peer.host);
  const auto realms = builder.CreateVectorOfStrings(peer.realms);
  const auto quirks = builder.CreateVectorOfStrings(peer.quirks);
  flatbuffers::Offset<Texts> addresses;  // without any, as builds wrote it that knew none
  if (!peer.addresses.empty()) addresses = builder.CreateVectorOfStrings(peer.addresses);
  schema::PeerBuilder record(builder);
  record.add_schema_version(kSchema.version);
  record.add_identity(identity);
  record.add_realm(realm);
  record.add_host(host);
  record.add_port(peer.port);
  record.add_is_tls(peer.is_tls);
  record.add_realms(realms);
  record.add_priority(peer.priority);
  record.add_weight(peer.weight);
  record.add_requests_per_second(peer.requests_per_second);
  record.add_quirks(quirks);
  record.add_created_at(created_at);
  record.add_addresses(addresses);
  builder.Finish(record.Finish());
  return std::string(as_text(storage::finished_bytes(builder)));
}

Result<DiameterPeer> decode_peer(const storage::Value& value) {
  CLAVIGER_TRY(record, storage::FlatRecord<schema::Peer>::open(value, kSchema));
  DiameterPeer peer;
  peer.identity = text_of(record->identity());
  peer.realm = text_of(record->realm());
  peer.host = text_of(record->host());
  peer.port = record->port();
  peer.is_tls = record->is_tls();
  peer.realms = texts_of(record->realms());
  peer.priority = record->priority();
  peer.weight = record->weight();
  peer.requests_per_second = record->requests_per_second();
  peer.quirks = texts_of(record->quirks());
  peer.addresses = texts_of(record->addresses());
  if (what_is_wrong(peer)) return Error{Code::Corrupt, "diameter_peers"};
  return peer;
}

}  // namespace claviger::peers
