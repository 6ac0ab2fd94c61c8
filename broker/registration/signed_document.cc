#include "broker/registration/signed_document.h"

#include <algorithm>

#include "broker/keys/xml_canonical.h"
#include "core/codec/base64url.h"
#include "core/codec/percent.h"
#include "core/codec/xml_guard.h"
#include "core/crypto/hmac.h"
#include "core/sip/scan.h"

namespace claviger::registration {
namespace {

constexpr std::string_view kCid = "cid:";
// Of a Content-ID in a URI.
constexpr std::size_t kCidBytesMax = 512;

Error refused(std::string_view where) { return {Code::XmlSignature, where}; }

// RFC 2392: the Content-ID's octets, some of them escaped. Exactly one part must have it.
Result<std::size_t> part_of(std::string_view uri, const sip::Parts& parts) {
  if (!uri.starts_with(kCid) || uri.size() > kCidBytesMax) return refused("signature.uri");
  uri.remove_prefix(kCid.size());
  std::array<std::byte, kCidBytesMax> octets{};
  const auto size = codec::percent_decode(uri, codec::Plus::Literal, octets);
  if (!size || *size == 0) return refused("signature.uri");
  const std::string_view id = as_text(Bytes(octets).first(*size));
  std::size_t found = parts.size();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].content_id != id) continue;
    if (found != parts.size()) return refused("signature.part");
    found = i;
  }
  if (found == parts.size()) return refused("signature.part");
  return found;
}

// What of the part is hashed: its octets, or its canonical form.
Result<std::string> transformed(const sip::Part& part, const xmlNode* transforms) {
  if (transforms == nullptr) return std::string(part.body);
  const auto steps = keys::elements_of(transforms);
  if (!steps || steps->size() > 1) return refused("signature.transforms");
  if (steps->empty()) return std::string(part.body);
  xmlNode* const step = steps->front();
  const auto inside = keys::elements_of(step);
  const auto form = keys::canonicalisation_of(keys::attribute_of(step, "Algorithm"));
  if (!keys::is_element(step, "Transform", keys::kXmlSignatures) || !inside || !inside->empty() || !form) {
    return refused("signature.transforms");
  }
  if (!codec::guard_xml(part.body)) return refused("signature.content");
  const keys::XmlDocumentPtr tree = keys::read_xml_tree(part.body);
  const auto text = tree ? keys::canonical(tree.get(), {nullptr, nullptr}, *form) : std::nullopt;
  if (!text) return refused("signature.content");
  return *text;
}

// <Reference URI="cid:..."> [Transforms] DigestMethod DigestValue
Result<std::size_t> check_reference(xmlNode* reference, const sip::Parts& parts) {
  const auto children = keys::elements_of(reference);
  if (!keys::is_element(reference, "Reference", keys::kXmlSignatures) || !children || children->size() < 2 ||
      children->size() > 3) {
    return refused("signature.reference");
  }
  const bool has_transforms = children->size() == 3;
  xmlNode* const method = (*children)[children->size() - 2];
  if ((has_transforms && !keys::is_element(children->front(), "Transforms", keys::kXmlSignatures)) ||
      !keys::is_element(method, "DigestMethod", keys::kXmlSignatures) ||
      !keys::is_element(children->back(), "DigestValue", keys::kXmlSignatures) ||
      keys::attribute_of(method, "Algorithm") != keys::kXmlSha256) {
    return refused("signature.reference");
  }
  CLAVIGER_TRY(index, part_of(keys::attribute_of(reference, "URI"), parts));
  CLAVIGER_TRY(text, transformed(parts[index], has_transforms ? children->front() : nullptr));
  const auto wanted = keys::digest_content(children->back());
  const crypto::Sha256Digest digest = crypto::sha256(as_bytes(text));
  if (!wanted || !equals_constant_time(digest, *wanted)) return refused("signature.digest");
  return index;
}

struct Signed {
  std::size_t index = 0;
  BodyKeyRef key;
};

