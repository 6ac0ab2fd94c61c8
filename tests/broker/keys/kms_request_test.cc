#include "broker/keys/kms_request.h"

#include <gtest/gtest.h>

#include <string>

namespace claviger::keys {
namespace {

const std::string kMembers =
    "<UserUri>sip:ann@alpha.example</UserUri><KmsUri>kms.alpha.example</KmsUri><Time>2026-11-21T15:52:11Z</Time>"
    "<ClientId>c1</ClientId><DeviceId>d1</DeviceId><ClientReqUrl>https://kms.alpha.example/init</ClientReqUrl>";

std::string request(const std::string& members, const std::string& attributes = {}) {
  return "<KmsRequest xmlns=\"urn:3gpp:ns:mcsecKMSInterface:1.0\"" + attributes + ">" + members + "</KmsRequest>";
}

TEST(KmsRequest, ReadsWhatTheSchemaHas) {  // table D.2.2-1
  const auto read = read_kms_request(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" +
      request(kMembers + "<TrK-ID>t1</TrK-ID><Signature-ID>s1</Signature-ID>", " Id=\"xmldoc\" Version=\"1.0.0\""));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->user_uri, "sip:ann@alpha.example");
  EXPECT_EQ(read->kms_uri, "kms.alpha.example");
  EXPECT_EQ(read->client_id, "c1");
  EXPECT_EQ(read->device_id, "d1");
  EXPECT_EQ(read->trk_id, "t1");
  EXPECT_EQ(read->signature_id, "s1");
  EXPECT_FALSE(read->signature.has_value());
}

TEST(KmsRequest, ReadsAnyOrderPrefixesAndOthersElements) {
  const auto read = read_kms_request(
      "<k:KmsRequest xmlns:k=\"urn:3gpp:ns:mcsecKMSInterface:1.0\" "
      "xmlns:o=\"urn:o\"><o:Extra><o:UserUri>x</o:UserUri></o:Extra>"
      "<k:ClientReqUrl> https://a/b </k:ClientReqUrl><k:Time>2026-11-21T15:52:11</k:Time><k:KmsUri>k</k:KmsUri>"
      "<k:UserUri>a&amp;b</k:UserUri></k:KmsRequest>");
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->user_uri, "a&b");
  EXPECT_EQ(read->client_req_url, "https://a/b");
}

// What an operator is shown is a document of its own: it declares what stood around it, and what it declares itself stays alone.
TEST(KmsRequest, KeepsARedirectResponseWithItsNamespaces) {
  const auto kept = [](const std::string& list) {
    const auto read = read_kms_request(request(kMembers + list));
    return read ? read->krr : std::string(name_of(read.error().code));
  };
  EXPECT_EQ(kept("<KrrList xmlns:r=\"urn:3gpp:ns:mcsecKMSKRR:1.0\" xmlns:x=\"urn:x\" xmlns:unused=\"urn:u\">"
                 "<r:KmsRedirectResponse Id=\"a\"><r:KmsUri "
                 "x:y=\"1\">kms.x</r:KmsUri><Mine/></r:KmsRedirectResponse></KrrList>"),
            "<r:KmsRedirectResponse Id=\"a\" xmlns:r=\"urn:3gpp:ns:mcsecKMSKRR:1.0\" xmlns:x=\"urn:x\" "
            "xmlns=\"urn:3gpp:ns:mcsecKMSInterface:1.0\"><r:KmsUri "
            "x:y=\"1\">kms.x</r:KmsUri><Mine/></r:KmsRedirectResponse>");
  const std::string alone =
      "<KmsRedirectResponse xmlns=\"urn:3gpp:ns:mcsecKMSKRR:1.0\"><x:a xmlns:x=\"urn:x\"/><b "
      "xmlns=\"\"/></KmsRedirectResponse>";
  EXPECT_EQ(kept("<KrrList xmlns:r=\"urn:r\">" + alone + "</KrrList>"), alone);
}

TEST(KmsRequest, RefusesDoctypesAtTheFirstToken) {  // spec 11 rows 1, 2
  EXPECT_TRUE(read_kms_request("<!DOCTYPE r [<!ENTITY a \"b\">]>" + request(kMembers)).failed_with(Code::XmlDoctype));
  EXPECT_TRUE(
      read_kms_request("<!DOCTYPE r SYSTEM \"file:///etc/passwd\">" + request(kMembers)).failed_with(Code::XmlDoctype));
  EXPECT_TRUE(read_kms_request("<!DOCTYPE").failed_with(Code::XmlDoctype));
  EXPECT_TRUE(read_kms_request(request("&undefined;" + kMembers)).failed_with(Code::XmlSyntax));
}

