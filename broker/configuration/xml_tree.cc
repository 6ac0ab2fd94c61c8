#include "broker/configuration/xml_tree.h"

#include <charconv>

#include "core/codec/xml_guard.h"

namespace claviger::configuration {
namespace {

// An editor's own instructions (xml-stylesheet and the like) are kept as everything else that we do not know.
constexpr codec::XmlLimits kLimits{.depth_max = 32, .elements_max = kElementsMax, .has_instructions = true};

bool is_blank(char character) {
  return character == ' ' || character == '\t' || character == '\n' || character == '\r';
}

// "p:name" into its two parts.
void split_name(std::string_view whole, std::string_view& prefix, std::string_view& name) {
  const std::size_t colon = whole.find(':');
  prefix = colon == std::string_view::npos ? std::string_view() : whole.substr(0, colon);
  name = colon == std::string_view::npos ? whole : whole.substr(colon + 1);
}

void append_utf8(std::uint32_t point, std::string& out) {
  const auto put = [&out](std::uint32_t octet) { out += static_cast<char>(octet); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xC0 | point >> 6U);
    put(0x80 | (point & 0x3FU));
  } else if (point < 0x10000) {
    put(0xE0 | point >> 12U);
    put(0x80 | (point >> 6U & 0x3FU));
    put(0x80 | (point & 0x3FU));
  } else {
    put(0xF0 | point >> 18U);
    put(0x80 | (point >> 12U & 0x3FU));
    put(0x80 | (point >> 6U & 0x3FU));
    put(0x80 | (point & 0x3FU));
  }
}

// What stands between '&' and ';'.
void append_reference(std::string_view name, std::string& out) {
  if (name == "amp") out += '&';
  if (name == "lt") out += '<';
  if (name == "gt") out += '>';
  if (name == "quot") out += '"';
  if (name == "apos") out += '\'';
  if (!name.starts_with('#')) return;
  const bool is_hex = name.starts_with("#x");
  const std::string_view digits = name.substr(is_hex ? 2 : 1);
  std::uint32_t point = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), point, is_hex ? 16 : 10);
  append_utf8(point, out);
}

}  // namespace

std::string unescaped(std::string_view raw) {
  std::string out;
  out.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const std::size_t end = raw[i] == '&' ? raw.find(';', i) : std::string_view::npos;
    if (end == std::string_view::npos) {
      out += raw[i];
      continue;
    }
    append_reference(raw.substr(i + 1, end - i - 1), out);
    i = end;
  }
  return out;
}

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char character : text) {
    switch (character) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\r':
        out += "&#xD;";
        break;
      case '\n':
        out += "&#xA;";
        break;
      case '\t':
        out += "&#x9;";
        break;
      default:
        out += character;
    }
  }
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

Result<XmlTree> XmlTree::read(std::string_view text) {
  CLAVIGER_TRY(guarded, codec::guard_xml(text, kLimits));
  XmlTree tree;
  tree.text_ = text;
  CLAVIGER_TRY(indexed, tree.index());
  return tree;
}

std::string_view XmlTree::space_of(std::uint32_t element, std::string_view prefix) const {
  if (prefix == "xml") return kXmlSpace;
  for (std::uint32_t at = element; at != kNoElement; at = elements_[at].parent) {
    for (const XmlAttribute& each : attributes(at)) {
      if (!each.is_declaration()) continue;
      const std::string_view declared = each.prefix.empty() ? std::string_view() : each.name;
      if (declared == prefix) return each.value;
    }
  }
  return {};
}

const XmlAttribute* XmlTree::attribute(std::uint32_t element, std::string_view name) const {
  for (const XmlAttribute& each : attributes(element)) {
    if (each.prefix.empty() && each.name == name) return &each;
  }
  return nullptr;
}

std::uint32_t XmlTree::child(std::uint32_t element, std::string_view name) const {
  for (std::uint32_t at = elements_[element].first_child; at != kNoElement; at = elements_[at].next_sibling) {
    if (elements_[at].name == name && elements_[at].space == elements_[element].space) return at;
  }
  return kNoElement;
}

