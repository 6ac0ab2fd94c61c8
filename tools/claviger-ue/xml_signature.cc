#include "tools/claviger-ue/xml_signature.h"

#include <algorithm>
#include <array>
#include <optional>

#include "core/base/secret.h"
#include "core/codec/base64url.h"
#include "core/crypto/hmac.h"

namespace claviger::ue {
namespace {

constexpr Error kBad{Code::XmlSignature, "xml.signature"};
constexpr std::string_view kC14n = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
constexpr std::string_view kC14nWithComments = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments";
constexpr std::string_view kEnveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
constexpr std::string_view kHmacSha256 = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256";
constexpr std::string_view kSha256 = "http://www.w3.org/2001/04/xmlenc#sha256";

std::string base64_of(Bytes bytes) {
  std::string text;
  codec::base64_encode(bytes, text);
  return text;
}

Result<crypto::Sha256Digest> digest_of(XmlElement element) {
  std::string text = element.text();
  std::erase_if(text, [](char each) { return each == ' ' || each == '\t' || each == '\r' || each == '\n'; });
  std::array<std::byte, 64> bytes{};
  if (text.size() > bytes.size()) return kBad;
  const auto size = codec::base64_decode(text, bytes);
  crypto::Sha256Digest digest{};
  if (!size || *size != digest.size()) return kBad;
  std::copy_n(bytes.begin(), digest.size(), digest.begin());
  return digest;
}

XmlElement part(XmlElement of, std::string_view name) { return of.only(name, kSignatureNamespace); }

// Full length only (clause D.1); HMACOutputLength may say so.
bool is_hmac_sha256(XmlElement method) {
  if (method.attribute("Algorithm") != kHmacSha256) return false;
  const auto children = method.children();
  return children.empty() || (children.size() == 1 && children[0].is("HMACOutputLength", kSignatureNamespace) &&
                              children[0].text() == "256");
}

// What a reference's transforms make of what it names; nothing: one that we do not do.
struct Transforms {
  bool is_enveloped = false;
};
std::optional<Transforms> transforms_of(XmlElement reference) {
  Transforms read;
  const XmlElement transforms = part(reference, "Transforms");
  for (const XmlElement child : reference.children()) {
    if (child.is("Transforms", kSignatureNamespace) && !(child == transforms)) return std::nullopt;
  }
  if (transforms) {
    for (const XmlElement each : transforms.children()) {
      if (!each.is("Transform", kSignatureNamespace) || !each.children().empty()) return std::nullopt;
      const std::string name = each.attribute("Algorithm");
      if (name != kC14n && name != kC14nWithComments && name != kEnveloped) return std::nullopt;
      read.is_enveloped = read.is_enveloped || name == kEnveloped;
    }
  }
  if (part(reference, "DigestMethod").attribute("Algorithm") != kSha256) return std::nullopt;
  return read;
}

// Either the element, or, with the signature taken out of it, the wrapper that has nothing but the two (9.3.5: both are
// seen). Empty: another part, or one of several of that Id.
XmlElement referenced(const XmlTree& tree, const SignedElement& what, XmlElement reference) {
  const auto transforms = transforms_of(reference);
  const std::string uri = reference.attribute("URI");
  if (!transforms || !uri.starts_with('#') || uri.size() == 1 || tree.count_ids(uri.substr(1)) != 1) return {};
  if (what.element.attribute("Id") == uri.substr(1)) return what.element;
  const bool is_wrapper = transforms->is_enveloped && tree.root().attribute("Id") == uri.substr(1);
  return is_wrapper ? tree.root() : XmlElement();
}

}  // namespace

std::string write_signature(std::string_view id, std::string_view element, std::string_view key_name, Bytes key) {
  std::string info;
  info.append("<SignedInfo xmlns=\"").append(kSignatureNamespace).append("\"><CanonicalizationMethod Algorithm=\"");
  info.append(kC14n).append("\"></CanonicalizationMethod><SignatureMethod Algorithm=\"").append(kHmacSha256);
  info.append("\"></SignatureMethod><Reference URI=\"#").append(id).append("\"><DigestMethod Algorithm=\"");
  info.append(kSha256).append("\"></DigestMethod><DigestValue>");
  info.append(base64_of(crypto::sha256(as_bytes(element)))).append("</DigestValue></Reference></SignedInfo>");
  const crypto::Sha256Digest mac = crypto::HmacSha256(key).compute(as_bytes(info));
  std::string text = "<Signature xmlns=\"";
  text.append(kSignatureNamespace).append("\">").append(info).append("<SignatureValue>").append(base64_of(mac));
  text.append("</SignatureValue><KeyInfo><KeyName>").append(xml_escaped(key_name));
  return text.append("</KeyName></KeyInfo></Signature>");
}

Result<SignedElement> find_signed(const XmlTree& tree, std::string_view wrapper, std::string_view name) {
  const XmlElement root = tree.root();
  if (!root.is(wrapper) || root.children().size() != 2) return kBad;
  SignedElement found;
  found.element = root.only(name);
  found.signature = root.only("Signature", kSignatureNamespace);
  found.key_name = part(part(found.signature, "KeyInfo"), "KeyName").text();
  if (!found.element || !found.signature || found.key_name.empty()) return kBad;
  return found;
}

Result<Unit> check_signature(const XmlTree& tree, const SignedElement& what, Bytes key) {
  const XmlElement info = part(what.signature, "SignedInfo");
  const XmlElement reference = part(info, "Reference");
  if (!info || !reference || info.children().size() != 3) return kBad;
  const std::string method = part(info, "CanonicalizationMethod").attribute("Algorithm");
  const bool keeps_comments = method == kC14nWithComments;
  if ((method != kC14n && !keeps_comments) || !is_hmac_sha256(part(info, "SignatureMethod"))) return kBad;
  const XmlElement named = referenced(tree, what, reference);
  if (!named) return kBad;
  // A reference by Id leaves comments out, whatever canonicalises it (XML Signature, clause 4.4.3.3).
  CLAVIGER_TRY(text, tree.canonical(named, what.signature));
  CLAVIGER_TRY(wanted, digest_of(part(reference, "DigestValue")));
  if (!equals_constant_time(crypto::sha256(as_bytes(text)), wanted)) return kBad;
  CLAVIGER_TRY(signed_info, tree.canonical(info, {}, keeps_comments));
  CLAVIGER_TRY(value, digest_of(part(what.signature, "SignatureValue")));
  if (!crypto::HmacSha256(key).verify(as_bytes(signed_info), value)) return kBad;
  return Unit{};
}

}  // namespace claviger::ue
