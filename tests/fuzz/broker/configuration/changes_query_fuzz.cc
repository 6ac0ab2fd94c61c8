// Any query of a client that waits for changes: refused, or so many documents of ours at most, each with a key that the store
// takes, and a time within the bounds.
#include <cstdint>
#include <string_view>

#include "broker/configuration/changes_query.h"
#include "broker/configuration/configuration.h"
#include "core/base/assert.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger;
  using namespace claviger::configuration;
  const auto question = read_changes_query({reinterpret_cast<const char*>(data), size});
  if (!question) return 0;
  CLAVIGER_ASSERT(!question->documents.empty() && question->documents.size() <= kWatchedMax);
  CLAVIGER_ASSERT(question->wait >= 0 && question->wait <= kWaitMax);
  for (const Watched& each : question->documents) {
    CLAVIGER_ASSERT(each.etag.size() <= size && each.selector.size() <= size);
    const std::string key = document_key("alpha", each.name);
    CLAVIGER_ASSERT(key.size() <= 1024);
    const auto back = document_name_of(key);
    CLAVIGER_ASSERT(back && *back == each.name);
  }
  return 0;
}
