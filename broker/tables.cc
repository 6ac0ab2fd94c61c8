#include "broker/tables.h"

namespace claviger::broker {

std::vector<storage::TableOptions> table_options() {
  using storage::TableAccess;
  // Embedded verifiers poll the feed every few seconds; one that was away for a day reads the whole table again.
  constexpr std::int64_t kDay = 86'400;
  return {
      {"tenants", TableAccess::Ordered},
      {"signing_keys", TableAccess::Ordered},
      {"data_keys", TableAccess::Ordered},
      {"users", TableAccess::Point},
      {"logins", TableAccess::Point},
      {"mc_identities", TableAccess::Point},
      {"clients", TableAccess::Point},
      {"codes", TableAccess::Expiring},
      {"interactions", TableAccess::Expiring},
      {"sessions", TableAccess::Point},
      {"user_sessions", TableAccess::Ordered},
      {"revocations", TableAccess::Expiring, true, kDay},
      {"assertions", TableAccess::Expiring},
      {"outbox", TableAccess::Ordered},
      {"installation", TableAccess::Point},
      {"authenticators", TableAccess::Ordered},
      {"credential_ids", TableAccess::Point},
      {"pushed_requests", TableAccess::Expiring},
      {"consents", TableAccess::Point},
      {"ues", TableAccess::Ordered},
      {"ue_sessions", TableAccess::Ordered},
      {"partners", TableAccess::Ordered},
      {"partner_users", TableAccess::Ordered},
      {"partner_tokens", TableAccess::Expiring},
      {"val_configurations", TableAccess::Ordered},
      {"val_identities", TableAccess::Ordered},
      {"kms_domains", TableAccess::Ordered},
      {"kms_user_keys", TableAccess::Ordered},
      {"kms_transport_keys", TableAccess::Ordered},
      {"kms_certificates", TableAccess::Ordered},
      {"kms_requests", TableAccess::Expiring},
      {"kms_users", TableAccess::Ordered},
      {"kms_jobs", TableAccess::Ordered},
      {"kms_reports", TableAccess::Ordered},
      {"service_keys", TableAccess::Ordered},
      {"capif_invokers", TableAccess::Ordered},
      {"group_servers", TableAccess::Ordered},
  };
}

}  // namespace claviger::broker
