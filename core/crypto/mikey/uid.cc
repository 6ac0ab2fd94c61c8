#include "core/crypto/mikey/uid.h"

#include <bit>

#include "core/crypto/digest.h"

namespace claviger::mikey {
namespace {

constexpr std::int64_t kUnixFrom1900 = 2'208'988'800;
// Beyond it nothing is issued or received; it keeps products of period numbers and lengths within 64 bits.
constexpr std::uint64_t kNtpSecondsMax = std::uint64_t{1} << 35U;

// TS 33.220 clause B.2: each parameter is followed by its length in two octets.
void update_parameter(crypto::Sha256& hash, Bytes parameter) {
  std::array<std::byte, 2> length;
  store_be(MutableBytes(length), static_cast<std::uint16_t>(parameter.size()));
  hash.update(parameter);
  hash.update(length);
}

// As few octets as hold it; zero is one octet.
void update_number(crypto::Sha256& hash, std::uint64_t number) {
  std::array<std::byte, 8> octets;
  store_be(MutableBytes(octets), number);
  const std::size_t used = number == 0 ? 1 : (static_cast<std::size_t>(std::bit_width(number)) + 7) / 8;
  update_parameter(hash, Bytes(octets).last(used));
}

}  // namespace

Result<NtpSeconds> to_ntp(std::chrono::sys_seconds time) {
  const std::int64_t unix = time.time_since_epoch().count();
  if (unix < -kUnixFrom1900) return Error{Code::OutOfRange, "ntp.before_1900"};
  return NtpSeconds{static_cast<std::uint64_t>(unix) + static_cast<std::uint64_t>(kUnixFrom1900)};
}

std::chrono::sys_seconds from_ntp(NtpSeconds time) {
  return std::chrono::sys_seconds(std::chrono::seconds(static_cast<std::int64_t>(time.count) - kUnixFrom1900));
}

NtpSeconds from_timestamp(std::uint64_t timestamp, NtpSeconds now) {
  const std::uint64_t era_bits = now.count & ~std::uint64_t{0xFFFFFFFF};
  const std::uint64_t low = timestamp >> 32U;
  // The signed distance modulo 2^32 from now.
  const auto ahead = static_cast<std::int32_t>(static_cast<std::uint32_t>(low - now.count));
  const std::int64_t found = static_cast<std::int64_t>(now.count) + ahead;
  return found < 0 ? NtpSeconds{era_bits | low} : NtpSeconds{static_cast<std::uint64_t>(found)};
}

std::uint64_t to_timestamp(NtpSeconds time) { return time.count << 32U; }

Result<KeyPeriods> KeyPeriods::make(std::uint64_t length_seconds, std::uint64_t offset_seconds) {
  if (length_seconds == 0 || length_seconds > 0xFFFFFFFF) return Error{Code::OutOfRange, "key_period.length"};
  if (offset_seconds > 0xFFFFFFFF) return Error{Code::OutOfRange, "key_period.offset"};
  return KeyPeriods(length_seconds, offset_seconds);
}

Result<std::uint64_t> KeyPeriods::number_at(NtpSeconds time) const {
  if (time.count < offset_ || time.count > kNtpSecondsMax) return Error{Code::OutOfRange, "key_period.time"};
  return (time.count - offset_) / length_;
}

Result<NtpSeconds> KeyPeriods::start_of(std::uint64_t number) const {
  if (number > (kNtpSecondsMax - offset_) / length_) return Error{Code::OutOfRange, "key_period.number"};
  return NtpSeconds{offset_ + number * length_};
}

Result<Uid> compute_uid(std::string_view user_uri, std::string_view kms_uri, const KeyPeriods& periods,
                        std::uint64_t period_number) {
  if (user_uri.empty() || kms_uri.empty()) return Error{Code::Empty, "uid.uri"};
  if (user_uri.size() > kUidUriBytesMax || kms_uri.size() > kUidUriBytesMax) return Error{Code::TooLarge, "uid.uri"};
  crypto::Sha256 hash;
  hash.update(std::array{std::byte{0}});  // FC
  update_parameter(hash, as_bytes("MIKEY-SAKKE-UID"));
  update_parameter(hash, as_bytes(user_uri));
  update_parameter(hash, as_bytes(kms_uri));
  update_number(hash, periods.length_seconds());
  update_number(hash, periods.offset_seconds());
  update_number(hash, period_number);
  return hash.finish();
}

}  // namespace claviger::mikey
