// Documents that users write, and parts put into them. The first line is a selector, the second the part, the rest the
// document. Whatever an edit makes is well formed, selects what was put, and can be taken out again.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "broker/configuration/document_check.h"
#include "broker/configuration/document_edit.h"

namespace {

using namespace claviger;

void require(bool is_true) {
  if (!is_true) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::size_t first = text.find('\n');
  const std::size_t second = first == std::string::npos ? first : text.find('\n', first + 1);
  if (second == std::string::npos) return 0;
  const std::string where = text.substr(0, first);
  const std::string part = text.substr(first + 1, second - first - 1);
  const std::string document = text.substr(second + 1);
  const auto application = configuration::find_application("org.3gpp.mcptt.user-profile");
  const configuration::DocumentName name{application->auid, configuration::Tree::Users, "sip:ann@alpha.example",
                                         "mcptt-user-profile-3.xml"};
  const auto checked = configuration::check_document(*application, name, document);
  if (checked) {
    require(configuration::is_users_change(*application, document, document));
    if (const auto without = configuration::without_preselection(*application, document)) {
      require(configuration::XmlTree::read(*without).has_value());
      require(configuration::is_users_change(*application, document, *without));
    }
  }
  const auto tree = configuration::XmlTree::read(document);
  const auto selector = configuration::parse_node_selector(where, application->space, {});
  if (!tree || !selector) return 0;
  for (std::uint32_t at = 0; at < tree->size(); ++at) (void)tree->content(at);
  (void)configuration::read_part(*tree, *selector);
  if (selector->terminal == configuration::Terminal::Namespaces) return 0;
  const auto put = configuration::put_part(*tree, *selector, part);
  if (put) {
    const auto after = configuration::XmlTree::read(put->text);
    require(after.has_value() && configuration::read_part(*after, *selector).has_value());
  }
  const auto gone = configuration::delete_part(*tree, *selector);
  if (gone) require(configuration::XmlTree::read(gone->text).has_value());
  return 0;
}
