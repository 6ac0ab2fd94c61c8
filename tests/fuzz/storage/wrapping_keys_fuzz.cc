// The file of the wrapping keys: read strictly, and what was read is written back the same.
#include "storage/wrapping_keys.h"

#include <algorithm>
#include <string>

using namespace claviger;
using namespace claviger::storage;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const auto keys = WrappingKeys::parse(input);
  if (!keys) {
    CLAVIGER_ASSERT(keys.error().code == Code::Corrupt);
    return 0;
  }
  CLAVIGER_ASSERT(keys->size() >= 1 && keys->size() <= WrappingKeys::kKeysMax);
  std::string lower = input;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
  const SecretBytes written = keys->format();
  CLAVIGER_ASSERT(as_text(written.reveal()) == lower);
  return 0;
}
