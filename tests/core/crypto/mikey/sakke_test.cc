#include "core/crypto/mikey/sakke.h"

#include <gtest/gtest.h>

#include "core/crypto/mikey/hash_to_range.h"
#include "core/crypto/random.h"
#include "tests/core/crypto/mikey/published.h"

namespace claviger::mikey {
namespace {

struct Rfc6508 {
  codec::JsonObject values = object_at(published(), "rfc6508");
  SakkeMasterSecret master = *SakkeMasterSecret::from_octets(scalar_at(values, "z"));
  std::vector<std::byte> identifier = octets_at(values, "identifier");
  std::string rsk_hex = text_at(object_at(values, "RSK"), "octets");
  Rsk rsk = secret_of<kSakkePointBytes>(from_hex(rsk_hex));
  std::string encapsulated_hex = text_at(object_at(values, "encapsulate"), "encapsulated_data");
  SharedSecret secret = secret_of<16>(octets_at(object_at(values, "encapsulate"), "SSV"));
};

TEST(Sakke, ReproducesTheKmsOfRfc6508) {
  const Rfc6508 rfc;
  EXPECT_EQ(to_hex(rfc.master.public_key().octets()), text_at(object_at(rfc.values, "Z"), "octets"));
  const auto rsk = extract_rsk(rfc.master, rfc.identifier);
  ASSERT_TRUE(rsk);
  EXPECT_EQ(to_hex(rsk->reveal()), rfc.rsk_hex);
}

TEST(Sakke, ReproducesTheClientsOfRfc6508) {
  const Rfc6508 rfc;
  const SakkePublicKey z = *SakkePublicKey::from_octets(rfc.master.public_key().octets());
  EXPECT_TRUE(check_rsk(z, rfc.identifier, rfc.rsk.reveal()));
  const auto encapsulated = sakke_encapsulate(z, rfc.identifier, rfc.secret);
  ASSERT_TRUE(encapsulated);
  EXPECT_EQ(to_hex(*encapsulated), rfc.encapsulated_hex);
  const auto opened = sakke_decapsulate(z, rfc.identifier, rfc.rsk, *encapsulated);
  ASSERT_TRUE(opened);
  EXPECT_TRUE(opened->equals(rfc.secret.reveal()));
}

TEST(Sakke, ReproducesTheHashesOfRfc6508) {
  const auto trace = object_at(object_at(published(), "rfc6508"), "encapsulate");
  std::vector<std::byte> message = octets_at(trace, "SSV");
  const auto identifier = octets_at(object_at(published(), "rfc6508"), "identifier");
  message.insert(message.end(), identifier.begin(), identifier.end());
  std::array<std::byte, kSakkeScalarBytes> r;
  words_to_octets(hash_to_order(message), r);
  EXPECT_EQ(to_hex(r), to_hex(scalar_at(trace, "r")));
  EXPECT_EQ(to_hex(hash_to_128_bits(octets_at(trace, "g_r"))), text_at(trace, "mask"));
}

TEST(Sakke, ReproducesTheIssuedKeysAtTheEdgesOfZ) {  // z = 2 and z = q - 1 among them
  for (const auto value : array_at(published(), "issued")) {
    const auto entry = *value.as_object();
    const auto master = SakkeMasterSecret::from_octets(scalar_at(entry, "z"));
    ASSERT_TRUE(master);
    EXPECT_EQ(to_hex(master->public_key().octets()), text_at(entry, "Z"));
    const auto rsk = extract_rsk(*master, octets_at(entry, "uid"));
    ASSERT_TRUE(rsk);
    EXPECT_EQ(to_hex(rsk->reveal()), text_at(entry, "RSK"));
    EXPECT_TRUE(check_rsk(master->public_key(), octets_at(entry, "uid"), rsk->reveal()));
  }
}

TEST(Sakke, AcceptsTheKeysOfAnIndependentKmsAndNoOthers) {
  const auto interop = object_at(published(), "interop");
  const auto z = SakkePublicKey::from_octets(octets_at(interop, "PubEncKey"));
  ASSERT_TRUE(z);
  for (const auto value : array_at(interop, "key_sets")) {
    for (const auto other : array_at(interop, "key_sets")) {
      const auto uid = octets_at(*value.as_object(), "uid");
      const auto checked = check_rsk(*z, uid, octets_at(*other.as_object(), "RSK"));
      if (uid == octets_at(*other.as_object(), "uid")) {
        EXPECT_TRUE(checked);
      } else {
        EXPECT_TRUE(checked.failed_with(Code::KeyType));
      }
    }
  }
}

TEST(Sakke, Row40RefusesEveryNegativeVectorOfPointsAndData) {
  const Rfc6508 rfc;
  const SakkePublicKey& z = rfc.master.public_key();
  std::size_t seen = 0;
  for (const auto value : array_at(published(), "negative")) {
    const auto entry = *value.as_object();
    const std::string what = text_at(entry, "what");
    if (entry.contains("rsk")) {
      EXPECT_FALSE(check_rsk(z, rfc.identifier, octets_at(entry, "rsk"))) << what;
      ++seen;
    }
    if (entry.contains("encapsulated_data")) {
      EXPECT_TRUE(sakke_decapsulate(z, rfc.identifier, rfc.rsk, octets_at(entry, "encapsulated_data"))
                      .failed_with(Code::SealBroken))
          << what;
      ++seen;
    }
    if (entry.contains("point")) {
      const auto point = octets_at(entry, "point");
      EXPECT_FALSE(SakkePublicKey::from_octets(point)) << what;
      EXPECT_FALSE(check_rsk(z, rfc.identifier, point)) << what;
      std::vector<std::byte> encapsulated = point;
      encapsulated.resize(point.size() + kSharedSecretBytes);
      EXPECT_TRUE(sakke_decapsulate(z, rfc.identifier, rfc.rsk, encapsulated).failed_with(Code::SealBroken)) << what;
      ++seen;
    }
  }
  EXPECT_EQ(seen, 8U);
}

TEST(Sakke, RefusesMasterSecretsOutOfRange) {
  const auto order = scalar_at(object_at(published(), "parameter_set_1"), "q");
  std::vector<std::byte> octets(kSakkeScalarBytes);
  EXPECT_TRUE(SakkeMasterSecret::from_octets(octets).failed_with(Code::OutOfRange));  // 0
  octets.back() = std::byte{1};
  EXPECT_TRUE(SakkeMasterSecret::from_octets(octets).failed_with(Code::OutOfRange));
  octets.back() = std::byte{2};
  EXPECT_TRUE(SakkeMasterSecret::from_octets(octets));
  EXPECT_TRUE(SakkeMasterSecret::from_octets(order).failed_with(Code::OutOfRange));
  EXPECT_TRUE(SakkeMasterSecret::from_octets(Bytes(octets).subspan(1)).failed_with(Code::OutOfRange));
}

TEST(Sakke, RefusesTheIdentifierThatIsTheNegativeOfZ) {  // s = a + z = 0 modulo q: 7.2 step 2
  const auto order = scalar_at(object_at(published(), "parameter_set_1"), "q");
  std::vector<std::byte> z = order;
  z.back() = z.back() ^ std::byte{1};  // q is odd: q - 1
  const auto master = SakkeMasterSecret::from_octets(z);
  ASSERT_TRUE(master);
  EXPECT_TRUE(extract_rsk(*master, std::array{std::byte{1}}).failed_with(Code::BadValue));
  EXPECT_TRUE(extract_rsk(*master, std::array{std::byte{2}}));
  EXPECT_TRUE(extract_rsk(*master, {}).failed_with(Code::BadValue));
  EXPECT_TRUE(extract_rsk(*master, std::array{std::byte{0}}).failed_with(Code::BadValue));
  EXPECT_TRUE(extract_rsk(*master, std::vector<std::byte>(kIdentifierBytesMax, std::byte{255})));
  EXPECT_TRUE(
      extract_rsk(*master, std::vector<std::byte>(kIdentifierBytesMax + 1, std::byte{1})).failed_with(Code::BadValue));
}

TEST(Sakke, WhatIsEncapsulatedOpensForItsReceiverAlone) {
  const auto master = SakkeMasterSecret::generate();
  ASSERT_TRUE(master);
  const auto alice = crypto::random_bytes<32>();
  const auto bob = crypto::random_bytes<32>();
  const auto secret = crypto::random_bytes<16>();
  const auto alice_rsk = extract_rsk(*master, alice->reveal());
  const auto bob_rsk = extract_rsk(*master, bob->reveal());
  EXPECT_EQ(to_hex(extract_rsk(*master, alice->reveal())->reveal()), to_hex(alice_rsk->reveal()));  // determinism
  auto encapsulated = sakke_encapsulate(master->public_key(), alice->reveal(), *secret);
  ASSERT_TRUE(encapsulated);
  EXPECT_TRUE(
      sakke_decapsulate(master->public_key(), alice->reveal(), *alice_rsk, *encapsulated)->equals(secret->reveal()));
  EXPECT_TRUE(
      sakke_decapsulate(master->public_key(), bob->reveal(), *bob_rsk, *encapsulated).failed_with(Code::SealBroken));
  EXPECT_TRUE(
      sakke_decapsulate(master->public_key(), alice->reveal(), *bob_rsk, *encapsulated).failed_with(Code::SealBroken));
  for (const std::size_t at : {std::size_t{0}, std::size_t{1}, std::size_t{200}, std::size_t{272}}) {
    (*encapsulated)[at] ^= std::byte{1};
    EXPECT_TRUE(sakke_decapsulate(master->public_key(), alice->reveal(), *alice_rsk, *encapsulated)
                    .failed_with(Code::SealBroken));
    (*encapsulated)[at] ^= std::byte{1};
  }
}

}  // namespace
}  // namespace claviger::mikey
