// Any text for a configuration: good or with at least one error, and what is shown of a good one is good again.
#include <cstdint>
#include <string>

#include "broker/settings/settings.h"
#include "core/base/assert.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger::settings;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const SettingsOrError read = parse_settings(text, "fuzz.toml");
  CLAVIGER_ASSERT(read.settings.has_value() == read.errors.empty());
  if (!read.settings) return 0;
  const std::string shown = to_toml(*read.settings);
  const SettingsOrError again = parse_settings(shown, "shown.toml");
  CLAVIGER_ASSERT(again.settings.has_value());
  CLAVIGER_ASSERT(differences_that_need_a_restart(*read.settings, *again.settings).empty());
  return 0;
}
