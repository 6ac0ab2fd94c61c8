// Signed requests and answers, keys wrapped under a TrK, roll-over: spec 4.7 and rows 5 to 10 of spec 11.
#include "broker/keys/protection.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/codec/base64url.h"
#include "core/codec/hex.h"
#include "core/crypto/key_wrap.h"
#include "tests/broker/keys/protected_bed.h"

namespace claviger::keys {
namespace {

using identity::Reply;

TEST(KmsSigned, ASignedRequestGetsASignedAnswer) {
  ProtectedBed bed;
  const Reply reply = bed.ask("init", signed_text(request_text(bed.now(), "init"), kInkId, kInk));
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_TRUE(reply.body.starts_with("<SignedKmsResponse "));
  EXPECT_EQ(element_of(reply.body, "KeyName"), kInkId);
  EXPECT_EQ(element_of(reply.body, "Signature-ID"), kInkId);
}

TEST(KmsSigned, AnotherPrefixAndWhitespaceAreTheSameCanonicalXml) {
  ProtectedBed bed;
  std::string text = signed_text(request_text(bed.now(), "init"), kInkId, kInk);
  // Attributes in another order and quotes, an empty element with its short form: the same after canonicalisation.
  text = replaced(text, "Id=\"xmldoc\" Version=\"1.1.0\"", "Version='1.1.0'   Id='xmldoc'");
  text = replaced(text, "\"></DigestMethod>", "\"/>");
  EXPECT_EQ(bed.ask("init", text).status, 200);
}

TEST(KmsRows, Row5UnsignedOrEmptyWhereASignatureIsDemanded) {
  DomainDraft draft;
  draft.policy.needs_signature = true;
  ProtectedBed bed(std::move(draft));
  expect_error(bed.ask("init", request_text(bed.now(), "init")), 403, "1103");
  expect_error(bed.ask("init", ""), 403, "1103");
  EXPECT_EQ(bed.ask("init", signed_text(request_text(bed.now(), "init"), kInkId, kInk)).status, 200);
}

TEST(KmsRows, Row6SignedWithTheTrkAlthoughAnInkIsThere) {
  ProtectedBed bed;
  expect_error(bed.ask("init", signed_text(request_text(bed.now(), "init"), kTrkId, kTrk)), 403, "1103");
  ProtectedBed without({}, false);
  EXPECT_EQ(without.ask("init", signed_text(request_text(without.now(), "init"), kTrkId, kTrk)).status, 200);
}

TEST(KmsRows, Row7SignatureWrapping) {
  ProtectedBed bed;
  const std::string good = signed_text(request_text(bed.now(), "init"), kInkId, kInk);
  const std::string evil = replaced(request_text(bed.now(), "init"), "d1", "d2");
  // A second element with the Id; a second request (row 4); a second signature; another reference.
  expect_error(bed.ask("init", replaced(good, "</KmsRequest>", "<x xmlns=\"urn:x\" Id=\"xmldoc\"></x></KmsRequest>")),
               403, "1103");
  expect_error(bed.ask("init", replaced(good, "<KmsRequest", evil + "<KmsRequest")), 400, "1001");
  const std::size_t signature = good.find("<Signature ");
  const std::string twice = good.substr(signature, good.find("</SignedKmsRequest>") - signature);
  expect_error(bed.ask("init", replaced(good, "</SignedKmsRequest>", twice + "</SignedKmsRequest>")), 403, "1103");
  const std::size_t reference = good.find("<Reference ");
  const std::string another = good.substr(reference, good.find("</SignedInfo>") - reference);
  expect_error(bed.ask("init", replaced(good, "</SignedInfo>", another + "</SignedInfo>")), 403, "1103");
  expect_error(bed.ask("init", replaced(good, "URI=\"#xmldoc\"", "URI=\"\"")), 403, "1103");
  expect_error(bed.ask("init", replaced(good, "URI=\"#xmldoc\"", "URI=\"http://evil.example/\"")), 403, "1103");
  expect_error(bed.ask("init", replaced(good, "URI=\"#xmldoc\"", "URI=\"#wrapper\"")), 403, "1103");
  for (const char* transform :
       {"http://www.w3.org/TR/1999/REC-xpath-19991116", "http://www.w3.org/TR/1999/REC-xslt-19991116",
        "http://www.w3.org/2000/09/xmldsig#base64"}) {
    const std::string transforms =
        "<Transforms><Transform Algorithm=\"" + std::string(transform) + "\"></Transform></Transforms><DigestMethod";
    expect_error(bed.ask("init", replaced(good, "<DigestMethod", transforms)), 403, "1103");
  }
}

TEST(KmsRows, Row7OtherAlgorithmsAndTruncation) {
  ProtectedBed bed;
  const std::string good = signed_text(request_text(bed.now(), "init"), kInkId, kInk);
  expect_error(
      bed.ask("init", replaced(good, "xmldsig-more#hmac-sha256\"></SignatureMethod>",
                               "xmldsig-more#hmac-sha256\"><HMACOutputLength>8</HMACOutputLength></SignatureMethod>")),
      403, "1103");
  expect_error(bed.ask("init", replaced(good, "2001/04/xmldsig-more#hmac-sha256", "2000/09/xmldsig#hmac-sha1")), 403,
               "1103");
  expect_error(bed.ask("init", replaced(good, "2001/04/xmlenc#sha256", "2000/09/xmldsig#sha1")), 403, "1103");
  expect_error(bed.ask("init", replaced(good, "REC-xml-c14n-20010315", "REC-xml-c14n-20010316")), 403, "1103");
}

TEST(KmsRows, Row8AlteredValues) {
  ProtectedBed bed;
  const std::string good = signed_text(request_text(bed.now(), "init"), kInkId, kInk);
  for (const char* name : {"DigestValue", "SignatureValue"}) {
    const std::string value = element_of(good, name);
    std::string other = value;
    other[5] = other[5] == 'A' ? 'B' : 'A';
    expect_error(bed.ask("init", replaced(good, value, other)), 403, "1103");
    expect_error(bed.ask("init", replaced(good, value, "")), 403, "1103");
    expect_error(bed.ask("init", replaced(good, value, value.substr(0, 20) + "==")), 403, "1103");
  }
  expect_error(bed.ask("init", replaced(good, "<DeviceId>d1", "<DeviceId>d2")), 403, "1103");
}

TEST(KmsRows, Row9UnknownKeysAndOthersKeys) {
  ProtectedBed bed;
  const auto first = bed.ask("init", signed_text(request_text(bed.now(), "init"), "ink.2.ann", kInk));
  expect_error(first, 403, "1103");
  bed.add(TransportKeyKind::Ink, "ink.1.bob", kInk, false, {}, "sip:bob.ptt@alpha.example");
  const auto second = bed.ask("init", signed_text(request_text(bed.now(), "init"), "ink.1.bob", kInk));
  expect_error(second, 403, "1103");
  // The same text as for a wrong value: nobody learns which it was.
  const auto third = bed.ask("init", signed_text(request_text(bed.now(), "init"), kInkId, kTrk));
  EXPECT_EQ(element_of(first.body, "ErrorMsg"), element_of(third.body, "ErrorMsg"));
  EXPECT_EQ(element_of(second.body, "ErrorMsg"), element_of(third.body, "ErrorMsg"));
  // Signature-ID names another key than KeyName.
  const std::string more = "<Signature-ID>" + kTrkId + "</Signature-ID>";
  expect_error(bed.ask("init", signed_text(request_text(bed.now(), "init", more), kInkId, kInk)), 403, "1103");
  // Bound to another device.
  bed.add(TransportKeyKind::Ink, "ink.3.ann", kInk, false, "d9");
  expect_error(bed.ask("init", signed_text(request_text(bed.now(), "init"), "ink.3.ann", kInk)), 403, "1103");
}

TEST(KmsRows, Row10Replay) {
  ProtectedBed bed;
  const std::string body = signed_text(request_text(bed.now(), "init"), kInkId, kInk);
  EXPECT_EQ(bed.ask("init", body).status, 200);
  expect_error(bed.ask("init", body), 400, "1003");
  // After the window it is its Time that refuses it.
  bed.clock().advance(Seconds(301));
  const std::string token = bed.fresh_token(kKmScope);
  expect_error(bed.post_as(token, "init", body), 400, "1003");
}

struct Unwrapped {
  std::string rsk, ssk, pvt;
};
Unwrapped unwrap(const std::string& body, crypto::KeyWrapMode mode, bool is_hex = false) {
  auto wrap = crypto::KeyWrap::make();
  const auto open = [&](const char* name) {
    const std::string text = element_of(body, "CipherValue", body.find("<" + std::string(name)));
    std::string bytes(text.size(), '\0');
    const auto out = std::as_writable_bytes(std::span(bytes));
    const auto size = is_hex ? codec::hex_decode(text, out) : codec::base64_decode(text, out);
    EXPECT_TRUE(size.has_value()) << text;
    const auto plain = wrap->unwrap(mode, as_bytes(kTrk), as_bytes(bytes).first(size ? *size : 0));
    EXPECT_TRUE(plain.has_value()) << name;
    return plain ? std::string(as_text(plain->reveal())) : std::string();
  };
  return {open("UserDecryptKey"), open("UserSigningKeySSK"), open("UserPubTokenPVT")};
}

std::string bytes_of(const std::string& hex) {
  std::string bytes(hex.size() / 2, '\0');
  EXPECT_TRUE(codec::hex_decode(hex, std::as_writable_bytes(std::span(bytes))).has_value());
  return bytes;
}

TEST(KmsWrapped, KeysUnderTheTrkAreTheSameKeys) {
  ProtectedBed bed;
  const Reply plain = bed.post("keyprov");
  const Reply wrapped = bed.ask("keyprov", request_text(bed.now(), "keyprov", "<TrK-ID>" + kTrkId + "</TrK-ID>"));
  ASSERT_EQ(wrapped.status, 200) << wrapped.body;
  EXPECT_EQ(element_of(wrapped.body, "TrK-ID"), kTrkId);
  EXPECT_NE(wrapped.body.find("Algorithm=\"http://www.w3.org/2001/04/xmlenc#kw-aes256\""), std::string::npos);
  EXPECT_EQ(wrapped.body.find(element_of(plain.body, "UserSigningKeySSK")), std::string::npos);
  const Unwrapped keys = unwrap(wrapped.body, crypto::KeyWrapMode::Rfc5649);
  EXPECT_EQ(keys.rsk, bytes_of(element_of(plain.body, "UserDecryptKey")));
  EXPECT_EQ(keys.ssk, bytes_of(element_of(plain.body, "UserSigningKeySSK")));
  EXPECT_EQ(keys.pvt, bytes_of(element_of(plain.body, "UserPubTokenPVT")));
}

TEST(KmsWrapped, OtherModesForOtherPeers) {
  ProtectedBed bed;
  const Reply plain = bed.post("keyprov");
  PolicyChange change;
  change.wrap_mode = WrapMode::Strip04;
  change.is_cipher_hex = true;
  ASSERT_TRUE(bed.wait(set_policy(&bed.kms(), "alpha", change)).has_value());
  const std::string body = request_text(bed.now(), "keyprov", "<TrK-ID>" + kTrkId + "</TrK-ID>");
  const Unwrapped strict = unwrap(bed.ask("keyprov", body).body, crypto::KeyWrapMode::Rfc3394, true);
  EXPECT_EQ("\x04" + strict.rsk, bytes_of(element_of(plain.body, "UserDecryptKey")));
  EXPECT_EQ(strict.ssk, bytes_of(element_of(plain.body, "UserSigningKeySSK")));
  EXPECT_EQ("\x04" + strict.pvt, bytes_of(element_of(plain.body, "UserPubTokenPVT")));
  change.wrap_mode = WrapMode::Pad11;
  change.is_cipher_hex = false;
  ASSERT_TRUE(bed.wait(set_policy(&bed.kms(), "alpha", change)).has_value());
  const Reply honest = bed.ask("keyprov", body);
  EXPECT_NE(honest.body.find("2009/xmlenc11#kw-aes-256-pad"), std::string::npos);
  EXPECT_EQ(unwrap(honest.body, crypto::KeyWrapMode::Rfc5649).ssk, strict.ssk);
}

TEST(KmsWrapped, RefusesWhatPolicyForbids) {
  DomainDraft draft;
  draft.policy.needs_transport_key = true;
  ProtectedBed bed(std::move(draft));
  expect_error(bed.ask("keyprov", request_text(bed.now(), "keyprov")), 403, "1103");
  expect_error(bed.ask("keyprov", ""), 403, "1103");
  expect_error(bed.ask("keyprov", request_text(bed.now(), "keyprov", "<TrK-ID>trk.9.ann</TrK-ID>")), 403, "1103");
  expect_error(bed.ask("keyprov", request_text(bed.now(), "keyprov", "<TrK-ID>" + kInkId + "</TrK-ID>")), 403, "1103");
}

TEST(KmsWrapped, BehindAProxyThatEndsTheTls) {
  ProtectedBed bed;
  bed.settings().trusted_proxies.push_back(*settings::Network::parse("192.0.2.1"));
  bed.publish();
  expect_error(bed.post("keyprov"), 403, "1103");
  EXPECT_EQ(bed.post("init").status, 200);  // nothing secret
  EXPECT_EQ(bed.ask("keyprov", request_text(bed.now(), "keyprov", "<TrK-ID>" + kTrkId + "</TrK-ID>")).status, 200);
}

TEST(KmsRollOver, AnOfferedKeyComesUnderThePresentOneAndTakesItsPlace) {
  ProtectedBed bed;
  const std::string next(32, 'n');
  bed.add(TransportKeyKind::Ink, "ink.2.ann", next, true);
  const std::string trk = "<TrK-ID>" + kTrkId + "</TrK-ID>";
  const Reply offer = bed.ask("init", signed_text(request_text(bed.now(), "init", trk), kInkId, kInk));
  ASSERT_EQ(offer.status, 200) << offer.body;
  EXPECT_NE(offer.body.find("xsi:type=\"KmsInitTkIkType\""), std::string::npos);
  const std::size_t at = offer.body.find("<NewIntegrityKey");
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(element_of(offer.body, "CarriedKeyName", at), "ink.2.ann");
  // The client uses it: from now on it is the one.
  const Reply used = bed.ask("keyprov", signed_text(request_text(bed.now(), "keyprov", trk), "ink.2.ann", next));
  ASSERT_EQ(used.status, 200) << used.body;
  EXPECT_EQ(used.body.find("<NewIntegrityKey"), std::string::npos);
  const auto keys = bed.wait(read_transport_keys(bed.context(), "alpha", std::string(kAnn)));
  ASSERT_EQ(keys->size(), 2U);
  expect_error(bed.ask("init", signed_text(request_text(bed.now(), "init"), kInkId, kInk)), 403, "1103");
}

TEST(KmsRollOver, WhoIsRevokedIsOfferedNothing) {  // his TrK may be in other hands
  ProtectedBed bed;
  bed.add(TransportKeyKind::Ink, "ink.2.ann", std::string(32, 'n'), true);
  ASSERT_TRUE(bed.wait(revoke_user(&bed.kms(), bed.context(), "alpha", std::string(kAnn), "lost")).has_value());
  const std::string trk = "<TrK-ID>" + kTrkId + "</TrK-ID>";
  const Reply init = bed.ask("init", signed_text(request_text(bed.now(), "init", trk), kInkId, kInk));
  EXPECT_EQ(init.status, 200) << init.body;
  EXPECT_EQ(init.body.find("<NewIntegrityKey"), std::string::npos);
  expect_error(bed.ask("keyprov", signed_text(request_text(bed.now(), "keyprov", trk), kInkId, kInk)), 410, "1203");
}

// An implementation of others says the same of our signatures, and we of its.
class Xmlsec : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::system("xmlsec1 --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "xmlsec1 is not installed";
    std::string folder = ::testing::TempDir() + "claviger-XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    write("key", kInk);
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }
  void write(const std::string& name, const std::string& text) { std::ofstream(folder_ + "/" + name) << text; }
  std::string read(const std::string& name) {
    std::ifstream file(folder_ + "/" + name, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }
  int run(const std::string& arguments) {
    return std::system(("cd " + folder_ + " && xmlsec1 " + arguments + " >/dev/null 2>&1").c_str());
  }
  std::string folder_;
};

TEST_F(Xmlsec, VerifiesOurAnswers) {
  ProtectedBed bed;
  const std::string trk = "<TrK-ID>" + kTrkId + "</TrK-ID>";
  const Reply reply = bed.ask("keyprov", signed_text(request_text(bed.now(), "keyprov", trk), kInkId, kInk));
  ASSERT_EQ(reply.status, 200) << reply.body;
  write("answer.xml", reply.body);
  const std::string verify =
      "--verify --hmackey:" + kInkId + " key --id-attr:Id urn:3gpp:ns:mcsecKMSInterface:1.0:KmsResponse ";
  EXPECT_EQ(run(verify + "answer.xml"), 0);
  write("altered.xml", replaced(reply.body, "<KeyPeriodNo>", "<KeyPeriodNo>1"));
  EXPECT_NE(run(verify + "altered.xml"), 0);
}

TEST_F(Xmlsec, SignsRequestsThatWeTake) {
  ProtectedBed bed;
  // As a client may write it: prefixes, line ends, short forms, a transform.
  write("template.xml",
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<k:SignedKmsRequest xmlns:k=\"urn:3gpp:ns:mcsecKMSInterface:1.0\" "
        "xmlns:x=\"urn:x\">\n <k:KmsRequest Id='r1'>\n  <k:UserUri>" +
            std::string(kAnn) + "</k:UserUri>\n  <k:KmsUri>" + std::string(kKmsUri) + "</k:KmsUri>\n  <k:Time>" +
            write_date_time(bed.now()) + "</k:Time>\n  <k:ClientReqUrl>" + std::string(kOrigin) +
            "/keymanagement/identity/v1/init</k:ClientReqUrl><x:Empty/>\n </k:KmsRequest>\n"
            " <d:Signature xmlns:d=\"http://www.w3.org/2000/09/xmldsig#\">\n  <d:SignedInfo>\n   "
            "<d:CanonicalizationMethod "
            "Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315\"/>\n   <d:SignatureMethod Algorithm="
            "\"http://www.w3.org/2001/04/xmldsig-more#hmac-sha256\"/>\n   <d:Reference "
            "URI=\"#r1\"><d:Transforms><d:Transform "
            "Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315\"/></d:Transforms><d:DigestMethod Algorithm="
            "\"http://www.w3.org/2001/04/xmlenc#sha256\"/><d:DigestValue/></d:Reference>\n  </d:SignedInfo>\n"
            "  <d:SignatureValue/>\n  <d:KeyInfo><d:KeyName>" +
            kInkId +
            "</d:KeyName></d:KeyInfo>\n </d:Signature>\n"
            "</k:SignedKmsRequest>\n");
  ASSERT_EQ(run("--sign --hmackey:" + kInkId +
                " key --id-attr:Id urn:3gpp:ns:mcsecKMSInterface:1.0:KmsRequest --output signed.xml template.xml"),
            0);
  const Reply reply = bed.ask("init", read("signed.xml"));
  EXPECT_EQ(reply.status, 200) << reply.body << read("signed.xml");
}

}  // namespace
}  // namespace claviger::keys
