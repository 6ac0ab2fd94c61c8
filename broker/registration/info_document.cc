#include "broker/registration/info_document.h"

#include "broker/registration/encrypted_xml.h"
#include "broker/registration/records.h"
#include "broker/registration/xml_reading.h"
#include "core/codec/urn.h"

namespace claviger::registration {
namespace {

Error schema() { return {Code::XmlSchema, "registration.info"}; }

// <mcpttString>...</mcpttString>, the one of its kind in `parent`; among it nothing that is encrypted.
Result<std::string> text_in(const pugi::xml_node& parent, const Service& service, std::size_t max) {
  std::string text;
  bool is_found = false;
  for (const pugi::xml_node child : parent.children()) {
    if (child.type() != pugi::node_element) continue;
    const std::string_view name = local_name(child);
    if (name == "EncryptedData") return Error{Code::XmlEncryption, "registration.encrypted"};
    if (name != service.name + "String" && name != service.name + "URI") continue;
    if (is_found) return schema();
    is_found = true;
    text = trimmed(child.child_value());
  }
  if (!is_found || text.empty() || text.size() > max) return schema();
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return schema();
  }
  return text;
}

// <mcptt-client-id type="Normal"><mcpttString>...</mcpttString></mcptt-client-id>, or encrypted in place of what is inside.
Result<std::string> value_of(const pugi::xml_node& element, const Service& service, std::size_t max,
                             const BodyKeys& keys, InfoDocument& info) {
  for (const pugi::xml_node child : element.children()) {
    if (!is_encrypted_data(child)) continue;
    pugi::xml_document content;
    CLAVIGER_TRY(key, decrypt_element(child, keys, content));
    if (info.key != nullptr && info.key != key) return Error{Code::XmlEncryption, "registration.keys"};
    info.key = std::move(key);
    return text_in(content.document_element(), service, max);
  }
  if (std::string_view(element.attribute("type").value()) == "Encrypted") {
    return Error{Code::XmlEncryption, "registration.encrypted"};
  }
  info.is_clear = true;
  return text_in(element, service, max);
}

}  // namespace

Result<InfoDocument> parse_info(std::string_view xml, const Service& service, const BodyKeys& keys) {
  pugi::xml_document document;
  CLAVIGER_TRY(root, load_root(document, xml, service.name + "info", service.info_namespace));
  InfoDocument info;
  for (const pugi::xml_node parameters : root.children()) {
    if (local_name(parameters) != service.name + "-Params" || namespace_of(parameters) != service.info_namespace)
      continue;
    for (const pugi::xml_node element : parameters.children()) {
      if (element.type() != pugi::node_element || namespace_of(element) != service.info_namespace) continue;
      const std::string_view name = local_name(element);
      std::string* target = nullptr;
      std::size_t max = kIdentityBytesMax;
      if (name == service.name + "-access-token") {
        target = &info.access_token;
        max = kTokenBytesMax;
      } else if (name == service.name + "-client-id") {
        target = &info.client_id;
      } else if (name == service.name + "-request-uri") {
        target = &info.request_uri;
      }
      if (target == nullptr) continue;
      if (!target->empty()) return schema();
      CLAVIGER_TRY(value, value_of(element, service, max, keys, info));
      *target = std::move(value);
    }
  }
  info.client_id = codec::canonical_urn(info.client_id);
  return info;
}

std::string multiple_devices_document(const Service& service) {
  const std::string& name = service.name;
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<" + name + "info xmlns=\"" + service.info_namespace + "\"><" +
         name + "-Params><multiple-devices-ind type=\"Normal\"><" + name + "Boolean>true</" + name +
         "Boolean></multiple-devices-ind></" + name + "-Params></" + name + "info>\r\n";
}

}  // namespace claviger::registration
