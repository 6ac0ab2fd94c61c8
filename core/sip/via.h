// One value of a Via header (RFC 3261 clause 20.42, RFC 3581). A view into the message.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/result.h"
#include "core/sip/scan.h"

namespace claviger::sip {

// In front of every branch of RFC 3261 (clause 8.1.1.7).
inline constexpr std::string_view kBranchCookie = "z9hG4bK";

struct Via {
  std::string_view text;
  std::string_view transport;  // "UDP", as written
  std::string_view host;       // sent-by
  std::uint16_t port = 0;      // 0: none
  std::string_view parameters;
  std::string_view branch;
  bool wants_rport = false;  // rport without a value

  // False for a bare cookie, too: such a branch names nothing.
  bool has_branch_of_3261() const {
    return branch.size() > kBranchCookie.size() &&
           equals_ignoring_case(branch.substr(0, kBranchCookie.size()), kBranchCookie);
  }
};

// The first of the header's values; `rest`, when given, becomes what stands behind its comma. SipSyntax.
Result<Via> parse_first_via(std::string_view value, std::string_view* rest = nullptr);

}  // namespace claviger::sip
