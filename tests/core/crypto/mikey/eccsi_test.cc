#include "core/crypto/mikey/eccsi.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/core/crypto/mikey/published.h"

namespace claviger::mikey {
namespace {

struct Rfc6507 {
  codec::JsonObject values = object_at(published(), "rfc6507");
  codec::JsonObject sign = object_at(values, "sign");
  EccsiMasterSecret master = *EccsiMasterSecret::from_octets(octets_at(values, "KSAK"));
  std::vector<std::byte> identifier = octets_at(values, "identifier");
  std::vector<std::byte> message = octets_at(sign, "M");
  std::vector<std::byte> signature = octets_at(sign, "signature");
  EccsiUserKey key = *issue_eccsi_key_with(master, identifier, secret_of<32>(octets_at(values, "v")));
};

EccsiUserKey key_of(codec::JsonObject entry) {
  EccsiUserKey key{secret_of<32>(octets_at(entry, "SSK")), {}};
  const auto pvt = octets_at(entry, "PVT");
  std::copy(pvt.begin(), pvt.end(), key.pvt.begin());
  return key;
}

TEST(Eccsi, ReproducesTheKmsOfRfc6507) {
  const Rfc6507 rfc;
  EXPECT_EQ(to_hex(rfc.master.public_key().octets()), text_at(object_at(rfc.values, "KPAK"), "octets"));
  EXPECT_EQ(to_hex(rfc.key.pvt), text_at(object_at(rfc.values, "PVT"), "octets"));
  EXPECT_EQ(to_hex(rfc.key.ssk.reveal()), text_at(rfc.values, "SSK"));
  EXPECT_TRUE(check_eccsi_key(rfc.master.public_key(), rfc.identifier, rfc.key));
}

TEST(Eccsi, ReproducesTheSignatureOfRfc6507) {
  const Rfc6507 rfc;
  const auto signature = eccsi_sign_with(rfc.master.public_key(), rfc.identifier, rfc.key, rfc.message,
                                         secret_of<32>(octets_at(rfc.sign, "j")));
  ASSERT_TRUE(signature);
  EXPECT_EQ(to_hex(*signature), to_hex(rfc.signature));
  EXPECT_TRUE(eccsi_verify(rfc.master.public_key(), rfc.identifier, rfc.message, *signature));
}

TEST(Eccsi, ReproducesTheIssuedKeys) {
  for (const auto value : array_at(published(), "issued")) {
    const auto entry = *value.as_object();
    const auto master = EccsiMasterSecret::from_octets(octets_at(entry, "ksak"));
    ASSERT_TRUE(master);
    EXPECT_EQ(to_hex(master->public_key().octets()), text_at(entry, "KPAK"));
    const auto key = issue_eccsi_key_with(*master, octets_at(entry, "uid"), secret_of<32>(octets_at(entry, "v")));
    ASSERT_TRUE(key);
    EXPECT_EQ(to_hex(key->ssk.reveal()), text_at(entry, "SSK"));
    EXPECT_EQ(to_hex(key->pvt), text_at(entry, "PVT"));
    EXPECT_TRUE(check_eccsi_key(master->public_key(), octets_at(entry, "uid"), *key));
  }
}

TEST(Eccsi, AcceptsTheKeysOfAnIndependentKmsAndNoOthers) {
  const auto interop = object_at(published(), "interop");
  const auto kpak = EccsiPublicKey::from_octets(octets_at(interop, "PubAuthKey"));
  ASSERT_TRUE(kpak);
  for (const auto value : array_at(interop, "key_sets")) {
    for (const auto other : array_at(interop, "key_sets")) {
      const auto uid = octets_at(*value.as_object(), "uid");
      const auto checked = check_eccsi_key(*kpak, uid, key_of(*other.as_object()));
      if (uid == octets_at(*other.as_object(), "uid")) {
        EXPECT_TRUE(checked);
      } else {
        EXPECT_TRUE(checked.failed_with(Code::KeyType));
      }
    }
  }
}

TEST(Eccsi, RefusesTheNegativeVectors) {
  Rfc6507 rfc;
  std::size_t seen = 0;
  for (const auto value : array_at(published(), "negative")) {
    const auto entry = *value.as_object();
    if (entry.contains("signature")) {
      EXPECT_TRUE(eccsi_verify(rfc.master.public_key(), rfc.identifier, rfc.message, octets_at(entry, "signature"))
                      .failed_with(Code::SignatureInvalid));
      ++seen;
    }
    if (entry.contains("pvt")) {
      const auto pvt = octets_at(entry, "pvt");
      std::copy(pvt.begin(), pvt.end(), rfc.key.pvt.begin());
      EXPECT_TRUE(check_eccsi_key(rfc.master.public_key(), rfc.identifier, rfc.key).failed_with(Code::KeyType));
      std::copy(pvt.begin(), pvt.end(), rfc.signature.begin() + 64);
      EXPECT_TRUE(eccsi_verify(rfc.master.public_key(), rfc.identifier, rfc.message, rfc.signature)
                      .failed_with(Code::SignatureInvalid));
      ++seen;
    }
  }
  EXPECT_EQ(seen, 2U);
}

TEST(Eccsi, RefusesEveryAlteredOctetAndLengthOfASignature) {
  Rfc6507 rfc;
  const EccsiPublicKey& kpak = rfc.master.public_key();
  for (std::size_t at = 0; at < rfc.signature.size(); ++at) {
    rfc.signature[at] ^= std::byte{1};
    EXPECT_TRUE(eccsi_verify(kpak, rfc.identifier, rfc.message, rfc.signature).failed_with(Code::SignatureInvalid))
        << at;
    rfc.signature[at] ^= std::byte{1};
  }
  for (const std::size_t size : {std::size_t{0}, std::size_t{64}, std::size_t{128}}) {
    EXPECT_FALSE(eccsi_verify(kpak, rfc.identifier, rfc.message, Bytes(rfc.signature).first(size)));
  }
  rfc.signature.push_back(std::byte{0});
  EXPECT_FALSE(eccsi_verify(kpak, rfc.identifier, rfc.message, rfc.signature));
  rfc.signature.pop_back();
  EXPECT_FALSE(eccsi_verify(kpak, rfc.identifier, Bytes(rfc.message).first(3), rfc.signature));
  EXPECT_FALSE(eccsi_verify(kpak, rfc.message, rfc.message, rfc.signature));
  EXPECT_TRUE(eccsi_verify(kpak, rfc.identifier, rfc.message, rfc.signature));
  // r = 0 and s = 0
  std::fill_n(rfc.signature.begin(), 32, std::byte{0});
  EXPECT_FALSE(eccsi_verify(kpak, rfc.identifier, rfc.message, rfc.signature));
  rfc = Rfc6507();
  std::fill_n(rfc.signature.begin() + 32, 32, std::byte{0});
  EXPECT_FALSE(eccsi_verify(kpak, rfc.identifier, rfc.message, rfc.signature));
}

TEST(Eccsi, RefusesScalarsAndPointsOutOfRange) {
  const auto q = octets_at(object_at(published(), "rfc6507"), "q");
  EXPECT_TRUE(EccsiMasterSecret::from_octets(q).failed_with(Code::OutOfRange));
  EXPECT_TRUE(EccsiMasterSecret::from_octets(std::vector<std::byte>(32)).failed_with(Code::OutOfRange));
  EXPECT_TRUE(EccsiMasterSecret::from_octets(std::vector<std::byte>(31, std::byte{1})).failed_with(Code::OutOfRange));
  Rfc6507 rfc;
  std::vector<std::byte> point(rfc.master.public_key().octets().begin(), rfc.master.public_key().octets().end());
  EXPECT_TRUE(EccsiPublicKey::from_octets(point));
  point.back() ^= std::byte{1};
  EXPECT_TRUE(EccsiPublicKey::from_octets(point).failed_with(Code::KeyNotOnCurve));
  point[0] = std::byte{2};
  EXPECT_TRUE(EccsiPublicKey::from_octets(point).failed_with(Code::KeyMalformed));
  EXPECT_TRUE(EccsiPublicKey::from_octets(Bytes(point).first(33)).failed_with(Code::KeyMalformed));
  EXPECT_TRUE(EccsiPublicKey::from_octets(std::array{std::byte{0}}).failed_with(Code::KeyMalformed));
  const auto p = octets_at(rfc.values, "p");
  point[0] = std::byte{4};
  std::copy(p.begin(), p.end(), point.begin() + 1);
  EXPECT_TRUE(EccsiPublicKey::from_octets(point).failed_with(Code::KeyMalformed));
  EXPECT_TRUE(issue_eccsi_key(rfc.master, {}).failed_with(Code::BadValue));
  EXPECT_TRUE(issue_eccsi_key_with(rfc.master, rfc.identifier, secret_of<32>(q)).failed_with(Code::OutOfRange));
}

TEST(Eccsi, IssuesAnotherPairEachTimeAndAllAreGood) {
  const Rfc6507 rfc;
  const auto master = EccsiMasterSecret::generate();
  ASSERT_TRUE(master);
  std::set<std::string> seen;
  for (int i = 0; i < 10'000; ++i) {  // acceptance list: no PVT comes twice
    const auto key = issue_eccsi_key(*master, rfc.identifier);
    ASSERT_TRUE(key);
    EXPECT_TRUE(seen.insert(to_hex(key->pvt)).second);
    if (i >= 20) continue;
    EXPECT_TRUE(check_eccsi_key(master->public_key(), rfc.identifier, *key));
    const auto signature = eccsi_sign(master->public_key(), rfc.identifier, *key, rfc.message);
    ASSERT_TRUE(signature);
    EXPECT_TRUE(eccsi_verify(master->public_key(), rfc.identifier, rfc.message, *signature));
  }
}

}  // namespace
}  // namespace claviger::mikey
