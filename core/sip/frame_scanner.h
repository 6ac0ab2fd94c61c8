// Where a message ends in a stream of them (RFC 3261 clause 18.3, RFC 5626 clause 3.5.1).
//
// One per connection. Remembers what it has looked at: a peer that sends byte by byte costs each byte once.
#pragma once

#include <cstddef>
#include <string_view>

namespace claviger::sip {

class FrameScanner {
 public:
  enum class State { NeedMore, Complete, Broken };
  struct Frame {
    State state = State::NeedMore;
    std::size_t skip = 0;  // line ends in front: keep-alive
    std::size_t size = 0;  // Complete: of the message; Broken: of its head, for the answer, then the stream must end
    bool is_ping = false;  // two line ends came: one is to be sent back
  };

  // `buffered` begins where the last complete frame ended; more is appended to it from call to call.
  Frame scan(std::string_view buffered);
  bool has_begun() const { return searched_ > 0 || needed_ > 0; }

 private:
  Frame taken(Frame frame) {
    searched_ = needed_ = 0;
    return frame;
  }
  std::size_t searched_ = 0;  // no end of the head before this
  std::size_t needed_ = 0;    // head and body, once the head is complete
};

}  // namespace claviger::sip
