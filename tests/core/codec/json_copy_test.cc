#include "core/codec/json_copy.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>
#include <vector>

#include "core/codec/json_reader.h"

namespace claviger::codec {
namespace {

class Room {
 public:
  explicit Room(std::size_t bytes) : words_((bytes + 7) / 8), bytes_(bytes) {}
  MutableBytes bytes() { return std::as_writable_bytes(std::span(words_)).first(bytes_); }

 private:
  std::vector<std::uint64_t> words_;
  std::size_t bytes_;
};

constexpr std::string_view kAllKinds =
    R"({"s":"text\u0000é","i":-5,"u":18446744073709551615,"d":1.5,"t":true,"f":false,"n":null,"e":"",)"
    R"("a":[1,"x",{"y":[2,[]]},[]],"o":{},"last":"z"})";

JsonObject parsed(JsonReader& reader, std::string_view text) {
  const auto value = reader.parse(text);
  EXPECT_TRUE(value) << text;
  return *value->as_object();
}

TEST(JsonCopy, KeepsEveryKindWhenTheReaderHasParsedAnother) {
  JsonReader reader;
  Room room(1024);
  const auto copy = copy_json(parsed(reader, kAllKinds), room.bytes());
  ASSERT_TRUE(copy);
  std::string others(kAllKinds.size(), ' ');
  ASSERT_TRUE(reader.parse("{\"other\":[9,9,9,9,9,9,9,9,\"xxxxxxxxxxxxxxxxxxxxxx\"]}" + others));
  reader.wipe();

  const auto object = *copy->as_object();
  EXPECT_EQ(object.size(), 11U);
  EXPECT_EQ(*object.string_at("s"), std::string_view("text\0é", 7));
  EXPECT_EQ(*object.int_at("i"), -5);
  EXPECT_EQ(*object.at("u")->as_uint(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(*object.at("d")->as_double(), 1.5);
  EXPECT_TRUE(*object.bool_at("t"));
  EXPECT_FALSE(*object.bool_at("f"));
  EXPECT_TRUE(object.at("n")->is_null());
  EXPECT_EQ(*object.string_at("e"), "");
  EXPECT_TRUE(object.at("o")->as_object()->empty());
  EXPECT_EQ(*object.string_at("last"), "z");
  const auto array = *object.at("a")->as_array();
  ASSERT_EQ(array.size(), 4U);
  std::vector<JsonKind> kinds;
  for (const JsonValue element : array) kinds.push_back(element.kind());
  EXPECT_EQ(kinds, (std::vector{JsonKind::Integer, JsonKind::String, JsonKind::Object, JsonKind::Array}));
  auto third = array.begin();
  ++ ++third;
  const auto inner = *(*third).as_object()->at("y")->as_array();
  EXPECT_EQ(inner.size(), 2U);
  EXPECT_EQ(*(*inner.begin()).as_int(), 2);
  std::vector<std::string> names;
  for (const JsonMember member : object) names.emplace_back(member.name);
  EXPECT_EQ(names, (std::vector<std::string>{"s", "i", "u", "d", "t", "f", "n", "e", "a", "o", "last"}));
}

TEST(JsonCopy, IsRefusedByEveryRoomThatIsTooSmall) {
  JsonReader reader;
  const JsonObject object = parsed(reader, kAllKinds);
  std::size_t smallest = 0;
  for (std::size_t bytes = 0; bytes <= 1024; ++bytes) {
    Room room(bytes);
    const bool fits = copy_json(object, room.bytes()).has_value();
    if (fits && smallest == 0) smallest = bytes;
    EXPECT_EQ(fits, smallest != 0) << bytes;
  }
  EXPECT_GT(smallest, kAllKinds.size());
}

TEST(JsonCopy, GoesAsDeepAsItsBoundAndNoDeeper) {
  JsonReader reader(JsonLimits{.depth_max = 32});
  const auto nested = [](std::size_t depth) {  // the object itself is a container, too
    return "{\"a\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
  };
  Room room(4096);
  EXPECT_TRUE(copy_json(parsed(reader, nested(kJsonCopyDepthMax)), room.bytes()));
  EXPECT_FALSE(copy_json(parsed(reader, nested(kJsonCopyDepthMax + 1)), room.bytes()));
}

}  // namespace
}  // namespace claviger::codec
