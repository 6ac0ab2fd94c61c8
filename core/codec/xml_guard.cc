#include "core/codec/xml_guard.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "core/codec/utf8.h"

namespace claviger::codec {
namespace {

constexpr Error kSyntax{Code::XmlSyntax, "xml"};
constexpr std::string_view kBlanks = " \t\r\n";
// Prefixes in scope at one time.
constexpr std::size_t kPrefixesMax = 64;
// Bound by the standard; nobody may bind them to another prefix.
constexpr std::string_view kXmlSpace = "http://www.w3.org/XML/1998/namespace";
constexpr std::string_view kXmlnsSpace = "http://www.w3.org/2000/xmlns/";

bool is_name_start(char character) {
  const auto byte = static_cast<unsigned char>(character);
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' || byte >= 0x80;
}
bool is_name_character(char character) {
  return is_name_start(character) || (character >= '0' && character <= '9') || character == '-' || character == '.';
}

std::string_view prefix_of(std::string_view name) {
  const std::size_t colon = name.find(':');
  return colon == std::string_view::npos ? std::string_view() : name.substr(0, colon);
}

// XML 1.0 production 2, for what is left when the text is UTF-8.
bool is_character(std::uint32_t code) {
  return code == 0x9 || code == 0xA || code == 0xD || (code >= 0x20 && code <= 0xD7FF) ||
         (code >= 0xE000 && code <= 0xFFFD) || (code >= 0x10000 && code <= 0x10FFFF);
}

class Guard {
 public:
  Guard(std::string_view text, const XmlLimits& limits) : rest_(text), limits_(limits) {}

  Result<Unit> run() {
    take("\xEF\xBB\xBF");
    if (rest_.starts_with("<?xml") && !read_declaration()) return kSyntax;
    bool has_root = false;
    while (!rest_.empty()) {
      const std::size_t open = std::min(rest_.find('<'), rest_.size());
      const std::string_view between = rest_.substr(0, open);
      const bool is_blank = between.find_first_not_of(kBlanks) == std::string_view::npos;
      if (names_.empty() ? !is_blank : !is_text(between)) return kSyntax;
      rest_.remove_prefix(open);
      if (rest_.empty()) break;
      if (take("<!--")) {
        const std::size_t end = rest_.find("--");
        if (end == std::string_view::npos || !rest_.substr(end + 2).starts_with('>')) return kSyntax;
        rest_.remove_prefix(end + 3);
      } else if (take("<![CDATA[")) {
        const std::size_t end = rest_.find("]]>");
        if (names_.empty() || end == std::string_view::npos) return kSyntax;
        rest_.remove_prefix(end + 3);
      } else if (limits_.has_instructions && take("<?")) {
        if (!skip_instruction()) return kSyntax;
      } else if (take("</")) {
        CLAVIGER_TRY(closed, close());
      } else if (rest_.starts_with("<!") || rest_.starts_with("<?")) {
        return kSyntax;
      } else {
        if (names_.empty() && has_root) return kSyntax;
        has_root = true;
        CLAVIGER_TRY(opened, this->open());
      }
    }
    if (!has_root || !names_.empty()) return kSyntax;
    return Unit{};
  }

 private:
  struct Name {
    std::string_view text;
    std::size_t prefixes;  // that were in scope outside
  };
  struct Attribute {
    std::string_view name;
    std::string_view value;
  };
  struct Prefix {
    std::string_view name;
    std::string_view space;
  };

  bool take(std::string_view expected) {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(expected.size());
    return true;
  }
  bool skip_blanks() {
    const std::size_t first = std::min(rest_.find_first_not_of(kBlanks), rest_.size());
    rest_.remove_prefix(first);
    return first != 0;
  }

  // Production 23, and no other encoding than ours.
  bool read_declaration() {
    const std::size_t end = rest_.find("?>");
    if (end == std::string_view::npos) return false;
    std::string_view declaration = rest_.substr(5, end - 5);
    rest_.remove_prefix(end + 2);
    if (declaration.empty() || kBlanks.find(declaration.front()) == std::string_view::npos) return false;
    if (declaration.find_first_of("<&") != std::string_view::npos) return false;
    const std::size_t at = declaration.find("encoding");
    if (at == std::string_view::npos) return true;
    const std::size_t quote = declaration.find_first_of("\"'", at);
    if (quote == std::string_view::npos) return false;
    const std::string_view encoding = declaration.substr(quote + 1, 5);
    constexpr std::string_view kUtf8 = "utf-8";
    return std::ranges::equal(encoding, kUtf8, {}, [](char character) {
      return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a') : character;
    });
  }

