// XML signatures of the KMS interface (TS 33.180 clauses D.1, 9.3.5; spec 4.7): HMAC-SHA256 over canonical XML.
//
// Reading: libxml2's canonicalisation over a text that core/codec/xml_guard.h and kms_request.h have accepted, and the
// procedure of spec 4.7, so that what is verified is what was interpreted. Writing: our answers are canonical as they
// stand (xml_writer.h), so that their own bytes are hashed. Pure functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "broker/keys/plain_request.h"
#include "broker/keys/xml_writer.h"
#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/crypto/certificate.h"
#include "core/crypto/digest.h"
#include "core/crypto/signing_key.h"

namespace claviger::keys {

// A SignedKmsRequest under `key`. RequestSignature, whatever is wrong: structure, algorithm, digest or MAC. The digest of
// what was signed, for who remembers requests.
Result<crypto::Sha256Digest> verify_signed_request(std::string_view xml, Bytes key);

// The same of one that was read already. Nothing: not under this key as it stands; verify_signed_request() may know better.
std::optional<crypto::Sha256Digest> verify_plain_signed(const PlainSigned& plain, Bytes key);

// <Signature> over the element with that Id, whose canonical form is `signed_text`, as enveloped by its parent.
void write_signature(XmlWriter& xml, std::string_view id, Bytes signed_text, std::string_view key_name, Bytes key);
// What it needs at most.
std::size_t signature_room(std::string_view key_name);

// A signature by certificate (XML Signature 1.1, ecdsa-sha256 over P-256): a KMS certificate between KMSs, a redirect
// response (TS 33.180 clauses 5.3.1, D.4).
struct CertificateSigned {
  std::string content;             // the canonical form of what is signed: read nothing else of the document
  std::string signed_info;         // canonical
  std::string value;               // r, s
  std::vector<std::string> chain;  // DER; the signer's first
};
// `root` with one `inner` that is signed, or, `inner` empty, a root that envelopes its signature. The digest is checked
// here; the signature and who signed are for certificate_trust.h. RequestSignature.
Result<CertificateSigned> read_certificate_signed(std::string_view xml, std::string_view root, std::string_view inner,
                                                  std::string_view space);
// <Signature> over the canonical `signed_text` with that Id. KeyType: not a P-256 key.
Result<std::string> write_certificate_signature(std::string_view id, Bytes signed_text, const crypto::SigningKey& key,
                                                const std::vector<crypto::Certificate>& chain);

}  // namespace claviger::keys
