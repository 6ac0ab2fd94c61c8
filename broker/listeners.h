// The sockets of the broker: HTTPS for UEs and servers, the admin socket, the metrics port.
//
// Owned by Broker, used on shard 0. Each HTTPS listener has its own certificate and client-certificate policy; all serve
// the same routes.
#pragma once

#include <memory>
#include <vector>

#include "broker/admin/audit_log.h"
#include "broker/admin/process_control.h"
#include "broker/context.h"
#include "broker/settings/settings.h"
#include "core/base/result.h"
#include "core/net/tls_context.h"
#include "core/runtime/task.h"

namespace claviger::administration {
class Acm;  // broker/administration/acm.h
}
namespace claviger::configuration {
class Configuration;  // broker/configuration/configuration.h
}
namespace claviger::exchange {
class PeerLinks;  // broker/exchange/peer_links.h
}
namespace claviger::keys {
class Kms;  // broker/keys/kms.h
}
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
class SipDatabase;  // broker/subscriber/sip_database.h
}

namespace claviger::migration {
class Migration;  // broker/migration/migration.h
}

namespace claviger::broker {

// For --check-config: what start() would refuse of a listener's address, certificates and keys.
Result<Unit> check_listener(const settings::HttpsListener& listener);

class Listeners {
 public:
  Listeners(std::vector<std::unique_ptr<Context>>& contexts, admin::ProcessControl& process, admin::AuditLog& audit_log,
            partners::Partners& partners, keys::Kms& kms, seal_keys::Capif& capif,
            configuration::Configuration& configuration, subscriber::SipDatabase& subscribers,
            administration::Acm& acm);
  // Before start(); null: there is none.
  void use_migration(migration::Migration* migration);
  Listeners(const Listeners&) = delete;
  Listeners& operator=(const Listeners&) = delete;
  ~Listeners();

  // Before start().
  void use_peer_links(exchange::PeerLinks* links);
  void use_peers(peers::Peers* peers);
  void use_registrar(registration::Registrar* registrar);
  // AddressInUse, Unreadable, CertificateInvalid, KeyMalformed: logged with the listener's name.
  runtime::Task<Result<Unit>> start(std::shared_ptr<const settings::Settings> settings);
  // New certificates for new connections; the old ones live on in the open ones. read() changes nothing yet, and what
  // it gives is for replace().
  using Certificates = std::vector<std::shared_ptr<const net::TlsContext>>;
  runtime::Task<Result<Certificates>> read(std::shared_ptr<const settings::Settings> settings);
  void replace(const Certificates& certificates);
  // No new connections; returns when all requests were answered, or at the deadline.
  runtime::Task<void> drain(Monotonic deadline);
  std::vector<admin::ListenerFigures> figures() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace claviger::broker