  // Productions 16 and 17, behind "<?": a name that is not "xml", and text behind a blank. Names have no colon (Namespaces in
  // XML clause 7).
  bool skip_instruction() {
    const std::string_view name = take_name();
    const bool is_xml =
        name.size() == 3 && (name[0] | 0x20) == 'x' && (name[1] | 0x20) == 'm' && (name[2] | 0x20) == 'l';
    const std::size_t end = rest_.find("?>");
    if (name.empty() || is_xml || name.find(':') != std::string_view::npos || end == std::string_view::npos)
      return false;
    if (end != 0 && kBlanks.find(rest_.front()) == std::string_view::npos) return false;
    rest_.remove_prefix(end + 2);
    return true;
  }

  // [prefix:]name, or nothing.
  std::string_view take_name() {
    std::size_t size = 0;
    std::size_t colons = 0;
    bool is_start = true;
    for (; size < rest_.size(); ++size) {
      const char character = rest_[size];
      if (character == ':' && !is_start && colons == 0) {
        ++colons;
        is_start = true;
        continue;
      }
      if (!(is_start ? is_name_start(character) : is_name_character(character))) break;
      is_start = false;
    }
    if (is_start) return {};
    const std::string_view name = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return name;
  }

  static bool is_reference(std::string_view name) {
    for (const std::string_view known : {"lt", "gt", "amp", "quot", "apos"}) {
      if (name == known) return true;
    }
    if (!name.starts_with('#')) return false;
    name.remove_prefix(1);
    const bool is_hex = name.starts_with('x');
    if (is_hex) name.remove_prefix(1);
    std::uint32_t code = 0;
    const auto read = std::from_chars(name.data(), name.data() + name.size(), code, is_hex ? 16 : 10);
    return read.ec == std::errc() && read.ptr == name.data() + name.size() && is_character(code);
  }

  // Text or the value of an attribute: references are sound.
  static bool has_sound_references(std::string_view text) {
    // The longest that anybody needs is &#x10FFFF;
    constexpr std::size_t kReferenceMax = 10;
    for (std::size_t at = text.find('&'); at != std::string_view::npos; at = text.find('&', at + 1)) {
      const std::size_t end = text.substr(0, at + kReferenceMax + 1).find(';', at);
      if (end == std::string_view::npos || !is_reference(text.substr(at + 1, end - at - 1))) return false;
    }
    return true;
  }
  static bool is_text(std::string_view text) {
    return has_sound_references(text) && text.find("]]>") == std::string_view::npos;
  }

  Result<Unit> read_attribute(std::vector<Attribute>& attributes) {
    Attribute attribute;
    attribute.name = take_name();
    if (attribute.name.empty()) return kSyntax;
    skip_blanks();
    if (!take("=")) return kSyntax;
    skip_blanks();
    if (rest_.empty() || (rest_.front() != '"' && rest_.front() != '\'')) return kSyntax;
    const std::size_t end = rest_.find(rest_.front(), 1);
    if (end == std::string_view::npos) return kSyntax;
    attribute.value = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    if (attribute.value.size() > limits_.attribute_bytes_max) return Error{Code::XmlTooLarge, "xml.attribute"};
    if (attribute.value.find('<') != std::string_view::npos || !has_sound_references(attribute.value)) return kSyntax;
    if (std::ranges::find(attributes, attribute.name, &Attribute::name) != attributes.end()) return kSyntax;
    if (attributes.size() == limits_.attributes_max) return Error{Code::XmlTooLarge, "xml.attributes"};
    attributes.push_back(attribute);
    return Unit{};
  }

  bool is_bound(std::string_view prefix) const {
    return prefix.empty() || prefix == "xml" || std::ranges::find(prefixes_, prefix, &Prefix::name) != prefixes_.end();
  }

  // Of a prefix that is bound: as the innermost declaration has it.
  std::string_view space_of(std::string_view prefix) const {
    if (prefix == "xml") return kXmlSpace;
    return std::ranges::find(prefixes_.rbegin(), prefixes_.rend(), prefix, &Prefix::name)->space;
  }

