// CSV and NDJSON imports: no input crashes the reader, hangs it, or makes it lose its place in the file.
#include <cstdint>

#include "core/base/assert.h"
#include "core/codec/json_reader.h"
#include "tests/tools/clavigerctl/text_source.h"
#include "tools/clavigerctl/import/import_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger::ctl;
  if (size < 2) return 0;
  const ImportFormat format = data[0] % 2 == 0 ? ImportFormat::Csv : ImportFormat::Ndjson;
  std::string text(reinterpret_cast<const char*>(data) + 2, size - 2);
  ImportReader reader(std::make_unique<TextSource>(text, data[1] + 1U), format);
  const auto header = reader.start();
  if (!header || !header->empty()) return 0;
  std::uint64_t offset = 0;
  std::uint64_t line = 0;
  for (auto next = reader.next(); next && *next; next = reader.next()) {
    CLAVIGER_ASSERT((*next)->end_offset > offset && (*next)->end_offset <= text.size());
    CLAVIGER_ASSERT((*next)->line > line && (*next)->next_line > (*next)->line);
    CLAVIGER_ASSERT((*next)->json.find('\n') == std::string::npos);
    // A row of ours is one JSON object that the daemon reads.
    if (format == ImportFormat::Csv && !(*next)->is_bad()) {
      claviger::codec::JsonLimits limits;
      limits.bytes_max = 8 * kImportLineBytesMax;
      limits.values_max = kImportLineBytesMax;
      claviger::codec::JsonReader json(limits);
      CLAVIGER_ASSERT(json.parse((*next)->json));
    }
    offset = (*next)->end_offset;
    line = (*next)->line;
  }
  return 0;
}
