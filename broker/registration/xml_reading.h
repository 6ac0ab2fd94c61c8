// How this room reads XML: behind core/codec/xml_guard.h, elements by namespace and local name, never by prefix.
//
// For the *.cc of its documents only.
#pragma once

#include <pugixml.hpp>

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/codec/xml_guard.h"

namespace claviger::registration {

inline std::string_view local_name(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  const std::size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

// The guard has seen to it that every prefix is bound.
inline std::string_view namespace_of(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  const std::size_t colon = name.find(':');
  const std::string declaration =
      colon == std::string_view::npos ? std::string("xmlns") : "xmlns:" + std::string(name.substr(0, colon));
  for (pugi::xml_node at = node; at; at = at.parent()) {
    if (const pugi::xml_attribute found = at.attribute(declaration.c_str())) return found.value();
  }
  return {};
}

inline std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

// Refuses what the guard refuses; then the root must be `name` in `space`. XmlSchema.
inline Result<pugi::xml_node> load_root(pugi::xml_document& document, std::string_view text, std::string_view name,
                                        std::string_view space) {
  CLAVIGER_TRY(guarded, codec::guard_xml(text));
  if (!document.load_buffer(text.data(), text.size(), pugi::parse_default, pugi::encoding_utf8)) {
    return Error{Code::XmlSyntax, "registration.xml"};
  }
  const pugi::xml_node root = document.document_element();
  if (local_name(root) != name || namespace_of(root) != space) return Error{Code::XmlSchema, "registration.root"};
  return root;
}

}  // namespace claviger::registration
