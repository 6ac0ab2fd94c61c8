#include "broker/keys/xml_canonical.h"

#include <libxml/c14n.h>
#include <libxml/parser.h>

#include <algorithm>

#include "core/codec/base64url.h"

namespace claviger::keys {
namespace {

struct FreeBuffer {
  void operator()(xmlOutputBuffer* buffer) const noexcept { xmlOutputBufferClose(buffer); }
};
struct FreeText {
  void operator()(xmlChar* text) const noexcept { xmlFree(text); }
};
using BufferPtr = std::unique_ptr<xmlOutputBuffer, FreeBuffer>;
using TextPtr = std::unique_ptr<xmlChar, FreeText>;

int is_in_part(void* part, xmlNode* node, xmlNode* parent) {
  const auto* wanted = static_cast<const XmlPart*>(part);
  // A declaration of a namespace is no node of the tree: it goes with its element.
  const xmlNode* at = node->type == XML_NAMESPACE_DECL ? parent : node;
  for (; at != nullptr; at = at->parent) {
    if (at == wanted->without) return 0;
    if (at == wanted->apex) return 1;
  }
  return 0;
}

bool is_blank(char each) { return each == ' ' || each == '\t' || each == '\r' || each == '\n'; }

}  // namespace

XmlDocumentPtr read_xml_tree(std::string_view xml) {
  constexpr int kOptions = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING;
  XmlDocumentPtr tree(xmlReadMemory(xml.data(), static_cast<int>(xml.size()), nullptr, "UTF-8", kOptions));
  if (!tree || tree->intSubset != nullptr || tree->extSubset != nullptr) return nullptr;
  return tree;
}

std::string_view xml_text(const xmlChar* text) {
  return text == nullptr ? std::string_view() : std::string_view(reinterpret_cast<const char*>(text));
}

bool is_element(const xmlNode* node, std::string_view name, std::string_view space) {
  return node->type == XML_ELEMENT_NODE && xml_text(node->name) == name && node->ns != nullptr &&
         xml_text(node->ns->href) == space;
}

std::optional<std::vector<xmlNode*>> elements_of(const xmlNode* parent) {
  std::vector<xmlNode*> elements;
  for (xmlNode* child = parent->children; child != nullptr; child = child->next) {
    if (child->type == XML_ELEMENT_NODE) elements.push_back(child);
    const bool is_text = child->type == XML_TEXT_NODE || child->type == XML_CDATA_SECTION_NODE;
    if (is_text && xml_text(child->content).find_first_not_of(" \t\r\n") != std::string_view::npos) return std::nullopt;
  }
  return elements;
}

std::string attribute_of(xmlNode* node, const char* name) {
  const TextPtr value(xmlGetNoNsProp(node, reinterpret_cast<const xmlChar*>(name)));
  return std::string(xml_text(value.get()));
}

std::string content_of(const xmlNode* node) {
  const TextPtr value(xmlNodeGetContent(node));
  return std::string(xml_text(value.get()));
}

std::optional<std::string> base64_content(const xmlNode* node, std::size_t max) {
  std::string text = content_of(node);
  std::erase_if(text, is_blank);
  if (text.size() > codec::base64_encoded_size(max)) return std::nullopt;
  std::string bytes(text.size(), '\0');
  const auto size = codec::base64_decode(text, std::as_writable_bytes(std::span(bytes)));
  if (!size) return std::nullopt;
  bytes.resize(*size);
  return bytes;
}

std::optional<crypto::Sha256Digest> digest_content(const xmlNode* node) {
  crypto::Sha256Digest digest{};
  const auto bytes = base64_content(node, digest.size());
  if (!bytes || bytes->size() != digest.size()) return std::nullopt;
  std::ranges::copy(as_bytes(*bytes), digest.begin());
  return digest;
}

bool is_hmac_sha256(xmlNode* method) {
  if (attribute_of(method, "Algorithm") != kHmacSha256) return false;
  const auto children = elements_of(method);
  if (!children || children->size() > 1) return false;
  return children->empty() ||
         (is_element(children->front(), "HMACOutputLength", kXmlSignatures) && content_of(children->front()) == "256");
}

std::optional<Canonicalisation> canonicalisation_of(std::string_view algorithm) {
  struct Known {
    std::string_view name;
    Canonicalisation form;
  };
  static constexpr std::array<Known, 6> kKnown{{
      {kC14n, {XML_C14N_1_0, false}},
      {"http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments", {XML_C14N_1_0, true}},
      {"http://www.w3.org/2006/12/xml-c14n11", {XML_C14N_1_1, false}},
      {"http://www.w3.org/2006/12/xml-c14n11#WithComments", {XML_C14N_1_1, true}},
      {"http://www.w3.org/2001/10/xml-exc-c14n#", {XML_C14N_EXCLUSIVE_1_0, false}},
      {"http://www.w3.org/2001/10/xml-exc-c14n#WithComments", {XML_C14N_EXCLUSIVE_1_0, true}},
  }};
  const auto* const found = std::ranges::find(kKnown, algorithm, &Known::name);
  if (found == kKnown.end()) return std::nullopt;
  return found->form;
}

std::optional<std::string> canonical(xmlDoc* document, XmlPart part, Canonicalisation form) {
  const BufferPtr buffer(xmlAllocOutputBuffer(nullptr));
  if (!buffer) return std::nullopt;
  const bool is_whole = part.apex == nullptr;
  const int size = xmlC14NExecute(document, is_whole ? nullptr : is_in_part, is_whole ? nullptr : &part, form.mode,
                                  nullptr, form.has_comments ? 1 : 0, buffer.get());
  if (size < 0) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(xmlOutputBufferGetContent(buffer.get())),
                     xmlOutputBufferGetSize(buffer.get()));
}

}  // namespace claviger::keys
