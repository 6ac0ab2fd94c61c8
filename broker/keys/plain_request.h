// KmsRequest and SignedKmsRequest as nearly every client writes them, read in one pass over the body: no tree, no heap.
//
// In front of kms_request.h and xml_signature.h, for the hot paths. What is taken here is taken there with the same
// meaning (a test compares); what is not taken may still be good. Views into the body. Pure functions over hostile bytes,
// any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace claviger::keys {

struct PlainRequest {
  std::string_view user_uri;
  std::string_view kms_uri;
  std::string_view client_id;
  std::string_view device_id;
  std::string_view client_req_url;
  std::string_view trk_id;
  std::string_view signature_id;
  std::int64_t time = 0;
};

// Nothing: prefixes, entities, comments, empty-element tags, an attribute or element that is not asked for. Ask
// read_kms_tree().
std::optional<PlainRequest> read_plain_request(std::string_view xml);

// One KmsRequest and one Signature over it by its Id, in the words of spec 4.7, both with their namespace declared on them.
struct PlainSigned {
  PlainRequest request;
  std::string_view request_text;  // <KmsRequest ...>...</KmsRequest>
  std::string_view info_text;     // <SignedInfo ...>...</SignedInfo>
  std::string_view digest;        // base64
  std::string_view value;         // base64
  std::string_view key_name;
};
std::optional<PlainSigned> read_plain_signed(std::string_view xml);
// Begins as what read_plain_signed() takes: read_plain_request() never takes it.
bool is_signed_form(std::string_view xml);

}  // namespace claviger::keys
