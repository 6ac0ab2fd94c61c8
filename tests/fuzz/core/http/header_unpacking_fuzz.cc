// A header block as it is and unpacked: nghttp2 reads the same fields, or refuses both.
#include <array>

#include "core/base/assert.h"
#include "core/http/header_unpacking.h"
#include "tests/core/http/frames.h"
#include "tests/core/http/inflated.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger::http;
  if (size > 16384) return 0;
  const std::string_view block(reinterpret_cast<const char*>(data), size);
  const std::string frame = frames::frame(frames::kHeaders, frames::kEndHeaders, 1, block);
  static std::array<std::byte, claviger::kSlabBytes> out;
  const auto unpacked = unpack_headers(claviger::as_bytes(frame), out);
  if (!unpacked) return 0;
  CLAVIGER_ASSERT(*unpacked > 9 && *unpacked <= out.size());
  CLAVIGER_ASSERT(claviger::load_be<std::uint32_t>(out) >> 8U == *unpacked - 9);
  const auto before = Inflater().read(claviger::as_bytes(block));
  const auto after = Inflater().read(claviger::Bytes(out).subspan(9, *unpacked - 9));
  CLAVIGER_ASSERT(before == after);
  return 0;
}
