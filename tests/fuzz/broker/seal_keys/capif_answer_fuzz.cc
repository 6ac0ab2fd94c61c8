// Any answer and any notice of a CAPIF core function: refused, or read within its bounds. What is taken for an identifier
// is fit to stand in a URL, a policy is one of so many invokers with so many hours, and one more entry that names us makes
// any security context that was read a trusting one.
#include <algorithm>
#include <cstdint>
#include <string>

#include "broker/identity/val_identity.h"
#include "broker/seal_keys/access_control_policy.h"
#include "broker/seal_keys/capif_messages.h"
#include "broker/seal_keys/invoker_lookup.h"
#include "core/base/assert.h"

namespace {

using namespace claviger;
using namespace claviger::seal_keys;

void expect_bounded(const AccessControlPolicy& policy) {
  CLAVIGER_ASSERT(policy.size() <= kInvokersKnownMax);
  for (const auto& [invoker, one] : policy) {
    CLAVIGER_ASSERT(identity::is_val_identity(invoker));
    CLAVIGER_ASSERT(one.hours.size() <= kTimeRangesMax);
    for (const TimeRange& range : one.hours) {
      CLAVIGER_ASSERT(range.start <= range.stop);
      CLAVIGER_ASSERT(range.start == range.stop || one.is_open_at(range.start));
    }
    CLAVIGER_ASSERT(!one.hours.empty() || one.is_open_at(0));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  codec::JsonReader reader;
  CapifCore core;
  core.aef_id = "AEF-1";
  core.assigned_aef_id = "AEF-2";
  if (const auto policy = read_access_control_policy(text)) expect_bounded(*policy);
  if (const auto location = read_subscription_location(text)) {
    CLAVIGER_ASSERT(!location->empty() && location->find_first_of("/?#% \r\n") == std::string::npos);
    CLAVIGER_ASSERT(*read_subscription_location("https://core.example/subscriptions/" + *location) == *location);
  }
  if (const auto notice = read_event_notification(reader, text)) CLAVIGER_ASSERT(notice->subscription.size() <= size);
  const auto security = read_service_security(reader, text, core);
  // Whoever is trusted with us is so by our name.
  if (security && *security) {
    CLAVIGER_ASSERT(text.find("AEF") != std::string_view::npos || text.find('\\') != std::string_view::npos);
  }
  return 0;
}
