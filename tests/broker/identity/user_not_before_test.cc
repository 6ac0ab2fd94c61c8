// A user who is disabled while the clock goes on.
#include <gtest/gtest.h>

#include "broker/identity/user_procedures.h"
#include "broker/tables.h"
#include "broker/tokens/revocation_records.h"
#include "tests/broker/identity/testbed.h"

namespace claviger::identity {
namespace {

using namespace std::chrono_literals;

// Seconds pass while his sessions are looked at: his not_before is never earlier than the revocation's, or whoever signs in
// between the two, after he was enabled again, has tokens that are revoked.
struct SlowReads : ::testing::Test {
  Testbed bed;
  broker::Context* context = bed.context();

  // Runs it read by read, with a clock that goes on by a second behind each.
  template <typename T>
  T slowly(runtime::Task<T> task) {
    std::optional<T> result;
    runtime::Scope scope;
    bool is_begun = false;
    bed.store().set_reads(storage::memory::Reads::Hold);
    bed.run_until([&] {
      if (!std::exchange(is_begun, true)) scope.spawn(storage::keep_result(std::move(task), &result));
      bed.clock().advance(1s);
      bed.store().set_reads(storage::memory::Reads::Suspend);
      bed.store().set_reads(storage::memory::Reads::Hold);
      return result.has_value();
    });
    bed.store().set_reads(storage::memory::Reads::Inline);
    return *std::move(result);
  }
  User find(const std::string& sub) { return *bed.wait(find_user(context, "alpha", sub)); }
  // Of the user by his sub.
  std::int64_t revoked_before(const std::string& sub) {
    std::int64_t before = 0;
    const auto rows = bed.wait(context->store.range(broker::tables::kRevocations, "", "", 100));
    for (const storage::Record& row : *rows) {
      const auto stored = tokens::decode_revocation(row.key, row.value.bytes());
      if (stored && stored->revocation.id == sub) before = std::max(before, stored->revocation.not_before);
    }
    EXPECT_NE(before, 0);
    return before;
  }
};

TEST_F(SlowReads, WhoIsEnabledAgainSignsInAfterTheRevocation) {
  const User user = bed.add_user();
  const std::int64_t begun = numeric_date(bed.clock().wall());
  ASSERT_TRUE(slowly(disable_user(context, "alpha", user.sub)));
  ASSERT_TRUE(bed.wait(enable_user(context, "alpha", user.sub)));
  EXPECT_GT(revoked_before(user.sub), begun + 1) << "it was made in a later second than the look at the user";
  EXPECT_EQ(find(user.sub).not_before, revoked_before(user.sub));
}

// A clock that is behind, and is put right afterwards, brings no token back: its end is of the time when it was issued.
TEST(ClockBehind, WhoIsDisabledThenStaysSignedOff) {
  Testbed bed;
  broker::Context* context = bed.context();
  const User ann = bed.add_user();
  bed.add_public_client();
  const Reply tokens = bed.sign_in_for_tokens("app");
  const auto& alpha = *context->snapshot->find("alpha");
  ASSERT_TRUE(context->tokens->verify_own(alpha, tokens.member("access_token")));
  const WallTime right = bed.clock().wall();
  bed.clock().set_wall(right - std::chrono::hours(24));
  bed.run_turns(1);
  ASSERT_TRUE(bed.wait(disable_user(context, "alpha", ann.sub)));
  bed.clock().set_wall(right + 1s);
  bed.run_turns(1);
  EXPECT_FALSE(context->tokens->verify_own(*context->snapshot->find("alpha"), tokens.member("access_token")));
  const auto rows = bed.wait(context->store.range(broker::tables::kRevocations, "", "", 100));
  ASSERT_TRUE(rows);
  std::int64_t kept_until = 0;
  for (const storage::Record& row : *rows) {
    const auto stored = tokens::decode_revocation(row.key, row.value.bytes());
    if (stored && stored->revocation.kind == tokens::RevocationKind::Sid) kept_until = stored->revocation.expires;
  }
  EXPECT_GE(kept_until, numeric_date(right) + context->tokens->revocation_kept().count());
}

}  // namespace
}  // namespace claviger::identity
