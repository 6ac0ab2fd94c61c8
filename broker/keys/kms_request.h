// KmsRequest and SignedKmsRequest (TS 33.180 clauses D.2.2, D.1; spec 4.3): the body of a POST to the KMS, read.
//
// Pure function over hostile bytes, any thread: core/codec/xml_guard.h first, then pugixml. A full body takes longer
// than a turn of a shard may.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace claviger::keys {

inline constexpr std::string_view kKmsNamespace = "urn:3gpp:ns:mcsecKMSInterface:1.0";
inline constexpr std::string_view kKrrNamespace = "urn:3gpp:ns:mcsecKMSKRR:1.0";
inline constexpr std::string_view kSignatureNamespace = "http://www.w3.org/2000/09/xmldsig#";

// What a signature covers and with which key, as its KeyInfo says: not verified here (xml_signature.h).
struct SignatureClaim {
  std::string key_name;
};

struct KmsRequest {
  std::string user_uri;
  std::string kms_uri;
  std::int64_t time = 0;
  std::string client_id;
  std::string device_id;
  std::string client_req_url;
  std::string krr;  // the KrrList's one KmsRedirectResponse as it came; empty: none
  std::optional<std::int64_t> client_error;
  std::string trk_id;
  std::string signature_id;
  std::optional<SignatureClaim> signature;
};

// XmlDoctype, XmlTooLarge, XmlSyntax, Utf8Invalid: the guard's. XmlSchema: another root or namespace, an element that is
// missing, repeated or of another type. XmlSignature: a SignedKmsRequest that is not one request and one signature.
Result<KmsRequest> read_kms_request(std::string_view xml);
// The same, always by the tree of its elements: what plain_request.h must agree with.
Result<KmsRequest> read_kms_tree(std::string_view xml);

}  // namespace claviger::keys
