#include "broker/configuration/document_check.h"

#include <gtest/gtest.h>

#include <pugixml.hpp>

#include "broker/configuration/document.h"
#include "tests/broker/configuration/profile_text.h"

namespace claviger::configuration {
namespace {

Code code_of(const std::string& text) {
  const auto checked = check_document(mcptt(), ann_profile(), text);
  return checked ? Code::Internal : checked.fault->code;
}

TEST(DocumentCheck, TakesAProfileAndTellsWhatCounts) {
  const auto checked = check_document(mcptt(), ann_profile(), kProfile);
  ASSERT_TRUE(checked) << checked.fault->phrase;
  EXPECT_EQ(checked->index, 3);
  EXPECT_TRUE(checked->is_active);
  EXPECT_TRUE(checked->is_preselected);
  EXPECT_EQ(checked->profile_name, "Day <1>");
}

TEST(DocumentCheck, SaysWhatIsWrong) {
  EXPECT_EQ(code_of("<a"), Code::XmlSyntax);
  EXPECT_EQ(code_of("<!DOCTYPE a><a/>"), Code::XmlDoctype);
  EXPECT_EQ(code_of("<a>\xff</a>"), Code::XcapUtf8);
  EXPECT_EQ(code_of("<?xml version='1.0' encoding='ISO-8859-1'?><a/>"), Code::XcapUtf8);
  EXPECT_EQ(code_of("<a/>"), Code::DocumentInvalid);
  EXPECT_EQ(code_of(replaced(kProfile, "user-profile:1.0", "user-profile:2.0")), Code::DocumentInvalid);
  EXPECT_EQ(code_of(replaced(kProfile, "<Status>true</Status>", "")), Code::DocumentInvalid);
  EXPECT_EQ(code_of(replaced(kProfile, "<Status>true", "<Status>1</Status><Status>true")), Code::DocumentInvalid);
  EXPECT_EQ(code_of(replaced(kProfile, "<Status>true", "<Status>yes")), Code::DocumentInvalid);
  EXPECT_EQ(
      code_of(replaced(kProfile, "<Pre-selected-indication/>", "<Pre-selected-indication>a</Pre-selected-indication>")),
      Code::DocumentInvalid);
  EXPECT_EQ(code_of(replaced(kProfile, "private-call>true", "private-call>maybe")), Code::DocumentInvalid);
  EXPECT_EQ(code_of(replaced(kProfile, "<Common", "<Unheard/><Common")), Code::DocumentInvalid);
  EXPECT_EQ(code_of(replaced(kProfile, "XUI-URI=\"sip:ann", "XUI-URI=\"sip:bob")), Code::XcapConstraint);
  EXPECT_EQ(code_of(replaced(kProfile, "XUI-URI", "XUI")), Code::DocumentInvalid);
  EXPECT_EQ(code_of(replaced(kProfile, "index=\"3\"", "index=\"4\"")), Code::XcapConstraint);
  EXPECT_EQ(code_of(replaced(kProfile, "index=\"3\"", "index=\"300\"")), Code::DocumentInvalid);
  EXPECT_EQ(code_of(replaced(kProfile, "<entry index=\"1\">", "<entry index=\"0\">")), Code::XcapUniqueness);
  EXPECT_EQ(code_of(replaced(kProfile, "sip:g0@a", "not a uri")), Code::DocumentInvalid);
}

// The many kinds of hostile XML are the guard's (core/codec/xml_guard.h); here it stands in front.
TEST(DocumentCheck, IsBoundedAgainstHostileXml) {
  std::string deep;
  for (int i = 0; i < 5000; ++i) deep += "<a>";
  EXPECT_EQ(code_of(deep), Code::XmlTooLarge);
  std::string wide = "<mcptt-user-profile>";
  for (int i = 0; i < 30'000; ++i) wide += "<a/>";
  EXPECT_EQ(code_of(wide + "</mcptt-user-profile>"), Code::XmlTooLarge);
  EXPECT_NE(code_of("<a>&bomb;</a>"), Code::Internal);
  EXPECT_NE(code_of(std::string("<a>\0</a>", 8)), Code::Internal);
}

TEST(DocumentCheck, TruncatedAnywhereIsRefused) {
  for (std::size_t size = 0; size + 2 < kProfile.size(); ++size) {
    EXPECT_NE(code_of(kProfile.substr(0, size)), Code::Internal) << size;
  }
}

TEST(UsersChange, IsHisNameHisAliasesAndWhichProfileIsPreSelected) {
  const auto may = [](const std::string& text) { return is_users_change(mcptt(), kProfile, text); };
  EXPECT_TRUE(may(kProfile));
  EXPECT_TRUE(may(replaced(kProfile, "<![CDATA[Day <1>]]>", "Night")));
  EXPECT_TRUE(may(replaced(kProfile, "<Pre-selected-indication/>", "")));
  EXPECT_TRUE(may(replaced(kProfile, ">A</alias-entry>", ">B</alias-entry><alias-entry index=\"1\"/>")));
  EXPECT_TRUE(may(replaced(kProfile, "\n <Status>", "<Status>"))) << "blanks say nothing";
  EXPECT_FALSE(may(replaced(kProfile, "private-call>true", "private-call>false")));
  EXPECT_FALSE(may(replaced(kProfile, "<Status>true", "<Status>false")));
  EXPECT_FALSE(may(replaced(kProfile, "sip:g1@a", "sip:g2@a")));
  EXPECT_FALSE(may(replaced(kProfile, "kept='yes'", "kept='no'")));
  EXPECT_FALSE(may(replaced(kProfile, "Ann &amp; Co", "Bob")));
  // An element of the same name elsewhere is not his.
  EXPECT_FALSE(may(replaced(kProfile, "<MCPTTGroupInfo>", "<UserAlias><entry/></UserAlias><MCPTTGroupInfo>")));
  EXPECT_FALSE(is_users_change(*find_application("org.3gpp.mcptt.ue-config"), "<a/>", "<a/>"));
}

TEST(Preselection, IsTakenOffWithoutTouchingTheRest) {
  const auto without = without_preselection(mcptt(), kProfile);
  ASSERT_TRUE(without);
  EXPECT_EQ(*without, replaced(kProfile, "<Pre-selected-indication/>", ""));
  EXPECT_FALSE(without_preselection(mcptt(), *without));
  const Application val = *find_application("v2x");
  const std::string text = "<seal-user-profile xmlns=\"urn:3gpp:ns:seal:SealUserProfile:1.0\" isDefault=\"true\"/>";
  EXPECT_EQ(without_preselection(val, text), replaced(text, "isDefault=\"true\"", "isDefault=\"false\""));
}

// TS 24.546 clause 7.1: the AUID is the VAL service; index as attribute or as element.
TEST(DocumentCheck, TakesBothFormsOfTheValProfile) {
  const Application val = *find_application("v2x");
  const DocumentName name{"v2x", Tree::Users, "ann", "seal-user-profile-1.xml"};
  const std::string head = "<seal-user-profile xmlns=\"urn:3gpp:ns:seal:SealUserProfile:1.0\"";
  const auto attribute = check_document(
      val, name, head + " user-profile-index=\"1\" isDefault=\"1\"><Status>1</Status></seal-user-profile>");
  ASSERT_TRUE(attribute) << attribute.fault->phrase;
  EXPECT_TRUE(attribute->is_preselected);
  EXPECT_TRUE(check_document(
      val, name, head + "><user-profile-index>1</user-profile-index><Status>0</Status></seal-user-profile>"));
  EXPECT_FALSE(check_document(val, name, head + "><Status>0</Status></seal-user-profile>"));
}

// The same document in the eyes of another parser: names, values and texts.
TEST(XmlTree, SeesWhatPugixmlSees) {
  const auto tree = XmlTree::read(kProfile);
  ASSERT_TRUE(tree.has_value());
  pugi::xml_document other;
  ASSERT_TRUE(other.load_string(kProfile.c_str()));
  std::uint32_t at = 0;
  struct Walk final : pugi::xml_tree_walker {
    bool for_each(pugi::xml_node& node) override {
      if (node.type() == pugi::node_element) names.emplace_back(node.name());
      return true;
    }
    std::vector<std::string> names;
  } walk;
  other.traverse(walk);
  ASSERT_EQ(walk.names.size(), tree->size());
  for (; at < tree->size(); ++at) {
    const XmlElement& element = (*tree)[at];
    const std::string name =
        (element.prefix.empty() ? "" : std::string(element.prefix) + ":") + std::string(element.name);
    EXPECT_EQ(name, walk.names[at]);
  }
  EXPECT_EQ(tree->content(tree->child(0, "Name")), other.child("mcptt-user-profile").child("Name").text().get());
}

}  // namespace
}  // namespace claviger::configuration
