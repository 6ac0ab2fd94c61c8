#include "core/codec/json_value.h"

#include <bit>
#include <cmath>
#include <limits>

namespace claviger::codec {
namespace {

// RFC 7493 clause 2.2: what every peer that keeps numbers as doubles can hold exactly. Far beyond any date.
constexpr std::int64_t kNumericDateMax = (std::int64_t{1} << 53U) - 1;

constexpr Error kRange{Code::OutOfRange, "json"};
constexpr Error kMissing{Code::JsonMissing, "json"};

}  // namespace

JsonKind JsonValue::kind() const {
  switch (type()) {
    case '{':
      return JsonKind::Object;
    case '[':
      return JsonKind::Array;
    case '"':
      return JsonKind::String;
    case 'l':
    case 'u':
      return JsonKind::Integer;
    case 'd':
      return JsonKind::Double;
    case 't':
    case 'f':
      return JsonKind::Bool;
    default:
      return JsonKind::Null;
  }
}

Result<std::int64_t> JsonValue::as_int() const {
  if (type() == 'l') return std::bit_cast<std::int64_t>(number_word());
  if (type() == 'u') return kRange;  // the tape says 'u' only for what does not fit 'l'
  return kJsonTypeError;
}

Result<std::uint64_t> JsonValue::as_uint() const {
  if (type() == 'u') return number_word();
  if (type() != 'l') return kJsonTypeError;
  if (std::bit_cast<std::int64_t>(number_word()) < 0) return kRange;
  return number_word();
}

Result<double> JsonValue::as_double() const {
  switch (type()) {
    case 'd':
      return std::bit_cast<double>(number_word());
    case 'l':
      return static_cast<double>(std::bit_cast<std::int64_t>(number_word()));
    case 'u':
      return static_cast<double>(number_word());
    default:
      return kJsonTypeError;
  }
}

Result<std::int64_t> JsonValue::as_numeric_date() const {
  if (type() == 'd') {
    const double seconds = std::bit_cast<double>(number_word());
    // Written so that a NaN would be refused, too.
    if (!(seconds >= 0.0 && seconds <= static_cast<double>(kNumericDateMax))) return kRange;
    return static_cast<std::int64_t>(std::floor(seconds));
  }
  CLAVIGER_TRY(seconds, as_int());
  if (seconds < 0 || seconds > kNumericDateMax) return kRange;
  return seconds;
}

Result<JsonValue> JsonObject::at(std::string_view name) const {
  const std::optional<JsonValue> value = find(name);
  if (!value) return kMissing;
  return *value;
}

Result<std::string_view> JsonObject::string_at(std::string_view name) const {
  CLAVIGER_TRY(value, at(name));
  return value.as_string();
}

Result<std::int64_t> JsonObject::int_at(std::string_view name) const {
  CLAVIGER_TRY(value, at(name));
  return value.as_int();
}

Result<bool> JsonObject::bool_at(std::string_view name) const {
  CLAVIGER_TRY(value, at(name));
  return value.as_bool();
}

}  // namespace claviger::codec
