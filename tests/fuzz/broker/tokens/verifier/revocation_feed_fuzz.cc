// What the feed's reader accepts, its writer writes and the reader reads again the same.
#include <cstdint>
#include <string>

#include "broker/tokens/verifier/revocation_feed.h"
#include "core/base/assert.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger;
  using namespace claviger::tokens;
  const auto delta = parse_revocation_feed({reinterpret_cast<const char*>(data), size});
  if (!delta) return 0;
  std::string written;
  write_revocation_feed(*delta, written);
  if (written.size() > kFeedBytesMax) return 0;  // names full of control characters, which grow when escaped
  const auto again = parse_revocation_feed(written);
  CLAVIGER_ASSERT(again && again->next == delta->next && again->changes.size() == delta->changes.size());
  for (std::size_t i = 0; i < delta->changes.size(); ++i) {
    const Revocation& one = delta->changes[i];
    const Revocation& other = again->changes[i];
    CLAVIGER_ASSERT(one.kind == other.kind && one.issuer == other.issuer && one.id == other.id);
    CLAVIGER_ASSERT(one.not_before == other.not_before && one.expires == other.expires);
  }
  return 0;
}
