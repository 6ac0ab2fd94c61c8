// Any bytes are a log, a torn one or a rotten one; the front of a log is never worse than the whole.
#include "storage/rocks/log_check.h"

#include <span>

using namespace claviger;
using namespace claviger::storage::rocks;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes content = std::as_bytes(std::span(data, size));
  const LogVerdict whole = check_log(content);
  CLAVIGER_ASSERT(!whole.is_rotten || (whole.has_bad_place && whole.has_records));
  CLAVIGER_ASSERT(!whole.has_bad_place || whole.bad_place < size);
  const LogVerdict front = check_log(content.first(size / 2));
  CLAVIGER_ASSERT(!front.is_rotten || whole.is_rotten);
  return 0;
}
