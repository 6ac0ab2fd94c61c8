#include "tools/clavigerctl/json_text.h"

#include "core/codec/json_writer.h"

namespace claviger::ctl {
namespace {

using Writer = codec::JsonWriter<std::string>;

// Calls itself for what is inside: the reader has bounded the depth (JsonLimits::depth_max).
void write(Writer& json, const codec::JsonValue& value) {
  switch (value.kind()) {
    case codec::JsonKind::Null:
      json.null();
      return;
    case codec::JsonKind::Bool:
      json.value(*value.as_bool());
      return;
    case codec::JsonKind::String:
      json.value(*value.as_string());
      return;
    case codec::JsonKind::Double:
      json.value(*value.as_double());
      return;
    case codec::JsonKind::Integer:
      if (const auto number = value.as_int())
        json.value(*number);
      else
        json.value(*value.as_double());
      return;
    case codec::JsonKind::Array: {
      json.begin_array();
      const codec::JsonArray array = *value.as_array();
      for (const codec::JsonValue element : array) write(json, element);
      json.end_array();
      return;
    }
    case codec::JsonKind::Object: {
      json.begin_object();
      const codec::JsonObject object = *value.as_object();
      for (const codec::JsonMember member : object) {
        json.name(member.name);
        write(json, member.value);
      }
      json.end_object();
      return;
    }
  }
}

}  // namespace

void append_json(std::string& text, const codec::JsonValue& value) {
  Writer json(text);
  write(json, value);
}

}  // namespace claviger::ctl
