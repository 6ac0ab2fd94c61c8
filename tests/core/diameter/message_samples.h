// Messages for tests of the Diameter codec, built by hand: bytes are what the test says, right or wrong.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/slice.h"
#include "core/diameter/avp.h"
#include "core/diameter/header.h"

namespace claviger::diameter::samples {

inline std::string u32(std::uint32_t value) {
  std::string made(4, '\0');
  store_u32(reinterpret_cast<std::byte*>(made.data()), value);
  return made;
}

// With any flags and, when told, any length.
inline std::string avp_of(std::uint32_t code, std::uint8_t flags, std::uint32_t vendor, std::string_view data,
                          std::int64_t length = -1) {
  const bool has_vendor = (flags & kAvpVendor) != 0;
  const std::size_t real = (has_vendor ? kAvpVendorHeaderBytes : kAvpHeaderBytes) + data.size();
  const auto said = length >= 0 ? static_cast<std::uint32_t>(length) : static_cast<std::uint32_t>(real);
  std::string made = u32(code) + u32(static_cast<std::uint32_t>(flags) << 24U | said);
  if (has_vendor) made += u32(vendor);
  made += data;
  made.resize(padded(made.size()));
  return made;
}

inline std::string avp_of(const AvpId& id, std::string_view data) {
  const unsigned flags = (id.vendor != 0 ? kAvpVendor : 0U) | (id.is_mandatory ? kAvpMandatory : 0U);
  return avp_of(id.code, static_cast<std::uint8_t>(flags), id.vendor, data);
}

inline std::string avp_u32(const AvpId& id, std::uint32_t value) { return avp_of(id, u32(value)); }

inline std::string message(Header header, std::string_view avps) {
  header.length = static_cast<std::uint32_t>(kHeaderBytes + avps.size());
  std::string made(kHeaderBytes, '\0');
  write_header(header, std::as_writable_bytes(std::span(made.data(), made.size())));
  made += avps;
  return made;
}

inline Header request_header(std::uint32_t application, std::uint32_t command) {
  Header header;
  header.flags = kFlagRequest | kFlagProxiable;
  header.application = application;
  header.command = command;
  header.hop_by_hop = 0x01020304;
  header.end_to_end = 0x0a0b0c0d;
  return header;
}

inline Slice slice(SlabPool& pool, std::string_view bytes) { return Slice::copy_of(pool, as_bytes(bytes)); }

}  // namespace claviger::diameter::samples
