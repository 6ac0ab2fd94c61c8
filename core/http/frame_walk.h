// FrameWalk: finds the frame headers (RFC 9113 clause 4.1) in what an HTTP/2 client sends, however the bytes are cut.
//
// Owned by a connection, fed all that it receives from the preface on.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/base/bytes.h"

namespace claviger::http {

inline constexpr std::size_t kFrameHeaderBytes = 9;
inline constexpr std::size_t kPrefaceBytes = 24;

// Clause 6; those that we look at ourselves.
namespace frame_type {
inline constexpr std::uint8_t kData = 0;
inline constexpr std::uint8_t kHeaders = 1;
}  // namespace frame_type
namespace frame_flag {
inline constexpr std::uint8_t kEndStream = 0x01;
inline constexpr std::uint8_t kEndHeaders = 0x04;
inline constexpr std::uint8_t kPadded = 0x08;
inline constexpr std::uint8_t kPriority = 0x20;
}  // namespace frame_flag

struct FrameHeader {
  std::uint32_t length;  // of the payload
  std::uint8_t type;
  std::uint8_t flags;
};

// Of kFrameHeaderBytes at least.
inline FrameHeader read_frame_header(Bytes bytes) {
  return {load_be<std::uint32_t>(bytes) >> 8U, std::to_integer<std::uint8_t>(bytes[3]),
          std::to_integer<std::uint8_t>(bytes[4])};
}

class FrameWalk {
 public:
  // Takes from the front what is left of the preface and of a frame's payload.
  void to_frame(Bytes& bytes) {
    skip(preface_left_, bytes);
    skip(payload_left_, bytes);
  }
  // The next octet is a frame's first.
  bool is_between() const { return preface_left_ == 0 && payload_left_ == 0 && header_filled_ == 0; }
  // After to_frame(): takes the frame's header, or what has come of it; a whole one: its payload is next.
  std::optional<FrameHeader> take_header(Bytes& bytes) {
    const std::size_t count = std::min(header_.size() - header_filled_, bytes.size());
    std::copy_n(bytes.begin(), count, header_.begin() + static_cast<std::ptrdiff_t>(header_filled_));
    header_filled_ += count;
    bytes = bytes.subspan(count);
    if (header_filled_ < header_.size()) return std::nullopt;
    header_filled_ = 0;
    const FrameHeader header = read_frame_header(header_);
    payload_left_ = header.length;
    return header;
  }

 private:
  static void skip(std::size_t& left, Bytes& bytes) {
    const std::size_t count = std::min(left, bytes.size());
    left -= count;
    bytes = bytes.subspan(count);
  }

  std::size_t preface_left_ = kPrefaceBytes;
  std::size_t payload_left_ = 0;
  std::size_t header_filled_ = 0;
  std::array<std::byte, kFrameHeaderBytes> header_{};
};

}  // namespace claviger::http
