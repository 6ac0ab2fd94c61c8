#include "tools/claviger-ue/xml_tree.h"

#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <openssl/crypto.h>

#include <cstring>

#include "core/codec/xml_guard.h"

namespace claviger::ue {
namespace {

// Key sets of some periods and a cache of certificates.
constexpr codec::XmlLimits kLimits{
    .depth_max = 32, .elements_max = 20'000, .attributes_max = 32, .attribute_bytes_max = 8192};

struct FreeBuffer {
  void operator()(xmlOutputBuffer* buffer) const noexcept { xmlOutputBufferClose(buffer); }
};
struct FreeText {
  void operator()(xmlChar* text) const noexcept {
    OPENSSL_cleanse(text, std::strlen(reinterpret_cast<const char*>(text)));
    xmlFree(text);
  }
};
using TextPtr = std::unique_ptr<xmlChar, FreeText>;

std::string_view view(const xmlChar* text) {
  return text == nullptr ? std::string_view() : std::string_view(reinterpret_cast<const char*>(text));
}

// In the document's order, without recursion.
xmlNode* next_of(xmlNode* root, xmlNode* node) {
  if (node->type == XML_ELEMENT_NODE && node->children != nullptr) return node->children;
  while (node != root && node->next == nullptr) node = node->parent;
  return node == root ? nullptr : node->next;
}

struct Part {
  const xmlNode* apex;
  const xmlNode* without;  // and all in it; null: nothing
};
int is_in(void* part, xmlNode* node, xmlNode* parent) {
  const Part& wanted = *static_cast<const Part*>(part);
  const xmlNode* at = node->type == XML_NAMESPACE_DECL ? parent : node;
  for (; at != nullptr; at = at->parent) {
    if (at == wanted.without) return 0;
    if (at == wanted.apex) return 1;
  }
  return 0;
}

}  // namespace

bool XmlElement::is(std::string_view name, std::string_view space) const {
  return node_ != nullptr && node_->ns != nullptr && view(node_->name) == name && view(node_->ns->href) == space;
}

std::vector<XmlElement> XmlElement::children() const {
  std::vector<XmlElement> found;
  for (xmlNode* child = node_ == nullptr ? nullptr : node_->children; child != nullptr; child = child->next) {
    if (child->type == XML_ELEMENT_NODE) found.emplace_back(child);
  }
  return found;
}

XmlElement XmlElement::only(std::string_view name, std::string_view space) const {
  XmlElement found;
  for (const XmlElement child : children()) {
    if (!child.is(name, space)) continue;
    if (found) return XmlElement();
    found = child;
  }
  return found;
}

std::string XmlElement::text() const {
  if (node_ == nullptr || !children().empty()) return {};
  const TextPtr content(xmlNodeGetContent(node_));
  const std::string_view text = view(content.get());
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(kBlanks) - first + 1));
}

std::string XmlElement::attribute(const char* name) const {
  if (node_ == nullptr) return {};
  const TextPtr value(xmlGetNoNsProp(node_, reinterpret_cast<const xmlChar*>(name)));
  return std::string(view(value.get()));
}

void XmlTree::Free::operator()(_xmlDoc* document) const noexcept {
  xmlNode* root = xmlDocGetRootElement(document);
  for (xmlNode* node = root; node != nullptr; node = next_of(root, node)) {
    const bool is_text = node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE;
    if (!is_text || node->content == nullptr) continue;
    // Short ones are shared in the dictionary: no key is that short.
    if (document->dict != nullptr && xmlDictOwns(document->dict, node->content) == 1) continue;
    if (node->content == reinterpret_cast<xmlChar*>(&node->properties)) continue;
    OPENSSL_cleanse(node->content, std::strlen(reinterpret_cast<const char*>(node->content)));
  }
  xmlFreeDoc(document);
}

Result<XmlTree> XmlTree::read(std::string_view text) {
  CLAVIGER_TRY(guarded, codec::guard_xml(text, kLimits));
  XmlTree tree;
  constexpr int kOptions = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING;
  tree.document_.reset(xmlReadMemory(text.data(), static_cast<int>(text.size()), nullptr, "UTF-8", kOptions));
  if (!tree.document_ || tree.document_->intSubset != nullptr ||
      xmlDocGetRootElement(tree.document_.get()) == nullptr) {
    return Error{Code::XmlSyntax, "xml"};
  }
  return tree;
}

XmlElement XmlTree::root() const { return XmlElement(xmlDocGetRootElement(document_.get())); }

Result<std::string> XmlTree::canonical(XmlElement apex, XmlElement without, bool keeps_comments) const {
  const std::unique_ptr<xmlOutputBuffer, FreeBuffer> buffer(xmlAllocOutputBuffer(nullptr));
  if (!buffer) return Error{Code::CryptoFailure, "xml.canonical"};
  Part part{apex.node_, without.node_};
  const int size =
      xmlC14NExecute(document_.get(), is_in, &part, XML_C14N_1_0, nullptr, keeps_comments ? 1 : 0, buffer.get());
  if (size < 0) return Error{Code::XmlSyntax, "xml.canonical"};
  return std::string(reinterpret_cast<const char*>(xmlOutputBufferGetContent(buffer.get())),
                     xmlOutputBufferGetSize(buffer.get()));
}

std::size_t XmlTree::count_ids(std::string_view id) const {
  std::size_t count = 0;
  xmlNode* root = xmlDocGetRootElement(document_.get());
  for (xmlNode* node = root; node != nullptr; node = next_of(root, node)) {
    if (node->type != XML_ELEMENT_NODE) continue;
    const XmlElement element(node);
    for (const char* name : {"Id", "ID", "id"}) count += element.attribute(name) == id ? 1U : 0U;
  }
  return count;
}

std::string xml_escaped(std::string_view text) {
  std::string out;
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
      case '\r':
        out += "&#xD;";
        break;
      default:
        out += character;
    }
  }
  return out;
}

}  // namespace claviger::ue
