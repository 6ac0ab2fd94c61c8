// Reads one TOML table into typed members, remembering every name that nobody asked for: an operator's misspelling is
// an error, not a default.
//
// Lives while settings are parsed; any thread.
#pragma once

#include <toml++/toml.h>

#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "broker/settings/settings.h"

namespace claviger::settings {

class TomlReader {
 public:
  TomlReader(const toml::table& table, std::string path, std::string file, std::vector<SettingsError>& errors)
      : table_(table), path_(std::move(path)), file_(std::move(file)), errors_(errors) {}
  // Names in the table that were never read.
  ~TomlReader();
  TomlReader(const TomlReader&) = delete;
  TomlReader& operator=(const TomlReader&) = delete;

  void read(const char* name, std::string& out);
  void read(const char* name, bool& out);
  template <typename Integer>
    requires(std::is_integral_v<Integer> && !std::is_same_v<Integer, bool>)
  void read(const char* name, Integer& out, std::int64_t from, std::int64_t to) {
    static_assert(sizeof(Integer) <= 8);
    std::int64_t number = static_cast<std::int64_t>(out);
    if (read_number(name, number, from, to)) out = static_cast<Integer>(number);
  }
  void read(const char* name, Seconds& out, std::int64_t from, std::int64_t to) {
    std::int64_t number = out.count();
    if (read_number(name, number, from, to)) out = Seconds(number);
  }
  template <typename Integer>
  void read_list(const char* name, std::vector<Integer>& out, std::int64_t from, std::int64_t to) {
    const toml::array* array = array_at(name);
    if (array == nullptr) return;
    for (const toml::node& node : *array) {
      const auto number = node.value<std::int64_t>();
      if (!number || *number < from || *number > to) {
        fail(Code::ConfigValue, name, "must be a list of whole numbers within bounds");
        return;
      }
      out.push_back(static_cast<Integer>(*number));
    }
  }
  const toml::table* table_at(const char* name);
  const toml::array* array_at(const char* name);
  void fail(Code code, std::string_view name, const std::string& what);
  std::string path_of(std::string_view name) const { return path_.empty() ? std::string(name) : path_ + "." + std::string(name); }

 private:
  const toml::node* find(const char* name);
  bool read_number(const char* name, std::int64_t& out, std::int64_t from, std::int64_t to);
  std::string place_of(std::string_view name) const;

  const toml::table& table_;
  std::string path_;
  std::string file_;
  std::vector<SettingsError>& errors_;
  std::set<std::string, std::less<>> read_;
};

}  // namespace claviger::settings
