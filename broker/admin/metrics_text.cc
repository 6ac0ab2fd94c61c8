#include "broker/admin/metrics_text.h"

#include <array>
#include <cstdio>

#include "broker/admin/exposition.h"
#include "broker/admin/process_facts.h"
#include "broker/migration/migration.h"
#include "broker/peers/peers.h"
#include "broker/registration/registrar.h"
#include "broker/subscriber/sip_database.h"
#include "core/http/counters.h"
#include "core/runtime/turn_figures.h"

namespace claviger::admin {
namespace {

std::uint64_t sum(const AdminServices& services, Counter broker::Figures::*counter) {
  std::uint64_t total = 0;
  for (const auto& context : services.contexts) total += ((*context->figures).*counter).read();
  return total;
}

std::string seconds_text(double seconds) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.9g", seconds);
  return text.data();
}

// The shards' histograms added up; bucket i ends at 2^i us.
template <typename HistogramOf>
void histogram(Exposition& out, const AdminServices& services, const std::string& labels, HistogramOf histogram_of) {
  std::array<std::uint64_t, Histogram::kBuckets> buckets{};
  std::uint64_t sum_ns = 0;
  for (const auto& context : services.contexts) {
    const Histogram& one = histogram_of(*context);
    for (std::size_t i = 0; i < buckets.size(); ++i) buckets[i] += one.bucket(i);
    sum_ns += one.sum_ns();
  }
  const std::string prefix = labels.empty() ? std::string() : labels + ",";
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    total += buckets[i];
    const bool is_last = i + 1 == buckets.size();
    const std::string bound = is_last ? "+Inf" : seconds_text(static_cast<double>(std::uint64_t{1} << i) / 1e6);
    out.sample_of("_bucket", prefix + "le=\"" + bound + "\"", std::to_string(total));
  }
  out.sample_of("_sum", labels, seconds_text(static_cast<double>(sum_ns) / 1e9));
  out.sample_of("_count", labels, std::to_string(total));
}

void add_tokens(Exposition& out, const AdminServices& services) {
  const auto over_grants = [&](Counter broker::GrantFigures::*counter) {
    for (std::size_t i = 0; i < broker::kGrants; ++i) {
      std::uint64_t total = 0;
      for (const auto& context : services.contexts) total += (context->figures->grants[i].*counter).read();
      out.sample(label("grant", broker::name_of(static_cast<broker::Grant>(i))), total);
    }
  };
  out.begin("token_requests_granted_total", "counter", "Token requests that were granted, by grant.");
  over_grants(&broker::GrantFigures::issued);
  out.begin("token_requests_refused_total", "counter", "Token requests that were refused, by grant.");
  over_grants(&broker::GrantFigures::refused);
  out.begin("token_request_seconds", "histogram", "Time from a token request to its answer, by grant.");
  for (std::size_t i = 0; i < broker::kGrants; ++i) {
    histogram(out, services, label("grant", broker::name_of(static_cast<broker::Grant>(i))),
              [i](const broker::Context& context) -> const Histogram& { return context.figures->grants[i].latency; });
  }
  out.begin("introspections_total", "counter", "Introspections, by what was answered.");
  out.sample("result=\"active\"", sum(services, &broker::Figures::introspections_active));
  out.sample("result=\"inactive\"", sum(services, &broker::Figures::introspections_inactive));
  out.one("revocations_total", "counter", "Tokens and sessions revoked.", sum(services, &broker::Figures::revocations));
}

void add_identity(Exposition& out, const AdminServices& services) {
  out.begin("sign_ins_total", "counter", "Sign-ins at the login page, by result.");
  out.sample("result=\"passed\"", sum(services, &broker::Figures::sign_ins_passed));
  out.sample("result=\"failed\"", sum(services, &broker::Figures::sign_ins_failed));
  out.sample("result=\"throttled\"", sum(services, &broker::Figures::sign_ins_throttled));
  out.begin("sign_in_seconds", "histogram", "Time of a sign-in with its password hash and the queue before it.");
  histogram(out, services, {},
            [](const broker::Context& context) -> const Histogram& { return context.figures->sign_in_latency; });
  out.one("sessions_started_total", "counter", "Sessions begun.", sum(services, &broker::Figures::sessions_started));
  out.one("sessions_ended_total", "counter", "Sessions ended by sign-off or revocation.",
          sum(services, &broker::Figures::sessions_ended));
  out.one("refresh_reuses_total", "counter", "Old refresh tokens that came again: their sessions were revoked.",
          sum(services, &broker::Figures::refresh_reuses));
  out.one("clients_refused_total", "counter", "Requests of clients that did not prove who they are.",
          sum(services, &broker::Figures::clients_refused));
  out.one("admin_requests_total", "counter", "Requests on the admin socket.",
          sum(services, &broker::Figures::admin_requests));
  out.one("admin_refused_total", "counter", "Requests on the admin socket from users who may not.",
          sum(services, &broker::Figures::admin_refused));
}

