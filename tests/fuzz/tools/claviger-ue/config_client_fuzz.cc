// A notification of any server: what is taken from it names a document.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "tools/claviger-ue/config_client.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger;
  const auto changes = ue::read_changes(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!changes) return 0;
  for (const ue::DocumentChange& change : *changes) {
    if (change.path.empty()) std::abort();
  }
  return 0;
}
