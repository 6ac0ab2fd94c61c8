#include "tools/claviger-ue/kms_message.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/codec/base64url.h"
#include "core/codec/hex.h"
#include "core/crypto/hmac.h"
#include "core/crypto/key_wrap.h"
#include "core/crypto/mikey/i_message.h"
#include "tools/claviger-ue/key_ring.h"
#include "tools/claviger-ue/xml_signature.h"

namespace claviger::ue {
namespace {

constexpr std::int64_t kNow = 1'795'000'000;
constexpr std::string_view kUser = "sip:ann@alpha.example";
constexpr std::string_view kKms = "kms.alpha.example";

std::string hex(Bytes bytes) {
  std::string text;
  codec::hex_encode(bytes, text);
  return text;
}

SharedKey shared(std::string id, char fill) {
  SharedKey key;
  key.id = std::move(id);
  key.key = SecretBytes(as_bytes(std::string(32, fill)));
  return key;
}

// A KMS of a few lines: what it says is what the standard has it say.
struct Server {
  mikey::SakkeMasterSecret sakke = *mikey::SakkeMasterSecret::generate();
  mikey::EccsiMasterSecret eccsi = *mikey::EccsiMasterSecret::generate();
  mikey::KeyPeriods periods = *mikey::KeyPeriods::make(2'592'000, 0);
  std::uint64_t period = 1388;

  std::string certificate() const {
    return "<KmsCertificate Role=\"Root\"><CertUri>cert1</CertUri><KmsUri>kms.alpha.example</KmsUri><UserIdFormat>2"
           "</UserIdFormat><UserKeyPeriod>2592000</UserKeyPeriod><UserKeyOffset>0</UserKeyOffset><PubEncKey>" +
           hex(sakke.public_key().octets()) + "</PubEncKey><PubAuthKey>" + hex(eccsi.public_key().octets()) +
           "</PubAuthKey><ParameterSet>1</ParameterSet><KmsDomainList><KmsDomain>alpha.example</KmsDomain></"
           "KmsDomainList>"
           "</KmsCertificate>";
  }

  static std::string wrapped(Bytes key, const SharedKey& trk, crypto::KeyWrapMode mode, bool is_hex) {
    auto wrap = *crypto::KeyWrap::make();
    std::array<std::byte, 512> out{};
    const std::size_t size = *wrap.wrap(mode, trk.key.reveal(), key, out);
    std::string text;
    if (is_hex) {
      codec::hex_encode(Bytes(out).first(size), text);
    } else {
      codec::base64_encode(Bytes(out).first(size), text);
    }
    return "<EncryptedKey xmlns=\"http://www.w3.org/2001/04/xmlenc#\"><KeyInfo "
           "xmlns=\"http://www.w3.org/2000/09/xmldsig#\">"
           "<KeyName>" +
           trk.id + "</KeyName></KeyInfo><CipherData><CipherValue>" + text +
           "</CipherValue></CipherData><CarriedKeyName>new</CarriedKeyName></EncryptedKey>";
  }

