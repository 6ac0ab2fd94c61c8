// Any body of the SEAL KM and AEF security interfaces, and any answer of a core function: refused with a reason, or read
// within its bounds. Any scope.
#include <cstdint>
#include <cstdlib>

#include "broker/seal_keys/aef_message.h"
#include "broker/seal_keys/capif_messages.h"
#include "broker/seal_keys/capif_token.h"
#include "broker/seal_keys/km_message.h"

namespace {

template <typename Parsed>
bool is_refused(const Parsed& parsed) {
  if (parsed.body) return false;
  if (parsed.fault.param.empty() || parsed.fault.reason.empty()) std::abort();
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger;
  using namespace claviger::seal_keys;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  codec::JsonReader reader;
  const auto kp = parse_kp_request(reader, text);
  if (!is_refused(kp) && (kp.body->key.key.size() < kKeyBytesMin || kp.body->key.key.size() > kKeyBytesMax))
    std::abort();
  const auto km = parse_km_request(reader, text);
  if (!is_refused(km) && km.body->service.empty()) std::abort();
  const auto revocation = parse_revoke_authorization(reader, text);
  if (!is_refused(revocation) && revocation.body->invoker.empty()) std::abort();
  const auto check = parse_check_authentication(reader, text);
  if (!is_refused(check) && check.body->invoker.size() > kCapifIdBytesMax) std::abort();
  (void)read_service_api(reader, text);
  const auto registration = read_registration(reader, text);
  if (registration && (registration->aef_id.empty() || registration->apf_id.empty())) std::abort();
  CapifCore core;
  core.aef_id = "AEF-1";
  // Whatever else is in it: one more group of ours makes it ours.
  (void)scope_names(text, core, kApiName);
  if (!scope_names(std::string(text) + ";AEF-1:ss-kir", core, kApiName)) std::abort();
  return 0;
}
