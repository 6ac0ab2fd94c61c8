// Names of documents, selectors and their queries: what is accepted is fit to stand in a key of ours, and is written so that
// it is read as the same again.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "broker/configuration/document_name.h"
#include "broker/configuration/node_selector.h"

namespace {

using namespace claviger;

void require(bool is_true) {
  if (!is_true) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::size_t query = text.find('?');
  const std::string rest = text.substr(0, query);
  const auto target = configuration::read_xcap_target(rest, query == std::string::npos ? "" : text.substr(query + 1));
  if (!target) return 0;
  const auto again = configuration::read_document_name(configuration::selector_of(target->document));
  require(again && *again == target->document);
  const std::string key = configuration::document_key("alpha", target->document);
  require(key.size() <= 1024);
  const auto back = configuration::document_name_of(key);
  require(back && *back == target->document);
  if (target->has_selector) {
    const auto selector = configuration::parse_node_selector(target->selector, "urn:a", target->prefixes);
    if (selector) require(!selector->steps.empty() && selector->steps.size() <= configuration::kStepsMax);
  }
  return 0;
}
