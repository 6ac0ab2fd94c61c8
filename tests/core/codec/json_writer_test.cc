#include "core/codec/json_writer.h"

#include <gtest/gtest.h>

#include <limits>

#include "core/codec/json_reader.h"

namespace claviger::codec {
namespace {

std::string string_of(std::string_view text) {
  std::string out;
  JsonWriter json(out);
  json.value(text);
  return out;
}

template <typename Sink>
void write_sample(Sink& sink) {
  JsonWriter json(sink);
  json.begin_object().member("iss", "https://a.example").member("exp", 1764000000).member("active", true);
  json.name("aud")
      .begin_array()
      .value("x")
      .value(std::string_view("y"))
      .begin_object()
      .end_object()
      .end_array();
  json.name("jwk").raw(R"({"kty":"EC"})").name("none").null().member("ratio", 0.25).end_object();
  EXPECT_TRUE(json.is_complete());
}

constexpr std::string_view kSample =
    R"({"iss":"https://a.example","exp":1764000000,"active":true,"aud":["x","y",{}],"jwk":{"kty":"EC"},"none":null,"ratio":0.25})";

TEST(JsonWriter, WritesToAString) {
  std::string text = "> ";
  write_sample(text);
  EXPECT_EQ(text, "> " + std::string(kSample));
}

TEST(JsonWriter, WritesToASlabThatGrows) {
  SlabPool pool;
  SlabWriter writer(pool, 8);
  write_sample(writer);
  EXPECT_EQ(as_text(writer.written()), kSample);
  const std::string big(kSlabBytes, 'q');
  JsonWriter json(writer);
  json.value(big);
  EXPECT_EQ(writer.size(), kSample.size() + big.size() + 2);
}

TEST(JsonWriter, WritesTheEdgesOfIntegers) {
  std::string text;
  JsonWriter json(text);
  json.begin_array()
      .value(std::numeric_limits<std::int64_t>::min())
      .value(std::numeric_limits<std::uint64_t>::max());
  json.value(std::int8_t{-3}).value(0U).end_array();
  EXPECT_EQ(text, "[-9223372036854775808,18446744073709551615,-3,0]");
}

TEST(JsonWriter, DoublesReadBackAsTheyWere) {
  JsonReader reader;
  for (const double number : {0.1, 1.0 / 3, 1e15, 18446744073709551616.0, 1e22, 1.7976931348623157e308,
                              5e-324, -2.5e-10, 123456789012345678.0}) {
    std::string text;
    JsonWriter json(text);
    json.value(number);
    EXPECT_EQ(*reader.parse(text)->as_double(), number) << text;
  }
}

TEST(JsonWriter, EscapesWhatRfc8259Wants) {
  EXPECT_EQ(string_of("a\"b\\c/\b\f\n\r\t\x01\x1f\x7f"), R"("a\"b\\c/\b\f\n\r\t\u0001\u001f)"
                                                         "\x7f\"");
  EXPECT_EQ(string_of(std::string_view("\0", 1)), R"("\u0000")");
  EXPECT_EQ(string_of("gr\xC3\xBC\xC3\x9F"), "\"gr\xC3\xBC\xC3\x9F\"");
}

TEST(JsonWriter, ReplacesWhatIsNotUtf8) {
  constexpr std::string_view kUnknown = "\xEF\xBF\xBD";
  EXPECT_EQ(string_of("a\xFFz"), "\"a" + std::string(kUnknown) + "z\"");
  EXPECT_EQ(string_of("\xC3\xA9\xC3"), "\"\xC3\xA9" + std::string(kUnknown) + "\"");
  EXPECT_EQ(string_of("\xED\xA0\x80"),
            "\"" + std::string(kUnknown) + std::string(kUnknown) + std::string(kUnknown) + "\"");
}

TEST(JsonWriter, WhatItWritesTheReaderReadsBack) {
  JsonReader reader;
  for (int c = 0; c < 128; ++c) {
    for (std::size_t at = 0; at < 20; ++at) {
      std::string text(20, 'x');
      text[at] = static_cast<char>(c);
      EXPECT_EQ(*reader.parse(string_of(text))->as_string(), text);
      EXPECT_EQ(is_plain_json(text), c >= 0x20 && c != '"' && c != '\\') << c;
    }
  }
}

TEST(JsonWriterDeath, AWrongOrderIsOurMistake) {
  const auto value_without_name = [] {
    std::string text;
    JsonWriter(text).begin_object().value(1);
  };
  const auto end_of_another_kind = [] {
    std::string text;
    JsonWriter(text).begin_object().end_array();
  };
  const auto two_roots = [] {
    std::string text;
    JsonWriter(text).value(1).value(2);
  };
  const auto name_in_array = [] {
    std::string text;
    JsonWriter(text).begin_array().name("a");
  };
  EXPECT_DEATH(value_without_name(), "assertion failed");
  EXPECT_DEATH(end_of_another_kind(), "assertion failed");
  EXPECT_DEATH(two_roots(), "assertion failed");
  EXPECT_DEATH(name_in_array(), "assertion failed");
}

}  // namespace
}  // namespace claviger::codec