void add_store(Exposition& out, const AdminServices& services) {
  const storage::Store& store = services.contexts[0]->store;
  const storage::StoreFigures figures = store.figures();
  const storage::StoreHealth health = store.health();
  out.one("store_writable", "gauge", "1 while the store can write.", health.can_write ? 1 : 0);
  out.one("store_commits_queued", "gauge", "Transactions that wait for the writer.", health.commits_queued);
  out.one("store_commits_total", "counter", "Transactions committed.", figures.commits);
  out.one("store_batches_total", "counter", "Batches written: one sync each.", figures.batches);
  out.one("store_conflicts_total", "counter", "Transactions whose expectations failed.", figures.conflicts);
  out.begin("store_reads_total", "counter", "Reads, by where they were answered.");
  out.sample("path=\"inline\"", figures.reads_inline);
  out.sample("path=\"off_loop\"", figures.reads_off_loop);
  out.one("store_block_cache_bytes", "gauge", "Memory of the block cache.", figures.block_cache_bytes);
  out.one("store_memtable_bytes", "gauge", "Memory of the memtables.", figures.memtable_bytes);
  out.one("store_files_bytes", "gauge", "Bytes of the store's files.", figures.files_bytes);
}

struct HttpFigure {
  std::string_view name, type, help;
  Counter http::Counters::*counter;
};
constexpr std::array<HttpFigure, 17> kHttpFigures{{
    {"http_connections", "gauge", "Open connections.", &http::Counters::connections_open},
    {"http_connections_total", "counter", "Connections accepted.", &http::Counters::connections_accepted},
    {"http_connections_displaced_total", "counter", "Connections closed unused to make room for new ones.",
     &http::Counters::connections_displaced},
    {"http_connections_refused_total", "counter", "Connections beyond a bound.", &http::Counters::connections_refused},
    {"http_handshakes_total", "counter", "TLS handshakes completed.", &http::Counters::handshakes},
    {"http_handshakes_resumed_total", "counter", "TLS handshakes by ticket.", &http::Counters::handshakes_resumed},
    {"http_handshakes_failed_total", "counter", "TLS handshakes that failed.", &http::Counters::handshakes_failed},
    {"http1_requests_total", "counter", "HTTP/1.1 requests.", &http::Counters::requests_http1},
    {"http2_requests_total", "counter", "HTTP/2 requests.", &http::Counters::requests_http2},
    {"http_requests_in_flight", "gauge", "Requests that wait for their answer.", &http::Counters::requests_in_flight},
    {"http_requests_overload_total", "counter", "Requests answered 503 at a bound.",
     &http::Counters::requests_overload},
    {"http_requests_cancelled_total", "counter", "Requests whose peer went away.", &http::Counters::requests_cancelled},
    {"http_received_bytes_total", "counter", "Bytes received, decrypted.", &http::Counters::bytes_received},
    {"http_sent_bytes_total", "counter", "Bytes sent, before encryption.", &http::Counters::bytes_sent},
    {"http_protocol_errors_total", "counter", "Connections that broke the protocol.", &http::Counters::protocol_errors},
    {"http_abuses_total", "counter", "Connections ended for work without purpose.", &http::Counters::abuses},
    {"http_timeouts_total", "counter", "Connections that were too slow.", &http::Counters::timeouts},
}};

