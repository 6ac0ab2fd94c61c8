// Templates: one document for a class of users, made into each user's own (TS 24.484 clause 4.2.1.2: master documents).
//
// Records of tables::kDocuments under an AUID that no URL can name; a template changes and is kept in history as any
// document. Applied again, a changed template replaces what it made and nobody has touched since; the rest stays.
//
//   {{identity}} {{index}} {{login}} {{display_name}} {{mc_id}} {{mcptt_id}} {{mcvideo_id}} {{mcdata_id}}
// stand for the user's, escaped. Procedures, called on any shard. TemplateUnknown, BadValue; a template that makes no
// good document is a fault.
#pragma once

#include <string>
#include <vector>

#include "broker/configuration/document_procedures.h"
#include "broker/identity/user.h"

namespace claviger::configuration {

inline constexpr std::size_t kTemplatesMax = 1024;
// Of one call: written together, some hundred commits in one batch of the store.
inline constexpr std::size_t kAppliedMax = 512;

struct Template {
  std::string name;     // as a tenant's: [a-z0-9-]{1,32}
  std::string service;  // "mcptt", "mcvideo", "mcdata", "val:<service>"
  std::string text;
  std::string who;
  std::int64_t updated_at = 0;
};

runtime::Task<Result<WriteOutcome>> set_template(Configuration* room, broker::Context* context, std::string tenant,
                                                 Template wanted);
runtime::Task<Result<Template>> read_template(broker::Context* context, std::string tenant, std::string name);
runtime::Task<Result<std::vector<Template>>> list_templates(broker::Context* context, std::string tenant);
runtime::Task<Result<Unit>> remove_template(broker::Context* context, std::string tenant, std::string name);

// The document that a template makes for a user. UserUnknown: he has no identity for the service.
Result<DocumentWrite> expand_template(const Template& from, const identity::User& user, std::uint8_t index);
// The identity of a user for a service; empty: none.
std::string identity_for(const identity::User& user, std::string_view service);

// Each by itself, all at once; in the order of `wanted`.
runtime::Task<std::vector<Result<WriteOutcome>>> write_many(Configuration* room, broker::Context* context,
                                                            std::string tenant, std::vector<DocumentWrite> wanted);

}  // namespace claviger::configuration
