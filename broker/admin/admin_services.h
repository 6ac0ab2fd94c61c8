// What the endpoints of the admin socket reach. Made by Broker, outlives the admin listener.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "broker/admin/audit_log.h"
#include "broker/admin/process_control.h"
#include "broker/context.h"
#include "broker/partners/partners.h"

namespace claviger::configuration {
class Configuration;  // broker/configuration/configuration.h
}
namespace claviger::keys {
class Kms;  // broker/keys/kms.h
}
namespace claviger::migration {
class Migration;  // broker/migration/migration.h
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

namespace claviger::admin {

using Contexts = std::vector<std::unique_ptr<broker::Context>>;

struct AdminServices {
  Contexts& contexts;
  AuditLog& audit;
  ProcessControl& process;
  std::uint32_t own_uid;                   // the daemon's: taken orders from, beside root and settings.admin_uids
  partners::Partners* partners = nullptr;  // null: this broker has none to do with them
  keys::Kms* kms = nullptr;                // the same
  seal_keys::Capif* capif = nullptr;       // the same
  configuration::Configuration* configuration = nullptr;  // the same
  peers::Peers* peers = nullptr;                          // null: no Diameter node
  subscriber::SipDatabase* subscribers = nullptr;         // the same
  migration::Migration* migration = nullptr;              // the same
  registration::Registrar* registrar = nullptr;           // null: no [sip]
};

}  // namespace claviger::admin
