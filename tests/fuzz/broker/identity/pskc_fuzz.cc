// Token files come from vendors: whatever is in them, what is read can be enrolled or is refused.
#include <array>
#include <cstdint>
#include <cstdlib>

#include "broker/identity/authenticators/pskc.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  constexpr std::array<std::byte, 16> kKey{};
  for (const claviger::Bytes key : {claviger::Bytes(), claviger::Bytes(kKey)}) {
    const auto drafts = claviger::identity::read_pskc(text, key);
    if (!drafts) continue;
    for (const auto& draft : *drafts) {
      if (draft.seed.empty() || draft.serial.empty()) std::abort();
    }
  }
  return 0;
}
