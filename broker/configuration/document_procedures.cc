#include "broker/configuration/document_procedures.h"

#include <algorithm>

#include "broker/configuration/document_check.h"
#include "broker/configuration/document_edit.h"
#include "broker/identity/identity_shard.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "core/codec/hex.h"
#include "core/runtime/call.h"
#include "core/runtime/offload.h"
#include "storage/page.h"

namespace claviger::configuration {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

// Read, checked and compared in some hundred microseconds a 10 KiB: larger ones are looked at in the pool.
constexpr std::size_t kInlineBytesMax = 8 * 1024;
// An index is an octet.
constexpr std::size_t kProfilesMax = 256;

using Wanted = std::shared_ptr<const DocumentWrite>;

// What a change makes of a document, before anything is written.
struct Prepared {
  std::optional<XcapFault> fault;
  std::optional<Error> error;
  std::string text;
  bool is_new_part = false;
  DocumentFacts facts;
};

Prepared failed(Error error) {
  Prepared out;
  out.error = error;
  return out;
}
Prepared faulty(XcapFault fault) {
  Prepared out;
  out.fault = std::move(fault);
  return out;
}

// A pure function: of the loop or of the pool.
Prepared prepare(const DocumentWrite& wanted, const std::optional<std::string>& before) {
  const auto application = application_of(wanted.name);
  if (!application) return failed({Code::DocumentUnknown, "document.auid"});
  Prepared out;
  if (wanted.part) {
    const auto tree = XmlTree::read(*before);
    if (!tree) return failed({Code::Corrupt, "document.text"});
    const std::string_view space = space_in(*application, (*tree)[0].space);
    const auto selector = parse_node_selector(wanted.part->selector, space, wanted.part->prefixes);
    if (!selector) return failed(selector.error());
    if (selector->terminal == Terminal::Namespaces) return failed({Code::MethodNotAllowed, "document.namespaces"});
    auto edited =
        wanted.part->is_removal ? delete_part(*tree, *selector) : put_part(*tree, *selector, wanted.part->body);
    if (!edited) return faulty(*std::move(edited.fault));
    out.text = std::move(edited->text);
    out.is_new_part = edited->is_new;
  } else {
    out.text = wanted.keeps_text ? *before : wanted.text;
  }
  if (out.text.size() > kDocumentBytesMax) return failed({Code::TooLarge, "document.size"});
  const std::string_view former = before ? std::string_view(*before) : std::string_view();
  auto facts = check_document(*application, wanted.name, out.text, former);
  if (!facts) return faulty(*std::move(facts.fault));
  out.facts = *std::move(facts.value);
  if (wanted.is_user && !is_users_change(*application, *before, out.text)) {
    return failed({Code::NotPermitted, "document.users_part"});
  }
  return out;
}

Task<Result<Prepared>> prepare_somewhere(Context* context, Wanted wanted, std::optional<std::string> before) {
  const std::size_t size = wanted->text.size() + (before ? before->size() : 0);
  if (size <= kInlineBytesMax) co_return prepare(*wanted, before);
  auto work = [wanted, before = std::move(before)] { return prepare(*wanted, before); };
  auto done = co_await runtime::offload(&context->work_pool, std::move(work));
  co_return done;
}

Task<Result<std::optional<Document>>> find_document(Context* context, std::string key) {
  auto value = co_await context->store.get(tables::kDocuments, std::move(key));
  if (value.failed_with(Code::NotFound)) co_return std::optional<Document>();
  if (!value) co_return value.error();
  CLAVIGER_CO_TRY(document, decode_document(*value));
  co_return std::optional<Document>(std::move(document));
}

Result<Unit> check_conditions(const DocumentWrite& wanted, const std::optional<Document>& present) {
  const std::string etag = present ? present->etag : std::string();
  if (wanted.if_match && !etag_matches(*wanted.if_match, etag)) return Error{Code::EntityTagDiffers, "if-match"};
  if (wanted.if_none_match && etag_matches(*wanted.if_none_match, etag)) {
    return Error{Code::EntityTagDiffers, "if-none-match"};
  }
  return Unit{};
}

std::string revision_text(std::uint64_t revision) {
  std::array<std::byte, 8> bytes{};
  store_be(MutableBytes(bytes), revision);
  std::string text;
  codec::hex_encode(bytes, text);
  return text;
}

// Puts a version of one document into a transaction, and takes the oldest out of its history.
struct Change {
  std::string tenant;
  DocumentName name;
  Document document;  // is_deleted: the record goes
};
Task<Result<Unit>> add_change(Context* context, storage::Transaction* transaction, Change change) {
  const std::string key = document_key(change.tenant, change.name);
  const std::string prefix = history_prefix(change.tenant, change.name);
  CLAVIGER_CO_TRY(rows, co_await storage::range_all(&context->store, tables::kDocumentHistory, prefix,
                                                    broker::record_prefix_end(prefix), kVersionsMax + 1));
  std::uint64_t revision = static_cast<std::uint64_t>(numeric_date(context->shard.wall())) * 1'000'000;
  if (!rows.empty()) {
    CLAVIGER_CO_TRY(newest, decode_document(rows.back().value));
    revision = std::max(revision, newest.revision + 1);
  }
  Document& document = change.document;
  transaction->expect_version(tables::kDocuments, key, document.version);
  document.revision = revision;
  document.updated_at = numeric_date(context->shard.wall());
  const std::string value = encode_document(document);
  if (document.is_deleted) {
    transaction->erase(tables::kDocuments, key);
  } else {
    transaction->put(tables::kDocuments, key, as_bytes(value));
  }
  const std::string row = prefix + revision_text(revision);
  transaction->expect_absent(tables::kDocumentHistory, row);
  transaction->put(tables::kDocumentHistory, row, as_bytes(value));
  for (std::size_t i = 0; i + kVersionsMax <= rows.size(); ++i) {
    transaction->erase(tables::kDocumentHistory, rows[i].key);
  }
  co_return Unit{};
}

// The others' pre-selection goes with the same commit.
Task<Result<std::vector<std::string>>> clear_others(Context* context, storage::Transaction* transaction,
                                                    std::string tenant, Wanted wanted) {
  const auto application = find_application(wanted->name.auid);
  CLAVIGER_CO_TRY(all, co_await read_user_documents(context, tenant, wanted->name.auid, wanted->name.xui));
  std::vector<std::string> keys;
  for (NamedDocument& each : all) {
    if (!each.document.is_preselected || each.name == wanted->name) continue;
    auto text = without_preselection(*application, each.document.text);
    if (!text) continue;
    each.document.text = *std::move(text);
    each.document.etag = etag_of(each.document.text);
    each.document.is_preselected = false;
    each.document.who = wanted->who;
    keys.push_back(document_key(tenant, each.name));
    Change change{tenant, each.name, std::move(each.document)};
    CLAVIGER_CO_TRY(added, co_await add_change(context, transaction, std::move(change)));
  }
  co_return keys;
}

Task<Result<WriteOutcome>> write_once(Configuration* room, Context* context, std::string tenant, Wanted wanted) {
  const std::string key = document_key(tenant, wanted->name);
  CLAVIGER_CO_TRY(present, co_await find_document(context, key));
  CLAVIGER_CO_TRY(conditions, check_conditions(*wanted, present));
  if (!present && (wanted->part || wanted->keeps_text)) co_return Error{Code::DocumentUnknown, "document"};
  // TS 23.280 clause 10.1.4.5: a user updates what is there; which profiles he has is not his to say.
  if (!present && wanted->is_user) co_return Error{Code::NotPermitted, "document.new"};
  WriteOutcome outcome;
  outcome.is_new = !present;
  const bool is_modified =
      present && (present->template_name != wanted->template_name || present->etag != present->template_etag);
  if (wanted->only_if_unmodified && is_modified) {
    outcome.is_unchanged = true;
    outcome.etag = present->etag;
    co_return outcome;
  }
  std::optional<std::string> before;
  if (present) before = present->text;
  CLAVIGER_CO_TRY(prepared, co_await prepare_somewhere(context, wanted, std::move(before)));
  if (prepared.error) co_return *prepared.error;
  if (prepared.fault) {
    outcome.fault = std::move(prepared.fault);
    co_return outcome;
  }
  if (wanted->part) outcome.is_new = prepared.is_new_part;
  Document document = present ? *present : Document{};
  document.text = std::move(prepared.text);
  outcome.etag = document.etag = etag_of(document.text);
  document.index = prepared.facts.index;
  document.is_active = prepared.facts.is_active;
  document.is_preselected = prepared.facts.is_preselected;
  document.profile_name = std::move(prepared.facts.profile_name);
  document.who = wanted->who;
  if (wanted->migration_systems) document.migration_systems = *wanted->migration_systems;
  if (!wanted->template_name.empty()) {
    document.template_name = wanted->template_name;
    document.template_etag = document.etag;
  }
  outcome.is_unchanged = present && present->etag == document.etag &&
                         present->migration_systems == document.migration_systems &&
                         present->template_etag == document.template_etag;
  if (outcome.is_unchanged) co_return outcome;
  storage::Transaction transaction;
  std::vector<std::string> keys;
  if (document.is_preselected) {
    CLAVIGER_CO_TRY(cleared, co_await clear_others(context, &transaction, tenant, wanted));
    keys = std::move(cleared);
  }
  Change change{tenant, wanted->name, std::move(document)};
  CLAVIGER_CO_TRY(added, co_await add_change(context, &transaction, std::move(change)));
  keys.push_back(key);
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(transaction)));
  co_await room->announce(context, std::move(keys));
  co_return outcome;
}

