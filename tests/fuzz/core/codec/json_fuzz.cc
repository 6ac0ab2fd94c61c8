// What the reader accepts has valid UTF-8, no name twice and the promised bounds; written by the writer it
// reads back to the same, and with and without padding the answer is the same.
#include <set>
#include <string>
#include <vector>

#include "core/base/slice.h"
#include "core/codec/json_reader.h"
#include "core/codec/json_writer.h"
#include "core/codec/utf8.h"

using namespace claviger;
using namespace claviger::codec;

namespace {

void write(JsonWriter<std::string>& json, JsonValue value, std::size_t depth) {
  CLAVIGER_ASSERT(depth <= JsonLimits{}.depth_max);
  switch (value.kind()) {
    case JsonKind::Null:
      json.null();
      return;
    case JsonKind::Bool:
      json.value(*value.as_bool());
      return;
    case JsonKind::Integer:
      if (const auto number = value.as_int(); number) {
        json.value(*number);
      } else {
        json.value(*value.as_uint());
      }
      return;
    case JsonKind::Double:
      json.value(*value.as_double());
      return;
    case JsonKind::String:
      CLAVIGER_ASSERT(is_utf8(*value.as_string()));
      json.value(*value.as_string());
      return;
    case JsonKind::Array: {
      const auto array = *value.as_array();
      std::size_t count = 0;
      json.begin_array();
      for (const JsonValue element : array) {
        write(json, element, depth + 1);
        ++count;
      }
      json.end_array();
      CLAVIGER_ASSERT(count == array.size());
      return;
    }
    case JsonKind::Object: {
      const auto object = *value.as_object();
      std::set<std::string_view> names;
      json.begin_object();
      for (const JsonMember member : object) {
        CLAVIGER_ASSERT(is_utf8(member.name) && names.insert(member.name).second);
        CLAVIGER_ASSERT(object.find(member.name)->kind() == member.value.kind());
        json.name(member.name);
        write(json, member.value, depth + 1);
      }
      json.end_object();
      CLAVIGER_ASSERT(names.size() == object.size() && names.size() <= JsonLimits{}.members_max);
      return;
    }
  }
}

std::string written(JsonValue value) {
  std::string text;
  JsonWriter json(text);
  write(json, value, 0);
  CLAVIGER_ASSERT(json.is_complete());
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static JsonReader reader;
  JsonLimits wide;
  wide.bytes_max = 1024 * 1024;  // numbers and escapes may be written longer than they were read
  static JsonReader second(wide);
  const std::string input(reinterpret_cast<const char*>(data), size);

  std::vector<char> padded(size + kJsonPadding, '"');
  std::copy(input.begin(), input.end(), padded.begin());
  const auto in_place = second.parse_padded({padded.data(), size});
  const auto value = reader.parse(input);
  if (size <= JsonLimits{}.bytes_max) {
    CLAVIGER_ASSERT(value.has_value() == in_place.has_value());
    CLAVIGER_ASSERT(value || value.error().code == in_place.error().code);
  }
  if (!value) return 0;
  if (value->kind() == JsonKind::Object || value->kind() == JsonKind::Array) {
    CLAVIGER_ASSERT(value->as_numeric_date().failed_with(Code::JsonType));
  }
  // A double such as 1.0 is written as an integer, so it is the second text that must stay as it is.
  const std::string once = written(*value);
  const auto again = second.parse(once);
  CLAVIGER_ASSERT(again);
  const std::string twice = written(*again);
  const auto third = second.parse(twice);
  CLAVIGER_ASSERT(third && written(*third) == twice);
  return 0;
}
