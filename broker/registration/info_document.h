// What a UE says of itself to an MC service: application/vnd.3gpp.mcptt-info+xml and its likes (TS 24.379 Annex F.1).
//
// Pure function, any thread.
#pragma once

#include <string>
#include <string_view>

#include "broker/registration/body_keys.h"
#include "broker/registration/service.h"
#include "core/base/result.h"

namespace claviger::registration {

// A token of ours has some 900 bytes, with claims of a large agency some thousand.
inline constexpr std::size_t kTokenBytesMax = 16 * 1024;

struct InfoDocument {
  std::string access_token;  // empty: none
  std::string client_id;
  std::string request_uri;
  BodyKeyRef key;         // under which something of it was encrypted; null: nothing was
  bool is_clear = false;  // something of it was not encrypted
};

// In any order, unknown elements ignored. XmlSchema: another root, an element twice, a text out of bounds; XmlEncryption, CskMissing:
// an element is encrypted and does not open, or two under two keys; and what guard_xml() says.
Result<InfoDocument> parse_info(std::string_view xml, const Service& service, const BodyKeys& keys = {});
// The body of an answer to a user with several UEs (TS 24.379 clause 7.3.3).
std::string multiple_devices_document(const Service& service);

}  // namespace claviger::registration
