// An XML document of a server nobody has to trust yet: guarded (core/codec/xml_guard.h), parsed, asked, canonicalised
// (Canonical XML 1.0).
//
// Elements are views into the tree, which wipes its texts when it goes: keys pass here. One thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

struct _xmlDoc;
struct _xmlNode;

namespace claviger::ue {

inline constexpr std::string_view kKmsNamespace = "urn:3gpp:ns:mcsecKMSInterface:1.0";
inline constexpr std::string_view kSignatureNamespace = "http://www.w3.org/2000/09/xmldsig#";
inline constexpr std::string_view kEncryptionNamespace = "http://www.w3.org/2001/04/xmlenc#";

// One element. An empty one stands for what is not there.
class XmlElement {
 public:
  XmlElement() = default;
  explicit XmlElement(_xmlNode* node) : node_(node) {}
  explicit operator bool() const { return node_ != nullptr; }
  bool operator==(const XmlElement&) const = default;

  bool is(std::string_view name, std::string_view space = kKmsNamespace) const;
  std::vector<XmlElement> children() const;
  // The one child of that name; empty when there is none, or more than one.
  XmlElement only(std::string_view name, std::string_view space = kKmsNamespace) const;
  // The text of it, blanks at both ends off; empty when it has elements.
  std::string text() const;
  std::string text_of(std::string_view child) const { return only(child).text(); }
  std::string attribute(const char* name) const;

 private:
  friend class XmlTree;
  _xmlNode* node_ = nullptr;
};

class XmlTree {
 public:
  // What the guard says; XmlSyntax.
  static Result<XmlTree> read(std::string_view text);
  XmlElement root() const;
  // The element with all in it but `without`, as what is hashed.
  Result<std::string> canonical(XmlElement apex, XmlElement without = {}, bool keeps_comments = false) const;
  // How many elements have this as their Id, however spelled.
  std::size_t count_ids(std::string_view id) const;

 private:
  struct Free {
    void operator()(_xmlDoc* document) const noexcept;
  };
  std::unique_ptr<_xmlDoc, Free> document_;
};

// Text of an element: & < > and CR escaped, as canonical XML has it.
std::string xml_escaped(std::string_view text);

}  // namespace claviger::ue
