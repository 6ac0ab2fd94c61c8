// Lists of what somebody wants to hear of: whatever is in them, few names come out, and one that is taken is written as it was
// read.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "broker/configuration/subscription_request.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto entries = configuration::read_entries(text, "https://cms.example/xcap/a/");
  if (!entries) return 0;
  if (entries->size() > configuration::kSelectorsMax) std::abort();
  for (const std::string& entry : *entries) {
    const auto watched = configuration::read_watched(entry);
    if (!watched) continue;
    const std::string path = configuration::path_of(*watched);
    const auto again = configuration::read_watched(path);
    if (!again || configuration::path_of(*again) != path || again->is_folder != watched->is_folder) std::abort();
  }
  return 0;
}
