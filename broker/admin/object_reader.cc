#include "broker/admin/object_reader.h"

#include <algorithm>

namespace claviger::admin {

std::optional<codec::JsonValue> ObjectReader::find(std::string_view name) {
  known_.push_back(name);
  return object_.find(name);
}

void ObjectReader::fail(std::string_view name, std::string_view what) {
  if (!wrong_) wrong_ = std::string(name) + ": " + std::string(what);
}

ObjectReader& ObjectReader::read(std::string_view name, std::string& field) {
  if (const auto value = find(name)) {
    if (const auto text = value->as_string())
      field = *text;
    else
      fail(name, "not a string");
  }
  return *this;
}

ObjectReader& ObjectReader::read(std::string_view name, bool& field) {
  if (const auto value = find(name)) {
    if (const auto truth = value->as_bool())
      field = *truth;
    else
      fail(name, "neither true nor false");
  }
  return *this;
}

ObjectReader& ObjectReader::read(std::string_view name, std::optional<std::int64_t>& field) {
  if (const auto value = find(name)) {
    if (const auto number = value->as_int())
      field = *number;
    else
      fail(name, "not a whole number");
  }
  return *this;
}

template <typename Text, typename Make>
void ObjectReader::read_texts(std::string_view name, std::vector<Text>& field, Make make) {
  const auto value = find(name);
  if (!value) return;
  const auto array = value->as_array();
  if (!array) return fail(name, "not an array");
  field.clear();
  for (const codec::JsonValue element : *array) {
    const auto text = element.as_string();
    if (!text) return fail(name, "not an array of strings");
    field.push_back(make(*text));
  }
}

ObjectReader& ObjectReader::read(std::string_view name, std::vector<std::string>& field) {
  read_texts(name, field, [](std::string_view text) { return std::string(text); });
  return *this;
}

ObjectReader& ObjectReader::read(std::string_view name, std::vector<SecretBytes>& field) {
  read_texts(name, field, [](std::string_view text) { return SecretBytes(as_bytes(text)); });
  return *this;
}

ObjectReader& ObjectReader::read(std::string_view name, SecretBytes& field) {
  if (const auto value = find(name)) {
    if (const auto text = value->as_string())
      field = SecretBytes(as_bytes(*text));
    else
      fail(name, "not a string");
  }
  return *this;
}

ObjectReader& ObjectReader::require(std::string_view name) {
  if (!object_.contains(name)) fail(name, "is missing");
  return *this;
}

std::optional<std::string> ObjectReader::wrong() {
  for (const codec::JsonMember member : object_) {
    if (std::find(known_.begin(), known_.end(), member.name) == known_.end()) {
      fail(member.name.substr(0, 64), "no such member");
    }
  }
  return wrong_;
}

}  // namespace claviger::admin
