#include "broker/seal_keys/access_control_policy.h"

#include <algorithm>

#include "broker/identity/val_identity.h"
#include "broker/keys/date_time.h"
#include "broker/seal_keys/capif_core.h"
#include "broker/seal_keys/invoker_lookup.h"
#include "core/codec/json_reader.h"

namespace claviger::seal_keys {
namespace {

constexpr codec::JsonLimits kLimits{
    .bytes_max = kPolicyBytesMax, .depth_max = 8, .members_max = 64, .values_max = 16 * kInvokersKnownMax};

Result<std::optional<std::uint64_t>> count_at(const codec::JsonObject& object, std::string_view name) {
  const auto member = object.find(name);
  if (!member) return std::optional<std::uint64_t>();
  CLAVIGER_TRY(number, member->as_int());
  if (number < 0) return Error{Code::BadValue, "capif.policy_count"};
  return std::optional(static_cast<std::uint64_t>(number));
}

Result<std::int64_t> time_at(const codec::JsonObject& object, std::string_view name, std::int64_t unless_said) {
  const auto member = object.find(name);
  if (!member) return unless_said;
  CLAVIGER_TRY(text, member->as_string());
  return keys::read_date_time(text);
}

Result<std::vector<TimeRange>> hours_of(const codec::JsonObject& policy) {
  std::vector<TimeRange> hours;
  const auto member = policy.find("allowedInvocationTimeRangeList");
  if (!member) return hours;
  CLAVIGER_TRY(ranges, member->as_array());
  if (ranges.size() > kTimeRangesMax) return Error{Code::TooMany, "capif.policy_hours"};
  for (const codec::JsonValue value : ranges) {
    CLAVIGER_TRY(object, value.as_object());
    TimeRange range;
    CLAVIGER_TRY(start, time_at(object, "startTime", range.start));
    CLAVIGER_TRY(stop, time_at(object, "stopTime", range.stop));
    if (stop < start) return Error{Code::BadValue, "capif.policy_hours"};
    hours.push_back({start, stop});
  }
  return hours;
}

}  // namespace

bool InvokerPolicy::is_open_at(std::int64_t time) const {
  const auto holds = [time](const TimeRange& range) { return range.start <= time && time < range.stop; };
  return hours.empty() || std::ranges::any_of(hours, holds);
}

Result<AccessControlPolicy> read_access_control_policy(std::string_view json) {
  codec::JsonReader reader(kLimits);
  CLAVIGER_TRY(document, reader.parse(json));
  CLAVIGER_TRY(list, document.as_object());
  AccessControlPolicy policy;
  const auto member = list.find("apiInvokerPolicies");
  if (!member) return policy;
  CLAVIGER_TRY(entries, member->as_array());
  if (entries.size() > kInvokersKnownMax) return Error{Code::TooMany, "capif.policy"};
  for (const codec::JsonValue value : entries) {
    CLAVIGER_TRY(object, value.as_object());
    CLAVIGER_TRY(id, object.string_at("apiInvokerId"));
    if (!identity::is_val_identity(id)) return Error{Code::BadValue, "capif.policy_invoker"};
    InvokerPolicy one;
    CLAVIGER_TRY(total, count_at(object, "allowedTotalInvocations"));
    CLAVIGER_TRY(per_second, count_at(object, "allowedInvocationsPerSecond"));
    CLAVIGER_TRY(hours, hours_of(object));
    one.total = total;
    one.per_second = per_second;
    one.hours = std::move(hours);
    if (!policy.emplace(id, std::move(one)).second) return Error{Code::BadValue, "capif.policy_invoker"};
  }
  return policy;
}

}  // namespace claviger::seal_keys
