// libxml2's tree and its canonical forms, as signatures over XML need them (XML Signature 1.1; Canonical XML 1.0 and 1.1,
// Exclusive XML Canonicalization 1.0).
//
// For the *.cc that read signatures only (xml_signature.cc here, signed_document.cc of broker/registration), over texts that
// core/codec/xml_guard.h has accepted. Pure functions, any thread.
#pragma once

#include <libxml/tree.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/crypto/digest.h"

namespace claviger::keys {

inline constexpr std::string_view kXmlSignatures = "http://www.w3.org/2000/09/xmldsig#";
inline constexpr std::string_view kC14n = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
inline constexpr std::string_view kHmacSha256 = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256";
inline constexpr std::string_view kXmlSha256 = "http://www.w3.org/2001/04/xmlenc#sha256";

struct FreeXmlDocument {
  void operator()(xmlDoc* document) const noexcept { xmlFreeDoc(document); }
};
using XmlDocumentPtr = std::unique_ptr<xmlDoc, FreeXmlDocument>;

// Null: not well formed, or with a DTD. Nothing is fetched.
XmlDocumentPtr read_xml_tree(std::string_view xml);

std::string_view xml_text(const xmlChar* text);
bool is_element(const xmlNode* node, std::string_view name, std::string_view space);
// The elements in `parent`; nothing when there is text between them.
std::optional<std::vector<xmlNode*>> elements_of(const xmlNode* parent);
std::string attribute_of(xmlNode* node, const char* name);
std::string content_of(const xmlNode* node);
// What the content is in base64, blanks between, `max` octets at most.
std::optional<std::string> base64_content(const xmlNode* node, std::size_t max);
std::optional<crypto::Sha256Digest> digest_content(const xmlNode* node);

// Elements of `parent` with these names of XML signatures, in this order and no others.
template <std::size_t N>
std::optional<std::array<xmlNode*, N>> exactly(const xmlNode* parent, const std::array<std::string_view, N>& names) {
  const auto children = elements_of(parent);
  if (!children || children->size() != N) return std::nullopt;
  std::array<xmlNode*, N> found{};
  for (std::size_t i = 0; i < N; ++i) {
    found[i] = (*children)[i];
    if (!is_element(found[i], names[i], kXmlSignatures)) return std::nullopt;
  }
  return found;
}

// Full HMAC-SHA256 and nothing else.
bool is_hmac_sha256(xmlNode* method);

struct Canonicalisation {
  int mode = 0;  // xmlC14NMode
  bool has_comments = false;
};
// Of an algorithm's identifier; nothing for one that is none.
std::optional<Canonicalisation> canonicalisation_of(std::string_view algorithm);

// What is canonicalised: an element with all in it, but for one; null: the whole document.
struct XmlPart {
  const xmlNode* apex;
  const xmlNode* without;
};
std::optional<std::string> canonical(xmlDoc* document, XmlPart part, Canonicalisation form);

}  // namespace claviger::keys
