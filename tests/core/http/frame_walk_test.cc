#include "core/http/frame_walk.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/core/http/frames.h"

namespace claviger::http {
namespace {

struct Seen {
  std::vector<FrameHeader> headers;
  std::vector<std::size_t> between;  // how many octets were taken when a frame was to begin
};

// What a walk finds when the bytes come in pieces of `step`.
Seen walk_over(std::string_view bytes, std::size_t step) {
  Seen seen;
  FrameWalk walk;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    const Bytes piece = as_bytes(bytes.substr(at, step));
    Bytes rest = piece;
    for (walk.to_frame(rest); !rest.empty(); walk.to_frame(rest)) {
      if (walk.is_between()) seen.between.push_back(at + piece.size() - rest.size());
      if (const auto header = walk.take_header(rest)) seen.headers.push_back(*header);
    }
  }
  return seen;
}

TEST(FrameWalk, FindsTheSameFramesHoweverTheBytesAreCut) {  // RFC 9113 clause 4.1
  const std::string settings = frames::settings();
  const std::string head = frames::frame(frames::kHeaders, frames::kEndHeaders, 1, std::string(300, 'h'));
  const std::string bytes = std::string(frames::kPreface) + settings + head + frames::data(1, std::string(7, 'd'));
  const std::vector<std::size_t> begins{kPrefaceBytes, kPrefaceBytes + settings.size(),
                                        kPrefaceBytes + settings.size() + head.size()};
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    const Seen seen = walk_over(bytes, step);
    ASSERT_EQ(seen.headers.size(), 3U) << step;
    EXPECT_EQ(seen.headers[0].length, 0U);
    EXPECT_EQ(seen.headers[1].type, frame_type::kHeaders);
    EXPECT_EQ(seen.headers[1].flags, frame_flag::kEndHeaders);
    EXPECT_EQ(seen.headers[1].length, 300U);
    EXPECT_EQ(seen.headers[2].type, frame_type::kData);
    EXPECT_EQ(seen.headers[2].length, 7U);
    EXPECT_EQ(seen.between, begins) << step;
  }
}

}  // namespace
}  // namespace claviger::http
