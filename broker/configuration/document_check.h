// Whether a document is one of its application usage (TS 24.484 clauses 8.3.2, 9.3.2, 10.3.2; TS 24.546 clause 7.1), and
// what we need to know of it.
//
// Checked: the structure against the grammar of its kind (document_grammar.h), the identities and the index against the name
// of the document, uniqueness of indexes in a list and of rules, and values whose type their name says, in extensions, too.
// Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "broker/configuration/application.h"
#include "broker/configuration/document_name.h"
#include "broker/configuration/xcap_fault.h"
#include "broker/configuration/xml_tree.h"

namespace claviger::configuration {

struct DocumentFacts {
  std::uint8_t index = 0;
  bool is_active = true;
  bool is_preselected = false;
  std::string profile_name;
};

// XmlDoctype, XmlSyntax, XmlTooLarge, XcapUtf8, DocumentInvalid (the schema), XcapConstraint, XcapUniqueness. `before`: what
// the document is now, empty where it is new. A slip in its structure that stands there already, from a version that knew less,
// keeps nobody from changing something else.
Checked<DocumentFacts> check_document(const Application& application, const DocumentName& name, std::string_view text,
                                      std::string_view before = {});

// Whether `after` differs from `before` only in what a user may change himself (TS 23.280 clause 10.1.4.5): the name of
// the profile, which one is pre-selected, his aliases. Both were checked.
bool is_users_change(const Application& application, std::string_view before, std::string_view after);

// The text without its pre-selection: another profile has it now. Nothing: it had none.
std::optional<std::string> without_preselection(const Application& application, std::string_view text);

}  // namespace claviger::configuration
