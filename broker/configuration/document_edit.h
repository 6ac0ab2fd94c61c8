// A part of a document read, put and deleted (RFC 4825 clauses 7.4 to 7.10, 8.2, 8.3). The rest of the document keeps its
// octets; whether the result is a good document is for document_check.h.
//
// Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "broker/configuration/node_selector.h"
#include "broker/configuration/xcap_fault.h"
#include "broker/configuration/xml_tree.h"

namespace claviger::configuration {

struct Edited {
  std::string text;
  bool is_new = false;  // 201, not 200
};

// The octets of the part: an element, an attribute's value, an empty element with the bindings. DocumentUnknown: there
// is no such part, or not only one.
Result<std::string> read_part(const XmlTree& tree, const NodeSelector& selector);

// `body`: an element, or an attribute's value. XcapNoParent, XcapCannotInsert, XmlSyntax (not-xml-frag, or
// not-xml-att-value), Utf8Invalid.
Checked<Edited> put_part(const XmlTree& tree, const NodeSelector& selector, std::string_view body);
// DocumentUnknown, XcapCannotDelete.
Checked<Edited> delete_part(const XmlTree& tree, const NodeSelector& selector);

}  // namespace claviger::configuration
