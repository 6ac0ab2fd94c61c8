// From SIP messages to the room's requests: which identity, which service, what is asked for (TS 24.379 clause 7.3).
//
// On the shard that received the message. Tokens are checked here: what travels on has only their facts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "broker/registration/body_access.h"
#include "broker/registration/registrar.h"
#include "broker/registration/requests.h"
#include "core/base/result.h"
#include "core/sip/message.h"
#include "core/sip/multipart.h"

namespace claviger::registration {

// The public identity that a third-party REGISTER is about. SipUri, SipSyntax.
Result<std::string> registering_identity(const sip::Message& message);
// For how long, in seconds; 0: it ends.
std::uint32_t registration_interval(const sip::Message& message);
// The body of the REGISTER inside it, as one part; nothing without one.
std::optional<sip::Part> embedded_body(const sip::Message& message);

// `access`: the keys of protected bodies (body_access.h), empty when there are none.
//
// TS 24.229 clause 5.7.1.1. What is wrong inside the embedded REGISTER is logged and left out: an error would have the core
// end the UE's registration. SipUri, SipSyntax.
Result<RegisterRequest> read_register(Registrar& registrar, const sip::Message& message, const BodyAccess& access);
// What is cheap to refuse. SipSyntax, IntervalTooBrief, SipHeaderMissing.
Result<PublishRequest> read_publish_headers(const sip::Message& message, std::string impu);
// As the former; ServiceNotAuthorised: no token that is good, or under another's key (warning 101); XmlEncryption, CskMissing,
// CskInvalid (140); XmlSignature (139): one that is not good, for whether there must be one is asked in publish();
// ContentUnsupported; XmlSchema and what the XML's guard says.
Result<PublishRequest> read_publish(Registrar& registrar, const sip::Message& message, std::string impu,
                                    const BodyAccess& access);
// ServiceNotAuthorised without a user's identity, or under another's key; of protection as read_publish().
Result<SubscribeRequest> read_subscribe(Registrar& registrar, const sip::Message& message, std::string identity,
                                        const BodyAccess& access);

// The public identity that a trusted peer asserts: the first SIP URI of P-Asserted-Identity, else the first of all.
// NotPermitted: none.
Result<std::string> asserted_identity(const sip::Message& message);

}  // namespace claviger::registration
