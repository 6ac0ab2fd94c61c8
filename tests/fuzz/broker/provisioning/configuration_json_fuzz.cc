// Any body: refused, or read into what writes as a body that reads the same, within the bounds.
#include <cstdint>
#include <cstdlib>

#include "broker/provisioning/configuration_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger::provisioning;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)parse_patch(text);
  const auto parsed = parse_configuration(text);
  if (!parsed.body) return 0;
  Configuration configuration;
  configuration.val_server_id = parsed.body->val_server_id;
  configuration.services = parsed.body->services;
  std::size_t identities = 0;
  for (const ValService& service : configuration.services) identities += service.user_ids.size() + service.ue_ids.size();
  if (identities == 0 || identities > kIdentitiesMax) std::abort();
  // Escapes may make it longer than a body may be; then it is refused, which is fine.
  const std::string written = write_configuration(configuration, parsed.body->has_features);
  if (written.size() > kBodyBytesMax) return 0;
  const auto again = parse_configuration(written);
  if (!again.body || again.body->services != configuration.services) std::abort();
  return 0;
}
