// Keys of records: parts joined by a NUL byte, the tenant first, so that a tenant's or a user's rows are one range.
//
//   record_key({"alpha", sub, sid})  =  alpha NUL sub NUL sid
//   record_prefix({"alpha", sub})    =  alpha NUL sub NUL          from
//   record_prefix_end(prefix)        =  alpha NUL sub SOH          to (exclusive)
// No part may contain NUL: names and identities are checked for it where they come in; digests go in as hex.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "core/base/assert.h"

namespace claviger::broker {

inline std::string record_key(std::initializer_list<std::string_view> parts) {
  std::string key;
  bool is_first = true;
  for (const std::string_view part : parts) {
    CLAVIGER_ASSERT(part.find('\0') == std::string_view::npos);
    if (!is_first) key += '\0';
    is_first = false;
    key += part;
  }
  return key;
}
inline std::string record_prefix(std::initializer_list<std::string_view> parts) {
  std::string key = record_key(parts);
  key += '\0';
  return key;
}
inline std::string record_prefix_end(std::string prefix) {
  CLAVIGER_ASSERT(!prefix.empty() && prefix.back() == '\0');
  prefix.back() = '\1';
  return prefix;
}

}  // namespace claviger::broker
