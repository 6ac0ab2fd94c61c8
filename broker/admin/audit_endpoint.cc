#include "broker/admin/endpoints.h"
#include "broker/admin/object_reader.h"
#include "core/codec/json_writer.h"

namespace claviger::admin {
namespace {

using runtime::Task;

std::string not_looked_at(const AuditReport& report, std::uint64_t written) {
  std::string text;
  if (report.first_seq > 1) text = "entries 1 to " + std::to_string(report.first_seq - 1);
  if (report.is_intact && report.last_seq < written) {
    text +=
        (text.empty() ? "entries " : ", and ") + std::to_string(report.last_seq + 1) + " to " + std::to_string(written);
  }
  return text;
}

Task<Answer> verify(Call* call) {
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  std::vector<std::string> files;
  bool all = false;
  ObjectReader members(object);
  members.read("files", files).read("all", all);
  if (auto wrong = members.wrong()) co_return Answer(Code::BadValue, *wrong);
  if (all && !files.empty()) co_return Answer(Code::BadValue, "all: or files, not both");
  AuditLog& log = call->services.audit;
  const std::uint64_t written = log.entries();
  auto verifying = all ? log.verify_all() : log.verify(std::move(files));
  auto report = co_await std::move(verifying);
  if (!report) {
    if (report.error().code != Code::BadValue) co_return report.error();
    co_return Answer(
        Code::BadValue,
        "files: names without a folder that begin with the audit log's own, such as audit.log.1: a rotated "
        "file that has another name is renamed first");
  }
  std::string text;
  codec::JsonWriter json(text);
  json.begin_object().member("intact", report->is_intact).member("entries", report->entries);
  json.member("first_seq", report->first_seq).member("last_seq", report->last_seq);
  // Whether those lie in other files, or are gone, these cannot tell.
  const std::string not_seen = not_looked_at(*report, written);
  if (!not_seen.empty()) json.member("not_looked_at", not_seen);
  json.member("breaks_found", call->services.audit.breaks());
  if (!report->is_intact) {
    json.member("bad_file", report->bad_file).member("bad_line", report->bad_line).member("why", report->why);
  }
  json.end_object();
  co_return Answer(std::move(text));
}

}  // namespace

void add_audit_verbs(http::Router& router, AdminServices& services) {
  add_verb(router, services, {http::Method::Post, "/audit/verify", "audit.verify", Effect::Reads, verify});
}

}  // namespace claviger::admin
