#include "tools/claviger-ue/config_client.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace claviger::ue {
namespace {

class ConfigClientTest : public testing::Test {
 protected:
  ConfigClientTest() {
    std::string pattern = testing::TempDir() + "profileXXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~ConfigClientTest() override { std::filesystem::remove_all(folder_); }

  Account account() {
    auto vault = Vault::create(Vault::path_of(folder_, "ann"), as_bytes("secret"));
    EXPECT_TRUE(vault);
    EXPECT_TRUE(vault->put_text("account/xcap_root", "https://cms.example/xcap/a"));
    EXPECT_TRUE(vault->put_text("account/identity", "sip:ann b@a.example"));
    auto web = Web::make("");
    EXPECT_TRUE(web);
    return Account(*std::move(vault), *std::move(web), journal_);
  }

  std::string folder_;
  Journal journal_{true};
};

TEST_F(ConfigClientTest, KeepsDocumentsWithTheirEntityTags) {
  Account ann = account();
  ConfigClient client(ann);
  EXPECT_EQ(client.changes_url(60), "");  // nothing was fetched: nothing to hear of
  const ProfileDocument document{"u/users/x/p.xml", "ab12", "<a>\n</a>\n"};
  ASSERT_TRUE(client.keep(document));
  const auto kept = client.kept("u/users/x/p.xml");
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->etag, "ab12");
  EXPECT_EQ(kept->text, "<a>\n</a>\n");
  EXPECT_EQ(client.kept_paths(), std::vector<std::string>{"u/users/x/p.xml"});
  EXPECT_EQ(client.changes_url(60),
            "https://cms.example/xcap/a/changes?document=u%2Fusers%2Fx%2Fp.xml&etag=ab12&wait=60");
  client.forget("u/users/x/p.xml");
  EXPECT_FALSE(client.kept("u/users/x/p.xml"));
}

TEST_F(ConfigClientTest, NamesProfiles) {
  Account ann = account();
  const ConfigClient client(ann);
  EXPECT_EQ(client.path_of("mcptt", 2),
            "org.3gpp.mcptt.user-profile/users/sip:ann%20b@a.example/mcptt-user-profile-2.xml");
  EXPECT_EQ(client.path_of("val.example", 0), "val.example/users/sip:ann%20b@a.example/seal-user-profile-0.xml");
}

TEST(ReadChanges, TakesWhatANotificationPointsAt) {
  const auto changes = read_changes(
      "<x:xcap-diff xmlns:x=\"urn:ietf:params:xml:ns:xcap-diff\" xcap-root=\"https://cms.example/\">"
      "<x:document new-etag=\"2\" previous-etag=\"1\" sel=\"a/users/b/c.xml\"/><x:document previous-etag=\"3\" "
      "sel=\"d\"/>"
      "<other xmlns=\"urn:o\"/></x:xcap-diff>");
  ASSERT_TRUE(changes);
  ASSERT_EQ(changes->size(), 2U);
  EXPECT_EQ((*changes)[0].path, "a/users/b/c.xml");
  EXPECT_EQ((*changes)[0].previous_etag, "1");
  EXPECT_EQ((*changes)[0].new_etag, "2");
  EXPECT_EQ((*changes)[1].new_etag, "");
}

TEST(ReadChanges, RefusesWhatIsNone) {
  EXPECT_TRUE(read_changes("<a/>").failed_with(Code::ProtocolError));
  EXPECT_TRUE(read_changes("<xcap-diff xmlns=\"urn:other\"/>").failed_with(Code::ProtocolError));
  EXPECT_TRUE(read_changes("").failed_with(Code::XmlSyntax));
  EXPECT_TRUE(read_changes("<!DOCTYPE a><a/>").failed_with(Code::XmlDoctype));
  EXPECT_TRUE(read_changes("<xcap-diff xmlns=\"urn:ietf:params:xml:ns:xcap-diff\"><document/></xcap-diff>")
                  .failed_with(Code::ProtocolError));
}

}  // namespace
}  // namespace claviger::ue
