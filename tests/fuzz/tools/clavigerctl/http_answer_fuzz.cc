// What a daemon (or somebody on its socket) answers: read whole or refused, never beyond its end.
#include <cstdint>

#include "core/base/assert.h"
#include "tools/clavigerctl/http_answer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger::ctl;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto scanned = scan_answer(bytes);
  if (!scanned || !*scanned) return 0;
  CLAVIGER_ASSERT((*scanned)->consumed <= size && (*scanned)->answer.body.size() <= size);
  // The same bytes alone give the same answer.
  const auto again = scan_answer(bytes.substr(0, (*scanned)->consumed));
  CLAVIGER_ASSERT(again && *again && (*again)->answer.body == (*scanned)->answer.body);
  return 0;
}
