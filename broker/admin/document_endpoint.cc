// Documents of the configuration management server, as operators see and change them: profiles one by one and by the
// thousand, their history, templates.
#include <array>
#include <charconv>

#include "broker/admin/endpoints.h"
#include "broker/admin/object_reader.h"
#include "broker/admin/user_lookup.h"
#include "broker/configuration/document_procedures.h"
#include "broker/configuration/templates.h"
#include "core/codec/json_writer.h"

namespace claviger::admin {
namespace {

using configuration::Document;
using configuration::DocumentName;
using configuration::DocumentWrite;
using configuration::NamedDocument;
using configuration::WriteOutcome;
using runtime::Task;
using Json = codec::JsonWriter<std::string>;

// A document as a JSON string, and what stands beside it.
constexpr std::size_t kDocumentBodyMax = 2 * configuration::kDocumentBytesMax + 64 * 1024;
// A batch of an import: as many as are written together.
constexpr std::size_t kBatchBytesMax = 4 * 1024 * 1024;

Result<Unit> check_room(const Call& call) {
  if (call.services.configuration == nullptr) return Error{Code::NotFound, "configuration"};
  return check_tenant(call);
}

std::string who(const Call& call) {
  return "administrator uid " + std::to_string(call.request.peer->uid.value_or(0xFFFF'FFFF));
}

// An import holds documents of any size up to the bound.
codec::JsonReader document_reader() {
  codec::JsonLimits limits;
  limits.bytes_max = kDocumentBodyMax;
  return codec::JsonReader(limits);
}
Result<codec::JsonObject> document_body(Call& call, codec::JsonReader& reader) {
  if (call.request.field(http::Field::ContentType) != "application/json") return Error{Code::MediaType, "content-type"};
  CLAVIGER_TRY(value, reader.parse(call.request.body.text()));
  return value.as_object();
}

void write_facts(Json& json, const DocumentName& name, const Document& document) {
  json.begin_object().member("path", configuration::selector_of(name)).member("auid", name.auid);
  json.member("user", name.xui).member("index", document.index).member("name", document.profile_name);
  json.member("status", document.is_deleted ? "deleted" : document.is_active ? "active" : "inactive");
  json.member("preselected", document.is_preselected).member("etag", document.etag);
  json.member("revision", document.revision).member("updated_at", document.updated_at).member("who", document.who);
  if (!document.template_name.empty()) {
    json.member("template", document.template_name).member("modified", document.etag != document.template_etag);
  }
  json.member("size", document.text.size()).name("migration_systems").begin_array();
  for (const std::string& system : document.migration_systems) json.value(system);
  json.end_array();
}

void write_outcome(Json& json, const Result<WriteOutcome>& outcome) {
  const bool is_good = outcome && !outcome->fault;
  json.member("result", !is_good                ? "refused"
                        : outcome->is_new       ? "created"
                        : outcome->is_unchanged ? "unchanged"
                                                : "changed");
  if (is_good) {
    json.member("etag", outcome->etag);
  } else if (!outcome) {
    json.member("code", name_of(outcome.error().code)).member("reason", meaning_of(outcome.error().code).title);
  } else {
    json.member("code", name_of(outcome->fault->code)).member("reason", outcome->fault->phrase);
  }
}

Answer answer_of(const DocumentName& name, const Result<WriteOutcome>& outcome) {
  if (!outcome) return outcome.error();
  if (outcome->fault) return Answer(outcome->fault->code, outcome->fault->phrase);
  std::string text;
  Json json(text);
  json.begin_object().member("path", configuration::selector_of(name));
  write_outcome(json, outcome);
  json.end_object();
  return Answer(std::move(text));
}

// ?path=..., or ?user=LOGIN&service=mcptt&index=0.
Task<Result<DocumentName>> name_asked(Call* call) {
  CLAVIGER_CO_TRY(form, codec::parse_form(call->request.query));
  if (const auto path = form.find("path")) co_return configuration::read_document_name(*path);
  const auto user = form.find("user");
  if (!user) co_return Error{Code::BadValue, "path"};
  const std::string service(form.find("service").value_or("mcptt"));
  const auto application = configuration::find_application(configuration::profile_auid(service));
  if (!application) co_return Error{Code::BadValue, "service"};
  unsigned index = 0;
  const std::string_view said = form.find("index").value_or("0");
  const auto [end, error] = std::from_chars(said.data(), said.data() + said.size(), index);
  if (error != std::errc() || end != said.data() + said.size() || index > 255) co_return Error{Code::BadValue, "index"};
  std::string login(*user);
  auto found = co_await find_named_user(call->at(), call->values[0], std::move(login));
  if (!found) co_return found.error();
  const std::string identity = configuration::identity_for(*found, service);
  if (identity.empty()) co_return Error{Code::ProfileUnknown, "user.service"};
  co_return DocumentName{application->auid, configuration::Tree::Users, configuration::canonical_xui(identity),
                         std::string(application->file_prefix) + std::to_string(index) + ".xml"};
}

Task<Answer> list_page(Call* call, bool with_text) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  CLAVIGER_CO_TRY(paging, paging_of(*call));
  CLAVIGER_CO_TRY(form, codec::parse_form(call->request.query));
  std::string auid(form.find("auid").value_or(""));
  auto page = co_await configuration::list_documents(call->at(), call->values[0], std::move(auid),
                                                     std::move(paging.after), paging.limit);
  if (!page) co_return page.error();
  std::string text;
  Json json(text);
  json.begin_object().name("items").begin_array();
  for (const NamedDocument& each : page->documents) {
    write_facts(json, each.name, each.document);
    if (with_text) json.member("document", each.document.text);
    json.end_object();
  }
  json.end_array();
  if (!page->next.empty()) json.member("next", page->next);
  json.end_object();
  co_return Answer(std::move(text));
}
Task<Answer> list(Call* call) { return list_page(call, false); }
Task<Answer> export_page(Call* call) { return list_page(call, true); }

Task<Answer> show(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  CLAVIGER_CO_TRY(name, co_await name_asked(call));
  auto document = co_await configuration::read_document(call->at(), call->values[0], name);
  if (!document) co_return document.error();
  std::string text;
  Json json(text);
  write_facts(json, name, *document);
  json.member("document", document->text).end_object();
  co_return Answer(std::move(text));
}

struct WriteOrWrong {
  DocumentWrite wanted;
  std::string path, template_name, etag;
  bool is_modified = false;
  std::optional<std::string> wrong;
};
// {"path", "document", "migration_systems", "if_match"}; without "document" only the rest is set.
WriteOrWrong read_write(codec::JsonObject object, const std::string& who) {
  WriteOrWrong read;
  ObjectReader members(object);
  std::vector<std::string> systems;
  std::string if_match;
  members.read("path", read.path).read("document", read.wanted.text).read("migration_systems", systems);
  members.read("if_match", if_match);
  read.wanted.keeps_text = !members.has("document");
  if (members.has("migration_systems")) read.wanted.migration_systems = std::move(systems);
  if (members.has("if_match")) read.wanted.if_match = "\"" + if_match + "\"";
  // What an export says of a document is no reason to refuse its import.
  members.read("template", read.template_name).read("etag", read.etag).read("modified", read.is_modified);
  for (const std::string_view fact :
       {"auid", "user", "index", "name", "status", "preselected", "revision", "updated_at", "who", "size"}) {
    (void)members.has(fact);
  }
  read.wanted.who = who;
  read.wrong = members.wrong();
  return read;
}

Task<Answer> set(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  CLAVIGER_CO_TRY(name, co_await name_asked(call));
  codec::JsonReader reader = document_reader();
  CLAVIGER_CO_TRY(object, document_body(*call, reader));
  WriteOrWrong read = read_write(object, who(*call));
  if (read.wrong) co_return Answer(Code::BadValue, *read.wrong);
  read.wanted.name = name;
  call->target += "/" + configuration::selector_of(name);
  auto done = co_await configuration::write_document(call->services.configuration, call->at(), call->values[0],
                                                     std::move(read.wanted));
  co_return answer_of(name, done);
}

Task<Answer> remove(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  CLAVIGER_CO_TRY(name, co_await name_asked(call));
  DocumentWrite wanted;
  wanted.name = name;
  wanted.who = who(*call);
  call->target += "/" + configuration::selector_of(name);
  auto done = co_await configuration::remove_document(call->services.configuration, call->at(), call->values[0],
                                                      std::move(wanted));
  if (!done) co_return done.error();
  co_return Answer(std::string("{}"));
}

// All versions; with ?revision= that one with its text.
Task<Answer> history(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  CLAVIGER_CO_TRY(name, co_await name_asked(call));
  CLAVIGER_CO_TRY(form, codec::parse_form(call->request.query));
  const std::string wanted(form.find("revision").value_or(""));
  auto versions = co_await configuration::read_history(call->at(), call->values[0], name);
  if (!versions) co_return versions.error();
  if (versions->empty()) co_return Error{Code::DocumentUnknown, "history"};
  std::string text;
  Json json(text);
  if (!wanted.empty()) {
    for (const Document& each : *versions) {
      if (std::to_string(each.revision) != wanted) continue;
      write_facts(json, name, each);
      json.member("document", each.text).end_object();
      co_return Answer(std::move(text));
    }
    co_return Error{Code::DocumentUnknown, "history.revision"};
  }
  json.begin_object().name("items").begin_array();
  for (const Document& each : *versions) {
    write_facts(json, name, each);
    json.end_object();
  }
  json.end_array().end_object();
  co_return Answer(std::move(text));
}

// NDJSON, a line a document as export writes it: {"path", "document", "migration_systems", "template", "etag"}.
Task<Answer> import_batch(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  if (call->request.field(http::Field::ContentType) != "application/x-ndjson") {
    co_return Answer(Code::MediaType, "application/x-ndjson is expected");
  }
  std::vector<DocumentWrite> wanted;
  std::vector<std::size_t> lines;
  std::vector<std::pair<std::size_t, std::string>> bad;
  codec::JsonReader reader = document_reader();
  std::string_view rest = call->request.body.text();
  for (std::size_t index = 0; !rest.empty(); ++index) {
    if (index == configuration::kAppliedMax) co_return Answer(Code::TooMany, "more lines than one batch may have");
    const std::size_t end = rest.find('\n');
    const auto value = reader.parse(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    const auto object = value ? value->as_object() : Result<codec::JsonObject>(value.error());
    if (!object) {
      bad.emplace_back(index, name_of(object.error().code));
      continue;
    }
    WriteOrWrong read = read_write(*object, who(*call));
    auto name = configuration::read_document_name(read.path);
    if (read.wrong || !name || read.wanted.keeps_text) {
      bad.emplace_back(index, read.wrong ? *read.wrong
                              : !name    ? "path: not the name of a document"
                                         : "document: missing");
      continue;
    }
    read.wanted.name = *std::move(name);
    // It follows its template as before, if nobody has changed its text, neither in the store nor in the file.
    const bool is_as_made = !read.is_modified && read.etag == configuration::etag_of(read.wanted.text);
    if (is_as_made) read.wanted.template_name = read.template_name;
    wanted.push_back(std::move(read.wanted));
    lines.push_back(index);
  }
  auto outcomes =
      co_await configuration::write_many(call->services.configuration, call->at(), call->values[0], std::move(wanted));
  std::size_t created = 0, changed = 0, unchanged = 0;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const Result<WriteOutcome>& each = outcomes[i];
    if (!each || each->fault) {
      bad.emplace_back(lines[i], each ? each->fault->phrase : std::string(name_of(each.error().code)));
    } else {
      ++(each->is_new ? created : each->is_unchanged ? unchanged : changed);
    }
  }
  std::string text;
  Json json(text);
  json.begin_object().member("created", created).member("changed", changed).member("unchanged", unchanged);
  json.name("bad").begin_array();
  for (const auto& [index, reason] : bad)
    json.begin_object().member("index", index).member("reason", reason).end_object();
  json.end_array().end_object();
  call->detail = "created=" + std::to_string(created) + " changed=" + std::to_string(changed) +
                 " refused=" + std::to_string(bad.size());
  co_return Answer(std::move(text));
}

void write_template(Json& json, const configuration::Template& each, bool with_text) {
  json.begin_object().member("name", each.name).member("service", each.service).member("who", each.who);
  json.member("updated_at", each.updated_at).member("size", each.text.size());
  if (with_text) json.member("document", each.text);
  json.end_object();
}

Task<Answer> list_templates(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  auto all = co_await configuration::list_templates(call->at(), call->values[0]);
  if (!all) co_return all.error();
  std::string text;
  Json json(text);
  json.begin_object().name("items").begin_array();
  for (const configuration::Template& each : *all) write_template(json, each, false);
  json.end_array().end_object();
  co_return Answer(std::move(text));
}

Task<Answer> show_template(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  auto found = co_await configuration::read_template(call->at(), call->values[0], call->values[1]);
  if (!found) co_return found.error();
  std::string text;
  Json json(text);
  write_template(json, *found, true);
  co_return Answer(std::move(text));
}

Task<Answer> set_template(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  codec::JsonReader reader = document_reader();
  CLAVIGER_CO_TRY(object, document_body(*call, reader));
  configuration::Template wanted;
  ObjectReader members(object);
  members.read("service", wanted.service).require("service").read("document", wanted.text).require("document");
  if (auto wrong = members.wrong()) co_return Answer(Code::BadValue, *wrong);
  wanted.name = call->values[1];
  wanted.who = who(*call);
  auto done = co_await configuration::set_template(call->services.configuration, call->at(), call->values[0],
                                                   std::move(wanted));
  if (!done) co_return done.error();
  if (done->fault) co_return Answer(done->fault->code, done->fault->phrase);
  co_return Answer("{\"etag\":\"" + done->etag + "\"}");
}

Task<Answer> remove_template(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  auto done = co_await configuration::remove_template(call->at(), call->values[0], call->values[1]);
  if (!done) co_return done.error();
  co_return Answer(std::string("{}"));
}

// {"users": [logins], "index": 0, "force": false, "migration_systems": []}
Task<Answer> apply_template(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  std::vector<std::string> logins;
  std::vector<std::string> systems;
  std::optional<std::int64_t> index;
  bool is_forced = false;
  ObjectReader members(object);
  members.read("users", logins).require("users").read("index", index).read("force", is_forced);
  members.read("migration_systems", systems);
  const bool has_systems = members.has("migration_systems");
  if (auto wrong = members.wrong()) co_return Answer(Code::BadValue, *wrong);
  if (logins.size() > configuration::kAppliedMax) co_return Answer(Code::TooMany, "more users than one call may have");
  if (index && (*index < 0 || *index > 255)) co_return Answer(Code::BadValue, "index: 0 to 255");
  auto from = co_await configuration::read_template(call->at(), call->values[0], call->values[1]);
  if (!from) co_return from.error();
  std::vector<DocumentWrite> wanted;
  std::vector<Result<WriteOutcome>> outcomes(logins.size(), Error{Code::UserUnknown, "template.user"});
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < logins.size(); ++i) {
    auto user = co_await find_named_user(call->at(), call->values[0], logins[i]);
    if (!user) {
      outcomes[i] = user.error();
      continue;
    }
    auto made = configuration::expand_template(*from, *user, static_cast<std::uint8_t>(index.value_or(0)));
    if (!made) {
      outcomes[i] = made.error();
      continue;
    }
    made->who = who(*call);
    made->only_if_unmodified = !is_forced;
    if (has_systems) made->migration_systems = systems;
    wanted.push_back(*std::move(made));
    places.push_back(i);
  }
  auto written =
      co_await configuration::write_many(call->services.configuration, call->at(), call->values[0], std::move(wanted));
  for (std::size_t i = 0; i < written.size(); ++i) outcomes[places[i]] = std::move(written[i]);
  std::string text;
  Json json(text);
  json.begin_object().name("items").begin_array();
  for (std::size_t i = 0; i < logins.size(); ++i) {
    json.begin_object().member("login", logins[i]);
    write_outcome(json, outcomes[i]);
    json.end_object();
  }
  json.end_array().end_object();
  call->detail = "users=" + std::to_string(logins.size());
  co_return Answer(std::move(text));
}

}  // namespace

void add_document_verbs(http::Router& router, AdminServices& services) {
  using http::Method;
  const auto add_one = [&](Method method, std::string_view pattern, std::string_view name, Effect effect,
                           Task<Answer> (*endpoint)(Call*), std::size_t body = kBodyBytesMax) {
    add_verb(router, services, {method, pattern, name, effect, endpoint, body});
  };
  add_one(Method::Get, "/tenants/{tenant}/documents", "profile.list", Effect::Reads, list);
  add_one(Method::Get, "/tenants/{tenant}/document", "profile.show", Effect::Reads, show);
  add_one(Method::Put, "/tenants/{tenant}/document", "profile.set", Effect::Changes, set, kDocumentBodyMax);
  add_one(Method::Delete, "/tenants/{tenant}/document", "profile.delete", Effect::Changes, remove);
  add_one(Method::Get, "/tenants/{tenant}/document-history", "profile.history", Effect::Reads, history);
  add_one(Method::Get, "/tenants/{tenant}/document-export", "profile.export", Effect::Reads, export_page);
  add_one(Method::Post, "/tenants/{tenant}/document-import", "profile.import", Effect::Changes, import_batch,
          kBatchBytesMax);
  add_one(Method::Get, "/tenants/{tenant}/document-templates", "profile.template.list", Effect::Reads, list_templates);
  add_one(Method::Get, "/tenants/{tenant}/document-templates/{name}", "profile.template.show", Effect::Reads,
          show_template);
  add_one(Method::Put, "/tenants/{tenant}/document-templates/{name}", "profile.template.set", Effect::Changes,
          set_template, kDocumentBodyMax);
  add_one(Method::Delete, "/tenants/{tenant}/document-templates/{name}", "profile.template.delete", Effect::Changes,
          remove_template);
  add_one(Method::Post, "/tenants/{tenant}/document-templates/{name}/apply", "profile.template.apply", Effect::Changes,
          apply_template);
}

}  // namespace claviger::admin
