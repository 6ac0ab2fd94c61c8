#include "tools/claviger-ue/xml_signature.h"

#include <algorithm>
#include <array>

#include "core/base/secret.h"
#include "core/codec/base64url.h"
#include "core/crypto/hmac.h"

namespace claviger::ue {
namespace {

constexpr Error kBad{Code::XmlSignature, "xml.signature"};
constexpr std::string_view kC14n = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
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

bool is_plain_reference(XmlElement reference) {
  const XmlElement transforms = part(reference, "Transforms");
  for (const XmlElement child : reference.children()) {
    if (child.is("Transforms", kSignatureNamespace) && !(child == transforms)) return false;
  }
  if (transforms) {
    for (const XmlElement each : transforms.children()) {
      if (!each.is("Transform", kSignatureNamespace) || each.attribute("Algorithm") != kC14n ||
          !each.children().empty())
        return false;
    }
  }
  return part(reference, "DigestMethod").attribute("Algorithm") == kSha256;
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
  if (part(info, "CanonicalizationMethod").attribute("Algorithm") != kC14n ||
      !is_hmac_sha256(part(info, "SignatureMethod")))
    return kBad;
  const std::string id = what.element.attribute("Id");
  if (id.empty() || tree.count_ids(id) != 1 || reference.attribute("URI") != "#" + id || !is_plain_reference(reference))
    return kBad;
  CLAVIGER_TRY(text, tree.canonical(what.element));
  CLAVIGER_TRY(wanted, digest_of(part(reference, "DigestValue")));
  if (!equals_constant_time(crypto::sha256(as_bytes(text)), wanted)) return kBad;
  CLAVIGER_TRY(signed_info, tree.canonical(info));
  CLAVIGER_TRY(value, digest_of(part(what.signature, "SignatureValue")));
  if (!crypto::HmacSha256(key).verify(as_bytes(signed_info), value)) return kBad;
  return Unit{};
}

}  // namespace claviger::ue
