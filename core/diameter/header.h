// The header of a Diameter message (RFC 6733 clause 3): 20 octets.
//
// A value, any thread. parse_header() looks at its length only; what the fields may say is check.h's matter.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "core/base/bytes.h"

namespace claviger::diameter {

inline constexpr std::size_t kHeaderBytes = 20;
// The length field could say 16 MiB. Real messages have some hundred bytes, those with user data some ten thousand, and
// other stacks stop here, too.
inline constexpr std::size_t kMessageBytesMax = 64 * 1024;

inline constexpr std::uint8_t kFlagRequest = 0x80;
inline constexpr std::uint8_t kFlagProxiable = 0x40;
inline constexpr std::uint8_t kFlagError = 0x20;
inline constexpr std::uint8_t kFlagRetransmitted = 0x10;  // the "T" bit
inline constexpr std::uint8_t kFlagsReserved = 0x0f;

struct Header {
  std::uint8_t version = 1;
  std::uint32_t length = 0;  // header included
  std::uint8_t flags = 0;
  std::uint32_t command = 0;
  std::uint32_t application = 0;
  std::uint32_t hop_by_hop = 0;
  std::uint32_t end_to_end = 0;

  bool is_request() const { return (flags & kFlagRequest) != 0; }
  bool is_proxiable() const { return (flags & kFlagProxiable) != 0; }
  bool is_error() const { return (flags & kFlagError) != 0; }
  bool is_retransmitted() const { return (flags & kFlagRetransmitted) != 0; }
};

// A flags octet and a 24-bit number share a word in the header and in each AVP.
// One load and one byte swap each: a message is little else (bench/core/diameter/codec_bench.cc, walk).
inline std::uint32_t load_u32(const std::byte* at) {
  std::uint32_t value;
  std::memcpy(&value, at, sizeof value);
  return std::endian::native == std::endian::little ? __builtin_bswap32(value) : value;
}
inline void store_u32(std::byte* at, std::uint32_t value) {
  if (std::endian::native == std::endian::little) value = __builtin_bswap32(value);
  std::memcpy(at, &value, sizeof value);
}

// `bytes` has at least kHeaderBytes.
inline Header parse_header(Bytes bytes) {
  CLAVIGER_ASSERT(bytes.size() >= kHeaderBytes);
  const std::uint32_t first = load_u32(bytes.data());
  const std::uint32_t second = load_u32(bytes.data() + 4);
  Header header;
  header.version = static_cast<std::uint8_t>(first >> 24U);
  header.length = first & 0xffffffU;
  header.flags = static_cast<std::uint8_t>(second >> 24U);
  header.command = second & 0xffffffU;
  header.application = load_u32(bytes.data() + 8);
  header.hop_by_hop = load_u32(bytes.data() + 12);
  header.end_to_end = load_u32(bytes.data() + 16);
  return header;
}

// `to` has at least kHeaderBytes.
inline void write_header(const Header& header, MutableBytes to) {
  CLAVIGER_ASSERT(to.size() >= kHeaderBytes && header.length <= 0xffffffU && header.command <= 0xffffffU);
  store_u32(to.data(), static_cast<std::uint32_t>(header.version) << 24U | header.length);
  store_u32(to.data() + 4, static_cast<std::uint32_t>(header.flags) << 24U | header.command);
  store_u32(to.data() + 8, header.application);
  store_u32(to.data() + 12, header.hop_by_hop);
  store_u32(to.data() + 16, header.end_to_end);
}

}  // namespace claviger::diameter
