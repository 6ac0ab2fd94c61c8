// What SIP peers are answered: one table from codes to statuses and warnings (TS 24.379 clauses 4.4 and 7.3).
#pragma once

#include "broker/registration/registrar.h"
#include "broker/registration/requests.h"
#include "core/base/result.h"
#include "core/sip/answer.h"
#include "core/sip/message.h"
#include "core/sip/request_check.h"

namespace claviger::registration {

sip::Response refusal(Registrar& registrar, const Error& error);
// The expiration value is the request's own (TS 24.229 clause 5.7.1.1).
sip::Response registered(Registrar& registrar, const sip::Message& message, const RegisterRequest& request);
sip::Response published(Registrar& registrar, const PublishOutcome& outcome);
// Where a dialog's requests reach us: over TLS when it came that way, or they would go on in the clear.
std::string contact_for(const Registrar& registrar, bool is_tls);
sip::Response subscribed(Registrar& registrar, const SubscribeOutcome& outcome, bool is_tls);

}  // namespace claviger::registration
