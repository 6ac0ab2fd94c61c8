// The endpoints of the admin API, one file a noun: request to typed values, a procedure, its result to JSON.
#pragma once

#include "broker/admin/verb.h"

namespace claviger::admin {

void add_status_verbs(http::Router& router, AdminServices& services);    // status, metrics
void add_daemon_verbs(http::Router& router, AdminServices& services);    // config, reload, shutdown, log level
void add_backup_verbs(http::Router& router, AdminServices& services);
void add_clock_verbs(http::Router& router, AdminServices& services);     // sandbox only
void add_tenant_verbs(http::Router& router, AdminServices& services);
void add_user_verbs(http::Router& router, AdminServices& services);
void add_transfer_verbs(http::Router& router, AdminServices& services);  // users in and out by the thousand
void add_client_verbs(http::Router& router, AdminServices& services);
void add_consent_verbs(http::Router& router, AdminServices& services);   // what users agreed to
void add_session_verbs(http::Router& router, AdminServices& services);
void add_ue_verbs(http::Router& router, AdminServices& services);
void add_token_verbs(http::Router& router, AdminServices& services);
void add_key_verbs(http::Router& router, AdminServices& services);
void add_sealing_verbs(http::Router& router, AdminServices& services);
void add_partner_verbs(http::Router& router, AdminServices& services);
void add_kms_verbs(http::Router& router, AdminServices& services);
void add_kms_key_verbs(http::Router& router, AdminServices& services);  // transport keys, pre-issue, reports
void add_authenticator_verbs(http::Router& router, AdminServices& services);  // and policies
void add_capif_verbs(http::Router& router, AdminServices& services);
void add_seal_key_verbs(http::Router& router, AdminServices& services);  // keys of VAL services
void add_document_verbs(http::Router& router, AdminServices& services);  // profiles, templates
void add_peer_verbs(http::Router& router, AdminServices& services);      // of the Diameter node
void add_subscriber_verbs(http::Router& router, AdminServices& services);  // of the SIP database
void add_audit_verbs(http::Router& router, AdminServices& services);

}  // namespace claviger::admin
