// Bodies of MC service registration as UEs write them. The first octet picks the parser; what a state document says can be
// read again.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "broker/registration/info_document.h"
#include "broker/registration/settings_document.h"
#include "core/base/assert.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger;
  using namespace claviger::registration;
  static const Services services{settings::Sip()};
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 0) {
    const Service& service = services.all()[data[0] / 2 % services.all().size()];
    const auto info = parse_info(body, service);
    CLAVIGER_ASSERT(!info || info->access_token.size() <= kTokenBytesMax);
    return 0;
  }
  const auto read = parse_settings_document(body, "client");
  if (!read) return 0;
  ClientState state;
  state.binding.name.client_id = "client";
  state.settings = *read;
  state.has_settings = state.has_full_access = true;
  const auto again = parse_settings_document(write_state_document({state}, false), "client");
  CLAVIGER_ASSERT(again && *again == *read);
  return 0;
}
