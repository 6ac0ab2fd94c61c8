#include "core/http/frame_meter.h"

#include <algorithm>

namespace claviger::http {

void FrameMeter::give(std::int32_t frames) { allowance_ = std::min(allowance_ + frames, kAllowanceMax); }

void FrameMeter::look_at(const FrameHeader& header) {
  if (header.type == frame_type::kHeaders) return give(kPerRequest);
  const bool has_work =
      header.type == frame_type::kData && (header.length >= kSmallData || (header.flags & frame_flag::kEndStream) != 0);
  if (!has_work) --allowance_;
}

bool FrameMeter::feed(Bytes bytes, Monotonic now) {
  const auto seconds = std::chrono::duration_cast<Seconds>(now - renewed_).count();
  if (seconds > 0) {
    renewed_ = now;
    give(kPerSecond * static_cast<std::int32_t>(std::min<std::int64_t>(seconds, kAllowanceMax / kPerSecond)));
  }
  for (walk_.to_frame(bytes); !bytes.empty() && allowance_ >= 0; walk_.to_frame(bytes)) {
    if (const auto header = walk_.take_header(bytes)) look_at(*header);
  }
  return allowance_ >= 0;
}

}  // namespace claviger::http
