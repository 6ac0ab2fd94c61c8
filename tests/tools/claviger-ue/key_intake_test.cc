#include "tools/claviger-ue/key_intake.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "core/codec/hex.h"
#include "core/crypto/mikey/i_message.h"
#include "tools/claviger-ue/key_ring.h"

namespace claviger::ue {
namespace {

constexpr std::string_view kUser = "sip:ann@alpha.example";
constexpr std::string_view kKms = "kms.alpha.example";
constexpr std::uint64_t kPeriodSeconds = 2'592'000;

std::string hex(Bytes bytes) {
  std::string text;
  codec::hex_encode(bytes, text);
  return text;
}

class KeyIntake : public testing::Test {
 protected:
  KeyIntake() {
    std::string pattern = testing::TempDir() + "intakeXXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    path_ = Vault::path_of(folder_, "ann");
  }
  ~KeyIntake() override { std::filesystem::remove_all(folder_); }

  KmsCertificate certificate() const {
    KmsCertificate made;
    const std::string text =
        "<KmsCertificate xmlns=\"urn:3gpp:ns:mcsecKMSInterface:1.0\" Role=\"Root\"><CertUri>cert1"
        "</CertUri><KmsUri>kms.alpha.example</KmsUri><UserIdFormat>2</UserIdFormat><UserKeyPeriod>"
        "2592000</UserKeyPeriod><UserKeyOffset>0</UserKeyOffset><PubEncKey>" +
        hex(sakke_.public_key().octets()) + "</PubEncKey><PubAuthKey>" + hex(eccsi_.public_key().octets()) +
        "</PubAuthKey><ParameterSet>1</ParameterSet>" + "</KmsCertificate>";
    const auto tree = XmlTree::read(text);
    return *read_certificate(*tree, tree->root());
  }
  KeySet key_set(std::uint64_t period) const {
    const auto uid = *mikey::compute_uid(kUser, kKms, *mikey::KeyPeriods::make(kPeriodSeconds, 0), period);
    const auto signing = *mikey::issue_eccsi_key(eccsi_, uid);
    KeySet set;
    set.kms_uri = kKms;
    set.cert_uri = "cert1";
    set.user_uri = kUser;
    set.user_id = uid;
    set.period = period;
    set.rsk = SecretBytes(mikey::extract_rsk(sakke_, uid)->reveal());
    set.ssk = SecretBytes(signing.ssk.reveal());
    set.pvt = signing.pvt;
    return set;
  }
  Vault create() const {
    auto vault = Vault::create(path_, as_bytes("secret"));
    EXPECT_TRUE(vault);
    EXPECT_TRUE(KeyRing(*vault).keep(certificate()));
    return *std::move(vault);
  }
  static void keep(Vault& vault, const KeySet& set) { EXPECT_TRUE(KeyRing(vault).keep(set)); }
  // Of the file, as the next start finds it.
  std::vector<std::uint64_t> periods_kept() const {
    auto vault = Vault::open(path_, as_bytes("secret"));
    EXPECT_TRUE(vault);
    std::vector<std::uint64_t> periods;
    for (const KeySet& set : KeyRing(*vault).key_sets(kUser)) periods.push_back(set.period);
    return periods;
  }

  mikey::SakkeMasterSecret sakke_ = *mikey::SakkeMasterSecret::generate();
  mikey::EccsiMasterSecret eccsi_ = *mikey::EccsiMasterSecret::generate();
  Journal journal_{true};
  std::string folder_;
  std::string path_;
};

KeySet revoked(KeySet set) {
  set.is_revoked = true;
  return set;
}

TEST_F(KeyIntake, ARevokedSetIsGoneForGoodThoughTheNextIsNoGood) {
  enum class Fault { UnknownCertificate, FailedPairing };
  for (const Fault fault : {Fault::UnknownCertificate, Fault::FailedPairing}) {
    {
      Vault vault = create();
      keep(vault, key_set(7));
      keep(vault, key_set(8));
      ASSERT_TRUE(vault.save());
      KeySet bad = key_set(9);
      if (fault == Fault::UnknownCertificate) bad.cert_uri = "cert9";
      if (fault == Fault::FailedPairing) bad.rsk.reveal_for_writing()[256] ^= std::byte{1};
      KmsResponse response;
      response.key_sets.push_back(revoked(key_set(7)));
      response.key_sets.push_back(std::move(bad));
      response.key_sets.push_back(revoked(key_set(8)));  // behind the bad one
      EXPECT_FALSE(take_key_sets(vault, journal_, response));
    }
    EXPECT_TRUE(periods_kept().empty());
  }
}

TEST_F(KeyIntake, CountsTheGoodOnes) {
  Vault vault = create();
  KmsResponse response;
  response.key_sets.push_back(revoked(key_set(7)));
  response.key_sets.push_back(key_set(8));
  const auto good = take_key_sets(vault, journal_, response);
  ASSERT_TRUE(good) << name_of(good.error().code) << " " << good.error().where;
  EXPECT_EQ(*good, 1U);
  EXPECT_EQ(KeyRing(vault).key_sets(kUser).size(), 1U);
}

RevokedKeys at_period(std::uint64_t period) {
  RevokedKeys made;
  made.user_uri = kUser;
  made.kms_uri = kKms;
  const mikey::NtpSeconds begin{period * kPeriodSeconds};
  made.unix_time = mikey::from_ntp(begin).time_since_epoch().count();
  return made;
}

TEST_F(KeyIntake, AUserWhoIsRevokedHasNoneFromNowOn) {  // 410 with error 1203
  {
    Vault vault = create();
    KeySet elsewhere = key_set(1390);
    elsewhere.kms_uri = "kms.bravo.example";
    elsewhere.cert_uri = "cert.bravo";
    for (const std::uint64_t period : {1387U, 1388U, 1389U}) keep(vault, key_set(period));
    keep(vault, elsewhere);
    ASSERT_TRUE(vault.save());
    const auto count = forget_key_sets(vault, at_period(1388));
    ASSERT_TRUE(count);
    EXPECT_EQ(*count, 2U);
  }
  EXPECT_EQ(periods_kept(), (std::vector<std::uint64_t>{1387, 1390})) << "a former period's and another KMS's stay";
}

TEST_F(KeyIntake, OfAPeriodThatWasAskedForThatOneGoes) {
  Vault vault = create();
  for (const std::uint64_t period : {1387U, 1388U, 1389U}) keep(vault, key_set(period));
  RevokedKeys one = at_period(1388);
  one.is_one_period = true;
  const auto count = forget_key_sets(vault, one);
  ASSERT_TRUE(count);
  EXPECT_EQ(*count, 1U);
  EXPECT_EQ(KeyRing(vault).key_sets(kUser).size(), 2U);
}

TEST_F(KeyIntake, OnlyAKmssOwnWordTakesKeysAway) {
  EXPECT_EQ(code_of_refusal(410, "1203: The keys are revoked."), Code::KeysRevoked);
  EXPECT_EQ(code_of_refusal(410, ""), Code::Refused) << "a front's own";
  EXPECT_EQ(code_of_refusal(409, "1203: x"), Code::Refused);
  EXPECT_EQ(code_of_refusal(403, "1102: x"), Code::Refused);
}

}  // namespace
}  // namespace claviger::ue