TEST(KmsRequest, RefusesWhatWouldHaveToBeFetched) {  // spec 11 row 2
  const std::string include = "<i:include xmlns:i=\"http://www.w3.org/2001/XInclude\" href=\"file:///etc/passwd\"/>";
  EXPECT_TRUE(read_kms_request(request(kMembers + include)).failed_with(Code::XmlSchema));
  EXPECT_TRUE(
      read_kms_request(request(kMembers + "<x xmlns=\"urn:x\">" + include + "</x>")).failed_with(Code::XmlSchema));
  const std::string instance = " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:";
  for (const char* fetched : {"schemaLocation=\"urn:a http://127.0.0.1/a.xsd\"",
                              "schemaLocation=\" urn:a  file:/a.xsd\"", "noNamespaceSchemaLocation=\"ftp://a\""}) {
    EXPECT_TRUE(read_kms_request(request(kMembers, instance + fetched)).failed_with(Code::XmlSchema)) << fetched;
  }
  // At any depth, whatever the prefix is called.
  const std::string deep = "<ClientError><ErrorCode>1</ErrorCode><x><y" + instance +
                           "schemaLocation=\"urn:a http://127.0.0.1/a.xsd\"/></x></ClientError>";
  EXPECT_TRUE(read_kms_request(request(kMembers + deep)).failed_with(Code::XmlSchema));
  const std::string renamed =
      " xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" i:schemaLocation=\"urn:a ftp://a\"";
  EXPECT_TRUE(read_kms_request(request(kMembers, renamed)).failed_with(Code::XmlSchema));
  // Another vocabulary's attribute of that name asks for nothing.
  const std::string others = " xmlns:foo=\"urn:foo\" foo:schemaLocation=\"urn:a http://127.0.0.1/a.xsd\"";
  EXPECT_TRUE(read_kms_request(request(kMembers, others)).has_value());
  // As the examples of TS 33.180 have it: a file beside a namespace.
  for (const char* named : {"schemaLocation=\"urn:a SE_KmsInterface_XMLSchema.xsd\"",
                            "schemaLocation=\"http://a.example/ns a.xsd urn:b b.xsd \"", "schemaLocation=\"\""}) {
    EXPECT_TRUE(read_kms_request(request(kMembers, instance + named)).has_value()) << named;
  }
}

TEST(KmsRequest, RefusesWhatIsTooMuch) {  // spec 11 row 3
  std::string deep;
  for (int i = 0; i < 33; ++i) deep += "<a>";
  std::string shallow = deep;
  for (int i = 0; i < 33; ++i) deep += "</a>";
  EXPECT_TRUE(read_kms_request(deep).failed_with(Code::XmlTooLarge));
  std::string many;
  for (int i = 0; i < 2000; ++i) many += "<a/>";
  EXPECT_TRUE(read_kms_request(request(many)).failed_with(Code::XmlTooLarge));
  EXPECT_TRUE(
      read_kms_request(request(kMembers, " Id=\"" + std::string(8193, 'a') + "\"")).failed_with(Code::XmlTooLarge));
}

TEST(KmsRequest, RefusesOtherRootsAndNamespaces) {  // spec 11 row 4
  EXPECT_TRUE(read_kms_request("<KmsRequest>" + kMembers + "</KmsRequest>").failed_with(Code::XmlSchema));
  EXPECT_TRUE(
      read_kms_request("<KmsRequest xmlns=\"urn:x\">" + kMembers + "</KmsRequest>").failed_with(Code::XmlSchema));
  EXPECT_TRUE(
      read_kms_request("<KmsResponse xmlns=\"urn:3gpp:ns:mcsecKMSInterface:1.0\"/>").failed_with(Code::XmlSchema));
  EXPECT_TRUE(read_kms_request("<SignedKmsRequest xmlns=\"urn:3gpp:ns:mcsecKMSInterface:1.0\"><KmsRequest>" + kMembers +
                               "</KmsRequest><KmsRequest>" + kMembers + "</KmsRequest></SignedKmsRequest>")
                  .failed_with(Code::XmlSchema));
  EXPECT_TRUE(read_kms_request(request(kMembers) + request(kMembers)).failed_with(Code::XmlSyntax));
}

TEST(KmsRequest, RefusesWhatIsMissingOrTwice) {
  EXPECT_TRUE(read_kms_request(request("<UserUri>a</UserUri>" + kMembers)).failed_with(Code::XmlSchema));
  EXPECT_TRUE(read_kms_request(request(kMembers + "<Time>2026-11-21T15:52:11Z</Time>")).failed_with(Code::XmlSchema));
  EXPECT_TRUE(read_kms_request(request("text" + kMembers)).failed_with(Code::XmlSchema));
  for (const char* name : {"UserUri", "KmsUri", "Time", "ClientReqUrl"}) {
    std::string members = kMembers;
    const std::size_t begin = members.find("<" + std::string(name));
    const std::string end = "</" + std::string(name) + ">";
    members.erase(begin, members.find(end) + end.size() - begin);
    EXPECT_TRUE(read_kms_request(request(members)).failed_with(Code::XmlSchema)) << name;
  }
}

TEST(KmsRequest, RefusesEveryCutText) {
  const std::string whole = request(kMembers);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(read_kms_request(whole.substr(0, size)).has_value()) << size;
  }
}

TEST(KmsRequest, NamesTheKeyOfASignature) {
  const auto read = read_kms_request(
      "<SignedKmsRequest xmlns=\"urn:3gpp:ns:mcsecKMSInterface:1.0\"><KmsRequest Id=\"xmldoc\">" + kMembers +
      "</KmsRequest><Signature "
      "xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><KeyInfo><KeyName>ink.1.ann</KeyName></KeyInfo>"
      "</Signature></SignedKmsRequest>");
  ASSERT_TRUE(read.has_value());
  ASSERT_TRUE(read->signature.has_value());
  EXPECT_EQ(read->signature->key_name, "ink.1.ann");
}

}  // namespace
}  // namespace claviger::keys
