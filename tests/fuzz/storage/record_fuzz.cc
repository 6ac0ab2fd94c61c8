// A record that was accepted can be walked to its last byte without leaving its buffer.
#include "storage/record.h"

#include <string>

#include "tests/fuzz/storage/record_fuzz_generated.h"

using namespace claviger;
using namespace claviger::storage;

namespace {

std::size_t walk(const fuzzing::Inner* inner) {
  if (inner == nullptr) return 0;
  std::size_t sum = inner->name() == nullptr ? 0 : inner->name()->str().size();
  if (inner->values() != nullptr) {
    for (const std::int32_t value : *inner->values()) sum += value != 0 ? 1U : 0U;
  }
  return sum;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr RecordSchema kSchema{"fuzz", 2};
  const auto record = FlatRecord<fuzzing::Everything>::open(std::as_bytes(std::span(data, size)), kSchema);
  if (!record) {
    CLAVIGER_ASSERT(record.error().code == Code::Corrupt || record.error().code == Code::SchemaTooNew);
    return 0;
  }
  const fuzzing::Everything& root = **record;
  CLAVIGER_ASSERT(root.schema_version() == 1 || root.schema_version() == 2);
  std::size_t sum = root.text()->str().size() + walk(root.inner());
  for (const std::uint8_t byte : *root.bytes()) sum += byte;
  if (root.texts() != nullptr) {
    for (const auto* text : *root.texts()) sum += text->str().size();
  }
  if (root.inners() != nullptr) {
    for (const auto* inner : *root.inners()) sum += walk(inner);
  }
  volatile std::size_t kept = sum;
  (void)kept;
  return 0;
}
