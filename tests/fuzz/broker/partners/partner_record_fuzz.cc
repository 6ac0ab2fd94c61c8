// A partner's record and its fetched keys as a damaged disk may give them: refused, or whole.
#include <cstdint>
#include <string>

#include "broker/partners/partner.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger;
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto partner = partners::decode_partner(storage::Value::owned(text, 1, 0), "x")) {
    (void)partners::decode_partner(storage::Value::owned(partners::encode_partner(*partner), 1, 0), "x");
  }
  (void)partners::decode_fetched_keys(as_bytes(text));
  return 0;
}