Result<Signed> check_signature(xmlDoc* document, xmlNode* signature, const sip::Parts& parts, const BodyKeys& known) {
  const auto members = keys::exactly<3>(signature, {"SignedInfo", "SignatureValue", "KeyInfo"});
  if (!members) return refused("signature.shape");
  const auto inside = keys::exactly<3>((*members)[0], {"CanonicalizationMethod", "SignatureMethod", "Reference"});
  const auto names = keys::exactly<1>((*members)[2], {"KeyName"});
  if (!inside || !names) return refused("signature.shape");
  const auto nothing = keys::elements_of((*inside)[0]);
  const auto form = keys::canonicalisation_of(keys::attribute_of((*inside)[0], "Algorithm"));
  if (!form || !nothing || !nothing->empty() || !keys::is_hmac_sha256((*inside)[1])) {
    return refused("signature.algorithm");
  }
  const std::string name = keys::content_of((*names)[0]);
  auto key = known.find(sip::trim(name));
  if (!key) return refused("signature.key");
  const auto mac = keys::digest_content((*members)[1]);
  const auto text = keys::canonical(document, {(*members)[0], nullptr}, *form);
  if (!mac || !text || !crypto::HmacSha256((*key)->integrity.reveal()).verify(as_bytes(*text), *mac)) {
    return refused("signature.value");
  }
  CLAVIGER_TRY(index, check_reference((*inside)[2], parts));
  return Signed{index, *std::move(key)};
}

Result<Unit> check_document(std::string_view xml, const Service& service, const sip::Parts& parts,
                            const BodyKeys& known, Signers& signers) {
  if (!codec::guard_xml(xml)) return refused("signature.document");
  const keys::XmlDocumentPtr tree = keys::read_xml_tree(xml);
  xmlNode* const root = tree ? xmlDocGetRootElement(tree.get()) : nullptr;
  if (root == nullptr || !keys::is_element(root, "signatures", service.signed_namespace)) {
    return refused("signature.document");
  }
  const auto signatures = keys::elements_of(root);
  if (!signatures || signatures->empty() || signatures->size() > sip::kPartsMax) return refused("signature.document");
  for (xmlNode* signature : *signatures) {
    if (!keys::is_element(signature, "Signature", keys::kXmlSignatures)) return refused("signature.document");
    CLAVIGER_TRY(one, check_signature(tree.get(), signature, parts, known));
    signers[one.index] = std::move(one.key);
  }
  return Unit{};
}

std::string base64_of(Bytes bytes) {
  std::string text;
  codec::base64_encode(bytes, text);
  return text;
}

}  // namespace

Result<Signers> check_signatures(const sip::Parts& parts, const Services& services, const BodyKeys& known) {
  Signers signers;
  for (const sip::Part& part : parts) {
    for (const Service& service : services.all()) {
      if (!sip::equals_ignoring_case(part.media_type(), service.signed_media_type)) continue;
      CLAVIGER_TRY(checked, check_document(part.body, service, parts, known, signers));
    }
  }
  return signers;
}

// Canonical as it stands: its own bytes are hashed.
std::string write_signatures(const Service& service, const BodyKey& key, std::string_view content_id,
                             std::string_view octets) {
  std::string info = "<SignedInfo xmlns=\"";
  info.append(keys::kXmlSignatures).append("\"><CanonicalizationMethod Algorithm=\"").append(keys::kC14n);
  info.append("\"></CanonicalizationMethod><SignatureMethod Algorithm=\"").append(keys::kHmacSha256);
  info.append("\"></SignatureMethod><Reference URI=\"").append(kCid).append(content_id);
  info.append("\"><DigestMethod Algorithm=\"").append(keys::kXmlSha256).append("\"></DigestMethod><DigestValue>");
  info.append(base64_of(crypto::sha256(as_bytes(octets)))).append("</DigestValue></Reference></SignedInfo>");
  const crypto::Sha256Digest mac = crypto::HmacSha256(key.integrity.reveal()).compute(as_bytes(info));
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<signatures xmlns=\"";
  text.append(service.signed_namespace).append("\"><Signature xmlns=\"").append(keys::kXmlSignatures).append("\">");
  text.append(info).append("<SignatureValue>").append(base64_of(mac)).append("</SignatureValue><KeyInfo><KeyName>");
  return text.append(key_name_of(key.id)).append("</KeyName></KeyInfo></Signature></signatures>\r\n");
}

}  // namespace claviger::registration
