#include "broker/broker.h"

#include <algorithm>
#include <csignal>
#include <future>
#include <iterator>
#include <set>
#include <thread>

#include <unistd.h>

#include "broker/administration/acm.h"
#include "broker/configuration/configuration.h"
#include "broker/configuration/document_notifier.h"
#include "broker/connectivity.h"
#include "broker/exchange/peer_links.h"
#include "broker/former_writings.h"
#include "broker/identity/backchannel_delivery.h"
#include "broker/identity/identity_shard.h"
#include "broker/installation.h"
#include "broker/keys/kms.h"
#include "broker/migration/migration.h"
#include "broker/migration/relay.h"
#include "broker/named_files.h"
#include "broker/partners/partners.h"
#include "broker/peers/peers.h"
#include "broker/registration/registrar.h"
#include "broker/seal_keys/capif.h"
#include "broker/settings/rooms_toml.h"
#include "broker/settings/sip_settings.h"
#include "broker/stored_certificates.h"
#include "broker/subscriber/cx_service.h"
#include "broker/subscriber/sip_database.h"
#include "broker/tables.h"
#include "broker/tenants/tenant_procedures.h"
#include "broker/tokens/revocations.h"
#include "broker/tokens/token_shard.h"
#include "broker/version.h"
#include "core/crypto/fresh_value.h"
#include "core/runtime/call.h"
#include "storage/rocks/engine.h"

