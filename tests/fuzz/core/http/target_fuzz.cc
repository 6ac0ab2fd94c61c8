#include <cstdint>

#include "core/http/limits.h"
#include "core/http/router.h"
#include "core/http/target.h"
#include "core/http/url.h"

namespace claviger::http {
namespace {

const Router& router() {
  static const Router made = [] {
    Router fresh;
    for (const char* pattern : {"/", "/a/{b}/c", "/a/{b}/{c}/d", "/a/b/c", "/{a}"}) {
      fresh.add({Method::Get, pattern, 0, {}, {}});
    }
    return fresh;
  }();
  return made;
}

void run(std::string_view text) {
  for (const bool allow_absolute : {false, true}) {
    const auto target = parse_target(text, allow_absolute);
    if (!target) continue;
    CLAVIGER_ASSERT(!target->path.empty() && (target->path.front() == '/' || target->path == "*"));
    const Match match = router().match(Method::Get, target->path);
    for (const std::string& value : match.values) {
      CLAVIGER_ASSERT(value.find('/') == std::string::npos && value.find('\0') == std::string::npos);
    }
  }
  static_cast<void>(router().match(Method::Head, text));
  if (const auto url = parse_url(text)) {
    CLAVIGER_ASSERT(!url->host.empty() && url->port != 0 && url->target.front() == '/');
    CLAVIGER_ASSERT(url->authority.find_first_of("\r\n ") == std::string::npos);
  }
}

}  // namespace
}  // namespace claviger::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  claviger::http::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
