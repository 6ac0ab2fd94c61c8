// application/reginfo+xml (RFC 3680): what an S-CSCF says of the registrations of a public identity.
//
// Pure function, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace claviger::registration {

inline constexpr std::string_view kReginfoType = "application/reginfo+xml";
// Implicitly registered identities of one subscription, and UEs of one identity.
inline constexpr std::size_t kReginfoElementsMax = 64;

struct RegContact {
  bool is_active = false;
  std::string event;     // registered, created, refreshed, shortened, expired, deactivated, ...
  std::string instance;  // +sip.instance, where the core tells it
  std::optional<std::uint32_t> expires;
};
struct RegElement {
  std::string impu;  // canonical
  enum class State : std::uint8_t { Init, Active, Terminated } state = State::Init;
  std::vector<RegContact> contacts;
};
struct Reginfo {
  std::uint32_t version = 0;
  bool is_full = false;
  std::vector<RegElement> registrations;
};

// Unknown elements are ignored. XmlSchema: another root, members missing or none of their kind; TooMany; and what guard_xml()
// says.
Result<Reginfo> parse_reginfo(std::string_view xml);

}  // namespace claviger::registration
