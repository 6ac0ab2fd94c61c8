// FrameMeter: looks at the frame headers of an HTTP/2 connection before nghttp2 does, and counts the frames that carry
// no work: empty DATA, PRIORITY, WINDOW_UPDATE, SETTINGS, PING, RST_STREAM, CONTINUATION, unknown types.
//
// nghttp2 bounds rapid reset, CONTINUATION and PING by itself but not the others, each of which costs us time for nine
// bytes of theirs. A peer has an allowance of such frames that its requests, our answers and time renew; one that uses
// it up is sent ENHANCE_YOUR_CALM (RFC 9113 clause 10.5). Owned by a connection. Pure: time is an argument.
#pragma once

#include <cstdint>

#include "core/base/bytes.h"
#include "core/base/clock.h"
#include "core/http/frame_walk.h"

namespace claviger::http {

class FrameMeter {
 public:
  // A client may update the window of each of 128 streams a few times at once.
  static constexpr std::int32_t kAllowanceMax = 2048;
  // SETTINGS, a few WINDOW_UPDATEs and a PRIORITY beside each request are what clients do.
  static constexpr std::int32_t kPerRequest = 8;
  // A WINDOW_UPDATE of the stream and one of the connection for each DATA frame of ours, and a PING to measure.
  static constexpr std::int32_t kPerDataSent = 4;
  static constexpr std::int32_t kPerSecond = 16;
  // A DATA frame shorter than this, unless it ends its stream, counts as one without work.
  static constexpr std::uint32_t kSmallData = 64;

  explicit FrameMeter(Monotonic now) : renewed_(now) {}

  // False: the allowance is used up.
  bool feed(Bytes bytes, Monotonic now);
  void data_sent() { give(kPerDataSent); }
  std::int32_t allowance() const { return allowance_; }

 private:
  void look_at(const FrameHeader& header);
  void give(std::int32_t frames);

  std::int32_t allowance_ = kAllowanceMax;
  Monotonic renewed_;
  FrameWalk walk_;
};

}  // namespace claviger::http
