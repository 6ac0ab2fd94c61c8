// Encrypted and signed parts of bodies, and that xmlsec1 agrees on both, both ways.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "broker/registration/encrypted_xml.h"
#include "broker/registration/figures.h"
#include "broker/registration/info_document.h"
#include "broker/registration/settings_document.h"
#include "broker/registration/signed_document.h"

namespace claviger::registration {
namespace {

constexpr std::uint32_t kId = 0x20000001;
constexpr std::string_view kUser = "sip:alice@mcptt.example.org";

mikey::SharedSecret csk() {
  mikey::SharedSecret secret;
  auto out = secret.reveal_for_writing();
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::byte>(i);
  return secret;
}

BodyKeyRef key_of(std::uint32_t id = kId) {
  return derive_body_key(settings::Sip(), id, std::string(kUser), kUser, csk());
}
BodyKeys keys_of(const BodyKeyRef& key) {
  BodyKeys keys;
  keys.add(key);
  return keys;
}
Services services() { return Services(settings::Sip()); }

std::string info_with(const std::string& token) {
  return "<mcpttinfo xmlns=\"urn:3gpp:ns:mcpttInfo:1.0\"><mcptt-Params><mcptt-access-token type=\"Encrypted\">" +
         token +
         "</mcptt-access-token><mcptt-client-id type=\"Normal\"><mcpttString>c1</mcpttString></mcptt-client-id>"
         "</mcptt-Params></mcpttinfo>";
}

Result<InfoDocument> read_info(const std::string& xml, const BodyKeys& keys) {
  const Services all = services();
  return parse_info(xml, *all.find("mcptt"), keys);
}

TEST(BodyKeys, NamesAndForms) {
  EXPECT_EQ(key_name_of(kId), "IAAAAQ==");
  EXPECT_EQ(*id_of_key_name("IAAAAQ=="), kId);
  for (const char* bad : {"", "IAAAAQ", "IAAAAQE=", "IAAAAQ= ", "!!!!!!=="}) EXPECT_FALSE(id_of_key_name(bad)) << bad;
  const auto ids =
      keys_named_in("<a:KeyName> IAAAAQ==</a:KeyName> x;key-id=IAAAAg==;alg <KeyName>IAAAAQ==</KeyName><KeyName>zz");
  EXPECT_EQ(ids, (std::vector<std::uint32_t>{kId, 0x20000002}));
  std::string many;
  for (int i = 0; i < 40; ++i)
    many += "<KeyName>IAAA" + std::string(1, static_cast<char>('A' + i % 26)) + "Q==</KeyName>";
  EXPECT_EQ(keys_named_in(many).size(), kKeyNamesMax);
  EXPECT_TRUE(keys_of(key_of()).find("IAAAAg==").failed_with(Code::CskMissing));
  settings::Sip other;
  other.is_key_id_text = true;
  const auto text_form = derive_body_key(other, kId, std::string(kUser), kUser, csk());
  EXPECT_FALSE(text_form->integrity.equals(key_of()->integrity.reveal()));
  other.is_key_id_text = false;
  other.is_user_id_bare = true;
  const auto bare = derive_body_key(other, kId, std::string(kUser), kUser, csk());
  EXPECT_FALSE(bare->integrity.equals(key_of()->integrity.reveal()));
}

TEST(EncryptedXml, ElementThereAndBack) {
  const BodyKeyRef key = key_of();
  const auto encrypted = encrypt_element(*key, "<mcpttString>token</mcpttString>");
  ASSERT_TRUE(encrypted);
  const auto info = read_info(info_with(*encrypted), keys_of(key));
  ASSERT_TRUE(info) << info.error().where;
  EXPECT_EQ(info->access_token, "token");
  EXPECT_EQ(info->client_id, "c1");
  EXPECT_EQ(info->key, key);
  EXPECT_TRUE(info->is_clear) << "the client's identity was not encrypted";
  // With a prefix that was declared outside of what is encrypted.
  const auto prefixed = encrypt_element(*key, "<p:mcpttString>token</p:mcpttString>");
  const auto read =
      read_info("<p:mcpttinfo xmlns:p=\"urn:3gpp:ns:mcpttInfo:1.0\"><p:mcptt-Params><p:mcptt-access-token>" +
                    *prefixed + "</p:mcptt-access-token></p:mcptt-Params></p:mcpttinfo>",
                keys_of(key));
  ASSERT_TRUE(read) << read.error().where;
  EXPECT_EQ(read->access_token, "token");
  EXPECT_FALSE(read->is_clear);
}

TEST(EncryptedXml, Refusals) {
  const BodyKeyRef key = key_of();
  const std::string good = *encrypt_element(*key, "<mcpttString>token</mcpttString>");
  const auto code_of = [&](std::string what, std::string_view from, std::string_view to) {
    const std::size_t at = what.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    what.replace(at, from.size(), to);
    const auto info = read_info(info_with(what), keys_of(key));
    return info ? Code::Closed : info.error().code;
  };
  EXPECT_EQ(code_of(good, "#Content", "#Content"), Code::Closed);
  EXPECT_EQ(code_of(good, "#Content", "#Element"), Code::XmlEncryption);
  EXPECT_EQ(code_of(good, "aes128-gcm", "aes256-gcm"), Code::XmlEncryption);
  EXPECT_EQ(code_of(good, "xmlenc11#aes128-gcm", "xmlenc#aes128-cbc"), Code::XmlEncryption);
  EXPECT_EQ(code_of(good, "IAAAAQ==", "IAAAAg=="), Code::CskMissing);
  EXPECT_EQ(code_of(good, "<xenc:CipherValue>", "<xenc:CipherValue>AAAA"), Code::XmlEncryption);
  EXPECT_EQ(code_of(good, "<xenc:CipherValue>", "<xenc:CipherValue>!"), Code::XmlEncryption);
  EXPECT_EQ(code_of(good, "<ds:KeyName>", "<ds:KeyName/><ds:KeyName>"), Code::XmlEncryption);
  // What is inside is XML, and of the right kind; nothing encrypted twice.
  for (const char* inside :
       {"token", "<mcpttString>a", "<!DOCTYPE a><mcpttString>a</mcpttString>", "</content><content>"}) {
    const std::string bad = *encrypt_element(*key, inside);
    EXPECT_FALSE(read_info(info_with(bad), keys_of(key))) << inside;
  }
  EXPECT_FALSE(read_info(info_with(*encrypt_element(*key, good)), keys_of(key)));
  // Two elements under two keys are nobody's.
  const BodyKeyRef other = key_of(0x20000002);
  BodyKeys both = keys_of(key);
  both.add(other);
  const std::string two = "<mcpttinfo xmlns=\"urn:3gpp:ns:mcpttInfo:1.0\"><mcptt-Params><mcptt-access-token>" + good +
                          "</mcptt-access-token><mcptt-client-id>" +
                          *encrypt_element(*other, "<mcpttString>c</mcpttString>") +
                          "</mcptt-client-id></mcptt-Params></mcpttinfo>";
  EXPECT_TRUE(read_info(two, both).failed_with(Code::XmlEncryption));
}

TEST(EncryptedXml, Attributes) {
  const BodyKeyRef key = key_of();
  const auto value = encrypt_uri(*key, "urn:uuid:1", "as.example");
  ASSERT_TRUE(value);
  EXPECT_TRUE(value->ends_with(";key-id=IAAAAQ==;alg=128-aes-gcm@as.example")) << *value;
  EXPECT_TRUE(is_encrypted_uri(*value));
  EXPECT_FALSE(is_encrypted_uri("sip:a@b;iv=1"));
  EXPECT_EQ(decrypt_uri(*value, keys_of(key))->value, "urn:uuid:1");
  for (std::size_t i = 0; i < value->size(); ++i) {
    std::string bad = *value;
    bad[i] = bad[i] == 'A' ? 'B' : 'A';
    const auto opened = decrypt_uri(bad, keys_of(key));
    // The domain is a label and nothing else.
    EXPECT_EQ(opened.has_value(), i >= value->size() - std::string("as.example").size()) << i;
    EXPECT_FALSE(decrypt_uri(value->substr(0, i), keys_of(key)) && i + 10 < value->size()) << i;
  }
  EXPECT_TRUE(decrypt_uri(*value, BodyKeys()).failed_with(Code::CskMissing));
}

TEST(EncryptedXml, StateDocument) {
  const BodyKeyRef key = key_of();
  ClientState client;
  client.binding.name = {std::string(kUser), "mcptt", "urn:uuid:1"};
  client.has_full_access = true;
  const auto document = write_encrypted_state_document({client}, *key, "as.example");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->find("urn:uuid:1"), std::string::npos);
  BodyKeyRef used;
  EXPECT_TRUE(parse_settings_document(*document, "urn:uuid:1", keys_of(key), used));
  EXPECT_EQ(used, key);
  BodyKeyRef none;
  EXPECT_TRUE(parse_settings_document(*document, "urn:uuid:1", BodyKeys(), none).failed_with(Code::CskMissing));
}

struct Body {
  std::string content_type = "multipart/mixed;boundary=b";
  std::string text;
};
Body body_of(const std::string& info, const std::string& signatures, const std::string& id = "info@ue") {
  Body body;
  body.text = "--b\r\nContent-Type: application/vnd.3gpp.mcptt-info+xml\r\nContent-ID: <" + id + ">\r\n\r\n" + info +
              "\r\n--b\r\nContent-Type: application/vnd.3gpp.mcptt-signed+xml\r\n\r\n" + signatures + "\r\n--b--\r\n";
  return body;
}
Result<Signers> signers_of(const Body& body, const BodyKeys& keys) {
  const auto parts = sip::Parts::of(body.content_type, body.text);
  if (!parts) return parts.error();
  return check_signatures(*parts, services(), keys);
}

TEST(SignedDocument, ThereAndBack) {
  const Services all = services();
  const BodyKeyRef key = key_of();
  const std::string info = info_with("<mcpttString>t</mcpttString>");
  const std::string document = write_signatures(*all.find("mcptt"), *key, "info@ue", info);
  const auto signers = signers_of(body_of(info, document), keys_of(key));
  ASSERT_TRUE(signers) << signers.error().where;
  EXPECT_EQ((*signers)[0], key);
  EXPECT_EQ((*signers)[1], nullptr);
  const auto nobody = signers_of({"text/plain", "x"}, keys_of(key));
  ASSERT_TRUE(nobody);
  EXPECT_EQ((*nobody)[0], nullptr);
}

TEST(SignedDocument, Refusals) {
  const Services all = services();
  const BodyKeyRef key = key_of();
  const std::string info = info_with("<mcpttString>t</mcpttString>");
  const std::string good = write_signatures(*all.find("mcptt"), *key, "info@ue", info);
  const auto is_refused = [&](const std::string& text, const std::string& document, const std::string& id = "info@ue") {
    return signers_of(body_of(text, document, id), keys_of(key)).failed_with(Code::XmlSignature);
  };
  const auto with = [&good](std::string_view from, std::string_view to) {
    std::string document = good;
    const std::size_t at = document.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return document.replace(at, from.size(), to);
  };
  EXPECT_FALSE(is_refused(info, good));
  EXPECT_TRUE(is_refused(info + " ", good)) << "octets as they came";
  EXPECT_TRUE(is_refused(info, good, "other@ue"));
  EXPECT_TRUE(is_refused(info, with("cid:info@ue", "cid:")));
  EXPECT_TRUE(is_refused(info, with("cid:info@ue", "http://a.example/b")));
  EXPECT_TRUE(is_refused(info, with("cid:info@ue", "")));
  EXPECT_TRUE(is_refused(info, with("hmac-sha256", "hmac-sha512")));
  EXPECT_TRUE(is_refused(info, with("xmldsig-more#hmac-sha256", "xmldsig#hmac-sha1")));
  EXPECT_TRUE(is_refused(info, with("xmlenc#sha256", "xmlenc#sha512")));
  EXPECT_TRUE(is_refused(info, with("</SignatureMethod>", "<HMACOutputLength>8</HMACOutputLength></SignatureMethod>")));
  EXPECT_TRUE(is_refused(info, with("IAAAAQ==", "IAAAAg==")));
  EXPECT_TRUE(is_refused(info, with("<KeyName>", "<KeyName></KeyName><KeyName>")));
  EXPECT_TRUE(is_refused(info, with("<KeyInfo>", "<KeyInfo><RetrievalMethod URI=\"http://a\"/>")));
  EXPECT_TRUE(is_refused(info, with("<DigestMethod",
                                    "<Transforms><Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xslt-19991116\"/>"
                                    "</Transforms><DigestMethod")));
  EXPECT_TRUE(is_refused(info, with("mcpttSignedDoc", "mcvideoSignedDoc")));
  EXPECT_TRUE(is_refused(info, "<signatures xmlns=\"urn:3gpp:ns:mcpttSignedDoc:1.0\"/>"));
  EXPECT_TRUE(is_refused(info, "no xml"));
  EXPECT_TRUE(is_refused(info, "<!DOCTYPE a>" + good));
  // Two parts of one Content-ID: which one was meant?
  Body twice = body_of(info, good);
  twice.text = "--b\r\nContent-ID: <info@ue>\r\n\r\nother\r\n" + twice.text;
  EXPECT_TRUE(signers_of(twice, keys_of(key)).failed_with(Code::XmlSignature));
  // A good one beside a bad one.
  const std::size_t end = good.find("</signatures>");
  const std::size_t begin = good.find("<Signature ");
  EXPECT_TRUE(
      is_refused(info, good.substr(0, end) + "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"/></signatures>"));
  EXPECT_FALSE(is_refused(info, good.substr(0, end) + good.substr(begin, end - begin) + "</signatures>"));
}

TEST(Refusals, TheirReasons) {
  EXPECT_EQ(name_of(refusal_of(Code::ServiceNotAuthorised)), "token");
  EXPECT_EQ(name_of(refusal_of(Code::XmlSignature)), "protection");
  EXPECT_EQ(name_of(refusal_of(Code::EntityTagUnknown)), "unknown");
  EXPECT_EQ(name_of(refusal_of(Code::XmlSyntax)), "malformed");
  EXPECT_EQ(name_of(refusal_of(Code::Overload)), "overload");
  RegistrarFigures figures(2);
  figures.of(1).authorised.add();
  figures.of(7).authorised.add();
  EXPECT_EQ(figures.of(1).authorised.read(), 1U);
  EXPECT_EQ(figures.of(2).authorised.read(), 1U) << "no service's";
}

class Xmlsec : public testing::Test {
 protected:
  void SetUp() override {
    if (std::system("xmlsec1 --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "xmlsec1 is not installed";
    std::string name = testing::TempDir() + "claviger-xmlsec.XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    write("cipher.bin", std::string(as_text(key_->confidentiality.reveal())));
    write("mac.bin", std::string(as_text(key_->integrity.reveal())));
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }
  void write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << text;
  }
  std::string read(const std::string& name) {
    std::ostringstream text;
    text << std::ifstream(folder_ + "/" + name, std::ios::binary).rdbuf();
    return text.str();
  }
  int run(const std::string& arguments) {
    return std::system(("cd " + folder_ + " && xmlsec1 " + arguments + " >/dev/null 2>&1").c_str());
  }

  BodyKeyRef key_ = key_of();
  std::string folder_;
};

TEST_F(Xmlsec, OpensWhatWeEncrypt) {
  write("in.xml",
        info_with(*encrypt_element(*key_, "<mcpttString xmlns=\"urn:3gpp:ns:mcpttInfo:1.0\">token</mcpttString>")));
  ASSERT_EQ(run("--decrypt --aeskey:IAAAAQ== cipher.bin --output out.xml in.xml"), 0);
  EXPECT_NE(read("out.xml").find(">token</mcpttString>"), std::string::npos) << read("out.xml");
}

TEST_F(Xmlsec, EncryptsWhatWeOpen) {
  write("in.xml", info_with("<mcpttString>token</mcpttString>"));
  write("template.xml",
        "<e:EncryptedData xmlns:e=\"http://www.w3.org/2001/04/xmlenc#\" "
        "Type=\"http://www.w3.org/2001/04/xmlenc#Content\">"
        "<e:EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#aes128-gcm\"/>"
        "<d:KeyInfo xmlns:d=\"http://www.w3.org/2000/09/xmldsig#\"><d:KeyName>IAAAAQ==</d:KeyName></d:KeyInfo>"
        "<e:CipherData><e:CipherValue/></e:CipherData></e:EncryptedData>");
  ASSERT_EQ(run("--encrypt --aeskey:IAAAAQ== cipher.bin --xml-data in.xml --node-name "
                "urn:3gpp:ns:mcpttInfo:1.0:mcptt-access-token --output out.xml template.xml"),
            0);
  const auto info = read_info(read("out.xml"), keys_of(key_));
  ASSERT_TRUE(info) << info.error().where << read("out.xml");
  EXPECT_EQ(info->access_token, "token");
  EXPECT_EQ(info->key, key_);
}

TEST_F(Xmlsec, VerifiesWhatWeSign) {
  const Services all = services();
  const std::string info = info_with("<mcpttString>t</mcpttString>");
  write("info.xml", info);
  write("signed.xml", write_signatures(*all.find("mcptt"), *key_, "info@ue", info));
  EXPECT_EQ(run("--verify --hmackey:IAAAAQ== mac.bin --url-map:cid:info@ue info.xml signed.xml"), 0);
  write("info.xml", info + "\n");
  EXPECT_NE(run("--verify --hmackey:IAAAAQ== mac.bin --url-map:cid:info@ue info.xml signed.xml"), 0);
}

TEST_F(Xmlsec, SignsWhatWeVerify) {
  // A comment and blanks, so that canonical forms differ.
  const std::string info = "<a  b='1'\n><!-- c --><mcpttinfo xmlns=\"urn:3gpp:ns:mcpttInfo:1.0\"/></a>";
  write("info.xml", info);
  const std::string exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#";
  const std::string inclusive = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
  const std::string eleven = "http://www.w3.org/2006/12/xml-c14n11";
  for (const std::string& form :
       {exclusive, exclusive + "WithComments", inclusive, inclusive + "#WithComments", eleven}) {
    for (const bool has_transform : {false, true}) {
      write(
          "template.xml",
          "<?xml version=\"1.0\"?><s:signatures xmlns:s=\"urn:3gpp:ns:mcpttSignedDoc:1.0\" xmlns:x=\"urn:x\"><!-- d -->"
          "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><SignedInfo><!-- e --><CanonicalizationMethod "
          "Algorithm=\"" +
              form +
              "\"/><SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#hmac-sha256\"/>"
              "<Reference URI=\"cid:info@ue\">" +
              (has_transform ? "<Transforms><Transform Algorithm=\"" + form + "\"/></Transforms>" : "") +
              "<DigestMethod "
              "Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><DigestValue/></Reference></SignedInfo>"
              "<SignatureValue/><KeyInfo><KeyName>IAAAAQ==</KeyName></KeyInfo></Signature></s:signatures>");
      ASSERT_EQ(
          run("--sign --hmackey:IAAAAQ== mac.bin --url-map:cid:info@ue info.xml --output signed.xml template.xml"), 0)
          << form;
      const auto signers = signers_of(body_of(info, read("signed.xml")), keys_of(key_));
      ASSERT_TRUE(signers) << form << has_transform << signers.error().where;
      EXPECT_EQ((*signers)[0], key_);
      EXPECT_FALSE(signers_of(body_of(info + "<!-- -->", read("signed.xml")), keys_of(key_)).has_value() &&
                   !has_transform);
    }
  }
}

}  // namespace
}  // namespace claviger::registration
