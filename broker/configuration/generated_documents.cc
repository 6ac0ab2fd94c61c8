#include "broker/configuration/generated_documents.h"

#include <ctime>

#include "broker/configuration/connectivity.h"

namespace claviger::configuration {
namespace {

constexpr std::string_view kProlog = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

// xs:dateTime in UTC.
std::string date_time(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  gmtime_r(&time, &parts);
  std::string text(32, '\0');
  text.resize(std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts));
  return text;
}

}  // namespace

std::string write_capabilities() {
  std::string text(kProlog);
  text.append("<xcap-caps xmlns=\"").append(kCapabilitiesSpace).append("\">\n <auids>\n");
  std::string spaces;
  spaces.append("  <namespace>").append(kCapabilitiesSpace).append("</namespace>\n");
  text.append("  <auid>").append(kCapabilitiesAuid).append("</auid>\n");
  text.append("  <auid>").append(kDirectoryAuid).append("</auid>\n");
  for (const Application& each : known_applications()) {
    text.append("  <auid>").append(each.auid).append("</auid>\n");
    spaces.append("  <namespace>").append(each.space).append("</namespace>\n");
    if (!each.also_space.empty()) spaces.append("  <namespace>").append(each.also_space).append("</namespace>\n");
  }
  spaces += "  <namespace>urn:3gpp:ns:seal:SealUserProfile:1.0</namespace>\n";
  spaces += "  <namespace>urn:3gpp:ns:seal:SealUEConfig:1.0</namespace>\n";
  spaces += "  <namespace>urn:3gpp:ns:seal:sealUEConfig:1.0</namespace>\n";
  text.append(" </auids>\n <extensions/>\n <namespaces>\n").append(spaces).append(" </namespaces>\n</xcap-caps>\n");
  return text;
}

std::string write_directory(std::string_view root, const std::vector<NamedDocument>& documents) {
  std::string text(kProlog);
  text.append("<xcap-directory xmlns=\"").append(kDirectorySpace).append("\">\n");
  std::string_view folder;
  for (const NamedDocument& each : documents) {
    if (each.name.auid != folder) {
      if (!folder.empty()) text += " </folder>\n";
      folder = each.name.auid;
      text.append(" <folder auid=\"").append(escaped(folder)).append("\">\n");
    }
    text.append("  <entry uri=\"").append(escaped(std::string(root) + selector_of(each.name)));
    text.append("\" etag=\"").append(each.document.etag);
    text.append("\" last-modified=\"").append(date_time(each.document.updated_at));
    text.append("\" size=\"").append(std::to_string(each.document.text.size())).append("\"/>\n");
  }
  if (!folder.empty()) text += " </folder>\n";
  return text.append("</xcap-directory>\n");
}

std::string write_connectivity(std::string_view system, const Connectivity& connectivity) {
  std::string text(kProlog);
  text.append("<migration-connectivity xmlns=\"urn:claviger:migration-connectivity:1.0\" system=\"");
  text.append(escaped(system)).append("\">\n");
  const auto add = [&text](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    text.append(" <").append(name).append(">").append(escaped(value)).append("</").append(name).append(">\n");
  };
  add("private-identity", connectivity.private_identity);
  for (const std::string& identity : connectivity.public_identities) add("public-identity", identity);
  add("realm", connectivity.realm);
  add("proxy", connectivity.proxy);
  for (const std::string& network : connectivity.networks) add("network", network);
  if (connectivity.not_before != 0) add("not-before", date_time(connectivity.not_before));
  if (connectivity.not_after != 0) add("not-after", date_time(connectivity.not_after));
  return text.append("</migration-connectivity>\n");
}

std::string write_diff(std::string_view root, const std::vector<DocumentDiff>& diffs) {
  std::string text(kProlog);
  text.append("<xcap-diff xmlns=\"urn:ietf:params:xml:ns:xcap-diff\" xcap-root=\"")
      .append(escaped(root))
      .append("\">\n");
  for (const DocumentDiff& each : diffs) {
    text.append(" <document");
    if (!each.new_etag.empty()) text.append(" new-etag=\"").append(each.new_etag).append("\"");
    if (!each.previous_etag.empty()) text.append(" previous-etag=\"").append(each.previous_etag).append("\"");
    text.append(" sel=\"").append(escaped(each.selector)).append("\"/>\n");
  }
  return text.append("</xcap-diff>\n");
}

}  // namespace claviger::configuration
