#include "broker/admin/routes.h"

#include "broker/admin/endpoints.h"
#include "broker/admin/kms_peer_endpoint.h"
#include "broker/admin/people_endpoints.h"

namespace claviger::admin {

void add_admin_routes(http::Router& router, AdminServices& services) {
  add_status_verbs(router, services);
  add_daemon_verbs(router, services);
  add_backup_verbs(router, services);
  add_clock_verbs(router, services);
  add_tenant_verbs(router, services);
  add_user_verbs(router, services);
  add_transfer_verbs(router, services);
  add_client_verbs(router, services);
  add_consent_verbs(router, services);
  add_session_verbs(router, services);
  add_ue_verbs(router, services);
  add_token_verbs(router, services);
  add_key_verbs(router, services);
  add_sealing_verbs(router, services);
  add_partner_verbs(router, services);
  add_kms_verbs(router, services);
  add_kms_key_verbs(router, services);
  add_kms_peer_verbs(router, services);
  add_authenticator_verbs(router, services);
  add_seal_key_verbs(router, services);
  add_verifier_verbs(router, services);
  add_administrator_verbs(router, services);
  add_capif_verbs(router, services);
  add_document_verbs(router, services);
  add_peer_verbs(router, services);
  add_subscriber_verbs(router, services);
  add_audit_verbs(router, services);
}

}  // namespace claviger::admin
