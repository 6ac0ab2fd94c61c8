#include "broker/keys/issue_procedure.h"

#include <gtest/gtest.h>

#include "broker/tables.h"
#include "tests/broker/keys/kms_bed.h"

namespace claviger::keys {
namespace {

// What a request that was let in before still holds.
KeysWanted wanted_by_ann(KmsBed& bed) {
  const DomainRef domain = bed.domains().active();
  return {domain, *domain->domain.periods.number_at(bed.now()), std::string(kAnn)};
}

TEST(IssueProcedure, IssuesOnce) {
  KmsBed bed;
  const auto first = bed.wait(find_or_issue(&bed.kms(), bed.context(), wanted_by_ann(bed)));
  ASSERT_TRUE(first.has_value());
  const auto second = bed.wait(find_or_issue(&bed.kms(), bed.context(), wanted_by_ann(bed)));
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(first->version(), second->version());
}

TEST(IssueProcedure, ARequestUnderWayDoesNotOvertakeTheUsersRevocation) {
  KmsBed bed;
  const KeysWanted wanted = wanted_by_ann(bed);
  ASSERT_TRUE(bed.wait(revoke_user(&bed.kms(), bed.context(), "alpha", std::string(kAnn), "lost")).has_value());
  EXPECT_TRUE(bed.wait(find_or_issue(&bed.kms(), bed.context(), wanted)).failed_with(Code::KeysRevoked));
  EXPECT_TRUE(bed.wait(bed.store().get(broker::tables::kKmsUserKeys, wanted.key())).failed_with(Code::NotFound));
}

TEST(IssueProcedure, ARequestUnderWayDoesNotOvertakeTheDomainsRevocation) {
  KmsBed bed;
  const KeysWanted wanted = wanted_by_ann(bed);
  ASSERT_TRUE(bed.wait(rotate_domain(&bed.kms(), "alpha", true)).has_value());
  EXPECT_TRUE(bed.wait(find_or_issue(&bed.kms(), bed.context(), wanted)).failed_with(Code::KeysRevoked));
}

TEST(IssueProcedure, KeysThatWereIssuedAreNotHandedOutAfterIt) {
  KmsBed bed;
  const KeysWanted wanted = wanted_by_ann(bed);
  ASSERT_TRUE(bed.wait(find_or_issue(&bed.kms(), bed.context(), wanted)).has_value());
  EXPECT_TRUE(bed.wait(may_have_keys(&bed.kms(), bed.context(), wanted)).has_value());
  ASSERT_TRUE(bed.wait(revoke_user(&bed.kms(), bed.context(), "alpha", std::string(kAnn), "lost")).has_value());
  EXPECT_TRUE(bed.wait(may_have_keys(&bed.kms(), bed.context(), wanted)).failed_with(Code::KeysRevoked));
}

}  // namespace
}  // namespace claviger::keys
