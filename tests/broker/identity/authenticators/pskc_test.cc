#include "broker/identity/authenticators/pskc.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "core/codec/hex.h"

namespace claviger::identity {
namespace {

constexpr std::string_view kSeed = "12345678901234567890";

// RFC 6030 clause 4.3.1, figure 3, shortened.
const std::string kPlain = R"(<?xml version="1.0" encoding="UTF-8"?>
<KeyContainer Version="1.0" Id="exampleID1" xmlns="urn:ietf:params:xml:ns:keyprov:pskc">
  <KeyPackage>
    <DeviceInfo><Manufacturer>Manufacturer</Manufacturer><SerialNo>987654321</SerialNo></DeviceInfo>
    <Key Id="12345678" Algorithm="urn:ietf:params:xml:ns:keyprov:pskc:hotp">
      <Issuer>Issuer</Issuer>
      <AlgorithmParameters><ResponseFormat Length="8" Encoding="DECIMAL"/></AlgorithmParameters>
      <Data>
        <Secret><PlainValue>MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=</PlainValue></Secret>
        <Counter><PlainValue>7</PlainValue></Counter>
      </Data>
    </Key>
  </KeyPackage>
</KeyContainer>)";

// RFC 6030 clause 6.1, figure 6, with its prefixes.
const std::string kEncrypted = R"(<?xml version="1.0" encoding="UTF-8"?>
<pskc:KeyContainer Version="1.0" xmlns:pskc="urn:ietf:params:xml:ns:keyprov:pskc"
  xmlns:ds="http://www.w3.org/2000/09/xmldsig#" xmlns:xenc="http://www.w3.org/2001/04/xmlenc#">
  <pskc:EncryptionKey><ds:KeyName>Pre-shared-key</ds:KeyName></pskc:EncryptionKey>
  <pskc:MACMethod Algorithm="http://www.w3.org/2000/09/xmldsig#hmac-sha1">
    <pskc:MACKey>
      <xenc:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes128-cbc"/>
      <xenc:CipherData><xenc:CipherValue>ESIzRFVmd4iZABEiM0RVZgKn6WjLaTC1sbeBMSvIhRejN9vJa2BOlSaMrR7I5wSX</xenc:CipherValue></xenc:CipherData>
    </pskc:MACKey>
  </pskc:MACMethod>
  <pskc:KeyPackage>
    <pskc:DeviceInfo><pskc:Manufacturer>Manufacturer</pskc:Manufacturer><pskc:SerialNo>987654321</pskc:SerialNo></pskc:DeviceInfo>
    <pskc:Key Id="12345678" Algorithm="urn:ietf:params:xml:ns:keyprov:pskc:hotp">
      <pskc:AlgorithmParameters><pskc:ResponseFormat Length="8" Encoding="DECIMAL"/></pskc:AlgorithmParameters>
      <pskc:Data>
        <pskc:Secret>
          <pskc:EncryptedValue>
            <xenc:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes128-cbc"/>
            <xenc:CipherData><xenc:CipherValue>AAECAwQFBgcICQoLDA0OD+cIHItlB3Wra1DUpxVvOx2lef1VmNPCMl8jwZqIUqGv</xenc:CipherValue></xenc:CipherData>
          </pskc:EncryptedValue>
          <pskc:ValueMAC>Su+NvtQfmvfJzF6bmQiJqoLRExc=</pskc:ValueMAC>
        </pskc:Secret>
        <pskc:Counter><pskc:PlainValue>0</pskc:PlainValue></pskc:Counter>
      </pskc:Data>
    </pskc:Key>
  </pskc:KeyPackage>
</pskc:KeyContainer>)";

std::array<std::byte, 16> preshared_key() {
  std::array<std::byte, 16> key{};
  EXPECT_TRUE(codec::hex_decode("12345678901234567890123456789012", key));
  return key;
}

std::string replaced(std::string text, std::string_view old, std::string_view by) {
  const std::size_t at = text.find(old);
  EXPECT_NE(at, std::string::npos) << old;
  return text.replace(at, old.size(), by);
}

Code refusal(const std::string& xml, Bytes key = {}) {
  const auto read = read_pskc(xml, key);
  return read ? Code::Duplicate : read.error().code;
}

TEST(Pskc, Rfc6030Figure3) {
  const auto keys = read_pskc(kPlain, {});
  ASSERT_TRUE(keys);
  ASSERT_EQ(keys->size(), 1U);
  EXPECT_EQ(keys->front().kind, "hotp");
  EXPECT_EQ(keys->front().serial, "987654321");
  EXPECT_EQ(keys->front().digits, 8U);
  EXPECT_EQ(keys->front().counter, 7U);
  EXPECT_EQ(as_text(keys->front().seed.reveal()), kSeed);
}

TEST(Pskc, Rfc6030Figure6) {
  const auto keys = read_pskc(kEncrypted, preshared_key());
  ASSERT_TRUE(keys) << keys.error().where;
  EXPECT_EQ(as_text(keys->front().seed.reveal()), kSeed);
}

TEST(Pskc, ATotpToken) {
  const std::string xml = replaced(replaced(kPlain, "pskc:hotp", "pskc:totp"), "<Counter>",
                                   "<TimeInterval><PlainValue>60</PlainValue></TimeInterval><Counter>");
  const auto keys = read_pskc(replaced(xml, "<ResponseFormat", "<Suite>HMAC-SHA256</Suite><ResponseFormat"), {});
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->front().kind, "totp");
  EXPECT_EQ(keys->front().period_seconds, 60U);
  EXPECT_EQ(keys->front().algorithm, crypto::OtpAlgorithm::Sha256);
}

TEST(Pskc, Refuses) {
  for (std::size_t size = 0; size < kPlain.size() - 1; size += 7) {
    EXPECT_EQ(refusal(kPlain.substr(0, size)), Code::PskcInvalid) << size;
  }
  EXPECT_EQ(refusal(kEncrypted), Code::PskcInvalid);  // without the key
  EXPECT_EQ(refusal(replaced(kEncrypted, "Su+N", "Su+M"), preshared_key()), Code::PskcInvalid);
  EXPECT_EQ(refusal(replaced(kEncrypted, "AAECAw", "AAECBw"), preshared_key()), Code::PskcInvalid);
  EXPECT_EQ(refusal(kEncrypted, as_bytes("another key of16")), Code::PskcInvalid);
  EXPECT_EQ(refusal(kEncrypted, as_bytes("short")), Code::PskcInvalid);
  EXPECT_EQ(refusal(kPlain, preshared_key()), Code::PskcInvalid);  // a key for a file that has no MAC
  EXPECT_EQ(refusal(replaced(kPlain, "pskc:hotp", "pskc:ocra")), Code::PskcInvalid);
  EXPECT_EQ(refusal(replaced(kPlain, "DECIMAL", "HEXADECIMAL")), Code::PskcInvalid);
  EXPECT_EQ(refusal(replaced(kPlain, "Length=\"8\"", "Length=\"-8\"")), Code::PskcInvalid);
  EXPECT_EQ(refusal(replaced(kPlain, "MTIz", "MT!z")), Code::PskcInvalid);
  EXPECT_EQ(refusal(replaced(kPlain, "<KeyContainer", "<!DOCTYPE x [<!ENTITY a \"b\">]><KeyContainer")),
            Code::PskcInvalid);
  EXPECT_EQ(refusal(std::string(kPskcBytesMax + 1, ' ')), Code::PskcInvalid);
}

}  // namespace
}  // namespace claviger::identity
