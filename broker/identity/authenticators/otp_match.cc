#include "broker/identity/authenticators/otp_match.h"

#include <algorithm>
#include <array>

#include "core/crypto/one_time_password.h"

namespace claviger::identity {
namespace {

std::uint32_t value_of(std::string_view digits) {
  std::uint32_t value = 0;
  for (const char digit : digits) value = value * 10 + static_cast<std::uint32_t>(digit - '0');
  return value;
}

bool equals(std::uint32_t left, std::uint32_t right) {
  std::array<std::byte, 4> left_bytes;
  std::array<std::byte, 4> right_bytes;
  store_be(left_bytes, left);
  store_be(right_bytes, right);
  return equals_constant_time(left_bytes, right_bytes);
}

// The last counter of first..last that has this password.
Result<std::optional<std::uint64_t>> find(Bytes key, const AuthenticatorRecord& record, std::uint32_t typed,
                                          std::uint64_t first, std::uint64_t last) {
  std::optional<std::uint64_t> found;
  for (std::uint64_t counter = first; counter <= last; ++counter) {
    CLAVIGER_TRY(value, crypto::hotp(key, counter, record.digits, record.algorithm));
    if (equals(value, typed)) found = counter;
  }
  return found;
}

}  // namespace

bool is_otp(std::string_view typed, unsigned digits) {
  return typed.size() == digits && std::ranges::all_of(typed, [](char c) { return c >= '0' && c <= '9'; });
}

Result<OtpMatch> match_totp(Bytes key, const AuthenticatorRecord& record, std::string_view typed,
                            std::int64_t numeric_date) {
  const std::uint64_t step = crypto::totp_step(numeric_date, record.period_seconds);
  const std::uint64_t first = step < kTotpStepsAround ? 0 : step - kTotpStepsAround;
  CLAVIGER_TRY(found, find(key, record, value_of(typed), first, step + kTotpStepsAround));
  OtpMatch match;
  if (!found) return match;
  match.is_replay = *found <= record.counter;
  if (!match.is_replay) match.counter = *found;
  return match;
}

Result<OtpMatch> match_hotp(Bytes key, const AuthenticatorRecord& record, std::string_view typed) {
  CLAVIGER_TRY(found, find(key, record, value_of(typed), record.counter, record.counter + kHotpLookAhead));
  OtpMatch match;
  match.counter = found;
  return match;
}

}  // namespace claviger::identity
