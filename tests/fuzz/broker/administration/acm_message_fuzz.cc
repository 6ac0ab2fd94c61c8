// What administrators and partner systems send of MC service user setups; what we would send on is read as the same.
#include <cstdint>
#include <string_view>

#include "broker/administration/acm_message.h"
#include "core/base/assert.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger;
  using namespace claviger::administration;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  if (const auto time = read_time(body); time && *time != 0) {
    const auto again = read_time(write_time(*time));
    CLAVIGER_ASSERT(again && *again == *time);
  }
  (void)parse_result(body);
  const auto message = parse_setup(body);
  if (!message) return 0;
  Setup setup = message->setup;
  setup.id = "r1";  // the home system names each request itself
  const auto again = parse_setup(write_setup(setup, "mcs-alpha", "mcs-bravo", true));
  CLAVIGER_ASSERT(again && again->setup.users.size() == setup.users.size());
  for (std::size_t i = 0; i < setup.users.size(); ++i) {
    CLAVIGER_ASSERT(again->setup.users[i].mc_id == setup.users[i].mc_id);
    CLAVIGER_ASSERT(again->setup.users[i].valid_until == setup.users[i].valid_until);
  }
  return 0;
}
