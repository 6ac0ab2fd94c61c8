#include "core/http/frame_meter.h"

#include <algorithm>

namespace claviger::http {
namespace {

constexpr std::uint8_t kData = 0;
constexpr std::uint8_t kHeaders = 1;
constexpr std::uint8_t kEndStream = 1;

}  // namespace

void FrameMeter::give(std::int32_t frames) { allowance_ = std::min(allowance_ + frames, kAllowanceMax); }

void FrameMeter::look_at_header() {
  const std::uint32_t length = load_be<std::uint32_t>(header_) >> 8U;
  const auto type = std::to_integer<std::uint8_t>(header_[3]);
  const auto flags = std::to_integer<std::uint8_t>(header_[4]);
  payload_left_ = length;
  if (type == kHeaders) return give(kPerRequest);
  const bool has_work = type == kData && (length >= kSmallData || (flags & kEndStream) != 0);
  if (!has_work) --allowance_;
}

bool FrameMeter::feed(Bytes bytes, Monotonic now) {
  const auto seconds = std::chrono::duration_cast<Seconds>(now - renewed_).count();
  if (seconds > 0) {
    renewed_ = now;
    give(kPerSecond * static_cast<std::int32_t>(std::min<std::int64_t>(seconds, kAllowanceMax / kPerSecond)));
  }
  const auto skip = [&bytes](std::size_t& left) {
    const std::size_t count = std::min(left, bytes.size());
    left -= count;
    bytes = bytes.subspan(count);
  };
  skip(preface_left_);
  while (!bytes.empty() && allowance_ >= 0) {
    if (payload_left_ > 0) {
      skip(payload_left_);
      continue;
    }
    const std::size_t count = std::min(header_.size() - header_filled_, bytes.size());
    std::memcpy(header_.data() + header_filled_, bytes.data(), count);
    header_filled_ += count;
    bytes = bytes.subspan(count);
    if (header_filled_ < header_.size()) break;
    header_filled_ = 0;
    look_at_header();
  }
  return allowance_ >= 0;
}

}  // namespace claviger::http
