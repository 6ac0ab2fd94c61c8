// Who asks for VAL service keys, and which of them are his (TS 33.434 clauses 5.1.1.4, 5.3 and 5.8).
//
//   VAL server   an access token of its own for SEAL key management (client credentials); the client's record says of which
//                VAL services its agreement is, and it may have all keys of those
//   VAL user     his access token for SEAL key management: the keys of the services it names, of the service as a whole and
//                his own and his UE's, nobody else's
//   API invoker  a token of the CAPIF core function (capif_token.h) that names this AEF and ss-kir: the keys of the services
//                that the operator opened to all invokers or gave to this one (invoker.h). A client certificate that comes
//                along must be of the same invoker
// A token that is bound to a certificate comes with it. Whether clients must show a certificate at all is for the listener
// (client_certificates = "required": TS 33.434 clause 5.1.1.8).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/context.h"
#include "broker/seal_keys/capif.h"
#include "broker/seal_keys/service_key.h"
#include "core/base/result.h"
#include "core/http/message.h"
#include "core/runtime/task.h"

namespace claviger::seal_keys {

struct Caller {
  std::string id;        // client_id, or API invoker ID: for logs
  std::string user_uri;  // of the answer when the request names no target
  std::vector<std::string> services;
  bool is_user = false;
  bool is_invoker = false;
  std::string val_user_id, val_ue_id;  // of a VAL user
  // TS 33.434 clause A.2.2.3: the services whose keys it may bring; nothing without an SKeyProv claim.
  bool has_provisioning_claim = false;
  std::vector<std::string> provisioned_services;
};

// Bearer... and Token... codes: 401, BearerScope: 403 (no key management scope, or for another audience). ClientUnknown,
// ClientDisabled. NotPermitted: a client without VAL services. InvokerRevoked, InvokerDiffers: 401. CapifScope: 403.
// `capif` null: no core function's tokens are taken. `request` lives in the caller's frame.
runtime::Task<Result<Caller>> authenticate(broker::Context* context, const Capif* capif, std::string tenant,
                                           const http::Request* request);

// True when a certificate that was shown is of this name: its CN, or a subject alternative name (TS 29.222: the API invoker
// ID is in the certificate that the core function gave it). False for one that no authority of the listener's vouches for.
bool is_certificate_of(const http::Peer& peer, std::string_view name);
// False for an API invoker's certificate that another authority issued than the one that the operator named for them
// (CapifCore::invoker_ca_pem). A certificate that was shown.
runtime::Task<bool> is_of_invokers_authority(broker::Context* context, std::string certificate_der, CapifRef core);
// The same of the core function itself, which an operator may have bound to an authority (CapifCore::ca_pem).
bool is_certificate_of_core(const http::Peer& peer, const CapifCore& core, std::int64_t now);

// ServiceKeyDenied: whether there is such a service is nobody's business who may not ask for it.
Result<Unit> check_may_read(const Caller& caller, std::string_view service, const Target& target);
// SKeyProvMissing, ServiceKeyDenied.
Result<Unit> check_may_provision(const Caller& caller, std::string_view service);

}  // namespace claviger::seal_keys
