#include "broker/settings/toml_reader.h"

namespace claviger::settings {

TomlReader::~TomlReader() {
  for (const auto& [name, node] : table_) {
    if (!read_.contains(name.str())) fail(Code::ConfigUnknown, name.str(), "is not a setting");
  }
}

const toml::node* TomlReader::find(const char* name) {
  read_.insert(name);
  return table_.get(name);
}

std::string TomlReader::place_of(std::string_view name) const {
  const toml::node* node = table_.get(name);
  const toml::source_region region = node != nullptr ? node->source() : table_.source();
  return file_ + ":" + std::to_string(region.begin.line);
}

void TomlReader::fail(Code code, std::string_view name, const std::string& what) {
  errors_.push_back({code, place_of(name) + ": " + path_of(name) + " " + what});
}

void TomlReader::read(const char* name, std::string& out) {
  const toml::node* node = find(name);
  if (node == nullptr) return;
  if (const auto text = node->value_exact<std::string>()) {
    out = *text;
  } else {
    fail(Code::ConfigValue, name, "must be a string");
  }
}

void TomlReader::read(const char* name, bool& out) {
  const toml::node* node = find(name);
  if (node == nullptr) return;
  if (const auto value = node->value_exact<bool>()) {
    out = *value;
  } else {
    fail(Code::ConfigValue, name, "must be true or false");
  }
}

bool TomlReader::read_number(const char* name, std::int64_t& out, std::int64_t from, std::int64_t to) {
  const toml::node* node = find(name);
  if (node == nullptr) return false;
  const auto number = node->value_exact<std::int64_t>();
  if (!number || *number < from || *number > to) {
    fail(Code::ConfigValue, name, "must be a whole number from " + std::to_string(from) + " to " + std::to_string(to));
    return false;
  }
  out = *number;
  return true;
}

const toml::table* TomlReader::table_at(const char* name) {
  const toml::node* node = find(name);
  if (node == nullptr) return nullptr;
  if (!node->is_table()) fail(Code::ConfigValue, name, "must be a table");
  return node->as_table();
}

const toml::array* TomlReader::array_at(const char* name) {
  const toml::node* node = find(name);
  if (node == nullptr) return nullptr;
  if (!node->is_array()) fail(Code::ConfigValue, name, "must be a list");
  return node->as_array();
}

}  // namespace claviger::settings
