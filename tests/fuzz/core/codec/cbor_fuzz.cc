// Whatever is skipped was well formed: skipping ends, and never beyond the input.
#include "core/codec/cbor_reader.h"

using namespace claviger;
using namespace claviger::codec;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input(reinterpret_cast<const std::byte*>(data), size);
  CborReader reader(input);
  std::size_t before = size;
  while (reader.skip()) {
    CLAVIGER_ASSERT(reader.left().size() < before);
    before = reader.left().size();
  }
  for (CborReader one(input); !one.is_at_end();) {
    const auto kind = one.kind();
    if (!kind) break;
    const bool is_read = *kind == CborKind::Integer ? one.integer().has_value()
                         : *kind == CborKind::Bytes ? one.byte_string().has_value()
                         : *kind == CborKind::Text  ? one.text().has_value()
                         : *kind == CborKind::Array ? one.array().has_value()
                         : *kind == CborKind::Map   ? one.map().has_value()
                                                    : one.skip().has_value();
    if (!is_read) break;
  }
  return 0;
}
