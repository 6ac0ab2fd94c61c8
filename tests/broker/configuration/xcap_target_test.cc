#include <gtest/gtest.h>

#include "broker/configuration/document_name.h"
#include "tests/broker/configuration/profile_text.h"

namespace claviger::configuration {
namespace {

TEST(XcapTarget, ReadsEverySpellingAsOneDocument) {
  for (const std::string_view path :
       {"org.3gpp.mcptt.user-profile/users/sip:ann@alpha.example/mcptt-user-profile-3.xml",
        "org.3gpp.mcptt.user-profile/users/sip%3Aann%40alpha.example/mcptt-user-profile-3.xml",
        "org.3gpp.mcptt.user-profile/users/SIP:ann@ALPHA.example/mcptt%2duser-profile-3.xml"}) {
    const auto target = read_xcap_target(path, "");
    ASSERT_TRUE(target.has_value()) << path;
    EXPECT_EQ(target->document, ann_profile());
    EXPECT_FALSE(target->has_selector);
  }
  EXPECT_NE(canonical_xui("sip:Ann@a.example"), canonical_xui("sip:ann@a.example")) << "the user part is as it is";
  EXPECT_EQ(canonical_xui("Vehicle-7"), "Vehicle-7");
}

TEST(XcapTarget, KeepsSelectorAndPrefixes) {
  const auto target = read_xcap_target("v2x/users/ann/p.xml/~~/a/b%5B@c=%22d/e%22%5D", "xmlns(x=urn:x)xmlns(y=urn:y)");
  ASSERT_TRUE(target.has_value());
  EXPECT_EQ(target->selector, "a/b[@c=\"d/e\"]");
  ASSERT_EQ(target->prefixes.size(), 2U);
  EXPECT_EQ(target->prefixes[1].second, "urn:y");
  EXPECT_TRUE(read_xcap_target("v2x/users/ann/p.xml/%7E%7e/a", "")->has_selector);
}

TEST(XcapTarget, GlobalTreeMayHaveAFolder) {
  EXPECT_EQ(read_document_name("a/global/org/service-config.xml")->name, "org/service-config.xml");
  EXPECT_EQ(read_document_name("a/global/service-config.xml")->name, "service-config.xml");
}

TEST(XcapTarget, RefusesWhatCouldMeanSomethingElse) {
  for (const std::string_view wrong :
       {"", "a", "a/users", "a/users/b", "a/other/b/c", "a/users/b/c/d", "a/users//c", "a/users/../c",
        "a/users/b/%2e%2e", "a/users/b/c%2Fd", "a/users/b/c%00", "a/users/b/%zz", "a/users/b/c%0a", "a/users/b/%ff",
        "a/global/b/c/d", "%7E%7E/users/b/c", "a/users/b/."}) {
    EXPECT_FALSE(read_xcap_target(wrong, "").has_value()) << wrong;
  }
  EXPECT_FALSE(read_document_name(std::string(400, 'a').append("/users/b/c")).has_value());
  for (const std::string_view query : {"a", "xmlns(", "xmlns(a)", "xmlns(=b)", "xmlns(a=b", "xpointer(a)"}) {
    EXPECT_FALSE(read_xcap_target("a/users/b/c", query).has_value()) << query;
  }
}

TEST(XcapTarget, SelectorAndKeyComeBack) {
  DocumentName odd{"v2x", Tree::Users, "sip:a b?c#d%@x", "p q.xml"};
  EXPECT_FALSE(read_document_name(selector_of(odd)).has_value()) << "blanks are in no name";
  odd = {"v2x", Tree::Users, "sip:a?c#d%@x", "pq.xml"};
  const auto again = read_document_name(selector_of(odd));
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(*again, odd);
  EXPECT_EQ(*document_name_of(document_key("alpha", odd)), odd);
}

TEST(Applications, AreFoundByTheirId) {
  EXPECT_EQ(mcptt().media_type, "application/vnd.3gpp.mcptt-user-profile+xml");
  EXPECT_TRUE(find_application("v2x")->is_val);
  EXPECT_FALSE(find_application("org.3gpp.mcptt.unheard").has_value());
  EXPECT_FALSE(find_application(kCapabilitiesAuid).has_value());
  EXPECT_FALSE(find_application("").has_value());
  EXPECT_EQ(profile_auid("mcdata"), "org.3gpp.mcdata.user-profile");
  EXPECT_EQ(profile_auid("val:v2x"), "v2x");
  EXPECT_EQ(profile_auid("other"), "");
}

}  // namespace
}  // namespace claviger::configuration
