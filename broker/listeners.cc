#include "broker/listeners.h"

#include <unistd.h>

#include "broker/admin/acm_audit.h"
#include "broker/admin/acm_verbs.h"
#include "broker/admin/metrics_endpoint.h"
#include "broker/admin/migration_verbs.h"
#include "broker/admin/registration_endpoint.h"
#include "broker/admin/routes.h"
#include "broker/administration/acm_endpoint.h"
#include "broker/configuration/xcap_endpoint.h"
#include "broker/exchange/certificate_endpoint.h"
#include "broker/identity/proxies.h"
#include "broker/identity/routes.h"
#include "broker/keys/kms_endpoint.h"
#include "broker/migration/routes.h"
#include "broker/partners/partner_grants.h"
#include "broker/pem_file.h"
#include "broker/provisioning/configurations_endpoint.h"
#include "broker/seal_keys/aef_security_endpoint.h"
#include "broker/seal_keys/held_elsewhere.h"
#include "broker/seal_keys/key_records_endpoint.h"
#include "broker/seal_keys/km_endpoint.h"
#include "broker/subscriber/sip_database.h"
#include "broker/tokens/token_routes.h"
#include "core/crypto/fresh_value.h"
#include "core/http/problem.h"
#include "core/http/server.h"
#include "core/net/ticket_keys.h"

namespace claviger::broker {
namespace {

using runtime::Task;
using TlsRef = std::shared_ptr<const net::TlsContext>;

// Of the metrics listener on one shard: a few scrapers and probes, and those of a whole fleet after an outage.
constexpr std::size_t kMetricsConnectionsMax = 64;

constexpr std::string_view kFile = "listener.file";  // of errors

net::ClientCertificate policy_of(settings::ClientCertificates policy) {
  switch (policy) {
    case settings::ClientCertificates::None:
      return net::ClientCertificate::None;
    case settings::ClientCertificates::Optional:
      return net::ClientCertificate::Optional;
    case settings::ClientCertificates::Required:
      return net::ClientCertificate::Required;
  }
  return net::ClientCertificate::Required;
}

// Reads files and parses keys: off the loop.
Result<TlsRef> make_tls(const settings::HttpsListener& listener, std::shared_ptr<net::TicketKeys> tickets) {
  net::TlsServerOptions options;
  CLAVIGER_TRY(chain, read_public_pem_file(listener.certificate_file, kFile));
  CLAVIGER_TRY(key, read_pem_file(listener.key_file, kFile));
  CLAVIGER_TRY(client_ca, read_public_pem_file(listener.client_ca_file, kFile));
  CLAVIGER_TRY(client_crls, read_public_pem_file(listener.client_crl_file, kFile));
  options.certificate_chain_pem = std::move(chain);
  options.private_key_pem = std::move(key);
  options.client_certificate = policy_of(listener.client_certificates);
  options.client_ca_pem = std::move(client_ca);
  options.client_crls_pem = std::move(client_crls);
  options.ticket_keys = std::move(tickets);
  // Whoever asks in HTTP/1.0 is answered as of old: so he may say that he will (RFC 7301 clause 6).
  options.alpn = {"h2", "http/1.1", "http/1.0"};
  options.session_name = listener.address + ":" + std::to_string(listener.port);
  return net::TlsContext::server(std::move(options));
}

}  // namespace

Result<Unit> check_listener(const settings::HttpsListener& listener) {
  const auto address = net::Address::ip(listener.address, listener.port);
  if (!address) return address.error();
  const auto tls = make_tls(listener, nullptr);
  if (!tls) return tls.error();
  return Unit{};
}

struct Listeners::State {
  State(std::vector<std::unique_ptr<Context>>& all, admin::ProcessControl& control, admin::AuditLog& audit,
        partners::Partners& known_partners, keys::Kms& known_kms, seal_keys::Capif& known_capif,
        configuration::Configuration& known_configuration, subscriber::SipDatabase& known_subscribers,
        administration::Acm& known_acm)
      : contexts(all),
        partners(known_partners),
        kms(known_kms),
        capif(known_capif),
        configuration(known_configuration),
        subscribers(known_subscribers),
        acm(known_acm),
        acm_audit(admin::acm_audit_into(audit)),
        services{all, audit, control, ::getuid(), &known_partners, &known_kms, &known_capif, &known_configuration},
        acm_services(services, known_acm),
        // Nobody may aim at the bucket of another's address.
        server(all[0]->shard.shards(), crypto::fresh_value<SipKey>()),
        tickets(std::make_shared<net::TicketKeys>()) {
    services.subscribers = &known_subscribers;
  }

