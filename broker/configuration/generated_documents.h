// Documents that nobody wrote: what this server can do (RFC 4825 clause 12), which documents a user has (the directory of
// OMA XDM, urn:oma:xml:xdm:xcap-directory), and what has changed (RFC 5874).
//
// Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "broker/configuration/document_procedures.h"

namespace claviger::configuration {

// What their elements are in, and names without a prefix in selectors.
inline constexpr std::string_view kCapabilitiesSpace = "urn:ietf:params:xml:ns:xcap-caps";
inline constexpr std::string_view kDirectorySpace = "urn:oma:xml:xdm:xcap-directory";
inline constexpr std::string_view kCapabilitiesType = "application/xcap-caps+xml";
inline constexpr std::string_view kDirectoryType = "application/vnd.oma.xcap-directory+xml";
inline constexpr std::string_view kDiffType = "application/xcap-diff+xml";

std::string write_capabilities();
// `root`: ends in '/'.
std::string write_directory(std::string_view root, const std::vector<NamedDocument>& documents);

// One document of a notification. Empty: there was none, there is none.
struct DocumentDiff {
  std::string selector;  // as the client wrote it (RFC 5875 clause 4.6)
  std::string previous_etag;
  std::string new_etag;
};
std::string write_diff(std::string_view root, const std::vector<DocumentDiff>& diffs);

}  // namespace claviger::configuration
