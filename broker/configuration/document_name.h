// The name of a document below the XCAP root (RFC 4825 clause 6), and the URL that names it or a part of it.
//
//   {auid}/users/{XUI}/{document}            {auid}/global/{document}
//   {...}/~~/{node selector}?xmlns(p=urn:...)
// A client's spelling is decoded once and made canonical, so that "sip%3Aann%40A.example" and "sip:ann@a.example" are
// one document: scheme and host of a SIP URI in lower case, the user part as it is. Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/configuration/application.h"
#include "core/base/result.h"

namespace claviger::configuration {

// Each: an AUID is at most a VAL service ID, an XUI an MC service ID, a document a file's name.
inline constexpr std::size_t kNameBytesMax = 255;
// As sent, without the query: several names, and a selector of a deep element.
inline constexpr std::size_t kTargetBytesMax = 8 * 1024;
inline constexpr std::size_t kSelectorPrefixesMax = 16;

// Of templates: no URL can name it, and it stands in front of all that one can.
inline constexpr std::string_view kTemplateAuid = "\x01template";

struct DocumentName {
  std::string auid;
  Tree tree = Tree::Users;
  std::string xui;   // canonical; empty in the global tree
  std::string name;  // in the global tree with folders: "org/service-config.xml"
  friend bool operator==(const DocumentName&, const DocumentName&) = default;
};

struct XcapTarget {
  DocumentName document;
  std::string selector;  // decoded; empty: the whole document
  bool has_selector = false;
  std::vector<std::pair<std::string, std::string>> prefixes;  // of the query
};

// `rest`: of the path behind the root, as sent. UriPathInvalid; XcapSelector for the query.
Result<XcapTarget> read_xcap_target(std::string_view rest, std::string_view query);
// One document, decoded already or not. UriPathInvalid.
Result<DocumentName> read_document_name(std::string_view selector);
// Percent-encoded as far as a path needs it: "org.3gpp.../users/sip:ann@a.example/mcptt-user-profile-0.xml".
std::string selector_of(const DocumentName& name);
std::string canonical_xui(std::string_view xui);
// Its usage. Of a VAL service the AUID is the same for user profiles and UE configurations (TS 24.546 clauses 7.1.2 and 7.2):
// the document's name tells them apart. Nothing: no such usage in this tree.
std::optional<Application> application_of(const DocumentName& name);

// Keys of tables::kDocuments and its history.
std::string document_key(std::string_view tenant, const DocumentName& name);
std::string user_prefix(std::string_view tenant, std::string_view auid, std::string_view xui);
std::string history_prefix(std::string_view tenant, const DocumentName& name);
// Corrupt.
Result<DocumentName> document_name_of(std::string_view key);

}  // namespace claviger::configuration