  Context& home() { return *contexts[0]; }
  Result<Unit> listen(http::ListenerOptions options);
  Result<Unit> listen_https(const settings::HttpsListener& listener, const settings::Limits& limits, TlsRef tls);
  // Spec 1.11: an asserted identity that does not come from a configured proxy ends at our door, whatever it asks for.
  std::optional<http::Response> refuse_asserted(const http::Request& request) const {
    const settings::Settings& settings = *contexts[runtime::Shard::current().index()]->snapshot->settings;
    if (identity::asserted_identity(settings, request)) return std::nullopt;
    return http::problem(403);
  }
  Result<Unit> listen_admin(const std::string& path);
  Result<Unit> listen_metrics(const std::string& address, std::uint16_t port);
  Task<Result<std::vector<TlsRef>>> make_all_tls(std::shared_ptr<const settings::Settings> settings);
  void rotate_tickets() {
    tickets->rotate();
    home().shard.timers().start(rotation, home().shard.now() + net::kTicketKeyLifetime);
  }

  std::vector<std::unique_ptr<Context>>& contexts;
  partners::Partners& partners;
  keys::Kms& kms;
  seal_keys::Capif& capif;
  exchange::PeerLinks* links = nullptr;
  configuration::Configuration& configuration;
  subscriber::SipDatabase& subscribers;
  administration::Acm& acm;
  administration::AcmAudit acm_audit;
  admin::AdminServices services;
  admin::AcmServices acm_services;
  http::Server server;
  std::shared_ptr<net::TicketKeys> tickets;
  runtime::Timer rotation{[](void* self) { static_cast<State*>(self)->rotate_tickets(); }, this};
  std::vector<std::size_t> https;  // indexes of the HTTPS listeners, in the order of the settings
  std::vector<std::string> names;  // by the server's index
};

Result<Unit> Listeners::State::listen(http::ListenerOptions options) {
  const std::string name = options.name;
  auto listening = server.listen(std::move(options));
  if (!listening) {
    home().shard.logger().error("listen.failed", {{"listener", name}, {"code", name_of(listening.error().code)}});
    return listening.error();
  }
  if (names.size() <= listening->index) names.resize(listening->index + 1);
  names[listening->index] = name;
  home().shard.logger().info("listen", {{"listener", name}});
  return Unit{};
}

Result<Unit> Listeners::State::listen_https(const settings::HttpsListener& listener, const settings::Limits& limits,
                                            TlsRef tls) {
  auto router = std::make_shared<http::Router>();
  identity::add_identity_routes(*router, contexts, partners::partner_grants(partners), &subscribers);
  tokens::add_token_routes(*router, contexts);
  provisioning::add_provisioning_routes(*router, contexts);
  seal_keys::add_key_record_routes(*router, contexts, &capif, links);
  seal_keys::add_km_routes(*router, contexts, &capif, links);
  seal_keys::add_aef_security_routes(*router, contexts, &capif);
  seal_keys::add_peer_record_routes(*router, contexts);
  keys::add_kms_routes(*router, contexts, kms);
  configuration::add_xcap_routes(*router, contexts, configuration);
  exchange::add_exchange_routes(*router, contexts, kms);
  if (services.migration != nullptr) migration::add_migration_routes(*router, *services.migration);
  administration::add_acm_routes(*router, contexts, acm, acm_audit);
  http::ListenerOptions options;
  CLAVIGER_TRY(address, net::Address::ip(listener.address, listener.port));
  options.name = "https " + address.text();
  options.address = address;
  options.tls = std::move(tls);
  options.router = std::move(router);
  options.limits.connections_max = limits.connections_max;
  options.limits.in_flight_max = limits.requests_max;
  options.headers = http::security_headers();
  options.overload = [this](const http::Request& request) { return refuse_asserted(request); };
  https.push_back(names.size());
  return listen(std::move(options));
}

Result<Unit> Listeners::State::listen_admin(const std::string& path) {
  auto router = std::make_shared<http::Router>();
  admin::add_admin_routes(*router, services);
  if (services.migration != nullptr) admin::add_migration_verbs(*router, services);
  admin::add_acm_verbs(*router, acm_services);
  admin::add_registration_verbs(*router, services);
  http::ListenerOptions options;
  CLAVIGER_TRY(address, net::Address::unix_path(path));
  options.name = "admin " + path;
  options.address = address;
  // Peer credentials decide who may do what; the mode only lets them in.
  options.unix_mode = 0666;
  options.router = std::move(router);
  return listen(std::move(options));
}

Result<Unit> Listeners::State::listen_metrics(const std::string& host, std::uint16_t port) {
  if (port == 0) return Unit{};
  auto router = std::make_shared<http::Router>();
  admin::add_metrics_routes(*router, services);
  http::ListenerOptions options;
  CLAVIGER_TRY(address, net::Address::ip(host, port));
  options.name = "metrics " + address.text();
  options.address = address;
  options.router = std::move(router);
  // Whoever asks for figures is done in milliseconds: a crowd of idle connections must not keep the next one out.
  options.limits.displacing_max = kMetricsConnectionsMax;
  options.limits.source_share = 0;            // all of them may come from this host
  options.limits.source_connections_max = 0;  // the same
  return listen(std::move(options));
}

Task<Result<std::vector<TlsRef>>> Listeners::State::make_all_tls(std::shared_ptr<const settings::Settings> settings) {
  std::vector<TlsRef> all;
  for (const settings::HttpsListener& listener : settings->https) {
    auto work = [listener, keys = tickets] { return make_tls(listener, keys); };
    CLAVIGER_CO_TRY(made, co_await runtime::offload(&home().work_pool, std::move(work)));
    if (!made) {
      home().shard.logger().error(
          "listen.certificate",
          {{"file", listener.certificate_file}, {"code", name_of(made.error().code)}, {"where", made.error().where}});
      co_return made.error();
    }
    all.push_back(*std::move(made));
  }
  co_return all;
}

Listeners::Listeners(std::vector<std::unique_ptr<Context>>& contexts, admin::ProcessControl& process,
                     admin::AuditLog& audit_log, partners::Partners& partners, keys::Kms& kms, seal_keys::Capif& capif,
                     configuration::Configuration& configuration, subscriber::SipDatabase& subscribers,
                     administration::Acm& acm)
    : state_(std::make_unique<State>(contexts, process, audit_log, partners, kms, capif, configuration, subscribers,
                                     acm)) {}
void Listeners::use_peer_links(exchange::PeerLinks* links) { state_->links = links; }
void Listeners::use_peers(peers::Peers* peers) { state_->services.peers = peers; }
void Listeners::use_registrar(registration::Registrar* registrar) { state_->services.registrar = registrar; }

void Listeners::use_migration(migration::Migration* migration) { state_->services.migration = migration; }
Listeners::~Listeners() = default;

Task<Result<Unit>> Listeners::start(std::shared_ptr<const settings::Settings> settings) {
  CLAVIGER_CO_TRY(tls, co_await state_->make_all_tls(settings));
  for (std::size_t i = 0; i < settings->https.size(); ++i) {
    CLAVIGER_CO_TRY(listening, state_->listen_https(settings->https[i], settings->limits, tls[i]));
  }
  CLAVIGER_CO_TRY(admin_socket, state_->listen_admin(settings->admin_socket));
  CLAVIGER_CO_TRY(metrics, state_->listen_metrics(settings->metrics_address, settings->metrics_port));
  state_->rotate_tickets();
  co_return Unit{};
}

Task<Result<Listeners::Certificates>> Listeners::read(std::shared_ptr<const settings::Settings> settings) {
  return state_->make_all_tls(std::move(settings));
}

void Listeners::replace(const Certificates& certificates) {
  CLAVIGER_ASSERT(certificates.size() == state_->https.size());
  for (std::size_t i = 0; i < state_->https.size(); ++i) state_->server.replace_tls(state_->https[i], certificates[i]);
}

Task<void> Listeners::drain(Monotonic deadline) {
  runtime::Shard& shard = state_->home().shard;
  runtime::OneShotPair<Unit> pair;
  const auto grace = std::chrono::duration_cast<Milliseconds>(deadline - shard.now());
  // `done` runs on some shard: the completer is used on this one.
  auto completer = std::make_shared<runtime::Completer<Unit>>(std::move(pair.completer));
  state_->server.drain(
      grace, [&shard, completer] { shard.mailbox().post_control([completer] { completer->complete(Unit{}); }); });
  co_await pair.waiter;
}

std::vector<admin::ListenerFigures> Listeners::figures() const {
  // The server counts by shard, not by listener: one line for all.
  admin::ListenerFigures all;
  for (const std::string& name : state_->names) all.name += (all.name.empty() ? "" : ", ") + name;
  for (std::size_t shard = 0; shard < state_->contexts.size(); ++shard) {
    all.by_shard.push_back(&state_->server.counters(shard));
  }
  return {all};
}

}  // namespace claviger::broker