  enum class How { Plain, Pad, PadHex, Strip };
  std::string key_set(How how, const SharedKey& trk) const {
    const auto uid = *mikey::compute_uid(kUser, kKms, periods, period);
    const auto rsk = *mikey::extract_rsk(sakke, uid);
    const auto signing = *mikey::issue_eccsi_key(eccsi, uid);
    const auto one = [&](std::string_view name, Bytes key) {
      std::string inside;
      const bool is_point = key.size() % 8 == 1;
      if (how == How::Plain) inside = hex(key);
      if (how == How::Pad) inside = wrapped(key, trk, crypto::KeyWrapMode::Rfc5649, false);
      if (how == How::PadHex) inside = wrapped(key, trk, crypto::KeyWrapMode::Rfc5649, true);
      if (how == How::Strip)
        inside = wrapped(is_point ? key.subspan(1) : key, trk, crypto::KeyWrapMode::Rfc3394, false);
      return "<" + std::string(name) + ">" + inside + "</" + std::string(name) + ">";
    };
    return "<KmsKeySet><KmsUri>kms.alpha.example</KmsUri><CertUri>cert1</CertUri><UserUri>sip:ann@alpha.example</"
           "UserUri>"
           "<UserID>" +
           hex(uid) + "</UserID><KeyPeriodNo>1388</KeyPeriodNo>" + one("UserDecryptKey", rsk.reveal()) +
           one("UserSigningKeySSK", signing.ssk.reveal()) + one("UserPubTokenPVT", signing.pvt) + "</KmsKeySet>";
  }
};

const Server& server() {
  static const Server kServer;
  return kServer;
}

KmsRequest request() {
  KmsRequest asked;
  asked.user_uri = kUser;
  asked.kms_uri = kKms;
  asked.url = "https://kms.alpha.example/keymanagement/identity/v1/keyprov";
  asked.time = kNow;
  return asked;
}

std::string response(std::string_view message, std::string_view time = "2026-11-18T11:06:40Z") {
  return "<KmsResponse xmlns=\"urn:3gpp:ns:mcsecKMSInterface:1.0\" "
         "Id=\"xmldoc\"><UserUri>sip:ann@alpha.example</UserUri><KmsUri>"
         "kms.alpha.example</KmsUri><Time>" +
         std::string(time) +
         "</Time><ClientReqUrl>https://kms.alpha.example/keymanagement/identity/v1/keyprov</ClientReqUrl><KmsMessage>" +
         std::string(message) + "</KmsMessage></KmsResponse>";
}

std::string signed_response(const std::string& inner, const SharedKey& key) {
  return "<SignedKmsResponse xmlns=\"urn:3gpp:ns:mcsecKMSInterface:1.0\">" + inner +
         write_signature("xmldoc", inner, key.id, key.key.reveal()) + "</SignedKmsResponse>";
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return at == std::string::npos ? text : text.replace(at, what.size(), with);
}

KmsCertificate certificate() {
  const auto read = read_response(response("<KmsInit>" + server().certificate() + "</KmsInit>"), request(), {}, {});
  EXPECT_TRUE(read);
  return read->certificates.at(0);
}

TEST(KmsMessage, ReadsACertificateAndKeysThatPassTheirChecks) {
  const KmsCertificate its = certificate();
  EXPECT_EQ(its.domains, std::vector<std::string>{"alpha.example"});
  const SharedKey trk = shared("trk.1", 't');
  for (const auto how : {Server::How::Plain, Server::How::Pad, Server::How::PadHex, Server::How::Strip}) {
    const std::string text = response("<KmsKeyProv>" + server().key_set(how, trk) + "</KmsKeyProv>");
    const bool is_plain = how == Server::How::Plain;
    const auto read = is_plain ? read_response(text, request(), {}, {})
                               : read_response(signed_response(text, trk), request(), trk, {});
    ASSERT_TRUE(read) << name_of(read.error().code) << " " << read.error().where;
    ASSERT_EQ(read->key_sets.size(), 1U);
    EXPECT_EQ(read->key_sets[0].was_wrapped, !is_plain);
    EXPECT_TRUE(check_key_set(read->key_sets[0], its));
  }
}

TEST(KmsMessage, RefusesKeysThatAreAnothersOrOfAnotherPeriod) {
  const KmsCertificate its = certificate();
  const std::string text = response("<KmsKeyProv>" + server().key_set(Server::How::Plain, {}) + "</KmsKeyProv>");
  auto read = read_response(text, request(), {}, {});
  ASSERT_TRUE(read);
  KeySet& set = read->key_sets[0];
  set.period += 1;
  EXPECT_TRUE(check_key_set(set, its).failed_with(Code::KeyType));
  set.period -= 1;
  set.ssk.reveal_for_writing()[31] ^= std::byte{1};
  EXPECT_FALSE(check_key_set(set, its));
  set.ssk.reveal_for_writing()[31] ^= std::byte{1};
  set.rsk.reveal_for_writing()[256] ^= std::byte{1};
  EXPECT_FALSE(check_key_set(set, its));
  const Server another;
  auto theirs = another.key_set(Server::How::Plain, {});
  auto foreign = read_response(response("<KmsKeyProv>" + theirs + "</KmsKeyProv>"), request(), {}, {});
  ASSERT_TRUE(foreign);
  EXPECT_TRUE(check_key_set(foreign->key_sets[0], its).failed_with(Code::KeyType));
}

TEST(KmsMessage, BelievesASignedAnswerOnlyWhenItIsSignedRight) {
  const SharedKey ink = shared("ink.1", 'i');
  const SharedKey trk = shared("trk.1", 't');
  const std::string plain = response("<KmsInit>" + server().certificate() + "</KmsInit>");
  const std::string good = signed_response(plain, ink);
  ASSERT_TRUE(read_response(good, request(), trk, ink));
  const auto refused = [&](const std::string& text) {
    const auto read = read_response(text, request(), trk, ink);
    return !read && (read.error().code == Code::XmlSignature || read.error().code == Code::XmlSyntax);
  };
  EXPECT_TRUE(refused(plain)) << "unsigned though we signed";
  EXPECT_TRUE(refused(signed_response(plain, trk))) << "signed with the TrK though there is an InK";
  EXPECT_TRUE(refused(signed_response(plain, shared("ink.1", 'x')))) << "another key of that name";
  EXPECT_TRUE(refused(replaced(good, "cert1", "cert2")));
  EXPECT_TRUE(refused(replaced(good, "#hmac-sha256", "#hmac-sha1")));
  EXPECT_TRUE(refused(replaced(good, "URI=\"#xmldoc\"", "URI=\"\"")));
  // A second element with that Id: which of the two is signed would be anybody's guess.
  EXPECT_TRUE(refused(replaced(good, "<KmsDomain>", "<KmsDomain Id=\"xmldoc\">")));
  // The signed element put aside, another in its place.
  const std::string forged = replaced(plain, "cert1", "cert6");
  EXPECT_TRUE(refused(replaced(good, plain, forged)));
  EXPECT_TRUE(refused(replaced(good, plain, forged + plain)));
}

// As one KMS of another maker signs: the wrapper, the signature itself taken out, and comments kept.
std::string enveloped_response(const std::string& inner, const SharedKey& key) {
  const std::string space = " xmlns=\"urn:3gpp:ns:mcsecKMSInterface:1.0\"";
  const std::string body = "<SignedKmsResponse" + space + " Id=\"w\">" + replaced(inner, space, "");
  const std::string end = "</SignedKmsResponse>";
  const auto base64 = [](Bytes bytes) {
    std::string text;
    codec::base64_encode(bytes, text);
    return text;
  };
  const std::string info =
      "<SignedInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><CanonicalizationMethod "
      "Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments\"></CanonicalizationMethod>"
      "<SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#hmac-sha256\"></SignatureMethod>"
      "<Reference URI=\"#w\"><Transforms><Transform "
      "Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></Transform></Transforms><DigestMethod "
      "Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></DigestMethod><DigestValue>" +
      base64(crypto::sha256(as_bytes(body + end))) + "</DigestValue></Reference></SignedInfo>";
  const crypto::Sha256Digest mac = crypto::HmacSha256(key.key.reveal()).compute(as_bytes(info));
  return body + "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\">" + info + "<SignatureValue>" + base64(mac) +
         "</SignatureValue><KeyInfo><KeyName>" + key.id + "</KeyName></KeyInfo></Signature>" + end;
}

TEST(KmsMessage, BelievesASignatureOverTheWrapperWithoutItself) {
  const SharedKey ink = shared("ink.1", 'i');
  const std::string good = enveloped_response(response("<KmsInit>" + server().certificate() + "</KmsInit>"), ink);
  const auto read = read_response(good, request(), {}, ink);
  ASSERT_TRUE(read) << read.error().where;
  EXPECT_TRUE(read->is_signed);
  const auto refused = [&](const std::string& text) { return !read_response(text, request(), {}, ink); };
  EXPECT_TRUE(refused(replaced(good, "cert1", "cert2")));
  EXPECT_TRUE(refused(replaced(good, "Id=\"w\"", "Id=\"v\"")));
  EXPECT_TRUE(refused(replaced(good, "<KmsDomain>", "<KmsDomain Id=\"w\">")));
  // A wrapper that is to be hashed with its own signature in it is nobody's.
  EXPECT_TRUE(refused(replaced(good, "xmldsig#enveloped-signature", "xmldsig#base64")));
  EXPECT_TRUE(refused(replaced(good, "<KmsResponse", "<KmsResponse Id=\"x\"><x/></KmsResponse><KmsResponse")));
}

TEST(KmsMessage, RefusesAnswersToOtherRequests) {
  const std::string good = response("<KmsInit>" + server().certificate() + "</KmsInit>");
  const auto code = [](const std::string& text) { return read_response(text, request(), {}, {}).error().code; };
  EXPECT_EQ(code(replaced(good, "<UserUri>sip:ann", "<UserUri>sip:bob")), Code::KeysDenied);
  EXPECT_EQ(code(replaced(good, "kms.alpha.example</KmsUri><Time>", "kms.bravo.example</KmsUri><Time>")),
            Code::KmsUriDiffers);
  EXPECT_EQ(code(replaced(good, "/keyprov", "/init")), Code::RequestUrlDiffers);
  EXPECT_EQ(code(replaced(good, "<UserIdFormat>2", "<UserIdFormat>1")), Code::KmsCertificateInvalid);
  EXPECT_EQ(code(replaced(good, "<ParameterSet>1", "<ParameterSet>2")), Code::KmsCertificateInvalid);
  EXPECT_EQ(code(replaced(good, "<PubAuthKey>04", "<PubAuthKey>")), Code::KmsCertificateInvalid);
  EXPECT_EQ(code(replaced(good, "KmsInit>", "Other>")), Code::XmlSyntax);
  EXPECT_EQ(code("<!DOCTYPE a [<!ENTITY b 'c'>]>" + good), Code::XmlDoctype);
  const SharedKey ink = shared("ink.1", 'i');
  const std::string old = response("", "2026-11-18T11:01:39Z");
  EXPECT_TRUE(read_response(signed_response(old, ink), request(), {}, ink).failed_with(Code::RequestTime));
}

TEST(KmsMessage, UnwrapsNothingWithAnotherKey) {
  const SharedKey trk = shared("trk.1", 't');
  const SharedKey other = shared("trk.1", 'x');
  const std::string text = response("<KmsKeyProv>" + server().key_set(Server::How::Pad, other) + "</KmsKeyProv>");
  EXPECT_TRUE(read_response(signed_response(text, trk), request(), trk, {}).failed_with(Code::KeyWrapInvalid));
}

TEST(KmsMessage, TakesNewTransportKeys) {
  const SharedKey trk = shared("trk.1", 't');
  const SharedKey next = shared("new", 'n');
  const std::string text = response("<KmsInit>" + server().certificate() + "<NewTransportKey>" +
                                    Server::wrapped(next.key.reveal(), trk, crypto::KeyWrapMode::Rfc3394, false) +
                                    "</NewTransportKey></KmsInit>");
  const auto read = read_response(signed_response(text, trk), request(), trk, {});
  ASSERT_TRUE(read);
  ASSERT_EQ(read->new_transport_keys.size(), 1U);
  EXPECT_EQ(read->new_transport_keys[0].id, "new");
  EXPECT_TRUE(read->new_transport_keys[0].key.equals(next.key.reveal()));
}

TEST(KmsMessage, WritesWhatItCanReadBackCanonically) {
  KmsRequest asked = request();
  asked.user_uri = "sip:a&<b>@alpha.example";
  const SharedKey ink = shared("ink.<1>", 'i');
  const auto tree = XmlTree::read(write_request(asked, {}, ink));
  ASSERT_TRUE(tree);
  const auto what = find_signed(*tree, "SignedKmsRequest", "KmsRequest");
  ASSERT_TRUE(what);
  EXPECT_EQ(what->key_name, ink.id);
  EXPECT_TRUE(check_signature(*tree, *what, ink.key.reveal()));
  EXPECT_EQ(what->element.text_of("UserUri"), asked.user_uri);
  EXPECT_EQ(what->element.text_of("Time"), "2026-11-18T11:06:40Z");
}

TEST(KmsMessage, TwoRequestsOfOneSecondAreNoReplay) {  // the interface has no nonce
  KmsRequest asked = request();
  asked.milliseconds = 7;
  const std::string first = write_request(asked, {}, shared("ink.1", 'i'));
  EXPECT_NE(first.find("<Time>2026-11-18T11:06:40.007Z</Time>"), std::string::npos) << first;
  asked.milliseconds = 8;
  EXPECT_NE(write_request(asked, {}, shared("ink.1", 'i')), first);
}

TEST(KmsMessage, SaysWhatTheKmsSaid) {
  const std::string text = replaced(response(""), "<KmsMessage></KmsMessage>",
                                    "<KmsError><ErrorCode>1202</ErrorCode><ErrorMsg>No\x1b[2Jne</ErrorMsg></KmsError>");
  EXPECT_EQ(read_error(replaced(text, "\x1b", "")), "1202: No[2Jne");
  EXPECT_EQ(read_error("nonsense"), "");
}

}  // namespace
}  // namespace claviger::ue
