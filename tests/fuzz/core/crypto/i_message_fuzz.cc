// I_MESSAGEs from anybody: whatever parses lies within the input, adds up, and is parsed the same way again.
#include "core/crypto/mikey/i_message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger;
  const Bytes input = std::as_bytes(std::span(data, size));
  const auto view = mikey::parse_i_message(input);
  if (!view) return 0;
  const auto is_inside = [&](Bytes part) {
    return part.empty() || (part.data() >= input.data() && part.data() + part.size() <= input.data() + input.size());
  };
  CLAVIGER_ASSERT(view->signed_part.data() == input.data());
  CLAVIGER_ASSERT(view->signed_part.size() + view->signature.size() == input.size());
  CLAVIGER_ASSERT(view->session_count <= mikey::kCryptoSessionsMax);
  CLAVIGER_ASSERT(view->extension_count <= mikey::kExtensionsMax);
  CLAVIGER_ASSERT(view->sakke_data.size() == mikey::kEncapsulatedBytes && is_inside(view->sakke_data));
  CLAVIGER_ASSERT(view->random.size() >= mikey::kRandBytesMin && is_inside(view->random));
  CLAVIGER_ASSERT(is_inside(view->srtp_policy));
  for (const Bytes identity : view->identities) CLAVIGER_ASSERT(is_inside(identity));
  for (const auto& session : view->sessions) CLAVIGER_ASSERT(is_inside(session.spi));
  for (const auto& extension : view->extensions) CLAVIGER_ASSERT(is_inside(extension.data));
  return 0;
}