Task<Result<WriteOutcome>> remove_once(Configuration* room, Context* context, std::string tenant, Wanted wanted) {
  const std::string key = document_key(tenant, wanted->name);
  CLAVIGER_CO_TRY(present, co_await find_document(context, key));
  if (!present) co_return Error{Code::DocumentUnknown, "document"};
  CLAVIGER_CO_TRY(conditions, check_conditions(*wanted, present));
  if (wanted->is_user) co_return Error{Code::NotPermitted, "document.remove"};
  storage::Transaction transaction;
  Change change{tenant, wanted->name, *std::move(present)};
  change.document.is_deleted = true;
  change.document.who = wanted->who;
  CLAVIGER_CO_TRY(added, co_await add_change(context, &transaction, std::move(change)));
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(transaction)));
  std::vector<std::string> keys{key};
  co_await room->announce(context, std::move(keys));
  co_return WriteOutcome{};
}

using Once = Task<Result<WriteOutcome>> (*)(Configuration*, Context*, std::string, Wanted);

std::string home_of(const std::string& tenant, const DocumentName& name) {
  return identity::home_name("documents", tenant, name.auid + "/" + name.xui);
}

Task<Result<WriteOutcome>> at_home(Configuration* room, Context* context, std::string tenant, Wanted wanted,
                                   Once once) {
  auto turn = co_await context->identity->turns().take(home_of(tenant, wanted->name));
  if (!turn) co_return turn.error();
  for (int tries = 0; tries < identity::kConflictTriesMax; ++tries) {
    auto done = co_await once(room, context, tenant, wanted);
    if (!done.failed_with(Code::Conflict)) co_return done;
  }
  co_return Error{Code::Overload, "document.conflict"};
}

