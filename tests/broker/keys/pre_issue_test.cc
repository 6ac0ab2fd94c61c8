#include "broker/keys/pre_issue.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "broker/keys/date_time.h"
#include "broker/keys/krr_reports.h"
#include "broker/keys/user_keys.h"
#include "tests/broker/keys/kms_bed.h"

namespace claviger::keys {
namespace {

PreIssueJob finished(KmsBed& bed) {
  // Its threads are of low priority: on a busy machine they wait for the others.
  constexpr int kAsksMax = 10'000'000;
  for (int i = 0; i < kAsksMax; ++i) {
    const auto job = bed.wait(read_pre_issue(&bed.kms(), "alpha"));
    EXPECT_TRUE(job.has_value());
    if (!job || job->finished_at != 0) return job ? *job : PreIssueJob();
  }
  ADD_FAILURE() << "it does not finish";
  return {};
}

std::size_t rows_in(KmsBed& bed) {
  const auto rows = bed.wait(bed.store().range(broker::tables::kKmsUserKeys, "", "", 4096));
  return rows ? rows->size() : 0;
}

TEST(PreIssue, MakesTheNextKeysOfAllWhoHaveAnIdentity) {
  KmsBed bed;
  constexpr int kUsers = 600;  // more than a page
  static_assert(kUsers > PreIssue::kPageUsers);
  for (int i = 0; i < kUsers; ++i) bed.add_user("user" + std::to_string(i), "correct horse");
  ASSERT_TRUE(
      bed.wait(revoke_user(&bed.kms(), bed.context(), "alpha", "sip:user7.ptt@alpha.example", "lost")).has_value());
  const auto begun = bed.wait(begin_pre_issue(&bed.kms(), "alpha"));
  ASSERT_TRUE(begun.has_value());
  const PreIssueJob job = finished(bed);
  EXPECT_EQ(job.done, std::uint64_t{kUsers});  // ann and they, without the one that is revoked
  EXPECT_EQ(job.present, 0U);
  EXPECT_EQ(rows_in(bed), std::size_t{kUsers});
}

TEST(PreIssue, GivesWhatItMade) {
  KmsBed bed;
  ASSERT_TRUE(bed.wait(begin_pre_issue(&bed.kms(), "alpha")).has_value());
  const PreIssueJob job = finished(bed);
  const KeyPeriods periods = bed.domains().active()->domain.periods;
  bed.clock().advance(Seconds(periods.begins_at(job.period) - bed.now()));
  const identity::Reply reply = bed.post_as(bed.fresh_token(kKmScope), "keyprov");
  ASSERT_EQ(reply.status, 200);
  EXPECT_EQ(element_of(reply.body, "KeyPeriodNo"), std::to_string(job.period));
  EXPECT_EQ(rows_in(bed), 1U);
}

TEST(PreIssue, LeavesWhatIsThereAlready) {
  KmsBed bed;
  const KeyPeriods periods = bed.domains().active()->domain.periods;
  bed.clock().advance(Seconds(periods.ends_at(*periods.number_at(bed.now())) - 3600 - bed.now()));
  const identity::Reply early = bed.post_as(bed.fresh_token(kKmScope), "keyprov");  // this period's and the next one's
  ASSERT_EQ(early.status, 200);
  ASSERT_TRUE(bed.wait(begin_pre_issue(&bed.kms(), "alpha")).has_value());
  const PreIssueJob job = finished(bed);
  EXPECT_EQ(job.present, 1U);
  EXPECT_EQ(job.done, 0U);
  const identity::Reply again = bed.post_as(bed.fresh_token(kKmScope), "keyprov");
  EXPECT_EQ(element_of(again.body, "UserPubTokenPVT"), element_of(early.body, "UserPubTokenPVT"));
}

TEST(PreIssue, LooksOnceMoreForWhoCameLater) {
  KmsBed bed;
  ASSERT_TRUE(bed.wait(begin_pre_issue(&bed.kms(), "alpha")).has_value());
  EXPECT_EQ(finished(bed).done, 1U);
  bed.add_user("late", "correct horse");
  const KeyPeriods periods = bed.domains().active()->domain.periods;
  bed.clock().advance(
      Seconds(periods.ends_at(*periods.number_at(bed.now())) - PreIssue::kLastLook.count() - bed.now()));
  bed.run_turns(1);
  bed.shard().run_until([&] { return bed.kms().pre_issue().wake(), true; });
  constexpr int kAsksMax = 10'000'000;  // as in finished()
  for (int i = 0; i < kAsksMax && rows_in(bed) < 2; ++i) continue;
  EXPECT_EQ(rows_in(bed), 2U);
  EXPECT_EQ(finished(bed).present, 1U);
}

TEST(PreIssue, GoesOnWhereItStoodAfterARestart) {
  KmsBed bed;
  for (int i = 0; i < 200; ++i) bed.add_user("user" + std::to_string(i), "correct horse");
  ASSERT_TRUE(bed.wait(begin_pre_issue(&bed.kms(), "alpha")).has_value());
  bed.shard().run_until([&, turns = 0]() mutable {  // a page or two, and no more
    if (turns == 3) bed.kms().stop();
    return turns++ == 400;
  });
  ASSERT_TRUE(bed.wait(bed.kms().start()).has_value());
  const PreIssueJob job = finished(bed);
  EXPECT_EQ(job.done + job.present, 201U);
  EXPECT_EQ(rows_in(bed), 201U);
}

TEST(PreIssue, SaysWhyNot) {
  KmsBed bed;
  EXPECT_TRUE(bed.wait(read_pre_issue(&bed.kms(), "alpha")).failed_with(Code::NotFound));
  EXPECT_TRUE(bed.wait(begin_pre_issue(&bed.kms(), "beta")).failed_with(Code::KmsUnknown));
  ASSERT_TRUE(bed.wait(revoke_domain(&bed.kms(), "alpha")).has_value());
  EXPECT_TRUE(bed.wait(begin_pre_issue(&bed.kms(), "alpha")).failed_with(Code::KmsSealed));
}

TEST(KmsLookup, NamesTheKmsOfAUser) {  // D.2.7
  KmsBed bed;
  bed.add_user("bob", "correct horse");
  UserPolicy policy;
  policy.user_uri = kAnn;
  policy.migration_kms = {"kms.bravo.example"};
  ASSERT_TRUE(bed.wait(set_user_kms(&bed.kms(), bed.context(), "alpha", policy)).has_value());
  const identity::Reply own = bed.post("lookup/" + std::string(kAnn));
  ASSERT_EQ(own.status, 200) << own.body;
  EXPECT_NE(own.body.find("<KmsUri>kms.bravo.example</KmsUri></KmsLookup>"), std::string::npos) << own.body;
  const identity::Reply other = bed.post("lookup/sip:bob.ptt@alpha.example");
  EXPECT_NE(other.body.find("<KmsUri>kms.alpha.example</KmsUri></KmsLookup>"), std::string::npos) << other.body;
  const identity::Reply unknown = bed.post("lookup/sip:nobody@alpha.example");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(element_of(unknown.body, "ErrorCode"), "1201");
}

std::string upload(KmsBed& bed, const std::string& list) {
  return "<KmsRequest xmlns=\"urn:3gpp:ns:mcsecKMSInterface:1.0\"><UserUri>" + std::string(kAnn) +
         "</UserUri><KmsUri>" + std::string(kKmsUri) + "</KmsUri><Time>" + write_date_time(bed.now()) +
         "</Time><ClientReqUrl>" + std::string(kOrigin) + "/keymanagement/identity/v1/redirect</ClientReqUrl>" + list +
         "</KmsRequest>";
}

TEST(KmsRedirect, KeepsAResponseAsEvidence) {  // D.2.8, 5.2.8
  KmsBed bed;
  const std::string krr =
      "<KmsRedirectResponse xmlns=\"urn:3gpp:ns:mcsecKMSKRR:1.0\"><KmsUri>kms.x</KmsUri></KmsRedirectResponse>";
  const identity::Reply reply = bed.post("redirect", upload(bed, "<KrrList>" + krr + "</KrrList>"));
  ASSERT_EQ(reply.status, 200) << reply.body;
  const auto page = bed.wait(list_reports(bed.context(), "alpha", "", 10));
  ASSERT_EQ(page->reports.size(), 1U);
  EXPECT_EQ(page->reports.front().user_uri, kAnn);
  EXPECT_NE(page->reports.front().xml.find("kms.x"), std::string::npos);
  // Never admitted by itself.
  EXPECT_EQ(bed.post("cert/kms.x").status, 404);
}

TEST(KmsRedirect, KeepsEveryDifferentOneUpToItsBound) {
  KmsBed bed;
  const auto keep = [&bed](std::string_view user, int number) {
    const std::string xml = "<k:KmsRedirectResponse>" + std::to_string(number) + "</k:KmsRedirectResponse>";
    EXPECT_TRUE(bed.wait(keep_report(bed.context(), "alpha", std::string(user), xml)));
    bed.clock().advance(Seconds(1));
    bed.run_turns(1);
  };
  const auto kept = [&bed] { return bed.wait(list_reports(bed.context(), "alpha", "", 100))->reports; };
  keep("sip:bob.ptt@alpha.example", 0);
  for (int number = 0; number < static_cast<int>(kReportsOfUser); ++number) keep(kAnn, number);
  EXPECT_EQ(kept().size(), kReportsOfUser + 1) << "all of one hour";
  keep(kAnn, 0);
  EXPECT_EQ(kept().size(), kReportsOfUser + 1) << "what was said before";
  keep(kAnn, 100);
  const auto reports = kept();
  EXPECT_EQ(reports.size(), kReportsOfUser + 1);
  const auto has = [&reports](std::string_view user, std::string_view xml) {
    return std::ranges::any_of(
        reports, [&](const KrrReport& one) { return one.user_uri == user && one.xml.find(xml) != std::string::npos; });
  };
  EXPECT_TRUE(has(kAnn, ">100<") && has(kAnn, ">0<") && has("sip:bob.ptt@alpha.example", ">0<"));
  EXPECT_FALSE(has(kAnn, ">1<")) << "the oldest";
}

TEST(KmsRedirect, RefusesNoneAndTooDeepOnes) {
  KmsBed bed;
  EXPECT_EQ(bed.post("redirect", upload(bed, "")).status, 400);
  EXPECT_EQ(bed.post("redirect", upload(bed, "<KrrList></KrrList>")).status, 400);
  const auto nested = [](int depth) {
    std::string text;
    for (int i = 0; i < depth; ++i) text += "<KmsRedirectResponse xmlns=\"urn:3gpp:ns:mcsecKMSKRR:1.0\">";
    for (int i = 0; i < depth; ++i) text += "</KmsRedirectResponse>";
    return "<KrrList>" + text + "</KrrList>";
  };
  EXPECT_EQ(bed.post("redirect", upload(bed, nested(8))).status, 200);
  EXPECT_EQ(bed.post("redirect", upload(bed, nested(9))).status, 400);
}

}  // namespace
}  // namespace claviger::keys
