#include "broker/configuration/templates.h"

#include <array>

#include "broker/configuration/document_check.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "broker/tenants/tenant.h"
#include "core/runtime/scope.h"
#include "storage/page.h"

namespace claviger::configuration {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

constexpr std::string_view kAuid = kTemplateAuid;

DocumentName name_for(std::string_view name) { return {std::string(kAuid), Tree::Global, {}, std::string(name)}; }

identity::User somebody(std::string_view service) {
  identity::User user;
  user.login = user.display_name = "somebody";
  user.mc_id = user.mcptt_id = user.mcvideo_id = user.mcdata_id = "sip:somebody@template.example";
  if (service.starts_with("val:")) user.val_user_ids = {"somebody"};
  return user;
}

Task<Result<Document>> find_template(Context* context, std::string tenant, std::string name) {
  auto value = co_await context->store.get(tables::kDocuments, document_key(tenant, name_for(name)));
  if (value.failed_with(Code::NotFound)) co_return Error{Code::TemplateUnknown, "template"};
  if (!value) co_return value.error();
  co_return decode_document(*value);
}

Template template_of(std::string name, Document document) {
  return {std::move(name), std::move(document.profile_name), std::move(document.text), std::move(document.who),
          document.updated_at};
}

Task<void> write_into(Configuration* room, Context* context, std::string tenant, DocumentWrite wanted,
                      Result<WriteOutcome>* slot) {
  auto done = co_await write_document(room, context, std::move(tenant), std::move(wanted));
  *slot = std::move(done);
}

}  // namespace

std::string identity_for(const identity::User& user, std::string_view service) {
  if (service == "mcptt") return user.mcptt_id;
  if (service == "mcvideo") return user.mcvideo_id;
  if (service == "mcdata") return user.mcdata_id;
  return user.val_user_ids.empty() ? std::string() : user.val_user_ids.front();
}

Result<DocumentWrite> expand_template(const Template& from, const identity::User& user, std::uint8_t index) {
  const auto application = find_application(profile_auid(from.service));
  if (!application) return Error{Code::BadValue, "template.service"};
  const std::string identity = identity_for(user, from.service);
  if (identity.empty()) return Error{Code::UserUnknown, "template.identity"};
  const std::array<std::pair<std::string_view, std::string>, 8> kValues{{{"{{identity}}", identity},
                                                                         {"{{index}}", std::to_string(index)},
                                                                         {"{{login}}", user.login},
                                                                         {"{{display_name}}", user.display_name},
                                                                         {"{{mc_id}}", user.mc_id},
                                                                         {"{{mcptt_id}}", user.mcptt_id},
                                                                         {"{{mcvideo_id}}", user.mcvideo_id},
                                                                         {"{{mcdata_id}}", user.mcdata_id}}};
  DocumentWrite wanted;
  wanted.name = {application->auid, Tree::Users, canonical_xui(identity),
                 std::string(application->file_prefix) + std::to_string(index) + ".xml"};
  wanted.template_name = from.name;
  // One pass: what is put in is not looked at for marks again.
  std::string_view rest = from.text;
  for (std::size_t at = rest.find("{{"); at != std::string_view::npos; at = rest.find("{{")) {
    wanted.text.append(rest.substr(0, at));
    rest.remove_prefix(at);
    bool is_known = false;
    for (const auto& [mark, value] : kValues) {
      if (!rest.starts_with(mark)) continue;
      wanted.text.append(escaped(value));
      rest.remove_prefix(mark.size());
      is_known = true;
      break;
    }
    if (!is_known) return Error{Code::BadValue, "template.mark"};
    if (wanted.text.size() > kDocumentBytesMax) return Error{Code::TooLarge, "template.size"};
  }
  wanted.text.append(rest);
  return wanted;
}

Task<Result<WriteOutcome>> set_template(Configuration* room, Context* context, std::string tenant, Template wanted) {
  (void)room;  // nobody waits for a template
  if (!tenants::is_tenant_name(wanted.name)) co_return Error{Code::BadValue, "template.name"};
  if (wanted.text.size() > kDocumentBytesMax) co_return Error{Code::TooLarge, "template.size"};
  if (wanted.service.size() > kFactBytesMax || wanted.who.size() > kFactBytesMax) {
    co_return Error{Code::BadValue, "template.service"};
  }
  CLAVIGER_CO_TRY(tried, expand_template(wanted, somebody(wanted.service), 0));
  WriteOutcome outcome;
  auto facts = check_document(*find_application(tried.name.auid), tried.name, tried.text);
  if (!facts) {
    outcome.fault = std::move(facts.fault);
    co_return outcome;
  }
  auto present = co_await find_template(context, tenant, wanted.name);
  if (!present && !present.failed_with(Code::TemplateUnknown)) co_return present.error();
  outcome.is_new = !present;
  if (outcome.is_new) {
    CLAVIGER_CO_TRY(all, co_await list_templates(context, tenant));
    if (all.size() >= kTemplatesMax) co_return Error{Code::TooMany, "template.count"};
  }
  Document document = present ? *std::move(present) : Document{};
  document.text = std::move(wanted.text);
  document.etag = etag_of(document.text);
  document.profile_name = std::move(wanted.service);
  document.who = std::move(wanted.who);
  document.updated_at = numeric_date(context->shard.wall());
  outcome.etag = document.etag;
  const std::string key = document_key(tenant, name_for(wanted.name));
  storage::Transaction transaction;
  transaction.expect_version(tables::kDocuments, key, document.version);
  transaction.put(tables::kDocuments, key, as_bytes(encode_document(document)));
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(transaction)));
  co_return outcome;
}

Task<Result<Template>> read_template(Context* context, std::string tenant, std::string name) {
  if (!tenants::is_tenant_name(name)) co_return Error{Code::TemplateUnknown, "template.name"};
  CLAVIGER_CO_TRY(found, co_await find_template(context, std::move(tenant), name));
  co_return template_of(std::move(name), std::move(found));
}

Task<Result<std::vector<Template>>> list_templates(Context* context, std::string tenant) {
  const std::string prefix = broker::record_prefix({tenant, kAuid});
  CLAVIGER_CO_TRY(rows, co_await storage::range_all(&context->store, tables::kDocuments, prefix,
                                                    broker::record_prefix_end(prefix), kTemplatesMax));
  std::vector<Template> all;
  for (const storage::Record& row : rows) {
    CLAVIGER_CO_TRY(name, document_name_of(row.key));
    CLAVIGER_CO_TRY(document, decode_document(row.value));
    all.push_back(template_of(std::move(name.name), std::move(document)));
  }
  co_return all;
}

Task<Result<Unit>> remove_template(Context* context, std::string tenant, std::string name) {
  if (!tenants::is_tenant_name(name)) co_return Error{Code::TemplateUnknown, "template.name"};
  CLAVIGER_CO_TRY(found, co_await find_template(context, tenant, name));
  const std::string key = document_key(tenant, name_for(name));
  storage::Transaction transaction;
  transaction.expect_version(tables::kDocuments, key, found.version);
  transaction.erase(tables::kDocuments, key);
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(transaction)));
  co_return Unit{};
}

Task<std::vector<Result<WriteOutcome>>> write_many(Configuration* room, Context* context, std::string tenant,
                                                   std::vector<DocumentWrite> wanted) {
  std::vector<Result<WriteOutcome>> outcomes(wanted.size(), Error{Code::Cancelled, "document.many"});
  runtime::Scope scope;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    scope.spawn(write_into(room, context, tenant, std::move(wanted[i]), &outcomes[i]));
  }
  co_await scope.close();
  co_return outcomes;
}

}  // namespace claviger::configuration
