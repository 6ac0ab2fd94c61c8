// Whether a document is built as its grammar says: which elements are where, how often and in which order, with which
// attributes and what values. Says where it is not.
//
// Pure functions, any thread.
#pragma once

#include <optional>
#include <string>

#include "broker/configuration/document_grammar.h"
#include "broker/configuration/xcap_fault.h"
#include "broker/configuration/xml_tree.h"

namespace claviger::configuration {

// DocumentInvalid; nothing: it is.
std::optional<XcapFault> check_structure(const TypeRule& root, const XmlTree& tree);

// Where an element stands, as a node selector would name it: "mcptt-user-profile/OnNetwork/MCPTTGroupInfo/entry[2]".
std::string path_of(const XmlTree& tree, std::uint32_t element);

}  // namespace claviger::configuration