  // Namespaces in XML clause 6.3: one attribute under two prefixes of one namespace. Whether two values are the same once
  // their references and blanks are taken for what they stand for is not asked: no namespace of anybody's has any.
  bool is_twice(const Attribute& one, const Attribute& other) const {
    const std::string_view first = prefix_of(one.name), second = prefix_of(other.name);
    if (first.empty() || second.empty() || first == "xmlns" || second == "xmlns") return false;
    if (one.name.substr(first.size()) != other.name.substr(second.size())) return false;
    const std::string_view left = space_of(first), right = space_of(second);
    return left == right || left.find_first_of("&\t\r\n") != std::string_view::npos ||
           right.find_first_of("&\t\r\n") != std::string_view::npos;
  }

  // Namespaces in XML clauses 3, 5 and 6.3 as far as names show it.
  Result<Unit> bind(std::string_view name, const std::vector<Attribute>& attributes) {
    for (const Attribute& attribute : attributes) {
      if (prefix_of(attribute.name) != "xmlns") continue;
      const std::string_view declared = attribute.name.substr(6);
      if (attribute.value.empty() || declared == "xmlns" || declared == "xml") return kSyntax;
      if (attribute.value == kXmlSpace || attribute.value == kXmlnsSpace) return kSyntax;
      if (prefixes_.size() == kPrefixesMax) return Error{Code::XmlTooLarge, "xml.prefixes"};
      prefixes_.push_back({declared, attribute.value});
    }
    if (!is_bound(prefix_of(name))) return kSyntax;
    for (const Attribute& attribute : attributes) {
      const std::string_view prefix = prefix_of(attribute.name);
      if (prefix != "xmlns" && !is_bound(prefix)) return kSyntax;
    }
    for (std::size_t i = 1; i < attributes.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (is_twice(attributes[j], attributes[i])) return kSyntax;
      }
    }
    return Unit{};
  }

  Result<Unit> open() {
    rest_.remove_prefix(1);
    const std::string_view name = take_name();
    if (name.empty()) return kSyntax;
    if (++elements_ > limits_.elements_max) return Error{Code::XmlTooLarge, "xml.elements"};
    if (names_.size() == limits_.depth_max) return Error{Code::XmlTooLarge, "xml.depth"};
    std::vector<Attribute> attributes;
    const std::size_t prefixes_outside = prefixes_.size();
    while (true) {
      const bool is_apart = skip_blanks();
      if (rest_.starts_with("/>") || rest_.starts_with('>')) break;
      if (!is_apart) return kSyntax;
      CLAVIGER_TRY(attribute, read_attribute(attributes));
    }
    CLAVIGER_TRY(bound, bind(name, attributes));
    if (take("/>")) {
      prefixes_.resize(prefixes_outside);
      return Unit{};
    }
    rest_.remove_prefix(1);
    names_.push_back({name, prefixes_outside});
    return Unit{};
  }

  Result<Unit> close() {
    const std::string_view name = take_name();
    skip_blanks();
    if (names_.empty() || name != names_.back().text || !take(">")) return kSyntax;
    prefixes_.resize(names_.back().prefixes);
    names_.pop_back();
    return Unit{};
  }

  std::string_view rest_;
  const XmlLimits& limits_;
  std::vector<Name> names_;
  std::vector<Prefix> prefixes_;
  std::size_t elements_ = 0;
};

// Production 2 below U+0020; UTF-8 has been asked for the rest, but for U+FFFE and U+FFFF.
bool has_forbidden_character(std::string_view text) {
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') return true;
  }
  return text.find("\xEF\xBF\xBE") != std::string_view::npos || text.find("\xEF\xBF\xBF") != std::string_view::npos;
}

}  // namespace

Result<Unit> guard_xml(std::string_view text, const XmlLimits& limits) {
  // Wherever it stands: nothing of ours has it, and what a parser makes of it we need not know.
  if (text.find("<!DOCTYPE") != std::string_view::npos || text.find("<!ENTITY") != std::string_view::npos) {
    return Error{Code::XmlDoctype, "xml"};
  }
  if (!is_utf8(text)) return Error{Code::Utf8Invalid, "xml"};
  if (has_forbidden_character(text)) return kSyntax;
  return Guard(text, limits).run();
}

}  // namespace claviger::codec
