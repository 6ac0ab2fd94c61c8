#include "broker/registration/reginfo_document.h"

#include "broker/registration/records.h"
#include "broker/registration/xml_reading.h"
#include "core/codec/urn.h"
#include "core/sip/scan.h"
#include "core/sip/uri.h"

namespace claviger::registration {
namespace {

constexpr std::string_view kReginfo = "urn:ietf:params:xml:ns:reginfo";

Error schema() { return {Code::XmlSchema, "registration.reginfo"}; }

std::string_view attribute(const pugi::xml_node& node, const char* name) { return node.attribute(name).value(); }

// <unknown-param name="+sip.instance">"&lt;urn:uuid:...&gt;"</unknown-param>
std::string instance_in(const pugi::xml_node& contact) {
  for (const pugi::xml_node child : contact.children()) {
    if (local_name(child) != "unknown-param" || namespace_of(child) != kReginfo) continue;
    if (attribute(child, "name") != "+sip.instance") continue;
    std::string_view value = trimmed(child.child_value());
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    if (value.size() >= 2 && value.front() == '<' && value.back() == '>') value = value.substr(1, value.size() - 2);
    return value.size() > kIdentityBytesMax ? std::string() : codec::canonical_urn(value);
  }
  return {};
}

Result<RegContact> read_contact(const pugi::xml_node& node) {
  RegContact contact;
  const std::string_view state = attribute(node, "state");
  contact.is_active = state == "active";
  if (!contact.is_active && state != "terminated") return schema();
  contact.event = attribute(node, "event");
  contact.instance = instance_in(node);
  if (const std::string_view expires = attribute(node, "expires"); !expires.empty()) {
    const auto number = sip::read_number(expires, UINT32_MAX);
    if (!number) return schema();
    contact.expires = static_cast<std::uint32_t>(*number);
  }
  return contact;
}

Result<RegElement> read_registration_element(const pugi::xml_node& node) {
  RegElement element;
  auto identity = sip::canonical_identity(attribute(node, "aor"));
  if (!identity || identity->size() > kIdentityBytesMax) return schema();
  element.impu = *std::move(identity);
  const std::string_view state = attribute(node, "state");
  if (state == "active")
    element.state = RegElement::State::Active;
  else if (state == "terminated")
    element.state = RegElement::State::Terminated;
  else if (state != "init")
    return schema();
  for (const pugi::xml_node child : node.children()) {
    if (child.type() != pugi::node_element || local_name(child) != "contact" || namespace_of(child) != kReginfo)
      continue;
    if (element.contacts.size() == kReginfoElementsMax) return Error{Code::TooMany, "registration.reginfo"};
    CLAVIGER_TRY(contact, read_contact(child));
    element.contacts.push_back(std::move(contact));
  }
  return element;
}

}  // namespace

Result<Reginfo> parse_reginfo(std::string_view xml) {
  pugi::xml_document document;
  CLAVIGER_TRY(root, load_root(document, xml, "reginfo", kReginfo));
  Reginfo info;
  const auto version = sip::read_number(attribute(root, "version"), UINT32_MAX);
  const std::string_view state = attribute(root, "state");
  if (!version || (state != "full" && state != "partial")) return schema();
  info.version = static_cast<std::uint32_t>(*version);
  info.is_full = state == "full";
  for (const pugi::xml_node child : root.children()) {
    if (child.type() != pugi::node_element || local_name(child) != "registration" || namespace_of(child) != kReginfo)
      continue;
    if (info.registrations.size() == kReginfoElementsMax) return Error{Code::TooMany, "registration.reginfo"};
    CLAVIGER_TRY(element, read_registration_element(child));
    info.registrations.push_back(std::move(element));
  }
  return info;
}

}  // namespace claviger::registration
