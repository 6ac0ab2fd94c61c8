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
  change_rows(transaction, {"alpha", "vs1", "conf"}, before, memberships_of(changed));
  EXPECT_EQ(transaction.writes().size(), 5U);  // two rows erased, two "gone" put, one put
}

TEST(IdentityRows, AGoneRowSaysWhatWent) {
  const Gone gone{"vs1", {"user", "sip:bob@example", "v2x"}};
  const std::string key = gone_key("alpha", gone);
  ASSERT_TRUE(key.starts_with(gone_prefix("alpha")));
  ASSERT_TRUE(key.starts_with(gone_prefix("alpha", "vs1")));
  EXPECT_FALSE(key.starts_with(gone_prefix("alpha", "vs")));
  const auto read = gone_of("alpha", key);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->server_id, "vs1");
  EXPECT_EQ(read->membership, gone.membership);
  EXPECT_TRUE(gone_of("bravo", key).failed_with(Code::Corrupt));
  EXPECT_TRUE(gone_of("alpha", gone_prefix("alpha") + "user").failed_with(Code::Corrupt));
  EXPECT_TRUE(gone_of("alpha", key + std::string(1, '\0')).failed_with(Code::Corrupt));
}

}  // namespace
}  // namespace claviger::provisioning