void add_listeners(Exposition& out, const AdminServices& services) {
  const std::vector<ListenerFigures> listeners = services.process.listeners();
  for (const HttpFigure& figure : kHttpFigures) {
    out.begin(figure.name, figure.type, figure.help);
    for (const ListenerFigures& listener : listeners) {
      std::uint64_t total = 0;
      for (const http::Counters* counters : listener.by_shard) total += (counters->*figure.counter).read();
      out.sample(label("listener", listener.name), total);
    }
  }
  out.begin("http_responses_total", "counter", "Answers, by the class of their status.");
  for (const ListenerFigures& listener : listeners) {
    for (std::size_t status_class = 1; status_class < 6; ++status_class) {
      std::uint64_t total = 0;
      for (const http::Counters* counters : listener.by_shard) total += counters->responses[status_class].read();
      out.sample(label("listener", listener.name) + ",class=\"" + std::to_string(status_class) + "xx\"", total);
    }
  }
}

struct PeerFigure {
  std::string_view name;
  std::string_view type;
  std::string_view help;
  std::uint64_t (*read)(const diameter::PeerFigures& peer);
};
constexpr std::array<PeerFigure, 10> kPeerFigures{{
    {"diameter_peer_connected", "gauge", "1 while there is a connection.",
     [](const diameter::PeerFigures& peer) -> std::uint64_t { return peer.is_connected ? 1 : 0; }},
    {"diameter_peer_okay", "gauge", "1 while its watchdog lets it serve.",
     [](const diameter::PeerFigures& peer) -> std::uint64_t {
       return peer.is_connected && peer.state == diameter::PeerState::Okay ? 1 : 0;
     }},
    {"diameter_pending", "gauge", "Requests that the peer has not answered.",
     [](const diameter::PeerFigures& peer) { return peer.pending; }},
    {"diameter_requests_received_total", "counter", "Requests from the peer.",
     [](const diameter::PeerFigures& peer) { return peer.requests_in; }},
    {"diameter_answers_sent_total", "counter", "Answers to the peer.",
     [](const diameter::PeerFigures& peer) { return peer.answers_out; }},
    {"diameter_requests_sent_total", "counter", "Requests to the peer.",
     [](const diameter::PeerFigures& peer) { return peer.requests_out; }},
    {"diameter_answers_received_total", "counter", "Answers from the peer.",
     [](const diameter::PeerFigures& peer) { return peer.answers_in; }},
    {"diameter_dropped_total", "counter",
     "Messages of the peer thrown away: late, repeated, damaged, or before it is trusted again.",
     [](const diameter::PeerFigures& peer) { return peer.dropped; }},
    {"diameter_refused_total", "counter", "Requests of the peer that were answered with an error on behalf of others.",
     [](const diameter::PeerFigures& peer) { return peer.refused; }},
    {"diameter_failovers_total", "counter", "Requests moved from the peer to another.",
     [](const diameter::PeerFigures& peer) { return peer.failovers; }},
}};

void add_peers(Exposition& out, const AdminServices& services) {
  if (services.peers == nullptr) return;
  const std::vector<diameter::PeerFigures> peers = services.peers->figures();
  for (const PeerFigure& figure : kPeerFigures) {
    out.begin(figure.name, figure.type, figure.help);
    for (const diameter::PeerFigures& peer : peers) out.sample(label("peer", peer.identity), figure.read(peer));
  }
}

void add_subscribers(Exposition& out, const AdminServices& services) {
  if (services.subscribers == nullptr) return;
  const auto sum_of = [&](Counter subscriber::SubscriberFigures::*counter) {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < services.contexts.size(); ++i) {
      total += (services.subscribers->shard(i).figures.*counter).read();
    }
    return total;
  };
  using Figures = subscriber::SubscriberFigures;
  out.one("aka_vectors_total", "counter", "Authentication vectors that were made.", sum_of(&Figures::vectors));
  out.one("aka_vectors_refused_total", "counter", "Requests for vectors that were refused.", sum_of(&Figures::refused));
  out.one("aka_resynchronisations_total", "counter", "Calls for resynchronisation that were right.",
          sum_of(&Figures::resynchronisations));
  out.one("aka_resynchronisations_ignored_total", "counter",
          "More calls of one subscriber than a module can need: answered with a plain vector.",
          sum_of(&Figures::resynchronisations_ignored));
  out.one("subscriber_cache_misses_total", "counter", "Subscribers who had to be read and unsealed.",
          sum_of(&Figures::cache_misses));
}

