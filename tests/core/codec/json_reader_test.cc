#include "core/codec/json_reader.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "core/base/slice.h"

namespace claviger::codec {
namespace {

Code code_of(std::string_view text, JsonLimits limits = {}) {
  JsonReader reader(limits);
  const auto value = reader.parse(text);
  EXPECT_FALSE(value.has_value()) << text;
  return value ? Code::Internal : value.error().code;
}

std::string nested(std::size_t depth, std::string_view open = "[", std::string_view close = "]") {
  std::string text;
  for (std::size_t i = 0; i < depth; ++i) text += open;
  if (open != "[") text += "0";
  for (std::size_t i = 0; i < depth; ++i) text += close;
  return text;
}

std::string object_of(std::size_t members) {
  std::string text = "{";
  for (std::size_t i = 0; i < members; ++i) text += (i ? ",\"m" : "\"m") + std::to_string(i) + "\":0";
  return text + "}";
}

TEST(JsonReader, ReadsEachKind) {
  JsonReader reader;
  const auto value = reader.parse(
      R"( {"s":"text","i":-5,"u":18446744073709551615,"d":1.5,"t":true,"f":false,"n":null,"a":[1,"x",{"y":2},[]],"o":{}} )");
  ASSERT_TRUE(value);
  const auto object = *value->as_object();
  EXPECT_EQ(object.size(), 9U);
  EXPECT_EQ(*object.string_at("s"), "text");
  EXPECT_EQ(*object.int_at("i"), -5);
  EXPECT_EQ(*object.at("u")->as_uint(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_TRUE(object.at("u")->as_int().failed_with(Code::OutOfRange));
  EXPECT_TRUE(object.at("i")->as_uint().failed_with(Code::OutOfRange));
  EXPECT_EQ(*object.at("d")->as_double(), 1.5);
  EXPECT_EQ(*object.at("i")->as_double(), -5.0);
  EXPECT_EQ(*object.at("u")->as_double(), 18446744073709551616.0);
  EXPECT_TRUE(object.at("d")->as_int().failed_with(Code::JsonType));
  EXPECT_TRUE(*object.bool_at("t"));
  EXPECT_FALSE(*object.bool_at("f"));
  EXPECT_TRUE(object.at("n")->is_null());
  EXPECT_TRUE(object.at("o")->as_object()->empty());
  EXPECT_TRUE(object.at("none").failed_with(Code::JsonMissing));
  EXPECT_TRUE(object.string_at("i").failed_with(Code::JsonType));
  EXPECT_TRUE(object.int_at("s").failed_with(Code::JsonType));
  EXPECT_TRUE(object.bool_at("n").failed_with(Code::JsonType));
  EXPECT_TRUE(object.at("s")->as_array().failed_with(Code::JsonType));
  EXPECT_TRUE(object.at("a")->as_object().failed_with(Code::JsonType));
  EXPECT_TRUE(object.at("s")->as_double().failed_with(Code::JsonType));
  EXPECT_TRUE(object.at("s")->as_uint().failed_with(Code::JsonType));

  const auto array = *object.at("a")->as_array();
  EXPECT_EQ(array.size(), 4U);
  std::vector<JsonKind> kinds;
  for (const JsonValue element : array) kinds.push_back(element.kind());
  EXPECT_EQ(kinds, (std::vector{JsonKind::Integer, JsonKind::String, JsonKind::Object, JsonKind::Array}));

  std::string names;
  for (const JsonMember member : object) names += member.name;
  EXPECT_EQ(names, "siudtfnao");
}

TEST(JsonReader, ReadsScalarsAtTheRoot) {
  JsonReader reader;
  EXPECT_EQ(*reader.parse("7")->as_int(), 7);
  EXPECT_EQ(*reader.parse("\"x\"")->as_string(), "x");
  EXPECT_EQ(reader.parse("null")->kind(), JsonKind::Null);
  EXPECT_EQ(reader.parse("true")->kind(), JsonKind::Bool);
  EXPECT_EQ(reader.parse("0.5")->kind(), JsonKind::Double);
}

TEST(JsonReader, ResolvesEscapes) {
  JsonReader reader;
  EXPECT_EQ(*reader.parse(R"("\"\\\/\b\f\n\r\t\u0041\u00e9\u20ac\ud83d\ude00")")->as_string(),
            "\"\\/\b\f\n\r\tA\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
  EXPECT_EQ(*reader.parse(R"("a\u0000b")")->as_string(), std::string_view("a\0b", 3));
}

TEST(JsonReader, RefusesWhatIsNotJson) {
  for (const std::string_view text : {"{",
                                      "}",
                                      "[",
                                      "]",
                                      "[1,2}",
                                      "{]",
                                      "[1,]",
                                      "[,1]",
                                      "{,}",
                                      "{\"a\"}",
                                      "{\"a\":}",
                                      "{\"a\":1,}",
                                      "{a:1}",
                                      "{'a':1}",
                                      "01",
                                      "[01]",
                                      "-01",
                                      "-",
                                      "+1",
                                      "1.",
                                      ".5",
                                      "1e",
                                      "1e+",
                                      "0x10",
                                      "1e400",
                                      "[1e400]",
                                      "-1e400",
                                      "NaN",
                                      "Infinity",
                                      "-Infinity",
                                      "tru",
                                      "[tru]",
                                      "truee",
                                      "nul",
                                      "fals",
                                      "True",
                                      "\"",
                                      "\"a",
                                      "'a'",
                                      "\"\\x\"",
                                      "\"\\u12\"",
                                      "\"\\u12G4\"",
                                      "\"\\\"",
                                      "\"a\nb\"",
                                      "\"a\tb\"",
                                      "{} x",
                                      "{}{}",
                                      "1 2",
                                      "[1 2]",
                                      "{\"a\" 1}",
                                      "{\"a\":1 \"b\":2}",
                                      "// c\n1",
                                      "/**/1",
                                      "[1]]",
                                      "18446744073709551616",
                                      "-9223372036854775809",
                                      "\"\\ud800\"",
                                      "\"\\ud800x\"",
                                      "\"\\ud800\\n\"",
                                      "\"\\ud800\\u0041\"",
                                      "\"\\udc00\"",
                                      "\"\\ud800\\ud800\"",
                                      "\"\\udc00\\ud800\"",
                                      "{\"\\ud800\":1}",
                                      "{1:2}",
                                      "{null:1}",
                                      "\xEF\xBB\xBF{}",
                                      "\xFE\xFF{}",
                                      "\x0c{}",
                                      "\v1"}) {
    const Code code = code_of(text);
    EXPECT_TRUE(code == Code::JsonSyntax || code == Code::Utf8Invalid) << text << " " << name_of(code);
  }
  EXPECT_EQ(code_of(std::string_view("{}\0", 3)), Code::JsonSyntax);
  EXPECT_EQ(code_of(std::string_view("\"a\0b\"", 5)), Code::JsonSyntax);
  EXPECT_EQ(code_of("1e400"), Code::JsonSyntax);
  EXPECT_EQ(code_of("\"\\ud800\""), Code::JsonSyntax);
}

TEST(JsonReader, RefusesBadSyntaxInValuesThatNobodyReads) {  // simdjson's on-demand mode does not
  for (const std::string_view value : {"01", "tru", "1e400", "[1,2}", "\"\\ud800\"", "1.", "nulll"}) {
    EXPECT_EQ(code_of("{\"skipped\":" + std::string(value) + ",\"iss\":\"x\"}"), Code::JsonSyntax) << value;
  }
}

TEST(JsonReader, RefusesEmptyText) {
  EXPECT_EQ(code_of(""), Code::Empty);
  EXPECT_EQ(code_of(" \n\t\r "), Code::Empty);
}

TEST(JsonReader, RefusesInvalidUtf8) {
  for (const std::string_view text :
       {"\"\xFF\"", "\"\xC0\x80\"", "\"\xED\xA0\x80\"", "\"\xC3\"", "{\"\x80\":1}"}) {
    EXPECT_EQ(code_of(text), Code::Utf8Invalid);
  }
}

TEST(JsonReader, RefusesEveryTruncation) {
  const std::string text =
      R"({"iss":"https://a.example","aud":["x","y"],"exp":1764000000.5,"cnf":{"jkt":"\u00e9"},"ok":true})";
  JsonReader reader;
  ASSERT_TRUE(reader.parse(text));
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(reader.parse(std::string_view(text).substr(0, size))) << size;
  }
}

TEST(JsonReader, RefusesDuplicateNamesAfterUnescaping) {
  for (const std::string_view text :
       {R"({"a":1,"a":1})", R"({"sub":1,"x":2,"s\u0075b":3})", R"({"o":{"b":1,"b":2}})",
        R"([0,[{"":1,"":2}]])", R"({"longer than eight":1,"longer than eight":2})",
        R"({"a\u0000":1,"a\u0000":2})"}) {
    EXPECT_EQ(code_of(text), Code::JsonDuplicate) << text;
  }
  JsonReader reader;
  EXPECT_TRUE(reader.parse(R"({"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]})"));
  EXPECT_TRUE(reader.parse(R"({"a":1,"A":1,"a ":1,"":1,"a\u0000":1})"));
  EXPECT_TRUE(reader.parse(R"({"12345678x":1,"12345678y":2,"12345678":3,"12345678xx":4})"));
}

TEST(JsonReader, FindsADuplicateAtEveryPairOfPlaces) {
  JsonReader reader;
  for (const std::size_t members : {2U, 15U, 16U, 17U, 40U}) {
    for (std::size_t first = 0; first < members; ++first) {
      for (std::size_t second = first + 1; second < members; ++second) {
        std::string text = "{";
        for (std::size_t i = 0; i < members; ++i) {
          text += (i ? ",\"name-" : "\"name-") + std::to_string(i == second ? first : i) + "\":0";
        }
        EXPECT_TRUE(reader.parse(text + "}").failed_with(Code::JsonDuplicate)) << text;
      }
    }
  }
}

TEST(JsonReader, KeepsToItsDepth) {
  EXPECT_EQ(code_of(nested(17)), Code::TooDeep);
  EXPECT_EQ(code_of(nested(2000)), Code::TooDeep);
  EXPECT_EQ(code_of(nested(30'000)), Code::TooDeep);
  EXPECT_EQ(code_of(nested(17, "{\"a\":", "}")), Code::TooDeep);
  JsonReader reader;
  EXPECT_TRUE(reader.parse(nested(16)));
  EXPECT_TRUE(reader.parse(nested(16, "{\"a\":", "}")));
  JsonLimits flat;
  flat.depth_max = 1;
  EXPECT_EQ(code_of("[[]]", flat), Code::TooDeep);
  EXPECT_EQ(code_of("{\"a\":{}}", flat), Code::TooDeep);
  JsonReader flat_reader(flat);
  EXPECT_TRUE(flat_reader.parse("[1]"));
}

TEST(JsonReader, DepthHoldsAfterItsBuffersGrew) {
  JsonReader reader;
  ASSERT_TRUE(reader.parse("\"" + std::string(60'000, 'x') + "\""));
  EXPECT_TRUE(reader.parse(nested(17)).failed_with(Code::TooDeep));
  EXPECT_TRUE(reader.parse(nested(16)));
}

TEST(JsonReader, KeepsToItsCounts) {
  JsonReader reader;
  EXPECT_TRUE(reader.parse(object_of(256)));
  EXPECT_TRUE(reader.parse(object_of(257)).failed_with(Code::TooMany));
  JsonLimits small;
  small.members_max = 2;
  small.values_max = 6;
  EXPECT_EQ(code_of(object_of(3), small), Code::TooMany);
  JsonReader small_reader(small);
  EXPECT_TRUE(small_reader.parse("[1,2,3,4,5]"));
  EXPECT_TRUE(small_reader.parse("[1,2,3,4,5,6]").failed_with(Code::TooMany));
  EXPECT_TRUE(small_reader.parse("[[1,2],[1]]"));
  EXPECT_TRUE(small_reader.parse("[[1,2],[1,2]]").failed_with(Code::TooMany));
}

TEST(JsonReader, KeepsToItsSize) {
  JsonLimits limits;
  limits.bytes_max = 10;
  JsonReader reader(limits);
  EXPECT_TRUE(reader.parse("\"12345678\""));
  EXPECT_TRUE(reader.parse("\"123456789\"").failed_with(Code::TooLarge));
  EXPECT_TRUE(reader.parse_padded(std::string_view("\"123456789\"")).failed_with(Code::TooLarge));
}

TEST(JsonReader, ManyNamesWithTheSameFrontStayCheap) {
  std::string text = "{";
  for (int i = 0; i < 256; ++i) {
    std::string digits = std::to_string(i);
    text +=
        (i ? ",\"" : "\"") + std::string(200, 'a') + std::string(4 - digits.size(), '0') + digits + "\":0";
  }
  JsonReader reader;
  EXPECT_TRUE(reader.parse(text + "}"));
  EXPECT_TRUE(reader.parse(text + ",\"x\":0}").failed_with(Code::TooMany));
}

TEST(JsonReader, ReadsASliceOfASlabWithoutCopying) {
  SlabPool pool;
  SlabWriter writer(pool, kSlabBytes);
  writer.append(R"({"sub":"u1"})");
  const std::string filler(writer.room(),
                           'z');  // what follows the text in the slab is not the text's business
  writer.append(filler);
  const Slice whole = writer.finish();
  JsonReader reader;
  const auto value = reader.parse_padded(whole.part(0, 12).text());
  ASSERT_TRUE(value);
  EXPECT_EQ(*value->as_object()->string_at("sub"), "u1");
  EXPECT_TRUE(reader.parse_padded(whole.part(0, 13).text()).failed_with(Code::JsonSyntax));
}

TEST(JsonReader, CanBeUsedAgainAfterAnError) {
  JsonReader reader;
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(reader.parse("{\"a\":"));
    EXPECT_EQ(*reader.parse("{\"a\":1}")->as_object()->int_at("a"), 1);
    EXPECT_FALSE(reader.parse(nested(40)));
  }
}

TEST(JsonReader, WipeLeavesNothingOfTheText) {
  JsonReader reader;
  const auto value = reader.parse(R"({"password":"correct horse"})");
  const std::string_view password = *value->as_object()->string_at("password");
  ASSERT_EQ(password, "correct horse");
  reader.wipe();
  EXPECT_EQ(password, std::string(password.size(), '\0'));
  EXPECT_TRUE(reader.parse("[]"));
}

TEST(JsonReader, NumericDateIsAWholeNumberOfSecondsInRange) {
  JsonReader reader;
  const auto date = [&reader](std::string_view text) { return reader.parse(text)->as_numeric_date(); };
  EXPECT_EQ(*date("0"), 0);
  EXPECT_EQ(*date("-0"), 0);
  EXPECT_EQ(*date("-0.0"), 0);
  EXPECT_EQ(*date("1764000000"), 1764000000);
  EXPECT_EQ(*date("1764000000.999"), 1764000000);
  EXPECT_EQ(*date("1.764e9"), 1764000000);
  EXPECT_EQ(*date("9007199254740991"), 9007199254740991);
  EXPECT_EQ(*date("9007199254740991.0"), 9007199254740991);
  EXPECT_TRUE(date("9007199254740992").failed_with(Code::OutOfRange));
  EXPECT_TRUE(date("9007199254740992.0").failed_with(Code::OutOfRange));
  EXPECT_TRUE(date("18446744073709551615").failed_with(Code::OutOfRange));
  EXPECT_TRUE(date("1e300").failed_with(Code::OutOfRange));
  EXPECT_TRUE(date("-1").failed_with(Code::OutOfRange));
  EXPECT_TRUE(date("-0.5").failed_with(Code::OutOfRange));
  EXPECT_TRUE(date("\"1764000000\"").failed_with(Code::JsonType));
  EXPECT_TRUE(date("true").failed_with(Code::JsonType));
  EXPECT_TRUE(date("null").failed_with(Code::JsonType));
}

}  // namespace
}  // namespace claviger::codec
