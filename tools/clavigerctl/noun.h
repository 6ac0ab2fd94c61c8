// What the commands of one noun have in common: where the thing they name stands in the admin API, how its record is
// shown.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/clavigerctl/command.h"
#include "tools/clavigerctl/view.h"

namespace claviger::ctl {

// Below a tenant: "/users/", named by operand "LOGIN".
struct Noun {
  std::string_view collection;
  std::string_view operand;
  const std::vector<Column>& (*columns)();
};

// The thing that the operand names, and what stands below it: "/admin/v1/tenants/alpha/users/ann/enable". Nothing: said
// why not.
std::optional<std::string> target_of(Invocation& invocation, const Noun& noun, std::string_view below = {});
// Asks, and shows the record that comes back.
ExitStatus ask_and_show(Invocation& invocation, const Noun& noun, std::string_view method, std::string_view below = {},
                        std::string_view body = {});
// Asks for what has no record to show: with --json the body, or {}.
ExitStatus ask_only(Invocation& invocation, std::string_view method, const std::optional<std::string>& target,
                    std::string_view body = {});

}  // namespace claviger::ctl