// By migration::Counted.
constexpr std::array<std::string_view, migration::kCounted> kMigrationHelp{
    "Authentication requests of the agreement's migrants, either way.",
    "The same, passed on to who has the keys.",
    "The same, answered with a vector.",
    "The same, refused here.",
    "Answers of the primary system that were errors, passed on.",
    "Answers that did not belong to what was asked, thrown away.",
    "Requests without a route, or without an answer in time.",
    "UAR, SAR and LIR of visitors, answered here.",
    "Registrations terminated for the primary system, or by an operator.",
    "Bindings made by the configuration procedure.",
    "Service authorisations of migrants.",
    "The same, refused."};

void add_migration(Exposition& out, const AdminServices& services) {
  if (services.migration == nullptr) return;
  const auto table = services.migration->table();
  for (std::size_t i = 0; i < migration::kCounted; ++i) {
    const std::string name = "migration_" + std::string(migration::kCountedNames[i]) + "_total";
    out.begin(name, "counter", kMigrationHelp[i]);
    for (const auto& [tenant, agreements] : table->by_tenant) {
      for (const migration::AgreementRef& view : agreements) {
        std::uint64_t total = 0;
        for (std::size_t shard = 0; shard < services.contexts.size(); ++shard) {
          total += services.migration->counters(shard, *view).counted[i].read();
        }
        out.sample(label("tenant", tenant) + "," + label("system", view->agreement.system), total);
      }
    }
  }
}

// MC service registration, by service.
void add_registrations(Exposition& out, const AdminServices& services) {
  if (services.registrar == nullptr) return;
  const registration::Registrar& registrar = *services.registrar;
  const auto sum_of = [&](Counter registration::RegistrarFigures::*counter) {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < services.contexts.size(); ++i) total += (registrar.figures(i).*counter).read();
    return total;
  };
  using Figures = registration::ServiceFigures;
  // "none": notifications of documents, which are no service's.
  const auto by_service = [&](std::string_view name, std::string_view help, Counter Figures::*counter) {
    out.begin(name, "counter", help);
    const auto& all = registrar.services().all();
    for (std::size_t index = 0; index <= all.size(); ++index) {
      std::uint64_t total = 0;
      for (std::size_t i = 0; i < services.contexts.size(); ++i) {
        total += (registrar.figures(i).of(index).*counter).read();
      }
      out.sample(label("service", index == all.size() ? std::string_view("none") : all[index].name), total);
    }
  };
  out.one("sip_registrations_total", "counter", "Third-party REGISTERs that registered or refreshed an identity.",
          sum_of(&registration::RegistrarFigures::registered));
  out.one("sip_deregistrations_total", "counter", "Registrations that ended.",
          sum_of(&registration::RegistrarFigures::deregistered));
  if (const sip::Endpoint* const endpoint = registrar.started_endpoint()) {
    const auto of_endpoint = [&](Counter sip::Counters::*counter) {
      std::uint64_t total = 0;
      for (std::size_t i = 0; i < services.contexts.size(); ++i) total += (endpoint->counters(i).*counter).read();
      return total;
    };
    out.one("sip_connections", "gauge", "TCP and TLS connections with SIP cores.",
            of_endpoint(&sip::Counters::connections));
    out.one("sip_transactions", "gauge", "Requests that are under way or whose answers are kept.",
            of_endpoint(&sip::Counters::transactions));
    out.one("sip_connections_refused_total", "counter", "Connections of hosts that are not trusted, or of too many.",
            of_endpoint(&sip::Counters::connections_refused));
    out.one("sip_datagrams_refused_total", "counter", "Datagrams of hosts that are not trusted.",
            of_endpoint(&sip::Counters::datagrams_refused));
    out.one("sip_overloads_total", "counter", "Requests that found no room for a transaction.",
            of_endpoint(&sip::Counters::overloads));
  }
  by_service("service_authorisations_total", "Clients that were authorised.", &Figures::authorised);
  by_service("service_endings_total", "Authorisations that ended.", &Figures::ended);
  by_service("service_publications_total", "Service settings that were published.", &Figures::published);
  by_service("service_subscriptions_total", "Subscriptions to service states, refreshes among them.",
             &Figures::subscribed);
  by_service("service_notifications_total", "NOTIFYs that were answered.", &Figures::notified);
  by_service("service_notifications_failed_total", "NOTIFYs that were not heard.", &Figures::notify_failed);
  out.begin("service_refusals_total", "counter", "PUBLISH and SUBSCRIBE that were refused, by service and reason.");
  const auto refusals = [&](const std::string& labels, std::size_t service) {
    for (std::size_t reason = 0; reason < registration::kRefusals; ++reason) {
      std::uint64_t total = 0;
      for (std::size_t i = 0; i < services.contexts.size(); ++i) {
        total += registrar.figures(i).of(service).refused[reason].read();
      }
      out.sample(labels + "," + label("reason", name_of(static_cast<registration::Refusal>(reason))), total);
    }
  };
  for (const registration::Service& service : registrar.services().all()) {
    refusals(label("service", service.name), registrar.services().index_of(service.name));
  }
  refusals(label("service", "none"), registrar.services().all().size());
}

