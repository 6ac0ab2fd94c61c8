// What is said to a CAPIF core function, and what it says (TS 29.222 clauses 8.2, 8.3, 8.7 and 8.9): only the members that
// concern us.
//
// Pure functions, any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/seal_keys/capif_core.h"
#include "broker/seal_keys/invocation.h"
#include "core/base/result.h"
#include "core/codec/json_reader.h"

namespace claviger::seal_keys {

// APIProviderEnrolmentDetails: we are API exposing and API publishing function.
std::string write_registration(std::string_view domain, std::string_view enrolment);
struct Registration {
  std::string provider_id;
  std::string aef_id;
  std::string apf_id;
};
// JsonMissing without apiProvDomId or one of the two functions' ids; BadValue for one that cannot stand in a URL or scope.
Result<Registration> read_registration(codec::JsonReader& reader, std::string_view json);

// ServiceAPIDescription. `origin`: "https://host[:port]"; `prefix`: the path below which ss-kir lies.
Result<std::string> write_service_api(const CapifCore& core, std::string_view origin, std::string_view prefix);
// The published API's id. JsonMissing, BadValue.
Result<std::string> read_service_api(codec::JsonReader& reader, std::string_view json);

// EventSubscription to changes of our API's access control policy (TS 29.222 clause 8.3), told to `destination`.
std::string write_policy_subscription(const CapifCore& core, std::string_view destination);
// The id at the end of a Location field. BadValue.
Result<std::string> read_subscription_location(std::string_view location);
struct EventNotification {
  std::string subscription;
  bool is_about_policy = false;
};
// JsonMissing, JsonType.
Result<EventNotification> read_event_notification(codec::JsonReader& reader, std::string_view json);

// InvocationLog: calls of one invoker, at least one.
std::string write_invocation_log(const CapifCore& core, std::span<const Invocation> calls);

}  // namespace claviger::seal_keys
