// A SUBSCRIBE for xcap-diff: who asks, with which token, for which documents (RFC 5875 clause 4; TS 24.484 clauses 6.3.13, A.2.2
// and A.2.3).
//
//   a UE       multipart/mixed: its service's info document with the access token, and a resource-lists document whose
//              entries are XCAP URIs, relative to the root or not
//   a server   the same without a token, or no body and "auid" in the Request-URI: the service configuration of the
//              organisation that the URI's user part names
// The token is judged as the one of a GET is. On the shard that received the message.
#pragma once

#include <string>

#include "broker/configuration/document_access.h"
#include "broker/configuration/document_subscription.h"
#include "broker/registration/body_access.h"
#include "broker/registration/registrar.h"
#include "core/base/result.h"

namespace claviger::configuration {

inline constexpr std::string_view kResourceListsType = "application/resource-lists+xml";

// The URIs of all entries of a resource-lists document (RFC 4826 clause 3.1), in order, each once, without `root` in front.
// XmlSchema, TooMany, and what the guard says.
Result<std::vector<std::string>> read_entries(std::string_view text, std::string_view root);

// Identity, token and what is watched, as far as the token opens it: what it does not is left out. `access`: the keys of a
// protected body, whose two parts are protected as the service of the info part wants, under the key of the token's user.
// ServiceNotAuthorised: no good token, or nothing left, or another's key; ContentUnsupported; XmlSignature; XmlEncryption,
// CskMissing; TooMany; what the guard says.
Result<DocumentSubscription> read_wanted(registration::Registrar& registrar, const sip::Message& message,
                                         std::string subscriber, const registration::BodyAccess& access);

}  // namespace claviger::configuration
