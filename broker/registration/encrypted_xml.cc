#include "broker/registration/encrypted_xml.h"

#include <algorithm>
#include <vector>

#include "broker/registration/xml_reading.h"
#include "core/codec/base64url.h"
#include "core/crypto/content_cipher.h"

namespace claviger::registration {
namespace {

constexpr std::string_view kXenc = "http://www.w3.org/2001/04/xmlenc#";
constexpr std::string_view kDs = "http://www.w3.org/2000/09/xmldsig#";
constexpr std::string_view kContent = "http://www.w3.org/2001/04/xmlenc#Content";
constexpr std::string_view kAes128Gcm = "http://www.w3.org/2009/xmlenc11#aes128-gcm";
constexpr std::string_view kUriScheme = "sip:";
constexpr std::string_view kIv = ";iv=";
constexpr std::string_view kKeyId = ";key-id=";
constexpr std::string_view kAlgorithm = ";alg=128-aes-gcm@";
constexpr std::size_t kSealedMax = kPlainBytesMax + crypto::kContentIvBytes + crypto::kContentTagBytes;

Error refused(std::string_view where) { return {Code::XmlEncryption, where}; }

Result<std::string> decoded(std::string_view base64) {
  std::string text(base64);
  std::erase_if(text, [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
  if (text.size() > codec::base64_encoded_size(kSealedMax)) return refused("encrypted.size");
  std::string bytes(text.size(), '\0');
  const auto size = codec::base64_decode(text, std::as_writable_bytes(std::span(bytes)));
  if (!size) return refused("encrypted.base64");
  bytes.resize(*size);
  return bytes;
}

std::string encoded(Bytes bytes) {
  std::string text;
  codec::base64_encode(bytes, text);
  return text;
}

// The only child of that name; another element of that name makes two meanings of one text.
pugi::xml_node only_child(const pugi::xml_node& parent, std::string_view name, std::string_view space) {
  pugi::xml_node found;
  for (const pugi::xml_node child : parent.children()) {
    if (child.type() != pugi::node_element || local_name(child) != name || namespace_of(child) != space) continue;
    if (found) return {};
    found = child;
  }
  return found;
}

// <content xmlns=... xmlns:p=...> with what is in force at `node`, nearest first.
std::string root_with_namespaces(const pugi::xml_node& node) {
  std::string root = "<content";
  std::vector<std::string_view> seen;
  for (pugi::xml_node at = node; at; at = at.parent()) {
    for (const pugi::xml_attribute attribute : at.attributes()) {
      const std::string_view name = attribute.name();
      if (name != "xmlns" && !name.starts_with("xmlns:")) continue;
      if (std::ranges::find(seen, name) != seen.end()) continue;
      seen.push_back(name);
      root.append(" ").append(name).append("=\"");
      for (const char c : std::string_view(attribute.value())) {
        if (c == '"')
          root += "&quot;";
        else if (c == '&')
          root += "&amp;";
        else if (c == '<')
          root += "&lt;";
        else
          root += c;
      }
      root += '"';
    }
  }
  return root + ">";
}

}  // namespace

bool is_encrypted_data(const pugi::xml_node& node) {
  return node.type() == pugi::node_element && local_name(node) == "EncryptedData" && namespace_of(node) == kXenc;
}

Result<BodyKeyRef> decrypt_element(const pugi::xml_node& encrypted_data, const BodyKeys& keys,
                                   pugi::xml_document& content) {
  const std::string_view type = encrypted_data.attribute("Type").value();
  const pugi::xml_node method = only_child(encrypted_data, "EncryptionMethod", kXenc);
  if (type != kContent || std::string_view(method.attribute("Algorithm").value()) != kAes128Gcm) {
    return refused("encrypted.method");
  }
  const pugi::xml_node name = only_child(only_child(encrypted_data, "KeyInfo", kDs), "KeyName", kDs);
  const pugi::xml_node value = only_child(only_child(encrypted_data, "CipherData", kXenc), "CipherValue", kXenc);
  if (!name || !value) return refused("encrypted.shape");
  CLAVIGER_TRY(key, keys.find(trimmed(name.child_value())));
  CLAVIGER_TRY(sealed, decoded(value.child_value()));
  auto plain = crypto::decrypt_content(key->confidentiality, as_bytes(sealed));
  if (!plain) return refused("encrypted.seal");
  std::string text = root_with_namespaces(encrypted_data.parent());
  text.append(as_text(plain->reveal())).append("</content>");
  if (!codec::guard_xml(text) ||
      !content.load_buffer(text.data(), text.size(), pugi::parse_default, pugi::encoding_utf8)) {
    return refused("encrypted.content");
  }
  return key;
}

Result<std::string> encrypt_element(const BodyKey& key, std::string_view content) {
  CLAVIGER_TRY(sealed, crypto::encrypt_content(key.confidentiality, as_bytes(content)));
  std::string text = "<xenc:EncryptedData xmlns:xenc=\"";
  text.append(kXenc).append("\" Type=\"").append(kContent);
  text.append("\"><xenc:EncryptionMethod Algorithm=\"").append(kAes128Gcm);
  text.append("\"/><ds:KeyInfo xmlns:ds=\"").append(kDs).append("\"><ds:KeyName>").append(key_name_of(key.id));
  text.append("</ds:KeyName></ds:KeyInfo><xenc:CipherData><xenc:CipherValue>").append(encoded(as_bytes(sealed)));
  return text.append("</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>");
}

bool is_encrypted_uri(std::string_view value) {
  return value.starts_with(kUriScheme) && value.find(kIv) != std::string_view::npos &&
         value.find(kKeyId) != std::string_view::npos && value.find(kAlgorithm) != std::string_view::npos;
}

// Base64 has "/", "+" and "=": it is cut at the marks, not read as a URI.
Result<DecryptedUri> decrypt_uri(std::string_view value, const BodyKeys& keys) {
  const std::size_t iv = value.find(kIv);
  const std::size_t key_id = value.find(kKeyId);
  const std::size_t algorithm = value.find(kAlgorithm);
  const bool is_in_order =
      value.starts_with(kUriScheme) && iv < key_id && key_id < algorithm && algorithm != std::string_view::npos;
  if (!is_in_order) return refused("encrypted.uri");
  const auto between = [&value](std::size_t mark, std::string_view text, std::size_t end) {
    return value.substr(mark + text.size(), end - mark - text.size());
  };
  CLAVIGER_TRY(key, keys.find(between(key_id, kKeyId, algorithm)));
  CLAVIGER_TRY(sealed, decoded(between(iv, kIv, key_id)));
  CLAVIGER_TRY(text, decoded(value.substr(kUriScheme.size(), iv - kUriScheme.size())));
  if (sealed.size() != crypto::kContentIvBytes) return refused("encrypted.iv");
  sealed += text;
  auto plain = crypto::decrypt_content(key->confidentiality, as_bytes(sealed));
  if (!plain) return refused("encrypted.seal");
  return DecryptedUri{std::string(as_text(plain->reveal())), std::move(key)};
}

Result<std::string> encrypt_uri(const BodyKey& key, std::string_view value, std::string_view domain) {
  CLAVIGER_TRY(sealed, crypto::encrypt_content(key.confidentiality, as_bytes(value)));
  const Bytes bytes = as_bytes(sealed);
  std::string text(kUriScheme);
  text.append(encoded(bytes.subspan(crypto::kContentIvBytes))).append(kIv);
  text.append(encoded(bytes.first(crypto::kContentIvBytes))).append(kKeyId).append(key_name_of(key.id));
  return text.append(kAlgorithm).append(domain);
}

}  // namespace claviger::registration
