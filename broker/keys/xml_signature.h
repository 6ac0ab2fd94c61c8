// XML signatures of the KMS interface (TS 33.180 clauses D.1, 9.3.5; spec 4.7): HMAC-SHA256 over canonical XML.
//
// Reading: libxml2's canonicalisation over a text that core/codec/xml_guard.h and kms_request.h have accepted, and the
// procedure of spec 4.7, so that what is verified is what was interpreted. Writing: our answers are canonical as they
// stand (xml_writer.h), so that their own bytes are hashed. Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "broker/keys/xml_writer.h"
#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/crypto/digest.h"

namespace claviger::keys {

// A SignedKmsRequest under `key`. RequestSignature, whatever is wrong: structure, algorithm, digest or MAC. The digest of
// what was signed, for who remembers requests.
Result<crypto::Sha256Digest> verify_signed_request(std::string_view xml, Bytes key);

// <Signature> over the element with that Id, whose canonical form is `signed_text`, as enveloped by its parent.
void write_signature(XmlWriter& xml, std::string_view id, Bytes signed_text, std::string_view key_name, Bytes key);
// What it needs at most.
std::size_t signature_room(std::string_view key_name);

}  // namespace claviger::keys
