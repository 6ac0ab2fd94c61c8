// An index of one XML document: where each element and attribute stands in the text, and in which namespace.
//
// Documents that clients wrote are never written anew, because what we do not know in them must survive (TS 24.484
// leaves room for extensions everywhere): an edit cuts and inserts octets at the places that this index names. Built
// behind core/codec/xml_guard.h only. Views into the text, which outlives it. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace claviger::configuration {

// Bound to the prefix "xml" without a declaration, in documents and in selectors (Namespaces in XML clause 3).
inline constexpr std::string_view kXmlSpace = "http://www.w3.org/XML/1998/namespace";
inline constexpr std::uint32_t kNoElement = 0xFFFF'FFFF;
// A user profile with some hundred groups and aliases has a few thousand elements.
inline constexpr std::size_t kElementsMax = 20'000;

struct XmlAttribute {
  std::string_view prefix;
  std::string_view name;
  std::string_view value;   // as it stands between the quotes
  std::uint32_t begin = 0;  // of the blank in front of it
  std::uint32_t end = 0;    // behind its closing quote
  bool is_declaration() const { return prefix == "xmlns" || (prefix.empty() && name == "xmlns"); }
};

struct XmlElement {
  std::string_view prefix;
  std::string_view name;
  std::string_view space;  // its namespace; empty: none
  std::uint32_t parent = kNoElement;
  std::uint32_t first_child = kNoElement;
  std::uint32_t next_sibling = kNoElement;
  std::uint32_t begin = 0;          // of '<'
  std::uint32_t name_end = 0;       // behind the name in the start tag
  std::uint32_t content_begin = 0;  // behind the '>' of the start tag
  std::uint32_t content_end = 0;    // of '<' of the end tag; content_begin for "<a/>"
  std::uint32_t end = 0;            // behind the last '>'
  std::uint32_t first_attribute = 0;
  std::uint32_t attribute_count = 0;
  bool is_empty_tag = false;  // "<a/>"
};

class XmlTree {
 public:
  // What the guard says.
  static Result<XmlTree> read(std::string_view text);

  std::string_view text() const { return text_; }
  std::uint32_t root() const { return 0; }
  const XmlElement& operator[](std::uint32_t element) const { return elements_[element]; }
  std::size_t size() const { return elements_.size(); }
  std::span<const XmlAttribute> attributes(std::uint32_t element) const {
    const XmlElement& of = elements_[element];
    return std::span(attributes_).subspan(of.first_attribute, of.attribute_count);
  }
  // What a prefix stands for inside `element`; empty prefix: the default namespace. Empty: not declared.
  std::string_view space_of(std::uint32_t element, std::string_view prefix) const;
  // The attribute of this name in no namespace; null: none.
  const XmlAttribute* attribute(std::uint32_t element, std::string_view name) const;
  // The first child element of this name in the namespace of `element`; kNoElement: none.
  std::uint32_t child(std::uint32_t element, std::string_view name) const;
  // The text directly inside, references resolved, without that of children.
  std::string content(std::uint32_t element) const;
  std::string_view octets(std::uint32_t element) const {
    const XmlElement& of = elements_[element];
    return text_.substr(of.begin, of.end - of.begin);
  }

 private:
  Result<Unit> index();
  Result<std::size_t> start_tag(std::size_t at, std::vector<std::uint32_t>& open);

  std::string_view text_;
  std::vector<XmlElement> elements_;
  std::vector<XmlAttribute> attributes_;
  std::vector<std::uint32_t> last_child_;  // while it is built
};

// Character and predefined entity references resolved. Of guarded text: every reference is sound.
std::string unescaped(std::string_view raw);
// For text and attribute values: & < > " and control characters as references.
std::string escaped(std::string_view text);
std::string_view trimmed(std::string_view text);

}  // namespace claviger::configuration
