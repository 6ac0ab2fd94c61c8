// Who signed an XML document by certificate (xml_signature.h), or came with one: the chain up to an authority that an
// operator named.
//
// Pure functions, any thread; some hundred microseconds.
#pragma once

#include <cstdint>
#include <string_view>

#include "broker/keys/xml_signature.h"
#include "core/base/result.h"
#include "core/crypto/certificate.h"

namespace claviger::keys {

// The signer's certificate. CertificateInvalid: malformed, or no chain to `ca_pem` at that time; SignatureInvalid.
Result<crypto::Certificate> check_certificate_signed(const CertificateSigned& document, std::string_view ca_pem,
                                                     std::int64_t now);
// Does it chain to `ca_pem`, and to nothing else that anybody trusts? Authorities between the two stand in `ca_pem`, too.
// CertificateInvalid.
Result<Unit> check_authority(const crypto::Certificate& certificate, std::string_view ca_pem, std::int64_t now);
// What an operator names as an authority: one, and those between it and whom it is for, in PEM.
bool are_authorities(std::string_view pem);
// Its CN, or a DNS or URI name among its subject alternative names.
bool is_named(const crypto::Certificate& certificate, std::string_view name);

}  // namespace claviger::keys
