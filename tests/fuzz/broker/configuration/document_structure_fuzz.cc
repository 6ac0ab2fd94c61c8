// Documents of every kind against their grammars. The first line is the document's name below the XCAP root, the rest is the
// document. One that is taken is taken again, is its own user's change, and can lose its pre-selection.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "broker/configuration/document_check.h"

namespace {

using namespace claviger;

void require(bool is_true) {
  if (!is_true) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = input.find('\n');
  if (end == std::string::npos) return 0;
  const auto name = configuration::read_document_name(input.substr(0, end));
  const auto application = name ? configuration::application_of(*name) : std::nullopt;
  if (!application) return 0;
  const std::string document = input.substr(end + 1);
  const auto checked = configuration::check_document(*application, *name, document);
  if (!checked) {
    require(!checked.fault->phrase.empty());
    return 0;
  }
  if (!application->user_may_write) return 0;
  require(configuration::is_users_change(*application, document, document));
  const auto without = configuration::without_preselection(*application, document);
  require(without.has_value() == checked->is_preselected);
  if (!without) return 0;
  const auto again = configuration::check_document(*application, *name, *without);
  require(again && !again->is_preselected);
  require(configuration::is_users_change(*application, document, *without));
  return 0;
}
