#include "broker/keys/domain_procedures.h"

#include <gtest/gtest.h>

#include "broker/tables.h"
#include "core/crypto/secret_shares.h"
#include "tests/broker/keys/kms_bed.h"

namespace claviger::keys {
namespace {

TEST(DomainProcedures, OneKmsATenant) {
  KmsBed bed;
  DomainDraft draft;
  draft.kms_uri = "other.example";
  EXPECT_TRUE(bed.wait(init_domain(&bed.kms(), "alpha", draft)).failed_with(Code::KmsTaken));
}

TEST(DomainProcedures, RefusesWhatCannotBe) {
  KmsBed bed;
  const auto refused = [&](auto change) {
    DomainDraft draft;
    draft.kms_uri = "kms.example";
    change(draft);
    const auto made = bed.wait(init_domain(&bed.kms(), "beta", std::move(draft)));
    return made.has_value() ? Code::Internal : made.error().code;
  };
  EXPECT_EQ(refused([](DomainDraft& draft) { draft.kms_uri = ""; }), Code::UriPathInvalid);
  EXPECT_EQ(refused([](DomainDraft& draft) { draft.kms_uri = "a b"; }), Code::UriPathInvalid);
  EXPECT_EQ(refused([](DomainDraft& draft) { draft.periods.seconds = 0; }), Code::BadValue);
  EXPECT_EQ(refused([](DomainDraft& draft) { draft.periods.offset = 0xFFFF'FFFF; }),
            Code::BadValue);  // negative number
  EXPECT_EQ(refused([](DomainDraft& draft) { draft.valid_to = 1; }), Code::BadValue);
  EXPECT_EQ(refused([](DomainDraft& draft) { draft.policy.scopes = {"a b"}; }), Code::BadValue);
  EXPECT_EQ(refused([](DomainDraft& draft) { draft.policy.early_percent = 101; }), Code::BadValue);
}

TEST(DomainProcedures, SecretsAreSealed) {
  KmsBed bed;
  const auto domain = bed.domains().active();
  const SecretBytes secrets = domain->keys->secrets();
  const auto value = bed.wait(bed.store().get(broker::tables::kKmsDomains, domain_key("alpha", kKmsUri, 1)));
  ASSERT_TRUE(value.has_value());
  const std::string z(as_text(secrets.reveal().first(32)));
  EXPECT_EQ(value->text().find(z), std::string_view::npos);
}

TEST(DomainProcedures, ADomainComesBackAfterARestart) {
  KmsBed bed;
  const auto before = bed.domains().active();
  ASSERT_TRUE(bed.wait(bed.kms().start()).has_value());
  const auto after = bed.domains().active();
  ASSERT_NE(after->keys, nullptr);
  EXPECT_EQ(after->keys->public_encryption(), before->domain.public_encryption);
}

TEST(DomainProcedures, WhatDidNotChangeIsNotOpenedAgain) {
  KmsBed bed;
  const auto before = bed.domains().active();
  ASSERT_TRUE(bed.wait(init_domain(&bed.kms(), "beta",
                                   [] {
                                     DomainDraft draft;
                                     draft.kms_uri = "kms.beta.example";
                                     return draft;
                                   }()))
                  .has_value());
  EXPECT_EQ(bed.domains().active(), before);
}

TEST(DomainProcedures, OneUnreadableDomainIsItsOwnMisfortune) {
  KmsBed bed;
  storage::Transaction damage;
  damage.put(broker::tables::kKmsDomains, domain_key("beta", "kms.beta.example", 1), as_bytes("rubbish"));
  ASSERT_TRUE(bed.wait(bed.store().commit(std::move(damage))).has_value());
  ASSERT_TRUE(bed.wait(bed.kms().start()).has_value());
  EXPECT_NE(bed.domains().active(), nullptr);
}

TEST(DomainProcedures, ARotationMakesOtherSecretsAndAnotherCertificate) {
  KmsBed bed;
  const auto before = bed.domains().active();
  const auto after = bed.wait(rotate_domain(&bed.kms(), "alpha", true));
  ASSERT_TRUE(after.has_value());
  EXPECT_EQ((*after)->domain.generation, 2U);
  EXPECT_NE((*after)->domain.cert_uri, before->domain.cert_uri);
  EXPECT_NE((*after)->domain.public_encryption, before->domain.public_encryption);
  EXPECT_EQ((*after)->domain.cache_number, before->domain.cache_number + 1);
  const auto generations = bed.domains().generations;
  ASSERT_EQ(generations.size(), 2U);
  EXPECT_EQ(generations.front()->domain.state, DomainState::Revoked);
  EXPECT_EQ(generations.front()->keys, nullptr);  // not even we use them again
}

TEST(DomainProcedures, SharesBringADomainElsewhere) {
  KmsBed bed;
  const auto domain = bed.domains().active();
  auto shares = share_domain(*domain, 2, 3);
  ASSERT_TRUE(shares.has_value());
  shares->pop_back();
  auto secrets = crypto::combine_shares(*shares);
  ASSERT_TRUE(secrets.has_value());
  DomainDraft draft;
  draft.kms_uri = "kms.beta.example";  // kKmsUri is of one tenant here
  draft.secrets = std::make_shared<SecretBytes>(*std::move(secrets));
  const auto moved = bed.wait(init_domain(&bed.kms(), "beta", draft));
  ASSERT_TRUE(moved.has_value());
  EXPECT_EQ((*moved)->domain.public_encryption, domain->domain.public_encryption);
  EXPECT_EQ((*moved)->domain.public_authentication, domain->domain.public_authentication);
  EXPECT_TRUE(share_domain(*domain, 1, 3).failed_with(Code::OutOfRange));
}

TEST(DomainProcedures, NobodyHasAKmsThatIsNot) {
  KmsBed bed;
  EXPECT_TRUE(bed.wait(rotate_domain(&bed.kms(), "beta", false)).failed_with(Code::KmsUnknown));
  EXPECT_TRUE(bed.wait(set_policy(&bed.kms(), "beta", {})).failed_with(Code::KmsUnknown));
  EXPECT_TRUE(bed.wait(revoke_domain(&bed.kms(), "beta")).failed_with(Code::KmsUnknown));
}

}  // namespace
}  // namespace claviger::keys
