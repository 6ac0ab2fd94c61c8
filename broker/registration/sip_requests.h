// From SIP messages to the room's requests: which identity, which service, what is asked for (TS 24.379 clause 7.3).
//
// On the shard that received the message. Tokens are checked here: what travels on has only their facts.
#pragma once

#include <string>
#include <string_view>

#include "broker/registration/registrar.h"
#include "broker/registration/requests.h"
#include "core/base/result.h"
#include "core/sip/message.h"
#include "core/sip/multipart.h"

namespace claviger::registration {

// TS 24.229 clause 5.7.1.1. What is wrong inside the embedded REGISTER is logged and left out: an error would have the core
// end the UE's registration. SipUri, SipSyntax.
Result<RegisterRequest> read_register(Registrar& registrar, const sip::Message& message);
// ServiceNotAuthorised: no token that is good (warning 101); XmlEncryption (140); IntervalTooBrief; ContentUnsupported;
// SipSyntax, XmlSchema and what the XML's guard says.
Result<PublishRequest> read_publish(Registrar& registrar, const sip::Message& message, std::string impu);
// ServiceNotAuthorised without a user's identity.
Result<SubscribeRequest> read_subscribe(Registrar& registrar, const sip::Message& message, std::string identity);

// The public identity that a trusted peer asserts: the first SIP URI of P-Asserted-Identity, else the first of all.
// NotPermitted: none.
Result<std::string> asserted_identity(const sip::Message& message);

}  // namespace claviger::registration
