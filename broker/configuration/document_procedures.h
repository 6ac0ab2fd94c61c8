// Documents read, written and removed (TS 24.484 clause 6.3; RFC 4825 clauses 7 and 8), and which profile counts.
//
// Called on any shard. A change runs at home_of("documents/" tenant "/" AUID/XUI) under that turn, so that all profiles
// of a user and service change one after the other: of them at most one is pre-selected, in one transaction. It returns
// when the change is durable and everybody who waits for it has been told.
//
// Codes: DocumentUnknown, ProfileUnknown, EntityTagDiffers, NotPermitted, TooLarge, TooMany; what the store says. What is
// wrong with a document is not an error but a fault in the outcome.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/configuration/configuration.h"
#include "broker/configuration/document.h"
#include "broker/configuration/document_name.h"
#include "broker/configuration/node_selector.h"
#include "broker/configuration/xcap_fault.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::configuration {

// Versions kept of each document: a year of weekly changes, and what was wrong with the last one.
inline constexpr std::size_t kVersionsMax = 64;

// One part of a document instead of the whole.
struct PartChange {
  std::string selector;
  Prefixes prefixes;
  std::string body;
  bool is_removal = false;
};

struct DocumentWrite {
  DocumentName name;
  std::string text;  // the whole document, unless:
  std::optional<PartChange> part;
  bool keeps_text = false;  // only what stands beside it changes
  std::optional<std::string> if_match;
  std::optional<std::string> if_none_match;
  std::string who;
  bool is_user = false;                                       // may change what is his own and nothing else
  std::optional<std::vector<std::string>> migration_systems;  // nothing: as they were
  std::string template_name;
  bool only_if_unmodified = false;  // of a template: somebody else's work stays
};

struct WriteOutcome {
  std::optional<XcapFault> fault;
  std::string etag;
  bool is_new = false;
  bool is_unchanged = false;
};

struct NamedDocument {
  DocumentName name;
  Document document;
};
struct DocumentPage {
  std::vector<NamedDocument> documents;
  std::string next;  // pass as `after`; empty: this was the last
};

runtime::Task<Result<WriteOutcome>> write_document(Configuration* room, broker::Context* context, std::string tenant,
                                                   DocumentWrite wanted);
// Uses name, who, is_user and the conditions.
runtime::Task<Result<WriteOutcome>> remove_document(Configuration* room, broker::Context* context, std::string tenant,
                                                    DocumentWrite wanted);

runtime::Task<Result<Document>> read_document(broker::Context* context, std::string tenant, DocumentName name);
// The documents of one user and usage, in order of their names.
runtime::Task<Result<std::vector<NamedDocument>>> read_user_documents(broker::Context* context, std::string tenant,
                                                                      std::string auid, std::string xui);
// Of the tenant, or of one AUID when it is not empty. `after`: of the last page.
runtime::Task<Result<DocumentPage>> list_documents(broker::Context* context, std::string tenant, std::string auid,
                                                   std::string after, std::size_t limit);
// Newest last.
runtime::Task<Result<std::vector<Document>>> read_history(broker::Context* context, std::string tenant,
                                                          DocumentName name);

// The profile that counts: the one asked for if it is enabled, else the pre-selected one, else the enabled one with the
// lowest index. ProfileUnknown.
runtime::Task<Result<NamedDocument>> select_profile(broker::Context* context, std::string tenant, std::string auid,
                                                    std::string xui, std::optional<std::uint8_t> index);

}  // namespace claviger::configuration