Task<Result<WriteOutcome>> go_home(Configuration* room, Context* context, std::string tenant, DocumentWrite wanted,
                                   Once once) {
  if (wanted.who.size() > kFactBytesMax || wanted.template_name.size() > kFactBytesMax) {
    co_return Error{Code::BadValue, "document.who"};
  }
  if (wanted.migration_systems) {
    if (wanted.migration_systems->size() > kSystemsMax) co_return Error{Code::TooMany, "document.systems"};
    for (const std::string& system : *wanted.migration_systems) {
      if (system.empty() || system.size() > kNameBytesMax) co_return Error{Code::BadValue, "document.system"};
    }
  }
  runtime::Shard* home = &context->home_of(home_of(tenant, wanted.name));
  Context* there = &context->at(*home);
  auto shared = std::make_shared<const DocumentWrite>(std::move(wanted));
  auto start = [room, there, tenant = std::move(tenant), shared, once] {
    return at_home(room, there, tenant, shared, once);
  };
  auto done = co_await runtime::call_on(home, std::move(start));
  co_return done;
}

}  // namespace

Task<Result<WriteOutcome>> write_document(Configuration* room, Context* context, std::string tenant,
                                          DocumentWrite wanted) {
  auto done = co_await go_home(room, context, std::move(tenant), std::move(wanted), write_once);
  co_return done;
}

