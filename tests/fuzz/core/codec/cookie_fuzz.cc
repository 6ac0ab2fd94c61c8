// The pairs of an accepted Cookie header, joined, are read back to the same pairs.
#include "core/codec/cookie.h"

#include <string>

using namespace claviger;
using namespace claviger::codec;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const auto cookies = parse_cookies(input);
  if (!cookies) return 0;
  std::string joined;
  for (const Cookie& cookie : cookies->all()) {
    if (!joined.empty()) joined += "; ";
    joined.append(cookie.name).append("=").append(cookie.value);
    CLAVIGER_ASSERT(cookies->only(cookie.name) || cookies->only(cookie.name).failed_with(Code::Duplicate));
  }
  const auto again = parse_cookies(joined);
  if (!again) {
    CLAVIGER_ASSERT(joined.size() > kCookieBytesMax);
    return 0;
  }
  CLAVIGER_ASSERT(again->all().size() == cookies->all().size());
  for (std::size_t i = 0; i < again->all().size(); ++i) {
    CLAVIGER_ASSERT(again->all()[i].name == cookies->all()[i].name);
    CLAVIGER_ASSERT(again->all()[i].value == cookies->all()[i].value);
  }
  return 0;
}
