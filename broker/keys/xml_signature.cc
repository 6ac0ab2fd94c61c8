#include "broker/keys/xml_signature.h"

#include <libxml/tree.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <memory>
#include <optional>
#include <vector>

#include "broker/keys/kms_request.h"
#include "broker/keys/plain_request.h"
#include "broker/keys/xml_canonical.h"
#include "core/base/secret.h"
#include "core/codec/base64url.h"
#include "core/codec/text_sink.h"
#include "core/crypto/hmac.h"

namespace claviger::keys {
namespace {

constexpr Error kBad{Code::RequestSignature, "xml.signature"};
constexpr std::string_view kC14nWithComments = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments";
constexpr std::string_view kEnveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
constexpr std::string_view kEcdsaSha256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";
// Enveloped and one canonicalisation.
constexpr std::size_t kTransformsMax = 2;
// A digest or MAC in base64 with line ends.
constexpr std::size_t kValueBytesMax = 128;

struct FreeText {
  void operator()(xmlChar* text) const noexcept { xmlFree(text); }
};
using TextPtr = std::unique_ptr<xmlChar, FreeText>;

// Inclusive, as the interface has it.
std::optional<std::string> canonical(xmlDoc* document, XmlPart part, bool has_comments) {
  return keys::canonical(document, part, *canonicalisation_of(has_comments ? kC14nWithComments : kC14n));
}

// Elements that carry this Id, under any spelling that somebody may take for one.
std::size_t count_ids(const xmlNode* root, std::string_view id) {
  std::size_t count = 0;
  for (const xmlNode* node = root; node != nullptr;) {
    for (const xmlAttr* attribute = node->type == XML_ELEMENT_NODE ? node->properties : nullptr; attribute != nullptr;
         attribute = attribute->next) {
      const std::string_view name = xml_text(attribute->name);
      if (name != "Id" && name != "ID" && name != "id") continue;
      const TextPtr value(xmlNodeListGetString(root->doc, attribute->children, 1));
      if (xml_text(value.get()) == id) ++count;
    }
    if (node->type == XML_ELEMENT_NODE && node->children != nullptr) {
      node = node->children;
      continue;
    }
    while (node != root && node->next == nullptr) node = node->parent;
    node = node == root ? nullptr : node->next;
  }
  return count;
}

struct Document {
  XmlDocumentPtr tree;
  xmlNode* root = nullptr;
  xmlNode* request = nullptr;
  xmlNode* signature = nullptr;
};

// What a document must be: `root` with exactly one `inner` and one Signature in it; `inner` empty: with one Signature among
// whatever else it has.
struct Shape {
  std::string_view root;
  std::string_view inner;
  std::string_view space;
};

// Step 1.
std::optional<Document> open(std::string_view xml, const Shape& shape) {
  Document document;
  document.tree = read_xml_tree(xml);
  if (!document.tree) return std::nullopt;
  document.root = xmlDocGetRootElement(document.tree.get());
  if (document.root == nullptr || !is_element(document.root, shape.root, shape.space)) return std::nullopt;
  const auto children = elements_of(document.root);
  if (!children || (!shape.inner.empty() && children->size() != 2)) return std::nullopt;
  for (xmlNode* child : *children) {
    if (!shape.inner.empty() && is_element(child, shape.inner, shape.space)) document.request = child;
    if (!is_element(child, "Signature", kXmlSignatures)) continue;
    if (document.signature != nullptr) return std::nullopt;
    document.signature = child;
  }
  if (document.request == nullptr && !shape.inner.empty()) return std::nullopt;
  if (document.signature == nullptr) return std::nullopt;
  return document;
}

struct Transforms {
  bool is_enveloped = false;
  bool has_comments = false;
};
// Step 3.
std::optional<Transforms> transforms_of(const xmlNode* transforms) {
  Transforms read;
  const auto children = elements_of(transforms);
  if (!children || children->size() > kTransformsMax) return std::nullopt;
  for (xmlNode* transform : *children) {
    const auto inside = elements_of(transform);
    if (!is_element(transform, "Transform", kXmlSignatures) || !inside || !inside->empty()) return std::nullopt;
    const std::string algorithm = attribute_of(transform, "Algorithm");
    if (algorithm == kEnveloped) {
      read.is_enveloped = true;
    } else if (algorithm == kC14nWithComments) {
      read.has_comments = true;
    } else if (algorithm != kC14n) {
      return std::nullopt;
    }
  }
  return read;
}

// Steps 2, 3 and the digest of step 6.
std::optional<crypto::Sha256Digest> check_reference(const Document& document, xmlNode* reference) {
  const auto children = elements_of(reference);
  if (!children || children->size() < 2 || children->size() > 3) return std::nullopt;
  Transforms transforms;
  if (children->size() == 3) {
    const auto read = transforms_of(children->front());
    if (!is_element(children->front(), "Transforms", kXmlSignatures) || !read) return std::nullopt;
    transforms = *read;
  }
  xmlNode* method = (*children)[children->size() - 2];
  const xmlNode* value = children->back();
  if (!is_element(method, "DigestMethod", kXmlSignatures) || !is_element(value, "DigestValue", kXmlSignatures) ||
      attribute_of(method, "Algorithm") != kXmlSha256) {
    return std::nullopt;
  }
  const std::string uri = attribute_of(reference, "URI");
  if (uri.size() < 2 || uri.front() != '#' || count_ids(document.root, uri.substr(1)) != 1) return std::nullopt;
  XmlPart part{nullptr, nullptr};
  const bool is_inner = document.request != nullptr && attribute_of(document.request, "Id") == uri.substr(1);
  if (is_inner) part = {document.request, nullptr};
  if (attribute_of(document.root, "Id") == uri.substr(1)) part = {document.root, document.signature};
  // The wrapper without the transform would have to contain the digest of itself.
  if (part.apex == nullptr || (part.apex == document.root && !transforms.is_enveloped)) return std::nullopt;
  const auto text = canonical(document.tree.get(), part, transforms.has_comments);
  const auto wanted = digest_content(value);
  if (!text || !wanted) return std::nullopt;
  const crypto::Sha256Digest digest = crypto::sha256(as_bytes(*text));
  if (!equals_constant_time(digest, *wanted)) return std::nullopt;
  return digest;
}

template <codec::TextSink Sink>
void append(Sink& sink, std::initializer_list<std::string_view> texts) {
  for (const std::string_view text : texts) codec::append_text(sink, text);
}

std::string base64_of(Bytes bytes) {
  std::string text;
  codec::base64_encode(bytes, text);
  return text;
}

// Certificates of a chain in base64; the one with the key first.
constexpr std::size_t kChainMax = 6;
constexpr std::size_t kCertificateBytesMax = 16 * 1024;
// r and s of P-256 (XML Signature 1.1 clause 6.4.3).
constexpr std::size_t kEcdsaBytes = 64;

std::optional<std::vector<std::string>> chain_of(const xmlNode* key_info) {
  const auto data = exactly<1>(key_info, {"X509Data"});
  const auto items = data ? elements_of((*data)[0]) : std::nullopt;
  if (!items) return std::nullopt;
  std::vector<std::string> chain;
  for (const xmlNode* item : *items) {
    if (!is_element(item, "X509Certificate", kXmlSignatures)) continue;
    auto der = base64_content(item, kCertificateBytesMax);
    if (!der || der->empty() || chain.size() >= kChainMax) return std::nullopt;
    chain.push_back(*std::move(der));
  }
  if (chain.empty()) return std::nullopt;
  return chain;
}

// To the end of `sink`.
template <codec::TextSink Sink>
void write_signed_info(Sink& sink, std::string_view id, Bytes signed_text, std::string_view method) {
  append(sink, {"<SignedInfo xmlns=\"", kXmlSignatures, "\"><CanonicalizationMethod Algorithm=\"", kC14n,
                "\"></CanonicalizationMethod><SignatureMethod Algorithm=\"", method,
                "\"></SignatureMethod><Reference URI=\"#", id, "\"><DigestMethod Algorithm=\"", kXmlSha256,
                "\"></DigestMethod><DigestValue>"});
  codec::base64_encode(crypto::sha256(signed_text), sink);
  append(sink, {"</DigestValue></Reference></SignedInfo>"});
}

}  // namespace

Result<CertificateSigned> read_certificate_signed(std::string_view xml, std::string_view root, std::string_view inner,
                                                  std::string_view space) {
  const auto document = open(xml, {root, inner, space});
  if (!document) return kBad;
  const auto parts = exactly<3>(document->signature, {"SignedInfo", "SignatureValue", "KeyInfo"});
  if (!parts) return kBad;
  xmlNode* info = (*parts)[0];
  const auto inside = exactly<3>(info, {"CanonicalizationMethod", "SignatureMethod", "Reference"});
  if (!inside) return kBad;
  const auto none = elements_of((*inside)[1]);
  if (attribute_of((*inside)[0], "Algorithm") != kC14n || !none || !none->empty() ||
      attribute_of((*inside)[1], "Algorithm") != kEcdsaSha256 || !check_reference(*document, (*inside)[2])) {
    return kBad;
  }
  CertificateSigned read;
  auto text = canonical(document->tree.get(), {info, nullptr}, false);
  auto value = base64_content((*parts)[1], kEcdsaBytes);
  auto chain = chain_of((*parts)[2]);
  const xmlNode* content = document->request == nullptr ? document->root : document->request;
  auto covered = canonical(document->tree.get(), {content, document->signature}, false);
  if (!text || !value || value->size() != kEcdsaBytes || !chain || !covered) return kBad;
  read.signed_info = *std::move(text);
  read.value = *std::move(value);
  read.chain = *std::move(chain);
  read.content = *std::move(covered);
  return read;
}

Result<std::string> write_certificate_signature(std::string_view id, Bytes signed_text, const crypto::SigningKey& key,
                                                const std::vector<crypto::Certificate>& chain) {
  if (key.algorithm() != crypto::SignatureAlgorithm::Es256) return Error{Code::KeyType, "xml.signature"};
  std::string info;
  write_signed_info(info, id, signed_text, kEcdsaSha256);
  crypto::SigningContext context;
  std::array<std::byte, kEcdsaBytes> value{};
  CLAVIGER_TRY(size, key.sign(context, as_bytes(info), value));
  std::string text = "<Signature xmlns=\"";
  text.append(kXmlSignatures).append("\">").append(info).append("<SignatureValue>");
  text.append(base64_of(Bytes(value).first(size))).append("</SignatureValue><KeyInfo><X509Data>");
  for (const crypto::Certificate& each : chain) {
    text.append("<X509Certificate>").append(base64_of(each.der())).append("</X509Certificate>");
  }
  return text.append("</X509Data></KeyInfo></Signature>");
}

// Written in canonical form from the beginning: what was signed are the octets that came. A MAC that fits these octets was
// made over them by who has the key; one that does not says nothing yet, the others are canonicalised below.
std::optional<crypto::Sha256Digest> verify_plain_signed(const PlainSigned& plain, Bytes key) {
  std::array<std::byte, kValueBytesMax> wanted{};
  std::array<std::byte, kValueBytesMax> value{};
  if (plain.digest.size() > kValueBytesMax || plain.value.size() > kValueBytesMax) return std::nullopt;
  const auto wanted_size = codec::base64_decode(plain.digest, wanted);
  const auto value_size = codec::base64_decode(plain.value, value);
  if (!wanted_size || !value_size) return std::nullopt;
  const crypto::Sha256Digest digest = crypto::sha256(as_bytes(plain.request_text));
  const bool is_signed = equals_constant_time(digest, Bytes(wanted).first(*wanted_size)) &&
                         crypto::HmacSha256(key).verify(as_bytes(plain.info_text), Bytes(value).first(*value_size));
  return is_signed ? std::optional(digest) : std::nullopt;
}

Result<crypto::Sha256Digest> verify_signed_request(std::string_view xml, Bytes key) {
  if (const auto plain = read_plain_signed(xml)) {
    if (const auto digest = verify_plain_signed(*plain, key)) return *digest;
  }
  const auto document = open(xml, {"SignedKmsRequest", "KmsRequest", kKmsNamespace});
  if (!document) return kBad;
  const auto parts = exactly<3>(document->signature, {"SignedInfo", "SignatureValue", "KeyInfo"});
  if (!parts) return kBad;
  xmlNode* info = (*parts)[0];
  const auto inside = exactly<3>(info, {"CanonicalizationMethod", "SignatureMethod", "Reference"});
  if (!inside) return kBad;
  const std::string method = attribute_of((*inside)[0], "Algorithm");
  const auto none = elements_of((*inside)[0]);
  if ((method != kC14n && method != kC14nWithComments) || !none || !none->empty()) return kBad;
  if (!is_hmac_sha256((*inside)[1])) return kBad;
  const auto digest = check_reference(*document, (*inside)[2]);
  const auto value = digest_content((*parts)[1]);
  const auto info_text = canonical(document->tree.get(), {info, nullptr}, method == kC14nWithComments);
  if (!digest || !value || !info_text) return kBad;
  if (!crypto::HmacSha256(key).verify(as_bytes(*info_text), *value)) return kBad;
  return *digest;
}

std::size_t signature_room(std::string_view key_name) {
  constexpr std::size_t kFixed = 1536;
  return kFixed + XmlWriter::kEscapedMax * key_name.size();
}

void write_signature(XmlWriter& xml, std::string_view id, Bytes signed_text, std::string_view key_name, Bytes key) {
  SlabWriter& sink = xml.sink();
  append(sink, {"<Signature xmlns=\"", kXmlSignatures, "\">"});
  const std::size_t begin = sink.size();
  write_signed_info(sink, id, signed_text, kHmacSha256);
  const crypto::Sha256Digest mac = crypto::HmacSha256(key).compute(sink.written().subspan(begin));
  append(sink, {"<SignatureValue>"});
  codec::base64_encode(mac, sink);
  append(sink, {"</SignatureValue><KeyInfo>"});
  xml.element("KeyName", key_name).raw("</KeyInfo></Signature>");
}

}  // namespace claviger::keys
