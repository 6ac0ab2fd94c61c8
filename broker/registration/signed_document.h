// application/vnd.3gpp.mcptt-signed+xml and its likes: which parts of a body are signed, and by whom (TS 24.379 clauses 6.6.3,
// F.6; TS 33.180 clause 9.3.5; XML Signature 1.1 with HMAC-SHA256).
//
// A signature names its part by Content-ID. Without a transform the part's octets count as they came; a transform may be a
// canonicalisation and nothing else. Pure functions, any thread.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "broker/registration/body_keys.h"
#include "broker/registration/service.h"
#include "core/base/result.h"
#include "core/sip/limits.h"
#include "core/sip/multipart.h"

namespace claviger::registration {

// Of each part in its place; null: it is not signed.
using Signers = std::array<BodyKeyRef, sip::kPartsMax>;

// Every signature there is must be good: XmlSignature. No signed document: nobody signed anything.
Result<Signers> check_signatures(const sip::Parts& parts, const Services& services, const BodyKeys& known);

// The document over one part with that Content-ID.
std::string write_signatures(const Service& service, const BodyKey& key, std::string_view content_id,
                             std::string_view octets);

}  // namespace claviger::registration
