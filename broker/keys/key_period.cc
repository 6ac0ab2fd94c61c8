#include "broker/keys/key_period.h"

#include <array>

#include "core/codec/hex.h"

namespace claviger::keys {

Result<std::uint64_t> KeyPeriods::number_at(std::int64_t time) const {
  const std::int64_t since = time + kNtpEpoch - offset;
  if (seconds == 0 || time > kTimeMax || time < -kNtpEpoch || since < 0) return Error{Code::OutOfRange, "key.period"};
  return static_cast<std::uint64_t>(since / seconds);
}

std::int64_t KeyPeriods::begins_at(std::uint64_t number) const {
  return static_cast<std::int64_t>(offset + number * seconds) - kNtpEpoch;
}

Result<std::int64_t> read_ntp_timestamp(std::string_view text, std::int64_t now) {
  std::array<std::byte, 8> bytes;
  if (text.size() != 2 * bytes.size() || !codec::hex_decode(text, bytes))
    return Error{Code::UriPathInvalid, "keyprov.time"};
  constexpr std::int64_t kEra = std::int64_t{1} << 32U;
  const std::int64_t present = now + kNtpEpoch;
  std::int64_t time = present - present % kEra + load_be<std::uint32_t>(bytes);
  if (time - present > kEra / 2) time -= kEra;
  if (present - time > kEra / 2) time += kEra;
  return time - kNtpEpoch;
}

}  // namespace claviger::keys
