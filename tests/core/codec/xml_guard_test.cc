#include "core/codec/xml_guard.h"

#include <gtest/gtest.h>

#include <string>

namespace claviger::codec {
namespace {

Code code_of(std::string_view text, const XmlLimits& limits = {}) {
  const auto guarded = guard_xml(text, limits);
  return guarded ? Code::Internal : guarded.error().code;
}
bool passes(std::string_view text) { return guard_xml(text).has_value(); }

constexpr std::string_view kGood =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a:r xmlns:a=\"urn:a\" xmlns='urn:b' x=\"1 &lt; &#x32;\"><!-- c -->"
    "<b a:y=\"2\"/>t&amp;&#13;<![CDATA[<not a tag>]]></a:r>\n";

TEST(XmlGuard, PassesWhatIsWellFormed) {
  EXPECT_TRUE(passes(kGood));
  EXPECT_TRUE(passes("<r/>"));
  EXPECT_TRUE(passes("\xEF\xBB\xBF<r>\xC3\xA4</r>"));
}

TEST(XmlGuard, RefusesEveryTruncation) {
  const std::size_t end = kGood.find_last_of('>');
  for (std::size_t size = 0; size <= end; ++size) EXPECT_FALSE(passes(kGood.substr(0, size))) << size;
}

// Rows 1 and 2: at the first token, whatever comes behind, and nothing is fetched.
TEST(XmlGuard, RefusesDocumentTypes) {
  EXPECT_EQ(code_of("<!DOCTYPE r><r/>"), Code::XmlDoctype);
  EXPECT_EQ(code_of("<?xml version=\"1.0\"?> <!DOCTYPE r [<!ENTITY a \"b\">]><r>&a;</r>"), Code::XmlDoctype);
  EXPECT_EQ(code_of("<!DOCTYPE r SYSTEM \"file:///etc/passwd\">"), Code::XmlDoctype);
  EXPECT_FALSE(passes("<r><!DOCTYPE r></r>"));
  EXPECT_FALSE(passes("<r>&undefined;</r>"));
  EXPECT_FALSE(passes("<r><?php x?></r>"));
}

// XML 1.0 productions 16 and 17.
TEST(XmlGuard, PassesInstructionsWhereTheyMayBe) {
  XmlLimits limits;
  limits.has_instructions = true;
  for (const std::string_view good : {"<?xml version=\"1.0\"?><?xml-stylesheet href='a'?><r/>",
                                      "<r><?php x <b> & ?></r>", "<r/>\n<?end?>\n", "<?a?><r/>"}) {
    EXPECT_TRUE(guard_xml(good, limits)) << good;
    EXPECT_FALSE(passes(good)) << good;
  }
  for (const std::string_view bad : {"<r><?xml version='1.0'?></r>", "<r><?XML?></r>", "<r><? a?></r>", "<r><?a",
                                     "<r><?a:b c?></r>", "<r><?a+b?></r>", "<?a?>", "<r a='<?a?>'/>"}) {
    EXPECT_EQ(code_of(bad, limits), Code::XmlSyntax) << bad;
  }
  EXPECT_EQ(code_of("<?a <!DOCTYPE r>?><r/>", limits), Code::XmlDoctype);
}

TEST(XmlGuard, RefusesWhatParsersForgive) {
  for (const std::string_view text : {"",
                                      " ",
                                      "text",
                                      "<r></s>",
                                      "<r><s></r></s>",
                                      "<r/><r/>",
                                      "<r/>text",
                                      "<r a=1/>",
                                      "<r a/>",
                                      "<r a='<'/>",
                                      "<r a=\"1\" a=\"2\"/>",
                                      "<p:r/>",
                                      "<r p:a='1'/>",
                                      "<r xmlns:p=''><p:s/></r>",
                                      "<r>&#0;</r>",
                                      "<r>&#xD800;</r>",
                                      "<r>&#x110000;</r>",
                                      "<r>&#;</r>",
                                      "<r>&amp</r>",
                                      "<r>a & b</r>",
                                      "<r><!-- a -- b --></r>",
                                      "<r>]]></r>"}) {
    EXPECT_FALSE(passes(text)) << text;
  }
  EXPECT_EQ(code_of("<r>\xC3</r>"), Code::Utf8Invalid);
  EXPECT_FALSE(passes(std::string_view("<r>\0</r>", 8)));
  EXPECT_FALSE(passes("<r>\x01</r>"));
}

// Namespaces in XML clauses 3 and 6.3: a reader of ours that looks for "the" attribute must find one.
TEST(XmlGuard, RefusesOneAttributeUnderTwoPrefixes) {
  EXPECT_FALSE(passes(R"(<r xmlns:a="urn:x" xmlns:b="urn:x" a:y="1" b:y="2"/>)"));
  EXPECT_FALSE(passes(R"(<r xmlns:a="urn:x"><b:s xmlns:b="urn:x" b:y="1" a:y="2"/></r>)"));
  EXPECT_FALSE(passes(R"(<r xmlns:a="urn:x" xmlns:b="urn:&#x78;" a:y="1" b:y="2"/>)"));
  EXPECT_TRUE(passes(R"(<r xmlns:a="urn:x" xmlns:b="urn:y" a:y="1" b:y="2" y="3"/>)"));
  EXPECT_TRUE(passes(R"(<r xmlns:a="urn:x" xmlns:b="urn:x" a:y="1" b:z="2"/>)"));
  // The inner declaration counts.
  EXPECT_TRUE(passes(R"(<r xmlns:a="urn:x" xmlns:b="urn:x"><s xmlns:b="urn:y" a:y="1" b:y="2"/></r>)"));
  EXPECT_FALSE(passes(R"(<r xmlns:a="urn:x" xmlns:b="urn:y"><s xmlns:b="urn:x" a:y="1" b:y="2"/></r>)"));
  EXPECT_FALSE(passes(R"(<r xmlns:a="http://www.w3.org/XML/1998/namespace" a:lang="de" xml:lang="en"/>)"));
  EXPECT_FALSE(passes(R"(<r xmlns:a="http://www.w3.org/2000/xmlns/"/>)"));
}

TEST(XmlGuard, HasItsBounds) {
  const auto nested = [](std::size_t depth) {
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) text += "<a>";
    for (std::size_t i = 0; i < depth; ++i) text += "</a>";
    return text;
  };
  EXPECT_TRUE(passes(nested(XmlLimits{}.depth_max)));
  EXPECT_EQ(code_of(nested(XmlLimits{}.depth_max + 1)), Code::XmlTooLarge);
  const auto wide = [](std::size_t count) {
    std::string text = "<r>";
    for (std::size_t i = 1; i < count; ++i) text += "<a/>";
    return text + "</r>";
  };
  EXPECT_TRUE(passes(wide(XmlLimits{}.elements_max)));
  EXPECT_EQ(code_of(wide(XmlLimits{}.elements_max + 1)), Code::XmlTooLarge);
  const auto long_value = [](std::size_t size) { return "<r a=\"" + std::string(size, 'x') + "\"/>"; };
  EXPECT_TRUE(passes(long_value(XmlLimits{}.attribute_bytes_max)));
  EXPECT_EQ(code_of(long_value(XmlLimits{}.attribute_bytes_max + 1)), Code::XmlTooLarge);
  std::string many = "<r";
  for (std::size_t i = 0; i <= XmlLimits{}.attributes_max; ++i) many += " a" + std::to_string(i) + "=''";
  EXPECT_EQ(code_of(many + "/>"), Code::XmlTooLarge);
}

}  // namespace
}  // namespace claviger::codec
