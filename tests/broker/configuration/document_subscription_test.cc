#include "broker/configuration/document_subscription.h"

#include <gtest/gtest.h>

namespace claviger::configuration {
namespace {

DocumentSubscription sample() {
  DocumentSubscription made;
  made.dialog.local_tag = "l1";
  made.dialog.call_id = "c1@core";
  made.dialog.remote_tag = "f1";
  made.dialog.local_uri = "sip:cms@a.example";
  made.dialog.remote_uri = "sip:ann@a.example";
  made.dialog.remote_target = "sip:ue@192.0.2.1";
  made.dialog.routes = {"<sip:one;lr>"};
  made.dialog.event_id = "e5";
  made.dialog.local_sequence = 3;
  made.dialog.remote_sequence = 7;
  made.subscriber = "sip:ann@ims.a.example";
  made.identity = "sip:ann@a.example";
  made.watched = {"org.3gpp.mcptt.user-profile/users/sip%3Aann@A.example/",
                  "org.3gpp.mcptt.service-config/global/service-config.xml"};
  made.told = {{"org.3gpp.mcptt.user-profile/users/sip:ann@a.example/mcptt-user-profile-0.xml", "ab12"}};
  made.sub = "s";
  made.sid = "i";
  made.jti = "j";
  made.token_issued_at = 5;
  made.life.expires_at = 100;
  made.life.timer_due = 90;
  made.created_at = 1;
  made.life.ending = "timeout";
  made.life.all_from = 4;
  return made;
}

TEST(DocumentSubscription, ComesBackAsItWas) {
  const DocumentSubscription before = sample();
  const std::string text = encode(before);
  const auto after = decode_document_subscription(storage::Value::owned(text, 4, 0), "l1");
  ASSERT_TRUE(after);
  EXPECT_EQ(after->version, 4U);
  EXPECT_TRUE(sip::is_same_dialog(after->dialog, before.dialog));
  EXPECT_EQ(after->dialog.local_sequence, 3U);
  EXPECT_EQ(after->dialog.routes, before.dialog.routes);
  EXPECT_EQ(after->watched, before.watched);
  EXPECT_EQ(after->told, before.told);
  EXPECT_EQ(after->sid, "i");
  EXPECT_EQ(after->token_issued_at, 5);
  EXPECT_EQ(after->life.ending, "timeout");
  EXPECT_EQ(after->life.all_from, 4U);
  EXPECT_EQ(encode(*after), text);
}

TEST(DocumentSubscription, RefusesWhatIsNoRecord) {
  const std::string text = encode(sample());
  // The last octets may be what aligns the last text.
  for (std::size_t size = 0; size + 8 < text.size(); size += 7) {
    const auto read = decode_document_subscription(storage::Value::owned(text.substr(0, size), 1, 0), "l1");
    EXPECT_FALSE(read) << size;
  }
}

TEST(WatchedPath, IsOneForEverySpelling) {
  const auto folder = read_watched("org.3gpp.mcptt.user-profile/users/sip%3Aann@A.example/");
  ASSERT_TRUE(folder);
  EXPECT_TRUE(folder->is_folder);
  EXPECT_EQ(path_of(*folder), "org.3gpp.mcptt.user-profile/users/sip:ann@a.example/");
  const auto document = read_watched("org.3gpp.mcptt.user-profile/users/sip:ann@a.example/p.xml");
  ASSERT_TRUE(document);
  EXPECT_FALSE(document->is_folder);
  EXPECT_TRUE(path_of(*document).starts_with(path_of(*folder)));
}

TEST(WatchedPath, RefusesWhatNamesNothing) {
  EXPECT_FALSE(read_watched(""));
  EXPECT_FALSE(read_watched("/"));
  EXPECT_FALSE(read_watched("org.3gpp.mcptt.user-profile/"));
  EXPECT_FALSE(read_watched("org.3gpp.mcptt.service-config/global/"));
  EXPECT_FALSE(read_watched("org.3gpp.mcptt.user-profile/users/../p.xml"));
}

TEST(DocumentSubscription, StandsInItsIndexes) {
  const std::string row = subscriptions_prefix("alpha", "w", "a/users/b/") + "l1";
  EXPECT_EQ(tag_of_row(row), "l1");
  storage::Transaction change;
  put(change, "alpha", sample());
  // The record, two selectors, identity, sub, sid, jti.
  EXPECT_EQ(change.writes().size(), 7U);
  DocumentSubscription again = sample();
  again.version = 3;
  storage::Transaction second;
  put(second, "alpha", again);
  EXPECT_EQ(second.writes().size(), 1U);
  storage::Transaction third;
  erase(third, "alpha", again);
  EXPECT_EQ(third.writes().size(), 7U);
}

}  // namespace
}  // namespace claviger::configuration