void add_process(Exposition& out, const AdminServices& services) {
  // The asking shard's own: others assign theirs meanwhile.
  const broker::Context& context = *services.contexts[runtime::Shard::current().index()];
  out.begin("build_info", "gauge", "What runs here.");
  out.sample(
      label("version", version()) + "," + label("openssl", openssl_version()) + "," + label("allocator", allocator()),
      1);
  out.one("ready", "gauge", "1 when requests are served and the store can write.",
          why_not_ready(services).empty() ? 1 : 0);
  out.begin("certificate_not_after_seconds", "gauge", "When the certificate in this file or record ends, seconds since 1970.");
  for (const CertificateFigures& one : services.process.certificates()) {
    out.sample(label(one.is_stored ? "record" : "file", one.file), static_cast<std::uint64_t>(std::max<std::int64_t>(one.not_after, 0)));
  }
  out.one("shards", "gauge", "Threads that serve.", services.contexts.size());
  out.one("snapshot_number", "gauge", "Number of the configuration snapshot in force.", context.snapshot->number);
  out.one("password_queue", "gauge", "Password hashes that wait for a thread.", context.hash_pool.queued());
  out.one("work_queue", "gauge", "Other slow work that waits for a thread.", context.work_pool.queued());
  out.one("audit_entries_total", "counter", "Lines of the audit log since its beginning.", services.audit.entries());
  out.one("audit_breaks", "gauge", "Breaks of the audit log's chain that were found at starts and reloads, ever.",
          services.audit.breaks());
  out.one("resident_bytes", "gauge", "Memory in use.", resident_bytes());
  const auto up =
      std::chrono::duration_cast<Seconds>(context.shard.clock().monotonic() - services.process.started_at());
  out.one("uptime_seconds", "gauge", "Seconds since the process started.", static_cast<std::uint64_t>(up.count()));
}

void add_turns(Exposition& out, const AdminServices& services) {
  out.begin("turn_seconds", "histogram", "How long the turns of the shards are: all else waits for so long.");
  histogram(out, services, {}, [](const broker::Context& context) -> const Histogram& {
    return runtime::turn_figures(context.shard).turns;
  });
  out.begin("wake_seconds", "histogram",
            "Until a shard that sleeps runs when it is woken: long when others have its CPU.");
  histogram(out, services, {}, [](const broker::Context& context) -> const Histogram& {
    return runtime::turn_figures(context.shard).wake_ups;
  });
}

}  // namespace

std::string_view why_not_ready(const AdminServices& services) {
  if (const std::string_view why = services.process.why_not_ready(); !why.empty()) return why;
  const storage::StoreHealth health = services.contexts[0]->store.health();
  return health.can_write ? std::string_view() : health.why;
}

std::string metrics_text(const AdminServices& services) {
  Exposition out;
  add_process(out, services);
  add_turns(out, services);
  add_tokens(out, services);
  add_identity(out, services);
  add_store(out, services);
  add_listeners(out, services);
  add_peers(out, services);
  add_subscribers(out, services);
  add_migration(out, services);
  add_registrations(out, services);
  return out.take();
}

}  // namespace claviger::admin
