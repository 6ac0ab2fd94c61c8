#include "broker/keys/plain_request.h"

#include <gtest/gtest.h>

#include <string>

#include "broker/keys/kms_request.h"
#include "broker/keys/xml_signature.h"
#include "core/base/bytes.h"
#include "core/codec/base64url.h"
#include "core/crypto/hmac.h"

namespace claviger::keys {
namespace {

const std::string kElements =
    "<UserUri>sip:ann@alpha.example</UserUri><KmsUri>kms.alpha.example</KmsUri><Time>2026-11-21T15:52:11Z</Time>"
    "<ClientReqUrl>https://h/keymanagement/identity/v1/keyprov</ClientReqUrl>";
const std::string kBegin = "<KmsRequest xmlns=\"urn:3gpp:ns:mcsecKMSInterface:1.0\" Id=\"x\" Version=\"1.1.0\">";
const std::string kEnd = "</KmsRequest>";
constexpr std::string_view kKey = "0123456789abcdef0123456789abcdef";

std::string base64(Bytes bytes) {
  std::string text;
  codec::base64_encode(bytes, text);
  return text;
}

std::string signed_request(const std::string& request, std::string_view id = "x", std::string_view wrapper_id = "w") {
  const std::string info =
      "<SignedInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><CanonicalizationMethod "
      "Algorithm=\"http://www.w3.org/TR/2001/"
      "REC-xml-c14n-20010315\"></CanonicalizationMethod><SignatureMethod "
      "Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#"
      "hmac-sha256\"></SignatureMethod><Reference URI=\"#" +
      std::string(id) +
      "\"><DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></DigestMethod><DigestValue>" +
      base64(crypto::sha256(as_bytes(request))) + "</DigestValue></Reference></SignedInfo>";
  return "<SignedKmsRequest xmlns=\"urn:3gpp:ns:mcsecKMSInterface:1.0\" Id=\"" + std::string(wrapper_id) + "\">" +
         request + "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\">" + info + "<SignatureValue>" +
         base64(crypto::HmacSha256(as_bytes(kKey)).compute(as_bytes(info))) +
         "</SignatureValue><KeyInfo><KeyName>ink.1</KeyName></KeyInfo></Signature></SignedKmsRequest>";
}

void expect_same(const PlainRequest& plain, const KmsRequest& read) {
  EXPECT_EQ(plain.user_uri, read.user_uri);
  EXPECT_EQ(plain.kms_uri, read.kms_uri);
  EXPECT_EQ(plain.client_id, read.client_id);
  EXPECT_EQ(plain.device_id, read.device_id);
  EXPECT_EQ(plain.client_req_url, read.client_req_url);
  EXPECT_EQ(plain.trk_id, read.trk_id);
  EXPECT_EQ(plain.signature_id, read.signature_id);
  EXPECT_EQ(plain.time, read.time);
}

TEST(PlainRequest, ReadsWhatTheTreeReads) {
  const std::string more =
      "<ClientId>c</ClientId>\n <DeviceId>urn:uuid:1</DeviceId><TrK-ID>t</TrK-ID><Signature-ID>s</Signature-ID>";
  for (const std::string& xml :
       {kBegin + kElements + kEnd, kBegin + more + kElements + kEnd,
        "<?xml version=\"1.0\"?>\n" + kBegin + kElements + kEnd + "\n",
        "<KmsRequest Version=\"1.0.0\" xmlns=\"urn:3gpp:ns:mcsecKMSInterface:1.0\">\n\t" + kElements + kEnd}) {
    const auto plain = read_plain_request(xml);
    const auto tree = read_kms_tree(xml);
    ASSERT_TRUE(plain.has_value() && tree.has_value()) << xml;
    expect_same(*plain, *tree);
  }
}

TEST(PlainRequest, LeavesWhatIsNotPlain) {
  for (const std::string& xml :
       {std::string(), kBegin, kBegin + kElements, kBegin + kElements + kEnd + "x",
        kBegin + kElements + kElements + kEnd, kBegin + kElements + "<Other>x</Other>" + kEnd,
        kBegin + kElements + "<!-- c -->" + kEnd, kBegin + kElements + "<ClientId>a&amp;b</ClientId>" + kEnd,
        kBegin + kElements + "<ClientId> a</ClientId>" + kEnd, kBegin + kElements + "<ClientId></ClientId>" + kEnd,
        kBegin + kElements + "<ClientId/>" + kEnd, kBegin + kElements + "<ClientId>\xc3\xa4</ClientId>" + kEnd,
        kBegin + kElements + "<ClientId>a</DeviceId>" + kEnd, "<!DOCTYPE x>" + kBegin + kElements + kEnd,
        "<KmsRequest>" + kElements + kEnd, "<KmsRequest xmlns=\"urn:other\">" + kElements + kEnd,
        "<KmsRequest xmlns=\"urn:3gpp:ns:mcsecKMSInterface:1.0\" Id=\"a\" Id=\"b\">" + kElements + kEnd,
        "<k:KmsRequest xmlns:k=\"urn:3gpp:ns:mcsecKMSInterface:1.0\">" + kElements + "</k:KmsRequest>",
        kBegin + kElements + "<ClientId>" + std::string(513, 'a') + "</ClientId>" + kEnd}) {
    EXPECT_FALSE(read_plain_request(xml).has_value()) << xml;
  }
}

TEST(PlainSigned, ReadsWhatTheTreeReads) {
  const std::string xml = signed_request(kBegin + kElements + kEnd);
  const auto plain = read_plain_signed(xml);
  const auto tree = read_kms_tree(xml);
  ASSERT_TRUE(plain.has_value() && tree.has_value());
  expect_same(plain->request, *tree);
  EXPECT_EQ(plain->key_name, tree->signature->key_name);
  EXPECT_TRUE(verify_signed_request(xml, as_bytes(kKey)).has_value());
}

TEST(PlainSigned, EveryChangedOctetIsRefused) {
  const std::string xml = signed_request(kBegin + kElements + kEnd);
  const std::size_t from = xml.find("<KmsRequest");
  const std::size_t to = xml.find("<KeyInfo>");
  for (std::size_t at = from; at < to; ++at) {
    std::string changed = xml;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_FALSE(verify_signed_request(changed, as_bytes(kKey)).has_value()) << at;
  }
}

TEST(PlainSigned, TheSignedIdIsThatOfOneElement) {
  const std::string request = kBegin + kElements + kEnd;
  EXPECT_FALSE(read_plain_signed(signed_request(request, "x", "x")).has_value());
  EXPECT_FALSE(read_plain_signed(signed_request(request, "w", "w")).has_value());
  EXPECT_FALSE(verify_signed_request(signed_request(request, "x", "x"), as_bytes(kKey)).has_value());
  const std::string good = signed_request(request);
  EXPECT_FALSE(read_plain_signed(good + request).has_value());
  std::string twice = good;
  twice.insert(twice.find("<Signature "), request);
  EXPECT_FALSE(read_plain_signed(twice).has_value());
  EXPECT_FALSE(verify_signed_request(twice, as_bytes(kKey)).has_value());
}

TEST(PlainSigned, ATransformOrATruncatedMacGoesTheLongWay) {
  std::string xml = signed_request(kBegin + kElements + kEnd);
  const std::size_t at = xml.find("<DigestMethod");
  xml.insert(at, "<Transforms></Transforms>");
  EXPECT_FALSE(read_plain_signed(xml).has_value());
  EXPECT_FALSE(verify_signed_request(xml, as_bytes(kKey)).has_value());
}

}  // namespace
}  // namespace claviger::keys
