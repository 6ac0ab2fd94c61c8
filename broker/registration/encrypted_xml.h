// Content of elements and values of attributes, encrypted (TS 24.379 clause 6.6.2, TS 33.180 clause 9.3.4; XML Encryption 1.1
// with AES-128-GCM).
//
//   <mcptt-client-id type="Encrypted"><xenc:EncryptedData Type=".../xmlenc#Content">...          what the element contains
//   id="sip:BASE64;iv=BASE64;key-id=BASE64;alg=128-aes-gcm@domain"                               an attribute that is a URI
// For the *.cc of this room's documents. Pure functions, any thread.
#pragma once

#include <pugixml.hpp>

#include <string>
#include <string_view>

#include "broker/registration/body_keys.h"
#include "core/base/result.h"

namespace claviger::registration {

// Of one element or attribute: an access token and what stands around it.
inline constexpr std::size_t kPlainBytesMax = 20 * 1024;

bool is_encrypted_data(const pugi::xml_node& node);
// What the element contained, in `content`, under a root that has the namespaces of where it stood; and the key that it
// was encrypted under. CskMissing; XmlEncryption: another algorithm or shape, or it does not open.
Result<BodyKeyRef> decrypt_element(const pugi::xml_node& encrypted_data, const BodyKeys& keys,
                                   pugi::xml_document& content);
// `content`: serialised XML that brings its namespaces along, or has those of the element it will stand in. CryptoFailure.
Result<std::string> encrypt_element(const BodyKey& key, std::string_view content);

bool is_encrypted_uri(std::string_view value);
struct DecryptedUri {
  std::string value;
  BodyKeyRef key;
};
// CskMissing, XmlEncryption.
Result<DecryptedUri> decrypt_uri(std::string_view value, const BodyKeys& keys);
Result<std::string> encrypt_uri(const BodyKey& key, std::string_view value, std::string_view domain);

}  // namespace claviger::registration
