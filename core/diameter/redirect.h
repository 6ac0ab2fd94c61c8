// Redirect indications (RFC 6733 clauses 6.1.8, 6.12): an agent answers 3006 and says which hosts to ask instead.
//
// Functions of a message, any thread.
#pragma once

#include <optional>
#include <string_view>

#include "core/diameter/message.h"

namespace claviger::diameter {

// Hosts that one indication may name and that are looked at.
inline constexpr std::size_t kRedirectHostsMax = 8;

inline bool is_redirect(const Message& answer) {
  return answer.header().is_error() && answer.u32(avp::kResultCode) == result_code::kRedirectIndication;
}

// The name in "aaa://host.example:3868;transport=tcp" or aaas (RFC 6733 clause 4.3.1); nothing when it is none.
inline std::optional<std::string_view> host_of_uri(std::string_view uri) {
  for (const std::string_view scheme : {std::string_view("aaa://"), std::string_view("aaas://")}) {
    if (!uri.starts_with(scheme)) continue;
    const std::string_view host = uri.substr(scheme.size(), uri.find_first_of(":;", scheme.size()) - scheme.size());
    if (!host.empty()) return host;
  }
  return std::nullopt;
}

}  // namespace claviger::diameter
