#include "broker/configuration/document_edit.h"

#include <gtest/gtest.h>

#include "tests/broker/configuration/profile_text.h"

namespace claviger::configuration {
namespace {

const Prefixes kPrefixes{{"c", "urn:ietf:params:xml:ns:common-policy"}};

NodeSelector selector(std::string_view text) {
  auto parsed = parse_node_selector(text, mcptt().space, kPrefixes);
  EXPECT_TRUE(parsed.has_value()) << text;
  return *std::move(parsed);
}
std::string read(std::string_view text) {
  const auto tree = XmlTree::read(kProfile);
  auto part = read_part(*tree, selector(text));
  return part ? *std::move(part) : "?";
}
Checked<Edited> put(std::string_view where, std::string_view body) {
  const auto tree = XmlTree::read(kProfile);
  return put_part(*tree, selector(where), body);
}
Code put_code(std::string_view where, std::string_view body) {
  const auto done = put(where, body);
  return done ? Code::Internal : done.fault->code;
}

constexpr std::string_view kGroups = "mcptt-user-profile/OnNetwork/MCPTTGroupInfo/";

TEST(NodeSelector, FindsElementsByNamePositionAndAttribute) {  // RFC 4825 clause 6.3
  EXPECT_EQ(read("mcptt-user-profile/Name"), "<Name>Ann &amp; Co</Name>");
  EXPECT_EQ(read("*/Status"), "<Status>true</Status>");
  EXPECT_EQ(read(std::string(kGroups) + "entry[2]/uri-entry"), "<uri-entry>sip:g1@a</uri-entry>");
  EXPECT_EQ(read(std::string(kGroups) + "entry[@index=\"1\"]/uri-entry"), "<uri-entry>sip:g1@a</uri-entry>");
  EXPECT_EQ(read(std::string(kGroups) + "*[1][@index='0']/uri-entry"), "<uri-entry>sip:g0@a</uri-entry>");
  EXPECT_EQ(read(std::string(kGroups) + "entry[1][@index='1']"), "?");
  EXPECT_EQ(read(std::string(kGroups) + "entry"), "?") << "two are none";
  EXPECT_EQ(read("mcptt-user-profile/ruleset"), "?") << "of another namespace";
  EXPECT_EQ(read("mcptt-user-profile/c:ruleset/c:rule/@id"), "r");
  EXPECT_EQ(read("mcptt-user-profile/@user-profile-index"), "3");
  EXPECT_EQ(read("mcptt-user-profile/@nothing"), "?");
  EXPECT_NE(read("mcptt-user-profile/Name/namespace::*").find("xmlns:cp="), std::string::npos);
}

TEST(NodeSelector, RefusesWhatIsNone) {
  for (const std::string_view wrong :
       {"",      "/",       "a/",        "@a",           "a[",           "a[0]",          "a[x]",
        "a[@b]", "a[@b=c]", "a[@b=\"c]", "a[1][2]",      "a]",           "p:a",           "a/@p:b",
        "a:b:c", "a b",     "a/@b/c",    "namespace::*", "a[@b='c'][1]", "a[99999999999]"}) {
    EXPECT_FALSE(parse_node_selector(wrong, "urn:a", {}).has_value()) << wrong;
  }
  std::string deep = "a";
  for (int i = 0; i < 40; ++i) deep += "/a";
  EXPECT_FALSE(parse_node_selector(deep, "", {}).has_value());
}

TEST(PutElement, ReplacesInsertsAndLeavesTheRestAlone) {
  auto done = put("mcptt-user-profile/Name", "<Name>B</Name>");
  ASSERT_TRUE(done);
  EXPECT_FALSE(done->is_new);
  EXPECT_EQ(done->text, replaced(kProfile, "<Name>Ann &amp; Co</Name>", "<Name>B</Name>"));
  const std::string third = "<entry index=\"2\"><uri-entry>sip:g2@a</uri-entry></entry>";
  done = put(std::string(kGroups) + "entry[@index=\"2\"]", third);
  ASSERT_TRUE(done);
  EXPECT_TRUE(done->is_new);
  EXPECT_EQ(done->text, replaced(kProfile, "</entry></MCPTTGroupInfo>", "</entry>" + third + "</MCPTTGroupInfo>"));
  done = put("mcptt-user-profile/Pre-selected-indication/anyExt", "<anyExt/>");
  ASSERT_TRUE(done);
  EXPECT_NE(done->text.find("<Pre-selected-indication><anyExt/></Pre-selected-indication>"), std::string::npos);
  done = put(std::string(kGroups) + "entry[3]", third);
  EXPECT_TRUE(done) << "the third of two is behind them";
}

TEST(PutElement, SaysWhyNot) {  // RFC 4825 clause 8.2
  EXPECT_EQ(put_code("mcptt-user-profile/No/Name", "<Name/>"), Code::XcapNoParent);
  EXPECT_EQ(put_code("mcptt-user-profile/Name", "<Other/>"), Code::XcapCannotInsert);
  EXPECT_EQ(put_code(std::string(kGroups) + "entry[@index=\"9\"]", "<entry index=\"8\"/>"), Code::XcapCannotInsert);
  EXPECT_EQ(put_code(std::string(kGroups) + "entry[9]", "<entry/>"), Code::XcapCannotInsert);
  EXPECT_EQ(put_code(std::string(kGroups) + "entry", "<entry/>"), Code::XcapCannotInsert) << "it would be one of three";
  EXPECT_EQ(put_code("other-root", "<other-root/>"), Code::XcapCannotInsert);
  for (const std::string_view wrong : {"", "a", "<Name>", "<Name/><Name/>", "<Name/>a", "</claviger-fragment><Name/>",
                                       "<!DOCTYPE a><Name/>", "<?xml version=\"1.0\"?><Name/>", "<u:Name/>"}) {
    EXPECT_EQ(put_code("mcptt-user-profile/Name", wrong), Code::XmlSyntax) << wrong;
  }
  EXPECT_EQ(put_code("mcptt-user-profile/Name", "<Name>\xff</Name>"), Code::XcapUtf8);
  const auto fault = put("mcptt-user-profile/OnNetwork/No/entry", "<entry/>");
  ASSERT_TRUE(fault.fault);
  EXPECT_EQ(fault.fault->ancestor, "mcptt-user-profile/OnNetwork");
}

TEST(PutAttribute, ReplacesInsertsRefuses) {
  auto done = put("mcptt-user-profile/@user-profile-index", "4");
  ASSERT_TRUE(done);
  EXPECT_EQ(done->text, replaced(kProfile, "index=\"3\"", "index=\"4\""));
  done = put("mcptt-user-profile/Name/@note", "a \"b\" &lt; c");
  ASSERT_TRUE(done);
  EXPECT_TRUE(done->is_new);
  EXPECT_NE(done->text.find("<Name note=\"a &quot;b&quot; &lt; c\">"), std::string::npos);
  EXPECT_EQ(put_code("mcptt-user-profile/Name/@note", "a < b"), Code::BadValue);
  EXPECT_EQ(put_code("mcptt-user-profile/Name/@note", "a & b"), Code::BadValue);
  EXPECT_EQ(put_code("mcptt-user-profile/No/@note", "a"), Code::XcapNoParent);
  EXPECT_EQ(put_code(std::string(kGroups) + "entry[@index=\"1\"]/@index", "7"), Code::XcapCannotInsert);
}

// The prefix needs no xmlns() in the query, and no declaration in the document.
TEST(PutAttribute, KnowsThePrefixXml) {
  const auto done = put("mcptt-user-profile/Name/@xml:lang", "en");
  ASSERT_TRUE(done);
  EXPECT_EQ(done->text, replaced(kProfile, "<Name>Ann", "<Name xml:lang=\"en\">Ann"));
  const auto tree = XmlTree::read(done->text);
  EXPECT_EQ(*read_part(*tree, selector("mcptt-user-profile/Name/@xml:lang")), "en");
  EXPECT_TRUE(read_part(*tree, selector("mcptt-user-profile/Name[@xml:lang='en']")).has_value());
}

TEST(DeletePart, TakesOutJustThat) {
  const auto tree = XmlTree::read(kProfile);
  const auto code = [&](std::string_view where) {
    const auto done = delete_part(*tree, selector(where));
    return done ? Code::Internal : done.fault->code;
  };
  auto done = delete_part(*tree, selector(std::string(kGroups) + "entry[@index=\"0\"]"));
  ASSERT_TRUE(done);
  EXPECT_EQ(done->text, replaced(kProfile, "<entry index=\"0\"><uri-entry>sip:g0@a</uri-entry></entry>", ""));
  EXPECT_EQ(code(std::string(kGroups) + "entry[1]"), Code::XcapCannotDelete) << "the next would be the first";
  EXPECT_EQ(code(std::string(kGroups) + "entry[2]"), Code::Internal);
  EXPECT_EQ(code("mcptt-user-profile"), Code::XcapCannotDelete);
  EXPECT_EQ(code("mcptt-user-profile/No"), Code::DocumentUnknown);
  EXPECT_EQ(code("mcptt-user-profile/Name/@no"), Code::DocumentUnknown);
  EXPECT_EQ(code("mcptt-user-profile/Common/@index"), Code::Internal);
}

}  // namespace
}  // namespace claviger::configuration
