#include "core/sip/frame_scanner.h"

#include <optional>

#include "core/sip/header_id.h"
#include "core/sip/message.h"
#include "core/sip/scan.h"

namespace claviger::sip {
namespace {

// The only header that framing needs. Nothing when there is not exactly one good one.
std::optional<std::size_t> content_length_of(std::string_view head) {
  std::optional<std::size_t> length;
  std::size_t at = head.find("\r\n");
  while (at != std::string_view::npos && at + 2 < head.size()) {
    const std::string_view line = head.substr(at + 2);
    at = head.find("\r\n", at + 2);
    const char first = to_lower(line.front());
    if (first != 'c' && first != 'l') continue;
    const std::size_t colon = line.substr(0, line.find("\r\n")).find(':');
    if (colon == std::string_view::npos || header_id(trim(line.substr(0, colon))) != HeaderId::ContentLength) continue;
    if (length) return std::nullopt;
    std::string_view value = line.substr(colon + 1);
    // Its value may stand on the next line.
    std::size_t end = value.find("\r\n");
    while (end + 2 < value.size() && (value[end + 2] == ' ' || value[end + 2] == '\t'))
      end = value.find("\r\n", end + 2);
    const auto read = read_content_length(trim(value.substr(0, end)));
    if (!read) return std::nullopt;
    length = *read;
  }
  return length;
}

}  // namespace

FrameScanner::Frame FrameScanner::scan(std::string_view buffered) {
  Frame frame;
  if (!has_begun()) {
    std::size_t ends = 0;
    while (buffered.substr(frame.skip).starts_with("\r\n")) {
      frame.skip += 2;
      ++ends;
    }
    frame.is_ping = ends >= 2;
    buffered.remove_prefix(frame.skip);
  }
  if (needed_ == 0) {
    if (buffered.empty()) return frame;
    const std::size_t from = searched_ > 3 ? searched_ - 3 : 0;
    const std::size_t end = buffered.find("\r\n\r\n", from);
    if (end == std::string_view::npos) {
      searched_ = buffered.size();
      // A lone CR may be the first half of a keep-alive.
      if (buffered == "\r") searched_ = 0;
      if (buffered.size() <= kHeaderBytesMax) return frame;
      frame.state = State::Broken;
      frame.size = buffered.size();
      return taken(frame);
    }
    const std::string_view head = buffered.substr(0, end + 4);
    const auto length = content_length_of(head);
    if (!length || head.size() > kHeaderBytesMax) {
      frame.state = State::Broken;
      frame.size = head.size();
      return taken(frame);
    }
    needed_ = head.size() + *length;
  }
  if (buffered.size() < needed_) return frame;
  frame.state = State::Complete;
  frame.size = needed_;
  return taken(frame);
}

}  // namespace claviger::sip
