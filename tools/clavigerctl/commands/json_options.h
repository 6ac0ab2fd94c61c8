// Options of a command as members of a request's JSON.
//
// Called while the object is open; in the thread of the command.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/codec/json_writer.h"
#include "tools/clavigerctl/command.h"

namespace claviger::ctl {

inline void add_list(codec::JsonWriter<std::string>& json, const Arguments& args, std::string_view option,
                     std::string_view member) {
  if (!args.has(option)) return;
  json.name(member).begin_array();
  for (const std::string& value : args.list(option)) {
    if (!value.empty()) json.value(value);  // --service "" takes all away
  }
  json.end_array();
}

inline std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// False: said why not.
inline bool add_number(codec::JsonWriter<std::string>& json, Invocation& invocation, std::string_view option,
                       std::string_view member) {
  if (!invocation.args.has(option)) return true;
  const auto number = number_of(invocation.args.get(option));
  if (!number) {
    invocation.complain(std::string(option) + ": a number is expected");
    return false;
  }
  json.member(member, *number);
  return true;
}

}  // namespace claviger::ctl
