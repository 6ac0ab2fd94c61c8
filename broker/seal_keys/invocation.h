// One call of SS_KeyInfoRetrieval by an API invoker, as the CAPIF core function logs it (TS 29.222 clause 8.7, Log).
//
// A value; no key and no token is in it.
#pragma once

#include <cstdint>
#include <string>

namespace claviger::seal_keys {

struct Invocation {
  std::string invoker;
  std::uint16_t status = 0;
  std::int64_t at = 0;
};

}  // namespace claviger::seal_keys
