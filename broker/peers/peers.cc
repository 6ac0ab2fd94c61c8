#include "broker/peers/peers.h"

#include "broker/pem_file.h"
#include "broker/tables.h"
#include "core/net/resolve.h"
#include "core/runtime/call.h"
#include "core/runtime/offload.h"
#include "storage/page.h"

namespace claviger::peers {
namespace {

namespace tables = broker::tables;
using runtime::Task;
using settings::DiameterSettings;

diameter::NodeOptions node_options(const DiameterSettings& settings) {
  diameter::NodeOptions options;
  options.identity = settings.identity;
  options.realm = settings.realm;
  options.product = settings.product_name;
  options.vendor = kVendor3gpp;
  // Cx itself, never the relay's identifier: identities are mapped here, and some peers understand nothing else.
  options.applications = {{kCxApplication, kVendor3gpp}};
  if (auto address = net::Address::ip(settings.address, settings.port)) options.addresses = {*address};
  options.watchdog = settings.watchdog;
  options.pending_max = settings.pending_max;
  return options;
}

}  // namespace

Peers::Peers(Contexts& contexts, std::shared_ptr<const DiameterSettings> settings)
    : contexts_(contexts),
      settings_(std::move(settings)),
      node_(std::make_unique<diameter::Node>(contexts.front()->shard.shards(), node_options(*settings_),
                                             diameter::Dictionary::base())),
      turns_(contexts.front()->shard) {}

Peers::~Peers() = default;

// Both ways with the same certificate: mutual authentication (RFC 6733 clause 13.1).
Result<Peers::Certificates> Peers::read_files(const DiameterSettings& settings) {
  if (settings.certificate_file.empty()) return Certificates();
  CLAVIGER_TRY(chain, broker::read_public_pem_file(settings.certificate_file, "diameter.certificate_file"));
  CLAVIGER_TRY(ca, broker::read_public_pem_file(settings.ca_file, "diameter.ca_file"));
  CLAVIGER_TRY(crls, broker::read_public_pem_file(settings.crl_file, "diameter.crl_file"));
  net::TlsServerOptions server;
  CLAVIGER_TRY(server_key, broker::read_pem_file(settings.key_file, "diameter.key_file"));
  server.certificate_chain_pem = chain;
  server.private_key_pem = std::move(server_key);
  server.client_certificate = net::ClientCertificate::Required;
  server.client_ca_pem = ca;
  server.client_crls_pem = crls;
  server.alpn = {};
  server.session_name = "diameter";
  net::TlsClientOptions client;
  CLAVIGER_TRY(client_key, broker::read_pem_file(settings.key_file, "diameter.key_file"));
  client.ca_pem = ca;
  client.certificate_chain_pem = chain;
  client.private_key_pem = std::move(client_key);
  client.alpn = {};
  Certificates made;
  CLAVIGER_TRY(server_context, net::TlsContext::server(std::move(server)));
  CLAVIGER_TRY(client_context, net::TlsContext::client(std::move(client)));
  made.server = std::move(server_context);
  made.client = std::move(client_context);
  return made;
}

Task<Result<Peers::Certificates>> Peers::read() {
  auto work = [settings = settings_] { return read_files(*settings); };
  auto made = co_await runtime::offload(&home().work_pool, std::move(work));
  if (!made) co_return made.error();
  co_return *std::move(made);
}

void Peers::replace(Certificates certificates) {
  if (certificates.server != nullptr) node_->use_tls(std::move(certificates.server), std::move(certificates.client));
}

Task<Result<Unit>> Peers::start() {
  CLAVIGER_CO_TRY(certificates, co_await read());
  replace(std::move(certificates));
  CLAVIGER_CO_TRY(started, node_->start());
  for (const DiameterPeer& peer : settings_->peers) {
    auto admitted = admit(options_of(peer, false));
    if (!admitted) {
      home().shard.logger().error("diameter.peer", {{"peer", peer.identity}, {"code", name_of(admitted.error().code)}});
      co_return admitted.error();
    }
  }
  CLAVIGER_CO_TRY(rows, co_await storage::range_all(&home().store, tables::kDiameterPeers, "", "", storage::kRangeMax));
  for (const storage::Record& row : rows) {
    auto peer = decode_peer(row.value);
    auto admitted = peer ? admit(options_of(*peer, true)) : Result<Unit>(peer.error());
    // One that the configuration names as well: that is the one.
    if (!admitted && admitted.error().code != Code::PeerTaken) co_return admitted.error();
  }
  for (const bool is_tls : {false, true}) {
    const std::uint16_t port = is_tls ? settings_->tls_port : settings_->port;
    if (port == 0) continue;
    auto address = net::Address::ip(settings_->address, port);
    if (!address) co_return address.error();
    auto bound = node_->listen(*address, is_tls);
    if (!bound) {
      home().shard.logger().error("diameter.listen",
                                  {{"address", address->text()}, {"code", name_of(bound.error().code)}});
      co_return bound.error();
    }
    home().shard.logger().info("diameter.listening", {{"address", bound->text()}, {"tls", is_tls ? "yes" : "no"}});
  }
  co_return Unit{};
}

Task<void> Peers::stop() { co_await node_->stop(home().shard.now() + kStopMax); }

Result<Unit> Peers::admit(diameter::PeerOptions peer) {
  const bool is_whoever_says_so = may_be_anybody(peer) && settings_->port != 0;
  const std::string identity = peer.identity;
  CLAVIGER_TRY(admitted, node_->admit(std::move(peer)));
  if (is_whoever_says_so) home().shard.logger().warning("diameter.peer_from_anywhere", {{"peer", identity}});
  return Unit{};
}

Task<Result<Unit>> Peers::add_at_home(DiameterPeer peer) {
  auto turn = co_await turns_.take("peers");
  if (!turn) co_return turn.error();
  if (node_->knows_peer(peer.identity)) co_return Error{Code::PeerTaken, "peer.identity"};
  if (peer.is_tls && settings_->certificate_file.empty()) co_return Error{Code::SecurityDiffers, "peer.tls"};
  const std::string key = peer_key(peer.identity);
  storage::Transaction change;
  change.expect_absent(tables::kDiameterPeers, key);
  change.put(tables::kDiameterPeers, key, as_bytes(encode_peer(peer, numeric_date(home().shard.wall()))));
  CLAVIGER_CO_TRY(committed, co_await home().store.commit(std::move(change)));
  co_return admit(options_of(peer, true));
}

Task<Result<Unit>> Peers::remove_at_home(std::string identity) {
  auto turn = co_await turns_.take("peers");
  if (!turn) co_return turn.error();
  if (!node_->knows_peer(identity)) co_return Error{Code::PeerUnknown, "peer.identity"};
  const std::string key = peer_key(identity);
  auto found = co_await home().store.get(tables::kDiameterPeers, key);
  if (!found && found.error().code == Code::NotFound) co_return Error{Code::Refused, "peer.configured"};
  if (!found) co_return found.error();
  storage::Transaction change;
  change.erase(tables::kDiameterPeers, key);
  CLAVIGER_CO_TRY(committed, co_await home().store.commit(std::move(change)));
  co_return node_->remove(identity);
}

Task<Result<Unit>> Peers::change_at_home(std::string identity, PeerChange wanted) {
  auto turn = co_await turns_.take("peers");
  if (!turn) co_return turn.error();
  if (!node_->knows_peer(identity)) co_return Error{Code::PeerUnknown, "peer.identity"};
  const std::string key = peer_key(identity);
  auto found = co_await home().store.get(tables::kDiameterPeers, key);
  if (found.failed_with(Code::NotFound)) co_return Error{Code::Refused, "peer.configured"};
  if (!found) co_return found.error();
  CLAVIGER_CO_TRY(present, decode_peer(*found));
  const DiameterPeer changed = changed_peer(present, std::move(wanted));
  if (what_is_wrong(changed)) co_return Error{Code::BadValue, "peer"};
  if (changed == present) co_return Unit{};
  if (changed.is_tls && settings_->certificate_file.empty()) co_return Error{Code::SecurityDiffers, "peer.tls"};
  storage::Transaction change;
  change.expect_version(tables::kDiameterPeers, key, found->version());
  change.put(tables::kDiameterPeers, key, as_bytes(encode_peer(changed, numeric_date(home().shard.wall()))));
  CLAVIGER_CO_TRY(committed, co_await home().store.commit(std::move(change)));
  diameter::PeerOptions options = options_of(changed, true);
  const bool is_whoever_says_so = may_be_anybody(options) && settings_->port != 0;
  CLAVIGER_CO_TRY(done, node_->change(std::move(options)));
  if (is_whoever_says_so) home().shard.logger().warning("diameter.peer_from_anywhere", {{"peer", changed.identity}});
  co_return Unit{};
}

Task<Result<Unit>> Peers::add(DiameterPeer peer) {
  if (what_is_wrong(peer)) co_return Error{Code::BadValue, "peer"};
  auto start = [this, peer = std::move(peer)] { return add_at_home(peer); };
  co_return co_await runtime::call_on(&home().shard, std::move(start));
}

Task<Result<Unit>> Peers::remove(std::string identity) {
  auto start = [this, identity = std::move(identity)] { return remove_at_home(identity); };
  co_return co_await runtime::call_on(&home().shard, std::move(start));
}

Task<Result<Unit>> Peers::change(std::string identity, PeerChange wanted) {
  auto start = [this, identity = std::move(identity), wanted = std::move(wanted)] {
    return change_at_home(identity, wanted);
  };
  co_return co_await runtime::call_on(&home().shard, std::move(start));
}

// These two are safe from any shard.
Task<Result<Unit>> Peers::disconnect(std::string identity) { co_return node_->disconnect(identity); }
Task<Result<Unit>> Peers::reconnect(std::string identity) { co_return node_->reconnect(identity); }

}  // namespace claviger::peers