Task<Result<WriteOutcome>> remove_document(Configuration* room, Context* context, std::string tenant,
                                           DocumentWrite wanted) {
  auto done = co_await go_home(room, context, std::move(tenant), std::move(wanted), remove_once);
  co_return done;
}

Task<Result<Document>> read_document(Context* context, std::string tenant, DocumentName name) {
  std::string key = document_key(tenant, name);
  CLAVIGER_CO_TRY(found, co_await find_document(context, std::move(key)));
  if (!found) co_return Error{Code::DocumentUnknown, "document"};
  co_return *std::move(found);
}

Task<Result<std::vector<NamedDocument>>> read_user_documents(Context* context, std::string tenant, std::string auid,
                                                             std::string xui) {
  const std::string prefix = user_prefix(tenant, auid, xui);
  CLAVIGER_CO_TRY(rows, co_await storage::range_all(&context->store, tables::kDocuments, prefix,
                                                    broker::record_prefix_end(prefix), kProfilesMax));
  std::vector<NamedDocument> all;
  for (const storage::Record& row : rows) {
    CLAVIGER_CO_TRY(name, document_name_of(row.key));
    CLAVIGER_CO_TRY(document, decode_document(row.value));
    all.push_back({std::move(name), std::move(document)});
  }
  co_return all;
}

Task<Result<DocumentPage>> list_documents(Context* context, std::string tenant, std::string auid, std::string after,
                                          std::size_t limit) {
  const std::string prefix = auid.empty() ? broker::record_prefix({tenant}) : broker::record_prefix({tenant, auid});
  // Templates are no documents, and come first.
  std::string from = auid.empty() ? broker::record_prefix_end(broker::record_prefix({tenant, kTemplateAuid})) : prefix;
  if (!after.empty()) {
    CLAVIGER_CO_TRY(name, read_document_name(after));
    from = document_key(tenant, name) + '\0';
    if (!from.starts_with(prefix)) co_return Error{Code::BadValue, "after"};
  }
  CLAVIGER_CO_TRY(rows,
                  co_await context->store.range(tables::kDocuments, from, broker::record_prefix_end(prefix), limit));
  DocumentPage page;
  for (const storage::Record& row : rows) {
    CLAVIGER_CO_TRY(name, document_name_of(row.key));
    CLAVIGER_CO_TRY(document, decode_document(row.value));
    page.documents.push_back({std::move(name), std::move(document)});
  }
  if (storage::is_full_page(rows, limit)) page.next = selector_of(page.documents.back().name);
  co_return page;
}

Task<Result<std::vector<Document>>> read_history(Context* context, std::string tenant, DocumentName name) {
  const std::string prefix = history_prefix(tenant, name);
  CLAVIGER_CO_TRY(rows, co_await storage::range_all(&context->store, tables::kDocumentHistory, prefix,
                                                    broker::record_prefix_end(prefix), kVersionsMax + 1));
  std::vector<Document> versions;
  for (const storage::Record& row : rows) {
    CLAVIGER_CO_TRY(document, decode_document(row.value));
    versions.push_back(std::move(document));
  }
  co_return versions;
}

Task<Result<NamedDocument>> select_profile(Context* context, std::string tenant, std::string auid, std::string xui,
                                           std::optional<std::uint8_t> index) {
  CLAVIGER_CO_TRY(all, co_await read_user_documents(context, std::move(tenant), std::move(auid), canonical_xui(xui)));
  NamedDocument* chosen = nullptr;
  const auto rank = [index](const Document& document) {
    return index && document.index == *index ? 0 : document.is_preselected ? 1 : 2;
  };
  for (NamedDocument& each : all) {
    if (!each.document.is_active) continue;
    const auto before =
        chosen == nullptr ? std::pair(3, 0) : std::pair(rank(chosen->document), int{chosen->document.index});
    if (std::pair(rank(each.document), int{each.document.index}) < before) chosen = &each;
  }
  if (chosen == nullptr) co_return Error{Code::ProfileUnknown, "profile"};
  co_return std::move(*chosen);
}

}  // namespace claviger::configuration
