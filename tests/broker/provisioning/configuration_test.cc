#include "broker/provisioning/configuration.h"

#include <gtest/gtest.h>

#include "broker/provisioning/identity_rows.h"

namespace claviger::provisioning {
namespace {

Configuration some() {
  Configuration configuration;
  configuration.id = "confconfconfconfconf12";
  configuration.val_server_id = "vs1";
  configuration.services = {{"v2x", {"ann", "bob"}, {"ue-7"}}, {"uas", {}, {"ue-7"}}};
  configuration.created_at = 5;
  configuration.changed_at = 7;
  return configuration;
}

TEST(Configuration, ComesBackAsItWasStored) {
  const Configuration before = some();
  const auto value = storage::Value::owned(encode_configuration(before), 42, 0);
  const auto after = decode_configuration(value, before.id);
  ASSERT_TRUE(after);
  EXPECT_EQ(after->val_server_id, "vs1");
  EXPECT_EQ(after->services, before.services);
  EXPECT_EQ(after->created_at, 5);
  EXPECT_EQ(after->changed_at, 7);
  EXPECT_EQ(after->version, 42U);
}

TEST(Configuration, RefusesEveryTruncation) {
  const std::string stored = encode_configuration(some());
  for (std::size_t size = 0; size + 8 < stored.size(); ++size) {
    const auto value = storage::Value::owned(stored.substr(0, size), 1, 0);
    if (const auto read = decode_configuration(value, "x")) {
      EXPECT_EQ(read->val_server_id, "vs1");  // padding at the end is all that may be missing
    }
  }
}

TEST(IdentityRows, ChangeOnlyWhatDiffers) {
  const Memberships before = memberships_of(some());
  Configuration changed = some();
  changed.services = {{"v2x", {"ann", "eve"}, {"ue-7"}}};
  storage::Transaction transaction;
  const auto gone = change_rows(transaction, "alpha", "conf", before, memberships_of(changed));
  EXPECT_EQ(gone, (std::vector<Membership>{{"ue", "ue-7", "uas"}, {"user", "bob", "v2x"}}));
  EXPECT_EQ(transaction.writes().size(), 5U);  // two rows erased, two "gone" put, one put
}

TEST(IdentityRows, AGoneRowSaysWhatWent) {
  const Membership membership{"user", "sip:bob@example", "v2x"};
  const std::string key = gone_key("alpha", membership);
  const std::string prefix = gone_prefix("alpha");
  ASSERT_TRUE(key.starts_with(prefix));
  const auto read = membership_of_gone(std::string_view(key).substr(prefix.size()));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, membership);
  EXPECT_TRUE(membership_of_gone("user").failed_with(Code::Corrupt));
}

}  // namespace
}  // namespace claviger::provisioning
