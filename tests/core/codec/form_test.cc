#include "core/codec/form.h"

#include <gtest/gtest.h>

#include <string>

namespace claviger::codec {
namespace {

Code code_of(std::string_view text) {
  const auto form = parse_form(text);
  EXPECT_FALSE(form.has_value()) << text;
  return form ? Code::Internal : form.error().code;
}

TEST(Form, ReadsFields) {
  const std::string text =
      "grant_type=authorization_code&code=abc&scope=3gpp%3Amc%3Aptt+openid&empty=&bare&&x=a=b&";
  const auto form = parse_form(text);
  ASSERT_TRUE(form);
  EXPECT_EQ(form->fields().size(), 6U);
  EXPECT_EQ(*form->only("grant_type"), "authorization_code");
  EXPECT_EQ(*form->find("scope"), "3gpp:mc:ptt openid");
  EXPECT_EQ(*form->find("empty"), "");
  EXPECT_EQ(*form->find("bare"), "");
  EXPECT_EQ(*form->find("x"), "a=b");
  EXPECT_FALSE(form->find("absent"));
  EXPECT_TRUE(form->only("absent").failed_with(Code::NotFound));
  EXPECT_TRUE(parse_form("")->fields().empty());
}

TEST(Form, BorrowsWhatHasNoEscapes) {
  const std::string text = "plain=value&escaped=a%20b";
  const auto form = parse_form(text);
  ASSERT_TRUE(form);
  EXPECT_EQ(form->find("plain")->data(), text.data() + 6);
  EXPECT_EQ(*form->find("escaped"), "a b");
}

TEST(Form, StaysValidWhenMoved) {
  const std::string text = "a=%41&b=%42&c=%43%44";
  auto parsed = parse_form(text);
  const Form form = *std::move(parsed);
  EXPECT_EQ(*form.find("a"), "A");
  EXPECT_EQ(*form.find("b"), "B");
  EXPECT_EQ(*form.find("c"), "CD");
}

TEST(Form, TellsWhichNamesAreDuplicated) {
  const std::string text = "client_id=a&state=1&client_id=b&client_%69d=c&redirect_uri=x&redirect_uri=x";
  const auto form = parse_form(text);
  ASSERT_TRUE(form);
  EXPECT_TRUE(form->is_duplicated("client_id"));
  EXPECT_TRUE(form->is_duplicated("redirect_uri"));
  EXPECT_FALSE(form->is_duplicated("state"));
  EXPECT_FALSE(form->is_duplicated("absent"));
  EXPECT_EQ(form->duplicates().size(), 2U);
  EXPECT_TRUE(form->only("client_id").failed_with(Code::FormDuplicate));
  EXPECT_EQ(*form->only("state"), "1");
  EXPECT_EQ(*form->find("client_id"), "a");
}

TEST(Form, RefusesBadInput) {
  for (const std::string_view text :
       {"a=%", "a=%4", "a=%zz", "%=1", "a=%00", "=value", "a=1&=", "a=\x01", "a=1\r\n", "a=\x7f", "+%4=1"}) {
    EXPECT_EQ(code_of(text), Code::FormSyntax) << text;
  }
  EXPECT_EQ(code_of(std::string_view("a=\0b", 4)), Code::FormSyntax);
  for (const std::string_view text : {"a=%FF", "a=%C0%80", "%ED%A0%80=1", "a=\xFF", "a=%C3&b=%A9"}) {
    EXPECT_EQ(code_of(text), Code::Utf8Invalid) << text;
  }
  EXPECT_EQ(*parse_form("a=%C3%A9&b=\xC3\xA9")->find("b"), "\xC3\xA9");
}

TEST(Form, KeepsToItsBounds) {
  std::string fields;
  for (std::size_t i = 0; i < kFormFieldsMax; ++i) fields += (i ? "&f" : "f") + std::to_string(i) + "=%41";
  const auto form = parse_form(fields);
  ASSERT_TRUE(form);
  EXPECT_EQ(form->fields().size(), kFormFieldsMax);
  EXPECT_EQ(code_of(fields + "&one-more=1"), Code::TooMany);
  EXPECT_TRUE(parse_form(std::string(kFormNameMax, 'n') + "=1"));
  EXPECT_EQ(code_of(std::string(kFormNameMax + 1, 'n') + "=1"), Code::TooLarge);
  EXPECT_TRUE(parse_form("a=" + std::string(kFormBytesMax - 2, 'v')));
  EXPECT_EQ(code_of("a=" + std::string(kFormBytesMax - 1, 'v')), Code::TooLarge);
  EXPECT_TRUE(parse_form("abc=12", 5).failed_with(Code::TooLarge));
  EXPECT_TRUE(parse_form(std::string(kFormBytesMax, '&'))->fields().empty());
}

TEST(Form, RefusesOrReadsEveryTruncation) {
  const std::string text = "a=%C3%A9&scope=x+y&a=%41";
  for (std::size_t size = 0; size <= text.size(); ++size) {
    const auto form = parse_form(std::string_view(text).substr(0, size));
    if (!form) {
      EXPECT_TRUE(form.failed_with(Code::FormSyntax) || form.failed_with(Code::Utf8Invalid));
    }
  }
}

}  // namespace
}  // namespace claviger::codec
