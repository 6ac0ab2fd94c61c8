// Writes XML in canonical form (Canonical XML 1.0, http://www.w3.org/TR/2001/REC-xml-c14n-20010315): what stands in the
// document is what is hashed for its signature.
//
// Canonical it is when callers give declarations of namespaces before attributes, attributes in order, and no element
// without its end tag. At the end of a SlabWriter with room enough for all (asserted: growing would leave copies of keys
// behind), which it borrows.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/slice.h"

namespace claviger::keys {

class XmlWriter {
 public:
  explicit XmlWriter(SlabWriter& sink) : sink_(&sink) {}

  // As it is.
  XmlWriter& raw(std::string_view text) {
    sink_->append(text);
    return *this;
  }
  // Text of an element: & < > and CR escaped. At most kEscapedMax times as long.
  static constexpr std::size_t kEscapedMax = 5;
  XmlWriter& text(std::string_view value) {
    std::size_t from = 0;
    for (std::size_t at = 0; at < value.size(); ++at) {
      if (!kIsEscaped[static_cast<unsigned char>(value[at])]) continue;
      const std::string_view escaped = escaped_of(value[at]);
      sink_->append(value.substr(from, at - from));
      sink_->append(escaped);
      from = at + 1;
    }
    sink_->append(value.substr(from));
    return *this;
  }
  // <name>value</name>
  XmlWriter& element(std::string_view name, std::string_view value) {
    raw("<").raw(name).raw(">").text(value);
    return raw("</").raw(name).raw(">");
  }
  XmlWriter& element(std::string_view name, std::uint64_t value) { return element(name, std::to_string(value)); }
  XmlWriter& begin(std::string_view name) { return raw("<").raw(name).raw(">"); }
  XmlWriter& end(std::string_view name) { return raw("</").raw(name).raw(">"); }

  SlabWriter& sink() { return *sink_; }

 private:
  static constexpr std::string_view escaped_of(char character) {
    switch (character) {
      case '&':
        return "&amp;";
      case '<':
        return "&lt;";
      case '>':
        return "&gt;";
      case '\r':
        return "&#xD;";
      default:
        return {};
    }
  }
  // Looked up once a character, as most of an answer's text needs none.
  static constexpr std::array<bool, 256> kIsEscaped = [] {
    std::array<bool, 256> all{};
    for (const char each : {'&', '<', '>', '\r'}) all[static_cast<unsigned char>(each)] = true;
    return all;
  }();
  SlabWriter* sink_;
};

}  // namespace claviger::keys
