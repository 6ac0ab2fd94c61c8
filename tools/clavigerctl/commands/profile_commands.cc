#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>

#include "core/codec/json_reader.h"
#include "core/codec/json_writer.h"
#include "core/codec/line_diff.h"
#include "core/codec/percent.h"
#include "tools/clavigerctl/commands/commands.h"
#include "tools/clavigerctl/progress_bar.h"
#include "tools/clavigerctl/terminal.h"
#include "tools/clavigerctl/view.h"

namespace claviger::ctl {
namespace {

using Json = codec::JsonWriter<std::string>;

constexpr std::size_t kDocumentBytesMax = 256 * 1024;
// What the daemon writes together; and what one request may have.
constexpr std::size_t kBatchLines = 256;
constexpr std::size_t kBatchBytes = 2 * 1024 * 1024;
// Of documents with their texts: a page of the largest is some ten megabytes.
constexpr std::string_view kExportPage = "40";
constexpr codec::JsonLimits kPageLimits{.bytes_max = 64 * 1024 * 1024, .depth_max = 8};

const std::vector<Column>& columns() {
  static const std::vector<Column> kColumns{{"PATH", "path"},
                                            {"NAME", "name"},
                                            {"STATUS", "status"},
                                            {"PRE-SELECTED", "preselected", Show::YesNo},
                                            {"FOR SYSTEMS", "migration_systems"},
                                            {"TEMPLATE", "template"},
                                            {"CHANGED", "updated_at", Show::Time},
                                            {"BY", "who"}};
  return kColumns;
}
const std::vector<Column>& version_columns() {
  static const std::vector<Column> kColumns{{"REVISION", "revision"}, {"WHEN", "updated_at", Show::Time},
                                            {"WHO", "who"},           {"STATUS", "status"},
                                            {"ENTITY TAG", "etag"},   {"SIZE", "size", Show::Bytes}};
  return kColumns;
}

// PROFILE is a document's path, or a login name with --service and --index.
std::string query_of(Invocation& invocation) {
  const std::string_view what = invocation.args.get("PROFILE");
  std::string query = what.find('/') == std::string_view::npos ? "?user=" : "?path=";
  codec::percent_encode(what, query);
  for (const auto& [option, name] : {std::pair{"--service", "&service="}, std::pair{"--index", "&index="}}) {
    if (!invocation.args.has(option)) continue;
    query += name;
    codec::percent_encode(invocation.args.get(option), query);
  }
  return query;
}

std::optional<std::string> target_of(Invocation& invocation, std::string_view path) {
  auto target = invocation.tenant_target(path);
  if (target) *target += query_of(invocation);
  return target;
}

// Nothing: said why.
std::optional<std::string> read_document(Invocation& invocation, std::string_view name) {
  std::string text;
  if (name == "-") {
    text.assign(std::istreambuf_iterator<char>(std::cin), {});
  } else {
    std::ifstream file{std::string(name), std::ios::binary};
    text.assign(std::istreambuf_iterator<char>(file), {});
  }
  if (text.empty() || text.size() > kDocumentBytesMax) {
    invocation.complain(std::string(name) + ": the file cannot be read, is empty or larger than 256 KiB");
    return std::nullopt;
  }
  return text;
}

struct Member {
  std::string text;
  bool is_there = false;
};
Member member_of(std::string_view body, std::string_view name) {
  codec::JsonReader reader(kPageLimits);
  const auto value = reader.parse(body);
  const auto object = value ? value->as_object() : Result<codec::JsonObject>(Error{Code::JsonType, "body"});
  const auto text = object ? object->string_at(name) : Result<std::string_view>(Error{Code::JsonMissing, "body"});
  return text ? Member{std::string(*text), true} : Member{};
}

ExitStatus list(Invocation& invocation) {
  auto target = invocation.tenant_target("/documents");
  if (!target) return ExitStatus::Failed;
  return print_all_pages(invocation, *target, columns(), 0);
}

ExitStatus show(Invocation& invocation) {
  const auto target = target_of(invocation, "/document");
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("GET", *target);
  if (!answer.is_ok()) return answer.status;
  if (!invocation.args.has("--text")) return print_object(invocation, answer.body, columns());
  const Member document = member_of(answer.body, "document");
  invocation.print(document.text);
  return document.is_there ? ExitStatus::Ok : ExitStatus::Failed;
}

void write_systems(Json& json, Invocation& invocation) {
  const bool has_none = invocation.args.has("--no-migration");
  if (!invocation.args.has("--migration-system") && !has_none) return;
  json.name("migration_systems").begin_array();
  if (!has_none) {
    for (const std::string& system : invocation.args.list("--migration-system")) json.value(system);
  }
  json.end_array();
}

ExitStatus set(Invocation& invocation) {
  std::string body;
  Json json(body);
  json.begin_object();
  if (invocation.args.has("FILE")) {
    const auto text = read_document(invocation, invocation.args.get("FILE"));
    if (!text) return ExitStatus::Usage;
    json.member("document", *text);
  }
  if (invocation.args.has("--if-match")) json.member("if_match", invocation.args.get("--if-match"));
  write_systems(json, invocation);
  json.end_object();
  const auto target = target_of(invocation, "/document");
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("PUT", *target, body);
  if (!answer.is_ok()) return answer.status;
  return print_object(invocation, answer.body, {{"document", "path"}, {"result", "result"}, {"entity tag", "etag"}});
}

ExitStatus remove(Invocation& invocation) {
  const std::string what(invocation.args.get("PROFILE"));
  if (!invocation.is_confirmed("The document of " + what + " goes. Delete?")) return ExitStatus::Failed;
  const auto target = target_of(invocation, "/document");
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("DELETE", *target);
  if (!answer.is_ok()) return answer.status;
  if (invocation.args.wants_json) invocation.print_json(answer.body);
  return ExitStatus::Ok;
}

ExitStatus history(Invocation& invocation) {
  const auto target = target_of(invocation, "/document-history");
  if (!target) return ExitStatus::Failed;
  if (!invocation.args.has("--revision")) {
    const auto answer = invocation.ask("GET", *target);
    return answer.is_ok() ? print_page(invocation, answer.body, version_columns()) : answer.status;
  }
  std::string query = *target + "&revision=";
  codec::percent_encode(invocation.args.get("--revision"), query);
  const auto answer = invocation.ask("GET", query);
  if (!answer.is_ok()) return answer.status;
  invocation.print(member_of(answer.body, "document").text);
  return ExitStatus::Ok;
}

// The last two revisions, where none were named.
std::vector<std::string> last_revisions(std::string_view body) {
  codec::JsonReader reader(kPageLimits);
  const auto value = reader.parse(body);
  std::vector<std::string> revisions;
  const auto object = value ? value->as_object() : Result<codec::JsonObject>(Error{Code::JsonType, "body"});
  const auto items = object ? object->at("items") : Result<codec::JsonValue>(Error{Code::JsonMissing, "body"});
  const auto array = items ? items->as_array() : Result<codec::JsonArray>(Error{Code::JsonType, "body"});
  if (!array) return revisions;
  for (const codec::JsonValue item : *array) {
    if (const auto one = item.as_object()) revisions.push_back(text_of(*one, "revision"));
  }
  if (revisions.size() > 2) revisions.erase(revisions.begin(), revisions.end() - 2);
  return revisions;
}

ExitStatus diff(Invocation& invocation) {
  const auto target = target_of(invocation, "/document-history");
  if (!target) return ExitStatus::Failed;
  std::vector<std::string> revisions = invocation.args.list("REVISION");
  if (revisions.empty()) {
    const auto all = invocation.ask("GET", *target);
    if (!all.is_ok()) return all.status;
    revisions = last_revisions(all.body);
  }
  if (revisions.size() != 2) {
    invocation.complain("two revisions are compared (see: profile history)");
    return ExitStatus::Usage;
  }
  std::string texts[2];
  for (std::size_t i = 0; i < 2; ++i) {
    const auto answer = invocation.ask("GET", *target + "&revision=" + path_segment(revisions[i]));
    if (!answer.is_ok()) return answer.status;
    texts[i] = member_of(answer.body, "document").text;
  }
  const std::string lines = codec::line_diff(texts[0], texts[1]);
  if (invocation.args.wants_json) {
    std::string text;
    Json json(text);
    json.begin_object().member("from", revisions[0]).member("to", revisions[1]).member("diff", lines).end_object();
    invocation.print_json(text);
  } else {
    invocation.print("--- " + revisions[0] + "\n+++ " + revisions[1] + "\n" + lines);
  }
  return ExitStatus::Ok;
}

// One line a document: what import reads. Nothing: not a page.
struct ExportedPage {
  std::string text;
  std::string next;
  std::size_t documents = 0;
};
std::optional<ExportedPage> exported(std::string_view body) {
  codec::JsonReader reader(kPageLimits);
  const auto value = reader.parse(body);
  const auto object = value ? value->as_object() : Result<codec::JsonObject>(Error{Code::JsonType, "body"});
  const auto items = object ? object->at("items") : Result<codec::JsonValue>(Error{Code::JsonMissing, "body"});
  const auto array = items ? items->as_array() : Result<codec::JsonArray>(Error{Code::JsonType, "body"});
  if (!array) return std::nullopt;
  ExportedPage page;
  for (const codec::JsonValue item : *array) {
    const auto one = item.as_object();
    if (!one) return std::nullopt;
    const auto path = one->string_at("path");
    const auto document = one->string_at("document");
    if (!path || !document) return std::nullopt;
    Json json(page.text);
    json.begin_object().member("path", *path).member("document", *document).name("migration_systems").begin_array();
    const auto systems = one->at("migration_systems");
    const auto list = systems ? systems->as_array() : Result<codec::JsonArray>(Error{Code::JsonType, "systems"});
    if (!list) return std::nullopt;
    for (const codec::JsonValue system : *list)
      json.value(system.as_string() ? *system.as_string() : std::string_view());
    json.end_array();
    // What a template has written and nobody has changed: it is the template's again where it is imported.
    const auto from = one->string_at("template");
    const auto is_modified = one->bool_at("modified");
    const auto etag = one->string_at("etag");
    if (from && is_modified && !*is_modified && etag) json.member("template", *from).member("etag", *etag);
    json.end_object();
    page.text += '\n';
    ++page.documents;
  }
  if (const auto next = object->string_at("next")) page.next = *next;
  return page;
}

ExitStatus export_all(Invocation& invocation) {
  const std::string name(invocation.args.get("FILE"));
  const auto target = invocation.tenant_target("/document-export");
  if (!target) return ExitStatus::Failed;
  const bool is_file = !name.empty() && name != "-";
  std::ofstream file;
  if (is_file) file.open(name, std::ios::binary | std::ios::trunc);
  if (is_file && !file) {
    invocation.complain(name + " cannot be written");
    return ExitStatus::Usage;
  }
  std::size_t documents = 0;
  std::string after;
  do {
    std::string query = *target + "?limit=" + std::string(kExportPage);
    if (!after.empty()) codec::percent_encode(after, query += "&after=");
    const auto answer = invocation.ask("GET", query);
    if (!answer.is_ok()) return answer.status;
    const auto page = exported(answer.body);
    if (!page || (!page->next.empty() && page->next == after)) {
      invocation.complain("the daemon's answer is malformed");
      return ExitStatus::Failed;
    }
    if (is_file) {
      file << page->text;
    } else {
      invocation.print(page->text);
    }
    documents += page->documents;
    after = page->next;
  } while (!after.empty());
  if (!is_file) return ExitStatus::Ok;
  file.close();
  if (!file) {
    invocation.complain(name + " cannot be written");
    return ExitStatus::Failed;
  }
  invocation.print(std::to_string(documents) + " documents in " + name + "\n");
  return ExitStatus::Ok;
}

// Sums over all batches of an import.
struct ImportSums {
  std::uint64_t created = 0, changed = 0, unchanged = 0, bad = 0;
};

// `numbers`: of the batch's lines in the file, where some are empty. False: the answer is malformed.
bool add_report(Invocation& invocation, std::string_view body, const std::vector<std::uint64_t>& numbers,
                ImportSums& sums) {
  codec::JsonReader reader(kPageLimits);
  const auto value = reader.parse(body);
  const auto object = value ? value->as_object() : Result<codec::JsonObject>(Error{Code::JsonType, "body"});
  if (!object) return false;
  for (const auto& [name, sum] : {std::pair{"created", &sums.created}, std::pair{"changed", &sums.changed},
                                  std::pair{"unchanged", &sums.unchanged}}) {
    const auto number = object->int_at(name);
    if (!number || *number < 0) return false;
    *sum += static_cast<std::uint64_t>(*number);
  }
  const auto bad = object->at("bad");
  const auto array = bad ? bad->as_array() : Result<codec::JsonArray>(Error{Code::JsonType, "bad"});
  if (!array) return false;
  for (const codec::JsonValue item : *array) {
    const auto one = item.as_object();
    const auto index = one ? one->int_at("index") : Result<std::int64_t>(Error{Code::JsonType, "bad"});
    if (!index || *index < 0 || static_cast<std::uint64_t>(*index) >= numbers.size()) return false;
    ++sums.bad;
    invocation.complain("line " + std::to_string(numbers[static_cast<std::size_t>(*index)]) + ": " +
                        text_of(*one, "reason"));
  }
  return true;
}

ExitStatus import_all(Invocation& invocation) {
  const std::string name(invocation.args.get("FILE"));
  std::ifstream opened;
  if (name != "-") opened.open(name, std::ios::binary | std::ios::ate);
  std::istream& file = name == "-" ? std::cin : opened;
  Progress progress;
  if (name != "-" && opened) {
    progress.total = static_cast<std::uint64_t>(opened.tellg());
    opened.seekg(0);
  }
  const auto target = invocation.tenant_target("/document-import");
  if (!target) return ExitStatus::Failed;
  if (!file) {
    invocation.complain(name + " cannot be read");
    return ExitStatus::Usage;
  }
  const bool is_loud = !invocation.args.has("--quiet");
  const auto say = [is_loud](const std::string& text) {
    if (is_loud) std::fwrite(text.data(), 1, text.size(), stderr);
  };
  ProgressBar bar("profiles", is_terminal(STDERR_FILENO), terminal_columns(), std::chrono::steady_clock::now());
  ImportSums sums;
  std::string batch, line;
  std::vector<std::uint64_t> numbers;
  std::uint64_t number = 0;
  for (bool has_more = true; has_more;) {
    has_more = static_cast<bool>(std::getline(file, line));
    if (has_more) ++number;
    if (has_more && line.find_first_not_of(" \t\r") != std::string::npos) {
      batch.append(line).append(1, '\n');
      numbers.push_back(number);
    }
    if (has_more && numbers.size() < kBatchLines && batch.size() < kBatchBytes) continue;
    if (!batch.empty()) {
      const auto answer = invocation.ask("POST", *target, batch, "application/x-ndjson");
      if (!answer.is_ok()) return answer.status;
      if (!add_report(invocation, answer.body, numbers, sums)) {
        invocation.complain("the daemon's answer is malformed");
        return ExitStatus::Failed;
      }
    }
    progress.done += batch.size();
    progress.items += numbers.size();
    say(bar.draw(progress, std::chrono::steady_clock::now()));
    numbers.clear();
    batch.clear();
  }
  say(bar.finish(progress, std::chrono::steady_clock::now()));
  std::string text;
  Json json(text);
  json.begin_object().member("created", sums.created).member("changed", sums.changed);
  json.member("unchanged", sums.unchanged).member("bad", sums.bad).end_object();
  if (invocation.args.wants_json) {
    invocation.print_json(text);
  } else {
    invocation.print(std::to_string(sums.created) + " created, " + std::to_string(sums.changed) + " changed, " +
                     std::to_string(sums.unchanged) + " unchanged, " + std::to_string(sums.bad) + " bad lines\n");
  }
  return sums.bad == 0 ? ExitStatus::Ok : ExitStatus::Failed;
}

std::optional<std::string> template_target(Invocation& invocation, std::string_view verb = {}) {
  return invocation.tenant_target("/document-templates/" + path_segment(invocation.args.get("TEMPLATE")) +
                                  std::string(verb));
}

ExitStatus template_list(Invocation& invocation) {
  const auto target = invocation.tenant_target("/document-templates");
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("GET", *target);
  if (!answer.is_ok()) return answer.status;
  return print_page(invocation, answer.body,
                    {{"NAME", "name"}, {"SERVICE", "service"}, {"CHANGED", "updated_at", Show::Time}, {"BY", "who"}});
}

ExitStatus template_show(Invocation& invocation) {
  const auto target = template_target(invocation);
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("GET", *target);
  if (!answer.is_ok()) return answer.status;
  if (invocation.args.wants_json) {
    invocation.print_json(answer.body);
  } else {
    invocation.print(member_of(answer.body, "document").text);
  }
  return ExitStatus::Ok;
}

ExitStatus template_set(Invocation& invocation) {
  const auto text = read_document(invocation, invocation.args.get("FILE"));
  if (!text) return ExitStatus::Usage;
  std::string body;
  Json json(body);
  json.begin_object().member("document", *text);
  json.member("service", invocation.args.has("--service") ? invocation.args.get("--service") : "mcptt").end_object();
  const auto target = template_target(invocation);
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("PUT", *target, body);
  return answer.is_ok() ? print_object(invocation, answer.body, {{"entity tag", "etag"}}) : answer.status;
}

ExitStatus template_delete(Invocation& invocation) {
  const std::string what(invocation.args.get("TEMPLATE"));
  if (!invocation.is_confirmed("The template " + what + " goes. Delete?")) return ExitStatus::Failed;
  const auto target = template_target(invocation);
  if (!target) return ExitStatus::Failed;
  return invocation.ask("DELETE", *target).status;
}

ExitStatus template_apply(Invocation& invocation) {
  const auto target = template_target(invocation, "/apply");
  if (!target) return ExitStatus::Failed;
  std::vector<std::string> users = invocation.args.list("LOGIN");
  if (invocation.args.has("--users-from")) {
    std::ifstream file{std::string(invocation.args.get("--users-from"))};
    if (!file) {
      invocation.complain("--users-from: the file cannot be read");
      return ExitStatus::Usage;
    }
    for (std::string line; std::getline(file, line);) {
      if (!line.empty()) users.push_back(line);
    }
  }
  if (users.empty()) {
    invocation.complain("no user: name some, or give --users-from");
    return ExitStatus::Usage;
  }
  ExitStatus status = ExitStatus::Ok;
  for (std::size_t at = 0; at < users.size(); at += kBatchLines) {
    std::string body;
    Json json(body);
    json.begin_object().name("users").begin_array();
    for (std::size_t i = at; i < std::min(users.size(), at + kBatchLines); ++i) json.value(users[i]);
    json.end_array();
    const std::string index(invocation.args.get("--index"));
    if (!index.empty()) json.member("index", std::strtoll(index.c_str(), nullptr, 10));
    if (invocation.args.has("--force")) json.member("force", true);
    write_systems(json, invocation);
    json.end_object();
    const auto answer = invocation.ask("POST", *target, body);
    if (!answer.is_ok()) return answer.status;
    const ExitStatus printed = print_page(
        invocation, answer.body, {{"LOGIN", "login"}, {"RESULT", "result"}, {"ENTITY TAG", "etag"}, {"WHY", "reason"}});
    if (printed != ExitStatus::Ok) return printed;
    if (answer.body.find("\"result\":\"refused\"") != std::string::npos) status = ExitStatus::Failed;
  }
  return status;
}

}  // namespace

std::vector<Command> profile_commands() {
  const Operand profile{"PROFILE", "A login name, or the path of a document (it has a slash)"};
  const Option service{"--service", "mcptt (the default), mcvideo, mcdata, or val:SERVICE"};
  const Option index{"--index", "Of the user's profiles of that service, 0 unless given"};
  const Option system{"--migration-system", "For this partner system, too", OptionKind::List};
  const Option yes{"--yes", "Do not ask", OptionKind::Flag};
  const Operand from{"TEMPLATE", "The name of the template"};
  return {
      {"profile list",
       "All documents: profiles, UE and service configurations",
       "clavigerctl profile list",
       {},
       {},
       list},
      {"profile show",
       "One document and what is known of it",
       "clavigerctl profile show ann --text",
       {profile},
       {service, index, {"--text", "The document itself", OptionKind::Flag}},
       show},
      {"profile set",
       "Write a document, or for which partner systems it is",
       "clavigerctl profile set ann profile.xml",
       {profile, {"FILE", "The document; - is standard input", false, {}, true}},
       {service,
        index,
        system,
        {"--no-migration", "For no partner system", OptionKind::Flag},
        {"--if-match", "Only if this is still its entity tag"}},
       set},
      {"profile delete",
       "Delete a document; its history stays",
       "clavigerctl profile delete ann --index 2 --yes",
       {profile},
       {service, index, yes},
       remove},
      {"profile history",
       "Who changed a document, and when",
       "clavigerctl profile history ann",
       {profile},
       {service, index, {"--revision", "The text of this version"}},
       history},
      {"profile diff",
       "What is different in two versions: the last two unless named",
       "clavigerctl profile diff ann",
       {profile, {"REVISION", "Two of its revisions", false, {}, false, true}},
       {service, index},
       diff},
      {"profile import",
       "Write documents from a file of one JSON object a line: path, document, migration_systems, template with etag",
       "clavigerctl profile import profiles.ndjson",
       {{"FILE", "The file; - is standard input", true, {}, true}},
       {{"--quiet", "No progress", OptionKind::Flag}},
       import_all},
      {"profile export",
       "Write all documents to a file that import reads",
       "clavigerctl profile export profiles.ndjson",
       {{"FILE", "The file; standard output unless given", false, {}, true}},
       {},
       export_all},
      {"profile template list", "The templates", "clavigerctl profile template list", {}, {}, template_list},
      {"profile template show",
       "A template's text",
       "clavigerctl profile template show officer",
       {from},
       {},
       template_show},
      {"profile template set",
       "Write a template; {{identity}}, {{index}}, {{login}}, {{display_name}} stand for a user's",
       "clavigerctl profile template set officer officer.xml",
       {from, {"FILE", "The document; - is standard input", true, {}, true}},
       {service},
       template_set},
      {"profile template delete",
       "Delete a template; what it made stays",
       "clavigerctl profile template delete officer --yes",
       {from},
       {yes},
       template_delete},
      {"profile template apply",
       "Make or renew the profiles of users; what somebody changed since stays",
       "clavigerctl profile template apply officer ann bob",
       {from, {"LOGIN", "The users", false, {}, false, true}},
       {index,
        system,
        {"--users-from", "Users, a login name a line", OptionKind::Value, {}, true},
        {"--force", "Replace also what somebody changed", OptionKind::Flag}},
       template_apply},
  };
}

}  // namespace claviger::ctl
