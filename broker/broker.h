// Broker: the process put together: clock, log, shards, store, keys, contexts, listeners; and taken apart again.
//
// Made by main, which then waits for signals. Starting and stopping are procedures on shard 0 that main waits for.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "broker/admin/audit_log.h"
#include "broker/admin/process_control.h"
#include "broker/certificate_dates.h"
#include "broker/context.h"
#include "broker/key_encryption.h"
#include "broker/listeners.h"
#include "broker/provisioning/removal_sweep.h"
#include "broker/settings/rooms_toml.h"
#include "broker/settings/settings.h"
#include "broker/snapshot_publisher.h"
#include "broker/tokens/key_schedule.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/result.h"

namespace claviger::identity {
class BackchannelDelivery;  // broker/identity/backchannel_delivery.h
}
namespace claviger::administration {
class Acm;  // broker/administration/acm.h
}
namespace claviger::configuration {
class Configuration;     // broker/configuration/configuration.h
class DocumentNotifier;  // broker/configuration/document_notifier.h
}  // namespace claviger::configuration
namespace claviger::exchange {
class PeerLinks;  // broker/exchange/peer_links.h
}
namespace claviger::keys {
class Kms;  // broker/keys/kms.h
}
namespace claviger::migration {
class Migration;  // broker/migration/migration.h
class Relay;      // broker/migration/relay.h
}  // namespace claviger::migration
namespace claviger::partners {
class Partners;  // broker/partners/partners.h
}

namespace claviger::peers {
class Peers;  // broker/peers/peers.h
}

namespace claviger::registration {
class Registrar;  // broker/registration/registrar.h
}
namespace claviger::seal_keys {
class Capif;  // broker/seal_keys/capif.h
}
namespace claviger::subscriber {
class CxService;    // broker/subscriber/cx_service.h
class SipDatabase;  // broker/subscriber/sip_database.h
}  // namespace claviger::subscriber

namespace claviger::broker {

class Broker final : public admin::ProcessControl {
 public:
  // `cpus_asked`: of the command line; they outrank the file, now and at each reload.
  Broker(settings::Settings settings, std::string settings_file, std::vector<int> cpus_asked);
  ~Broker() override;

  // Main thread: returns when the broker serves, or why it cannot.
  Result<Unit> start();
  // Main thread, on SIGHUP: as reload(), and waits for it.
  void reload_and_log();
  // Main thread, on SIGTERM: no new connections, what is in flight is answered (kDrainMax at most), then all ends.
  void stop();

  runtime::Task<admin::ReloadReport> reload() override;
  void shutdown() override;
  SandboxClock* sandbox_clock() override { return sandbox_clock_; }
  std::vector<admin::ListenerFigures> listeners() const override;
  std::vector<admin::CertificateFigures> certificates() const override;
  std::string_view why_not_ready() const override;
  Monotonic started_at() const override { return started_at_; }
  std::string rooms_toml() const override { return rooms_toml_; }
  Logger& logger() { return logger_; }

 private:
  runtime::Task<Result<Unit>> start_on_shard();
  runtime::Task<Result<Unit>> start_sealer();
  runtime::Task<Result<Unit>> make_contexts();
  runtime::Task<admin::ReloadReport> reload_at_home();
  runtime::Task<admin::ReloadReport> try_reload();
  runtime::Task<std::vector<std::string>> faults_of_named_files(std::shared_ptr<const settings::Settings> settings,
                                                                Error error);
  runtime::Task<Result<Unit>> stop_on_shard();
  std::vector<int> cpus() const { return settings_->cpus; }
  void warn_of_issuers(const Snapshot& snapshot);
  void warn_of_missing_tenants(const Snapshot& snapshot);
  runtime::Task<std::vector<std::string>> look_at_certificates();
  runtime::Task<std::vector<std::string>> look_at_stored_certificates();
  void warn_of_certificates(const std::vector<CertificateDate>& dates, std::vector<std::string>& warnings);
  runtime::Task<void> watch_certificates();

  std::shared_ptr<const settings::Settings> settings_;
  std::string settings_file_;
  std::vector<int> cpus_asked_;
  SandboxClock* sandbox_clock_ = nullptr;
  std::unique_ptr<Clock> clock_;
  Logger logger_;
  Monotonic started_at_;
  std::atomic<const char*> why_not_ready_{"starting"};
  std::unique_ptr<runtime::Shards> shards_;
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<runtime::OffloadPool> hash_pool_;
  std::unique_ptr<runtime::OffloadPool> work_pool_;
  std::unique_ptr<pkcs11::KeyStore> key_store_;   // null: no PKCS #11 token
  std::unique_ptr<TokenKeyWrapper> key_wrapper_;  // null: key-encryption keys lie in a file
  std::unique_ptr<storage::Sealer> sealer_;
  InstallationKeys keys_;
  std::unique_ptr<SnapshotPublisher> publisher_;
  std::vector<std::unique_ptr<Context>> contexts_;
  std::unique_ptr<admin::AuditLog> audit_log_;
  std::unique_ptr<identity::BackchannelDelivery> backchannel_;
  std::unique_ptr<tokens::KeySchedule> key_schedule_;
  std::unique_ptr<provisioning::RemovalSweep> removal_sweep_;
  std::unique_ptr<partners::Partners> partners_;
  std::unique_ptr<keys::Kms> kms_;
  std::unique_ptr<seal_keys::Capif> capif_;
  std::unique_ptr<exchange::PeerLinks> peer_links_;
  std::unique_ptr<configuration::Configuration> configuration_;
  // [diameter] and [sip] as they were read at the start; null: not there.
  std::shared_ptr<const settings::DiameterSettings> diameter_;
  std::shared_ptr<const settings::Sip> sip_;
  std::string rooms_toml_;  // the same
  std::vector<settings::RoomTenant> room_tenants_;
  std::unique_ptr<peers::Peers> peers_;  // null: no Diameter node
  std::unique_ptr<subscriber::SipDatabase> subscribers_;
  std::unique_ptr<subscriber::CxService> cx_;  // null: no Diameter node
  std::unique_ptr<migration::Migration> migration_;
  std::unique_ptr<migration::Relay> relay_;  // null: no Diameter node
  std::unique_ptr<administration::Acm> acm_;
  std::unique_ptr<registration::Registrar> registrar_;                  // null: no [sip]
  std::unique_ptr<configuration::DocumentNotifier> document_notifier_;  // the same
  std::unique_ptr<Listeners> listeners_;
  mutable std::mutex certificates_mutex_;  // of the vectors: they are read on any shard
  std::vector<CertificateDate> certificates_;
  std::vector<CertificateDate> stored_certificates_;  // stored_certificates.h
};

}  // namespace claviger::broker