namespace claviger::broker {
namespace {

using runtime::Task;

// Answers in flight at SIGTERM get this long; systemd kills after 90 s by default.
constexpr Seconds kDrainMax{10};
// Files, tables of keys: rare, so a queue of them means something is wrong.
constexpr std::size_t kWorkQueueMax = 256;
constexpr std::size_t kWorkThreads = 2;
// At seven o'clock everybody's password is hashed on the cores where everybody's tokens are validated: the loops get six
// times the share of the hashes (sched(7), weights of nice values), and who signs in waits for what is left.
constexpr int kHashNiceness = 8;
// Certificates are looked at once a day of the wall clock, which may be set.
constexpr Seconds kCertificatesEvery{86'400};
constexpr Seconds kCertificatesAskedEvery{5};

std::size_t cores() { return std::max(1U, std::thread::hardware_concurrency()); }

template <typename T>
Task<void> run_and_promise(Task<T> task, std::shared_ptr<std::promise<T>> promise) {
  T result = co_await std::move(task);
  promise->set_value(std::move(result));
}

// The main thread has a procedure run on a shard and waits for it.
template <typename Start>
auto wait_for(runtime::Shard& shard, Start start) {
  using T = typename runtime::detail::TaskValue<std::invoke_result_t<Start&>>::type;
  auto promise = std::make_shared<std::promise<T>>();
  std::future<T> future = promise->get_future();
  shard.mailbox().post_control([&shard, start = std::move(start), promise]() mutable {
    shard.scope().spawn(run_and_promise<T>(start(), promise));
  });
  return future.get();
}

// The tables of rooms that are made at the start, [diameter] and [sip], when FILE has them otherwise. `running`: both as
// settings::to_toml() writes them, in this order.
std::vector<std::string> rooms_that_need_a_restart(const std::string& file, const std::string& running) {
  const auto diameter = settings::load_diameter(file);
  const auto sip = settings::load_sip(file);
  if (!diameter || !sip || settings::to_toml(diameter->get(), sip->get()) == running) return {};
  std::vector<std::string> names;
  const std::string first = settings::to_toml(diameter->get(), nullptr);
  const std::string second = settings::to_toml(nullptr, sip->get());
  const auto had = [&running](std::string_view table) { return running.find(table) != std::string::npos; };
  if (first.empty() ? had("[diameter]") : !running.starts_with(first)) names.emplace_back("diameter");
  if (second.empty() ? had("[sip]") : !running.ends_with(second)) names.emplace_back("sip");
  return names;
}

// A reload keeps what only a restart may change (settings::differences_that_need_a_restart() names the same) and takes
// all the rest: a member that nobody thought of here must not be dropped without a word.
settings::Settings keep_restart_members(const settings::Settings& wanted, const settings::Settings& running) {
  settings::Settings merged = wanted;
  merged.is_sandbox = running.is_sandbox;
  merged.data_directory = running.data_directory;
  merged.key_encryption_key_file = running.key_encryption_key_file;
  merged.admin_socket = running.admin_socket;
  merged.audit_log_file = running.audit_log_file;
  merged.shards = running.shards;
  merged.hash_threads = running.hash_threads;
  merged.cpus = running.cpus;
  merged.public_origin = running.public_origin;
  merged.metrics_address = running.metrics_address;
  merged.metrics_port = running.metrics_port;
  merged.pkcs11 = running.pkcs11;
  merged.log = running.log;
  merged.log.level = wanted.log.level;
  merged.limits.block_cache_bytes = running.limits.block_cache_bytes;
  merged.limits.memtable_bytes = running.limits.memtable_bytes;
  merged.limits.hash_queue_max = running.limits.hash_queue_max;
  merged.limits.commit_queue_max = running.limits.commit_queue_max;
  merged.limits.cached_tokens_max = running.limits.cached_tokens_max;
  merged.limits.requests_max = running.limits.requests_max;
  merged.limits.connections_max = running.limits.connections_max;
  merged.https = running.https;
  // A listener is known by where it listens, not by its place in the file.
  for (settings::HttpsListener& kept : merged.https) {
    const auto found = std::ranges::find_if(wanted.https, [&](const settings::HttpsListener& other) {
      return other.address == kept.address && other.port == kept.port;
    });
    if (found == wanted.https.end()) continue;
    kept.certificate_file = found->certificate_file;
    kept.key_file = found->key_file;
    kept.client_ca_file = found->client_ca_file;
    kept.client_crl_file = found->client_crl_file;
    kept.public_origin = found->public_origin;
  }
  return merged;
}

}  // namespace

Broker::Broker(settings::Settings settings, std::string settings_file, std::vector<int> cpus_asked)
    : settings_(std::make_shared<const settings::Settings>(std::move(settings))),
      settings_file_(std::move(settings_file)),
      cpus_asked_(std::move(cpus_asked)),
      logger_(settings_->log) {
  if (settings_->is_sandbox) {
    auto clock = std::make_unique<SandboxClock>();
    sandbox_clock_ = clock.get();
    clock_ = std::move(clock);
  } else {
    clock_ = std::make_unique<SystemClock>();
  }
  started_at_ = clock_->monotonic();
  const std::size_t count = settings_->shards != 0 ? settings_->shards : cores();
  // Homes are in memory only: a key per process is as good as one per installation, and nobody can have learnt it.
  shards_ = std::make_unique<runtime::Shards>(count, *clock_, logger_, crypto::fresh_value<SipKey>(), cpus());
}

Broker::~Broker() {
  // The reverse of start(): nobody may post to a shard that is gone, or reach a pool or a store that is. The listeners'
  // handles and timers are shard 0's.
  if (listeners_) {
    const auto stopped = wait_for((*shards_)[0], [this] { return stop_on_shard(); });
    CLAVIGER_ASSERT(stopped.has_value());
  }
  if (kms_) kms_->close();
  if (hash_pool_) hash_pool_->close();
  if (work_pool_) work_pool_->close();
  if (key_store_) key_store_->close();
  shards_->stop_and_join();
  backchannel_.reset();
  partners_.reset();
  kms_.reset();
  capif_.reset();
  peer_links_.reset();
  document_notifier_.reset();
  configuration_.reset();
  peers_.reset();
  cx_.reset();
  subscribers_.reset();
  relay_.reset();
  migration_.reset();
  acm_.reset();
  registrar_.reset();
  audit_log_.reset();
  removal_sweep_.reset();
  key_schedule_.reset();
  contexts_.clear();
  sealer_.reset();
  key_wrapper_.reset();
  key_store_.reset();
  store_.reset();
  hash_pool_.reset();
  work_pool_.reset();
}

Result<Unit> Broker::start() {
  storage::rocks::Options options;
  options.directory = settings_->data_directory;
  options.tables = table_options();
  options.block_cache_bytes = settings_->limits.block_cache_bytes;
  options.memtable_bytes = settings_->limits.memtable_bytes;
  options.commit_queue_max = settings_->limits.commit_queue_max;
  options.cpus = cpus();
  CLAVIGER_TRY(store, storage::rocks::open(std::move(options), *shards_, *clock_, logger_));
  store_ = std::move(store);
  const std::size_t hash_threads = settings_->hash_threads != 0 ? settings_->hash_threads : cores();
  hash_pool_ = std::make_unique<runtime::OffloadPool>("hash", hash_threads, settings_->limits.hash_queue_max, cpus(),
                                                      kHashNiceness);
  work_pool_ = std::make_unique<runtime::OffloadPool>("work", kWorkThreads, kWorkQueueMax, cpus());
  if (const settings::Pkcs11& token = settings_->pkcs11; !token.module_file.empty()) {
    pkcs11::KeyStoreOptions wanted{token.module_file, token.token, token.pin_file, token.sessions};
    key_store_ = std::make_unique<pkcs11::KeyStore>(std::move(wanted), cpus());
    if (!token.key_encryption_keys.empty()) {
      key_wrapper_ = std::make_unique<TokenKeyWrapper>(*key_store_, token.key_encryption_keys);
    }
  }
  publisher_ = std::make_unique<SnapshotPublisher>((*shards_)[0], settings_, &tenants::load_tenants,
                                                   [](Context& context) { context.tokens->follow_snapshot(); });
  shards_->start();
  auto started = wait_for((*shards_)[0], [this] { return start_on_shard(); });
  if (started) why_not_ready_ = "";
  return started;
}

Task<Result<Unit>> Broker::make_contexts() {
  auto first = std::make_shared<Snapshot>();
  first->settings = settings_;
  const std::shared_ptr<const Snapshot> snapshot = std::move(first);
  for (std::size_t i = 0; i < shards_->size(); ++i) {
    contexts_.push_back(std::unique_ptr<Context>(new Context{(*shards_)[i], *store_, *sealer_, *hash_pool_, *work_pool_,
                                                             keys_, *publisher_, contexts_, snapshot,
                                                             std::make_unique<Figures>(), nullptr, nullptr}));
  }
  auto failures = std::make_shared<std::atomic<std::size_t>>(0);
  pkcs11::KeyStore* key_store = key_store_.get();
  std::function<void(Context&)> step = [failures, key_store](Context& context) {
    auto tokens = tokens::TokenShard::create(context);
    if (!tokens) {
      context.shard.logger().error("start.tokens", {{"code", name_of(tokens.error().code)}});
      ++*failures;
      return;
    }
    context.tokens = *std::move(tokens);
    context.tokens->use_key_store(key_store);
    context.identity = std::make_unique<identity::IdentityShard>(context);
  };
  auto shared_step = std::make_shared<const std::function<void(Context&)>>(std::move(step));
  co_await on_every_shard(contexts_[0].get(), std::move(shared_step));
  if (*failures != 0) co_return Error{Code::Internal, "start.contexts"};
  co_return Unit{};
}

Task<Result<Unit>> Broker::start_sealer() {
  if (key_store_) {
    // Before the first wish for a key; whatever comes of it is looked after from then on.
    co_await key_store_->look();
    key_store_->start((*shards_)[0]);
  }
  storage::SealerOptions sealing;
  sealing.store = store_.get();
  sealing.tables = table_options();
  sealing.data_keys = tables::kDataKeys;
  sealing.wrapping_key_file = settings_->key_encryption_key_file;
  sealing.file_pool = work_pool_.get();
  sealing.shards = shards_->size();
  sealing.wrapper = key_wrapper_.get();
  CLAVIGER_CO_TRY(sealer, co_await storage::Sealer::start(std::move(sealing)));
  sealer_ = std::move(sealer);
  co_return Unit{};
}

// A tenant keeps the issuer it was made with. Elsewhere than its endpoints it may be meant (--issuer), or public_origin was
// changed since: then standard clients refuse its metadata, and nobody else says why.
void Broker::warn_of_issuers(const Snapshot& snapshot) {
  for (const auto& [name, view] : snapshot.tenants) {
    const std::string place = snapshot.settings->public_origin + "/idms/v1/" + name;
    if (view.tenant.issuer == place) continue;
    logger_.warning("tenant.issuer_elsewhere",
                    {{"tenant", name}, {"issuer", view.tenant.issuer}, {"endpoints", place}});
  }
}

// Whoever comes to [sip] or [diameter] is refused, and nobody else says why.
void Broker::warn_of_missing_tenants(const Snapshot& snapshot) {
  for (const settings::RoomTenant& each : room_tenants_) {
    if (snapshot.find(each.tenant) != nullptr) continue;
    logger_.warning("tenant.missing", {{"table", each.table}, {"tenant", each.tenant}});
  }
}

Task<std::vector<std::string>> Broker::look_at_certificates() {
  std::vector<std::string> warnings;
  auto files = certificate_files(*settings_, diameter_.get(), sip_.get());
  auto read = [files = std::move(files)] { return certificate_dates(files); };
  auto dates = co_await runtime::offload(work_pool_.get(), std::move(read));
  if (!dates) co_return warnings;
  warn_of_certificates(*dates, warnings);
  const std::lock_guard lock(certificates_mutex_);
  certificates_ = *std::move(dates);
  co_return warnings;
}

Task<std::vector<std::string>> Broker::look_at_stored_certificates() {
  std::vector<std::string> warnings;
  auto dates = co_await stored_certificate_dates(contexts_[0].get());
  warn_of_certificates(dates, warnings);
  const std::lock_guard lock(certificates_mutex_);
  stored_certificates_ = std::move(dates);
  co_return warnings;
}

void Broker::warn_of_certificates(const std::vector<CertificateDate>& dates, std::vector<std::string>& warnings) {
  for (const CertificateDate& date : dates) {
    auto warning = warning_of(date, numeric_date(clock_->wall()));
    if (!warning) continue;
    logger_.warning("certificate.ends", {{"why", *warning}});
    warnings.push_back(*std::move(warning));
  }
}

// An operator who reloads nothing for a year hears of it, too.
Task<void> Broker::watch_certificates() {
  runtime::Shard& shard = contexts_[0]->shard;
  std::int64_t looked_at = numeric_date(clock_->wall());
  // There may be thousands: nobody waits for them at the start.
  co_await look_at_stored_certificates();
  for (;;) {
    co_await shard.wait_until(shard.now() + kCertificatesAskedEvery);
    const std::int64_t now = numeric_date(clock_->wall());
    if (now - looked_at < kCertificatesEvery.count()) continue;
    looked_at = now;
    co_await look_at_certificates();
    co_await look_at_stored_certificates();
  }
}

std::vector<admin::CertificateFigures> Broker::certificates() const {
  const std::lock_guard lock(certificates_mutex_);
  std::vector<admin::CertificateFigures> figures;
  // In the order of their files. A list of revoked ones is due every few days: that is no end to alarm on.
  for (const CertificateDate& date : certificates_) {
    const bool is_said = !figures.empty() && figures.back().file == date.file;
    if (date.what != Dated::Revocations && !is_said) figures.push_back({date.file, date.not_after});
  }
  std::set<std::string_view> records;
  for (const CertificateDate& date : stored_certificates_) {
    // The first of a record's is the one that ends first.
    if (records.insert(date.file).second) figures.push_back({date.file, date.not_after, true});
  }
  return figures;
}

Task<Result<Unit>> Broker::start_on_shard() {
  CLAVIGER_CO_TRY(sealing, co_await start_sealer());
  CLAVIGER_CO_TRY(keys, co_await load_installation_keys(store_.get(), sealer_.get()));
  keys_ = std::move(keys);
  CLAVIGER_CO_TRY(contexts, co_await make_contexts());
  Context* context = contexts_[0].get();
  CLAVIGER_CO_TRY(published, co_await publisher_->publish(context));
  warn_of_issuers(*context->snapshot);
  CLAVIGER_CO_TRY(moved, co_await move_former_writings(context));
  CLAVIGER_CO_TRY(loaded, co_await tokens::load_revocations(context));
  audit_log_ = std::make_unique<admin::AuditLog>(context->shard, *store_, *work_pool_, keys_.audit.reveal(),
                                                 settings_->audit_log_file);
  CLAVIGER_CO_TRY(auditing, co_await audit_log_->start(kVersion));
  removal_sweep_ = std::make_unique<provisioning::RemovalSweep>(*context);
  removal_sweep_->start();
  key_schedule_ = std::make_unique<tokens::KeySchedule>(*context);
  key_schedule_->start();
  partners_ = std::make_unique<partners::Partners>(contexts_);
  // Rooms register on its node what they serve; it talks to nobody before its start.
  CLAVIGER_CO_TRY(diameter, settings::load_diameter(settings_file_));
  if (diameter != nullptr) peers_ = std::make_unique<peers::Peers>(contexts_, diameter);
  kms_ = std::make_unique<keys::Kms>(contexts_, cores(), cpus());
  CLAVIGER_CO_TRY(domains, co_await kms_->start());
  // What it knows is known before the first request; what it sends needs no listener.
  capif_ = std::make_unique<seal_keys::Capif>(contexts_);
  if (auto known = co_await capif_->start(); !known) {
    capif_->stop();
    co_return known.error();
  }
  CLAVIGER_CO_TRY(sip, settings::load_sip(settings_file_));
  diameter_ = diameter;
  sip_ = sip;
  rooms_toml_ = settings::to_toml(diameter.get(), sip.get());
  room_tenants_ = settings::tenants_of_rooms(diameter.get(), sip.get());
  warn_of_missing_tenants(*context->snapshot);
  if (sip != nullptr) {
    registrar_ = std::make_unique<registration::Registrar>(contexts_, *sip);
    registrar_->use_kms(*kms_);
  }
  configuration_ = std::make_unique<configuration::Configuration>(contexts_);
  if (registrar_) {
    document_notifier_ = std::make_unique<configuration::DocumentNotifier>(*configuration_, *registrar_);
  }
  subscribers_ = std::make_unique<subscriber::SipDatabase>(contexts_);
  CLAVIGER_CO_TRY(numbering, co_await subscribers_->start());
  if (peers_) {
    cx_ = std::make_unique<subscriber::CxService>(peers_->node(), *subscribers_, peers_->tenant());
  }
  migration_ = std::make_unique<migration::Migration>(contexts_);
  if (peers_) {
    relay_ = std::make_unique<migration::Relay>(*migration_, peers_->node(), cx_.get());
    // Who is asked first is who served first: migrants, then everybody.
    relay_->serve();
    cx_->serve();
    migration_->use_terminator(relay_.get());
  }
  CLAVIGER_CO_TRY(agreements, co_await migration_->start());
  configuration_->use_connectivity(connectivity_from(*migration_));
  if (registrar_) registrar_->use_admission(admission_from(*migration_));
  acm_ = std::make_unique<administration::Acm>(contexts_, *partners_);
  acm_->use_migration(migration_.get());
  listeners_ = std::make_unique<Listeners>(contexts_, *this, *audit_log_, *partners_, *kms_, *capif_, *configuration_,
                                           *subscribers_, *acm_);
  peer_links_ = std::make_unique<exchange::PeerLinks>(*context);
  listeners_->use_peer_links(peer_links_.get());
  listeners_->use_peers(peers_.get());
  listeners_->use_migration(migration_.get());
  listeners_->use_registrar(registrar_.get());
  CLAVIGER_CO_TRY(listening, co_await listeners_->start(settings_));
  if (peers_) {
    CLAVIGER_CO_TRY(peering, co_await peers_->start());
    cx_->start();
  }
  std::vector<identity::BackchannelDelivery::OtherRows> other_rows;
  if (registrar_) {
    other_rows.push_back({registration::Registrar::kRows, registrar_.get()});
    other_rows.push_back({configuration::DocumentNotifier::kRows, document_notifier_.get()});
  }
  backchannel_ = std::make_unique<identity::BackchannelDelivery>(*context, std::move(other_rows));
  if (registrar_) {
    // Others change things until the shards end: their rows are found at the next start.
    auto wake = [this] {
      if (backchannel_) backchannel_->wake();
    };
    CLAVIGER_CO_TRY(registering, co_await registrar_->start(std::move(wake)));
    document_notifier_->start();
  }
  auto following = co_await partners_->start();
  if (!following) {
    partners_->stop();
    co_return following.error();
  }
  co_await look_at_certificates();
  context->shard.scope().spawn(watch_certificates());
  // Its visitors are mapped to users of partners, so these are known by now.
  CLAVIGER_CO_TRY(resumed, co_await acm_->start());
  co_return Unit{};
}

void Broker::reload_and_log() {
  static_cast<void>(wait_for((*shards_)[0], [this] { return reload_at_home(); }));
}

Task<admin::ReloadReport> Broker::reload() {
  runtime::OneShotPair<admin::ReloadReport> pair;
  runtime::Shard* asker = &runtime::Shard::current();
  runtime::Shard* home = &(*shards_)[0];
  auto task = [this] { return reload_at_home(); };
  home->mailbox().post_control([home, asker, task, completer = std::move(pair.completer)]() mutable {
    home->scope().spawn(runtime::detail::run_and_answer(task(), std::move(completer), asker));
  });
  admin::ReloadReport report = co_await pair.waiter;
  co_return report;
}

// Whoever asked for it: SIGHUP, or clavigerctl.
Task<admin::ReloadReport> Broker::reload_at_home() {
  admin::ReloadReport report = co_await try_reload();
  for (const std::string& error : report.errors) logger_.error("reload.refused", {{"why", error}});
  for (const std::string& name : report.needs_restart) logger_.warning("reload.needs_restart", {{"setting", name}});
  if (report.is_applied()) logger_.info("reload.applied", {{"snapshot", report.snapshot}});
  co_return report;
}

// The files that are meant, by name; what read() said when all are good by now.
Task<std::vector<std::string>> Broker::faults_of_named_files(std::shared_ptr<const settings::Settings> settings,
                                                             Error error) {
  auto look = [settings, diameter = diameter_, sip = sip_] {
    return faults_of_files(*settings, diameter.get(), sip.get());
  };
  auto faults = co_await runtime::offload(work_pool_.get(), std::move(look));
  std::vector<std::string> texts;
  if (faults) {
    for (FileFault& fault : *faults) texts.push_back(std::move(fault.text));
  }
  if (texts.empty()) texts.push_back(std::string(name_of(error.code)) + " " + std::string(error.where));
  co_return texts;
}

Task<admin::ReloadReport> Broker::try_reload() {
  admin::ReloadReport report;
  // Whatever the configuration says: whoever rotated the log waits for a new one.
  auto reopened = co_await audit_log_->reopen();
  if (!reopened) logger_.error("audit.reopen_failed", {{"code", name_of(reopened.error().code)}});
  auto read = [file = settings_file_] { return settings::load_settings(file); };
  auto loaded = co_await runtime::offload(work_pool_.get(), std::move(read));
  if (!loaded) {
    report.errors.emplace_back("too busy to read the file");
    co_return report;
  }
  for (const settings::SettingsError& error : loaded->errors) report.errors.push_back(error.message);
  if (!loaded->settings) co_return report;
  if (!cpus_asked_.empty()) loaded->settings->cpus = cpus_asked_;
  report.needs_restart = settings::differences_that_need_a_restart(*settings_, *loaded->settings);
  auto compare = [file = settings_file_, running = rooms_toml_] { return rooms_that_need_a_restart(file, running); };
  auto rooms = co_await runtime::offload(work_pool_.get(), std::move(compare));
  if (rooms) std::ranges::move(*rooms, std::back_inserter(report.needs_restart));
  auto merged = std::make_shared<const settings::Settings>(keep_restart_members(*loaded->settings, *settings_));
  // All files before anything is changed.
  auto certificates = co_await listeners_->read(merged);
  if (!certificates) {
    report.errors = co_await faults_of_named_files(merged, certificates.error());
    co_return report;
  }
  peers::Peers::Certificates of_peers;
  if (peers_) {
    auto read_again = co_await peers_->read();
    if (!read_again) {
      report.errors = co_await faults_of_named_files(merged, read_again.error());
      co_return report;
    }
    of_peers = *std::move(read_again);
  }
  registration::Registrar::Certificates of_registrar;
  if (registrar_) {
    auto read_again = co_await registrar_->read();
    if (!read_again) {
      report.errors = co_await faults_of_named_files(merged, read_again.error());
      co_return report;
    }
    of_registrar = *std::move(read_again);
  }
  Context* context = contexts_[0].get();
  auto published = co_await publisher_->publish_settings(context, merged);
  if (!published) {
    report.errors.push_back("publication: " + std::string(name_of(published.error().code)));
    co_return report;
  }
  warn_of_issuers(*context->snapshot);
  warn_of_missing_tenants(*context->snapshot);
  listeners_->replace(*certificates);
  if (peers_) peers_->replace(std::move(of_peers));
  if (registrar_) registrar_->replace(std::move(of_registrar));
  settings_ = merged;
  report.warnings = co_await look_at_certificates();
  auto stored = co_await look_at_stored_certificates();
  std::ranges::move(stored, std::back_inserter(report.warnings));
  logger_.set_level(settings_->log.level);
  report.snapshot = context->snapshot->number;
  co_return report;
}

void Broker::shutdown() { ::kill(::getpid(), SIGTERM); }

std::string_view Broker::why_not_ready() const {
  const std::string_view why = why_not_ready_.load();
  return why.empty() && key_store_ ? key_store_->why_not_ready() : why;
}

std::vector<admin::ListenerFigures> Broker::listeners() const {
  return listeners_ ? listeners_->figures() : std::vector<admin::ListenerFigures>();
}

Task<Result<Unit>> Broker::stop_on_shard() {
  if (partners_) partners_->stop();
  if (kms_) kms_->stop();
  if (capif_) capif_->stop();
  if (peers_) co_await peers_->stop();
  if (subscribers_) subscribers_->stop();
  if (registrar_) co_await registrar_->stop();
  // Long polls would keep the listeners waiting until their time is over.
  std::function<void(Context&)> end_feeds = [](Context& on) { on.tokens->end_feed(); };
  auto step = std::make_shared<const std::function<void(Context&)>>(std::move(end_feeds));
  co_await on_every_shard(contexts_[0].get(), std::move(step));
  if (listeners_) co_await listeners_->drain((*shards_)[0].now() + kDrainMax);
  listeners_.reset();
  if (peer_links_) peer_links_->stop();
  if (migration_) co_await migration_->close();
  if (cx_) co_await cx_->close();
  if (acm_) {
    acm_->close();
    acm_.reset();  // on its shard, while that lives
  }
  if (document_notifier_) document_notifier_->stop();
  if (backchannel_) {
    co_await backchannel_->close();
    backchannel_.reset();  // on its shard, while that lives
  }
  co_return Unit{};
}

void Broker::stop() {
  why_not_ready_ = "draining";
  const auto stopped = wait_for((*shards_)[0], [this] { return stop_on_shard(); });
  CLAVIGER_ASSERT(stopped.has_value());
}

}  // namespace claviger::broker