std::string XmlTree::content(std::uint32_t element) const {
  const XmlElement& of = elements_[element];
  std::string out;
  std::uint32_t child = of.first_child;
  for (std::size_t at = of.content_begin; at < of.content_end;) {
    if (child != kNoElement && at == elements_[child].begin) {
      at = elements_[child].end;
      child = elements_[child].next_sibling;
      continue;
    }
    const std::string_view rest = text_.substr(at, of.content_end - at);
    if (rest.starts_with("<!--")) {
      at += rest.find("-->") + 3;
    } else if (rest.starts_with("<?")) {
      at += rest.find("?>") + 2;
    } else if (rest.starts_with("<![CDATA[")) {
      const std::size_t end = rest.find("]]>");
      out += rest.substr(9, end - 9);
      at += end + 3;
    } else {
      const std::size_t end = std::min(rest.find('<', 1), rest.size());
      out += unescaped(rest.substr(0, end));
      at += end;
    }
  }
  return out;
}

// Guarded text: every tag is closed, every quote, too. The errors below are for a guard that changed its mind.
Result<std::size_t> XmlTree::start_tag(std::size_t at, std::vector<std::uint32_t>& open) {
  constexpr Error kBroken{Code::XmlSyntax, "xml_tree"};
  XmlElement element;
  element.begin = static_cast<std::uint32_t>(at);
  element.parent = open.empty() ? kNoElement : open.back();
  element.first_attribute = static_cast<std::uint32_t>(attributes_.size());
  const std::size_t name_end = text_.find_first_of(" \t\r\n/>", at + 1);
  if (name_end == std::string_view::npos) return kBroken;
  split_name(text_.substr(at + 1, name_end - at - 1), element.prefix, element.name);
  element.name_end = static_cast<std::uint32_t>(name_end);
  for (at = name_end;;) {
    const std::size_t before = at;
    at = text_.find_first_not_of(" \t\r\n", at);
    if (at == std::string_view::npos) return kBroken;
    if (text_[at] == '>' || text_[at] == '/') break;
    XmlAttribute attribute;
    attribute.begin = static_cast<std::uint32_t>(before);
    const std::size_t equals = text_.find('=', at);
    const std::size_t quote = text_.find_first_of("\"'", at);
    if (equals == std::string_view::npos || quote == std::string_view::npos) return kBroken;
    const std::size_t close = text_.find(text_[quote], quote + 1);
    if (close == std::string_view::npos) return kBroken;
    split_name(trimmed(text_.substr(at, equals - at)), attribute.prefix, attribute.name);
    attribute.value = text_.substr(quote + 1, close - quote - 1);
    at = close + 1;
    attribute.end = static_cast<std::uint32_t>(at);
    attributes_.push_back(attribute);
  }
  element.attribute_count = static_cast<std::uint32_t>(attributes_.size()) - element.first_attribute;
  element.is_empty_tag = text_[at] == '/';
  at += element.is_empty_tag ? 2 : 1;
  element.content_begin = element.content_end = element.end = static_cast<std::uint32_t>(at);
  const auto number = static_cast<std::uint32_t>(elements_.size());
  if (number >= kElementsMax || (open.empty() && number != 0)) return kBroken;
  elements_.push_back(element);
  last_child_.push_back(kNoElement);
  elements_[number].space = space_of(number, element.prefix);
  if (element.parent != kNoElement) {
    std::uint32_t& last = last_child_[element.parent];
    (last == kNoElement ? elements_[element.parent].first_child : elements_[last].next_sibling) = number;
    last = number;
  }
  if (!element.is_empty_tag) open.push_back(number);
  return at;
}

Result<Unit> XmlTree::index() {
  constexpr Error kBroken{Code::XmlSyntax, "xml_tree"};
  std::vector<std::uint32_t> open;
  const auto behind = [this](std::size_t at, std::string_view mark) {
    const std::size_t found = text_.find(mark, at);
    return found == std::string_view::npos ? found : found + mark.size();
  };
  for (std::size_t at = text_.find('<'); at != std::string_view::npos; at = text_.find('<', at)) {
    const std::string_view rest = text_.substr(at);
    if (rest.starts_with("<?")) {
      at = behind(at, "?>");
    } else if (rest.starts_with("<!--")) {
      at = behind(at + 4, "-->");
    } else if (rest.starts_with("<![CDATA[")) {
      at = behind(at, "]]>");
    } else if (rest.starts_with("</")) {
      if (open.empty()) return kBroken;
      XmlElement& closed = elements_[open.back()];
      closed.content_end = static_cast<std::uint32_t>(at);
      at = behind(at, ">");
      closed.end = static_cast<std::uint32_t>(at);
      open.pop_back();
    } else {
      CLAVIGER_TRY(next, start_tag(at, open));
      at = next;
    }
    if (at == std::string_view::npos) return kBroken;
  }
  if (!open.empty() || elements_.empty()) return kBroken;
  last_child_ = {};
  return Unit{};
}

}  // namespace claviger::configuration
