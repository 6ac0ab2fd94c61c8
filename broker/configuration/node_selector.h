// The part of an XCAP URL behind "~~": one element, attribute or set of namespace bindings (RFC 4825 clause 6.3).
//
//   selector = element-selector ["/" terminal]
//   step     = name / name "[" position "]" / name "[@" attribute "=" quoted "]" / name "[" position "][@...]"
//   name     = qualified name or "*"          terminal = "@" qualified name / "namespace::*"
// A step that finds several elements finds none. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/configuration/xml_tree.h"
#include "core/base/result.h"

namespace claviger::configuration {

// As deep as a document may be.
inline constexpr std::size_t kStepsMax = 32;

struct SelectorStep {
  std::string space;           // resolved; of "*": empty
  std::string name;            // "*": any
  std::uint32_t position = 0;  // from 1; 0: not said
  std::string attribute;       // empty: not said
  std::string attribute_space;
  std::string value;
  std::string text;  // as it was written, for no-parent
};

enum class Terminal : std::uint8_t { Element, Attribute, Namespaces };

struct NodeSelector {
  std::vector<SelectorStep> steps;  // at least one
  Terminal terminal = Terminal::Element;
  std::string attribute;  // of Terminal::Attribute
  std::string attribute_space;
};

using Prefixes = std::vector<std::pair<std::string, std::string>>;

// `space`: what a name without a prefix is in. XcapSelector: a syntax that is not the clause's, or a prefix that is not
// bound.
Result<NodeSelector> parse_node_selector(std::string_view text, std::string_view space, const Prefixes& prefixes);

// The element after the first `steps` steps; kNoElement: none, or several.
std::uint32_t find_element(const XmlTree& tree, const NodeSelector& selector, std::size_t steps);
inline std::uint32_t find_element(const XmlTree& tree, const NodeSelector& selector) {
  return find_element(tree, selector, selector.steps.size());
}
// Of Terminal::Attribute, at an element; null: none.
const XmlAttribute* find_attribute(const XmlTree& tree, std::uint32_t element, std::string_view space,
                                   std::string_view name);
// Whether an element may be what the step names, position aside.
bool step_fits(const XmlTree& tree, std::uint32_t element, const SelectorStep& step);
bool name_fits(const XmlTree& tree, std::uint32_t element, const SelectorStep& step);

}  // namespace claviger::configuration
