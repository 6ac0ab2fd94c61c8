#include "broker/configuration/document_edit.h"

#include <vector>

#include "core/codec/utf8.h"

namespace claviger::configuration {
namespace {

std::string spliced(std::string_view text, std::size_t begin, std::size_t end, std::string_view with) {
  std::string out;
  out.reserve(text.size() + with.size());
  return out.append(text.substr(0, begin)).append(with).append(text.substr(end));
}

// Everything that `element` has in scope, the innermost declaration of a prefix first.
std::vector<std::pair<std::string_view, std::string_view>> bindings_of(const XmlTree& tree, std::uint32_t element) {
  std::vector<std::pair<std::string_view, std::string_view>> bindings;
  for (std::uint32_t at = element; at != kNoElement; at = tree[at].parent) {
    for (const XmlAttribute& each : tree.attributes(at)) {
      if (!each.is_declaration()) continue;
      const std::string_view prefix = each.prefix.empty() ? std::string_view() : each.name;
      bool is_hidden = false;
      for (const auto& [known, value] : bindings) is_hidden = is_hidden || known == prefix;
      if (!is_hidden) bindings.emplace_back(prefix, each.value);
    }
  }
  return bindings;
}

std::string start_tag(const XmlTree& tree, std::uint32_t element, std::string_view name, std::string_view close) {
  std::string out = "<" + std::string(name);
  for (const auto& [prefix, value] : bindings_of(tree, element)) {
    out += prefix.empty() ? " xmlns" : " xmlns:";
    const char quote = value.find('"') == std::string_view::npos ? '"' : '\'';
    out.append(prefix).append(1, '=').append(1, quote).append(value).append(1, quote);
  }
  return out.append(close);
}

// RFC 4825 clause 8.2.2: one element, in the namespaces of the place where it goes. Nothing: it is; else why not.
std::optional<XcapFault> check_fragment(const XmlTree& tree, std::uint32_t place, const SelectorStep& step,
                                        std::string_view body) {
  if (!codec::is_utf8(body)) return XcapFault{Code::XcapUtf8, "The element is not UTF-8.", {}};
  constexpr std::string_view kWrapper = "claviger-fragment";
  // "</claviger-fragment>..." in the body would end the wrapper: then it is not one element inside, and refused.
  std::string wrapped = start_tag(tree, place, kWrapper, ">");
  const std::size_t begin = wrapped.size();
  wrapped.append(body).append("</").append(kWrapper).append(">");
  const auto read = XmlTree::read(wrapped);
  const XcapFault not_one{Code::XmlSyntax, "The body is not one well-formed element.", {}};
  if (!read) return not_one;
  const std::uint32_t element = (*read)[0].first_child;
  if (element == kNoElement || (*read)[element].next_sibling != kNoElement) return not_one;
  const XmlElement& inner = (*read)[element];
  const std::string_view before = std::string_view(wrapped).substr(begin, inner.begin - begin);
  const std::string_view behind = std::string_view(wrapped).substr(inner.end, (*read)[0].content_end - inner.end);
  if (!trimmed(before).empty() || !trimmed(behind).empty()) return not_one;
  if (!step_fits(*read, element, step)) {
    return XcapFault{Code::XcapCannotInsert, "The selector does not select the element that would be inserted.", {}};
  }
  return std::nullopt;
}

// Where a new child goes: behind its like, or last (clause 8.2.3). Nothing: there is no such place.
std::optional<std::size_t> place_of(const XmlTree& tree, std::uint32_t parent, const SelectorStep& step) {
  const XmlElement& in = tree[parent];
  std::uint32_t number = 0;
  std::optional<std::size_t> place;
  for (std::uint32_t at = in.first_child; at != kNoElement; at = tree[at].next_sibling) {
    if (!name_fits(tree, at, step)) continue;
    if (step.position == ++number) return tree[at].begin;
    place = tree[at].end;
  }
  if (step.position > number + 1) return std::nullopt;
  return place ? place : in.content_end;
}

Checked<Edited> insert_element(const XmlTree& tree, const NodeSelector& selector, std::uint32_t parent,
                               std::string_view body) {
  const XcapFault no_place{Code::XcapCannotInsert, "There is no place that the selector would select.", {}};
  const SelectorStep& step = selector.steps.back();
  const XmlElement& in = tree[parent];
  std::string text;
  if (in.is_empty_tag) {
    if (step.position > 1) return no_place;
    const std::string_view whole = tree.octets(parent);
    const std::size_t name = in.name_end - in.begin;
    std::string opened(trimmed(whole.substr(0, whole.size() - 2)));
    opened.append(">").append(body).append("</").append(whole.substr(1, name - 1)).append(">");
    text = spliced(tree.text(), in.begin, in.end, opened);
  } else {
    const auto place = place_of(tree, parent, step);
    if (!place) return no_place;
    text = spliced(tree.text(), *place, *place, body);
  }
  // Clause 8.2.3: the same URL must select just what was put.
  const auto after = XmlTree::read(text);
  const std::uint32_t found = after ? find_element(*after, selector) : kNoElement;
  if (found == kNoElement || after->octets(found) != trimmed(body)) return no_place;
  return Edited{std::move(text), true};
}

XcapFault no_parent(const XmlTree& tree, const NodeSelector& selector, std::size_t steps) {
  XcapFault fault{Code::XcapNoParent, "The element that it would be in is not there.", {}};
  std::size_t there = 0;
  while (there < steps && find_element(tree, selector, there + 1) != kNoElement) ++there;
  for (std::size_t i = 0; i < there; ++i) {
    if (i != 0) fault.ancestor += '/';
    fault.ancestor += selector.steps[i].text;
  }
  return fault;
}

Checked<Edited> put_element(const XmlTree& tree, const NodeSelector& selector, std::string_view body) {
  const std::size_t depth = selector.steps.size();
  const std::uint32_t present = find_element(tree, selector);
  const std::uint32_t parent = depth == 1 ? kNoElement : find_element(tree, selector, depth - 1);
  if (present == kNoElement && depth == 1) {
    return XcapFault{Code::XcapCannotInsert, "A document has one root element.", {}};
  }
  if (present == kNoElement && parent == kNoElement) return no_parent(tree, selector, depth - 1);
  const std::uint32_t context = present == kNoElement ? parent : tree[present].parent;
  if (auto wrong = check_fragment(tree, context, selector.steps.back(), body)) return *std::move(wrong);
  if (present == kNoElement) return insert_element(tree, selector, parent, trimmed(body));
  const XmlElement& replaced = tree[present];
  std::string text = spliced(tree.text(), replaced.begin, replaced.end, trimmed(body));
  const auto after = XmlTree::read(text);
  if (!after || find_element(*after, selector) == kNoElement) {
    return XcapFault{Code::XcapCannotInsert, "The selector would not select it afterwards.", {}};
  }
  return Edited{std::move(text), false};
}

// AttValue of XML 1.0 without its quotes: in double quotes it must stand.
std::optional<std::string> attribute_value(std::string_view body) {
  if (body.find('<') != std::string_view::npos) return std::nullopt;
  std::string value;
  for (const char character : body) {
    if (character == '"') {
      value += "&quot;";
    } else {
      value += character;
    }
  }
  if (!XmlTree::read("<a b=\"" + value + "\"/>")) return std::nullopt;
  return value;
}

Checked<Edited> put_attribute(const XmlTree& tree, const NodeSelector& selector, std::string_view body) {
  const std::uint32_t element = find_element(tree, selector);
  if (element == kNoElement) return no_parent(tree, selector, selector.steps.size());
  if (!codec::is_utf8(body)) return XcapFault{Code::XcapUtf8, "The value is not UTF-8.", {}};
  const auto value = attribute_value(body);
  if (!value) return XcapFault{Code::BadValue, "The body is not the value of an attribute.", {}};
  const XmlAttribute* present = find_attribute(tree, element, selector.attribute_space, selector.attribute);
  std::string text;
  if (present != nullptr) {
    const std::size_t equals = tree.text().find('=', present->begin);
    text = spliced(tree.text(), equals, present->end, "=\"" + *value + "\"");
  } else {
    std::string name = selector.attribute;
    if (!selector.attribute_space.empty()) {
      std::string_view prefix = selector.attribute_space == kXmlSpace ? "xml" : "";
      for (const auto& [known, space] : bindings_of(tree, element)) {
        if (!known.empty() && space == selector.attribute_space) prefix = known;
      }
      if (prefix.empty()) {
        return XcapFault{Code::XcapCannotInsert, "The document has no prefix for the namespace of the attribute.", {}};
      }
      name.insert(0, std::string(prefix) + ":");
    }
    const std::size_t place = tree[element].name_end;
    text = spliced(tree.text(), place, place, " " + name + "=\"" + *value + "\"");
  }
  const auto after = XmlTree::read(text);
  if (!after || find_element(*after, selector) == kNoElement) {
    return XcapFault{Code::XcapCannotInsert, "The selector would not select it afterwards.", {}};
  }
  return Edited{std::move(text), present == nullptr};
}

}  // namespace

Result<std::string> read_part(const XmlTree& tree, const NodeSelector& selector) {
  constexpr Error kNone{Code::DocumentUnknown, "xcap.part"};
  const std::uint32_t element = find_element(tree, selector);
  if (element == kNoElement) return kNone;
  switch (selector.terminal) {
    case Terminal::Element:
      return std::string(tree.octets(element));
    case Terminal::Attribute: {
      const XmlAttribute* found = find_attribute(tree, element, selector.attribute_space, selector.attribute);
      if (found == nullptr) return kNone;
      return std::string(found->value);
    }
    case Terminal::Namespaces: {
      const XmlElement& of = tree[element];
      const std::string_view name = tree.text().substr(of.begin + 1, of.name_end - of.begin - 1);
      return start_tag(tree, element, name, "/>");
    }
  }
  return kNone;
}

Checked<Edited> put_part(const XmlTree& tree, const NodeSelector& selector, std::string_view body) {
  if (selector.terminal == Terminal::Attribute) return put_attribute(tree, selector, body);
  return put_element(tree, selector, body);
}

Checked<Edited> delete_part(const XmlTree& tree, const NodeSelector& selector) {
  const XcapFault none{Code::DocumentUnknown, "There is no such part.", {}};
  const std::uint32_t element = find_element(tree, selector);
  if (element == kNoElement) return none;
  std::string text;
  if (selector.terminal == Terminal::Attribute) {
    const XmlAttribute* found = find_attribute(tree, element, selector.attribute_space, selector.attribute);
    if (found == nullptr) return none;
    text = spliced(tree.text(), found->begin, found->end, "");
    // A selector that leans on the attribute would not find the element again: what is deleted must be deleted.
    const auto after = XmlTree::read(text);
    if (!after) return XcapFault{Code::XcapCannotDelete, "The document would not be well formed.", {}};
    return Edited{std::move(text), false};
  }
  if (tree[element].parent == kNoElement) {
    return XcapFault{Code::XcapCannotDelete, "The root element goes with its document.", {}};
  }
  text = spliced(tree.text(), tree[element].begin, tree[element].end, "");
  const auto after = XmlTree::read(text);
  // Clause 8.3: afterwards the selector must select nothing, not the next in line.
  if (!after || find_element(*after, selector) != kNoElement) {
    return XcapFault{Code::XcapCannotDelete, "The selector would select another element afterwards.", {}};
  }
  return Edited{std::move(text), false};
}

}  // namespace claviger::configuration
