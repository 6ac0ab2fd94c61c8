#include "core/codec/json_reader.h"
#include "core/codec/json_writer.h"
#include "tools/clavigerctl/commands/commands.h"
#include "tools/clavigerctl/view.h"

namespace claviger::ctl {
namespace {

ExitStatus verify(Invocation& invocation) {
  std::string body;
  codec::JsonWriter json(body);
  json.begin_object();
  if (invocation.args.has("FILE")) {
    json.name("files").begin_array();
    for (const std::string& file : invocation.args.list("FILE")) json.value(file);
    json.end_array();
  }
  if (invocation.args.has("--all")) json.member("all", true);
  json.end_object();
  const auto answer = invocation.ask("POST", "/admin/v1/audit/verify", body);
  if (!answer.is_ok()) return answer.status;
  const ExitStatus printed = print_object(invocation, answer.body,
                                          {{"intact", "intact", Show::YesNo},
                                           {"entries", "entries"},
                                           {"first", "first_seq"},
                                           {"last", "last_seq"},
                                           {"not looked at", "not_looked_at"},
                                           {"breaks ever found", "breaks_found"},
                                           {"file", "bad_file"},
                                           {"line", "bad_line"},
                                           {"why", "why"}});
  codec::JsonReader reader;
  const auto value = reader.parse(answer.body);
  const auto object = value ? value->as_object() : Result<codec::JsonObject>(value.error());
  const auto is_intact = object ? object->bool_at("intact") : Result<bool>(object.error());
  return printed == ExitStatus::Ok && is_intact && *is_intact ? ExitStatus::Ok : ExitStatus::Failed;
}

}  // namespace

std::vector<Command> audit_commands() {
  return {{"audit verify",
           "Check the chain of the audit log; names the first bad line",
           "clavigerctl audit verify --all",
           {{"FILE",
             "All rotated files beside the log and the log itself, oldest first; their names begin with the log's own "
             "(audit.log.1); nothing: the log alone",
             false,
             {},
             false,
             true}},
           {{"--all", "The log with all rotated files that lie beside it, uncompressed", OptionKind::Flag}},
           verify}};
}

}  // namespace claviger::ctl
