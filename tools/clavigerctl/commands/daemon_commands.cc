#include <cstdlib>

#include "core/codec/json_reader.h"
#include "core/codec/json_writer.h"
#include "tools/clavigerctl/commands/commands.h"
#include "tools/clavigerctl/completion.h"
#include "tools/clavigerctl/view.h"

namespace claviger::ctl {
namespace {

ExitStatus status(Invocation& invocation) {
  const auto answer = invocation.ask("GET", "/admin/v1/status");
  if (!answer.is_ok()) return answer.status;
  return print_object(invocation, answer.body,
                      {{"state", "state"},
                       {"version", "version"},
                       {"pid", "pid"},
                       {"up", "uptime_seconds", Show::Duration},
                       {"wall clock", "time", Show::Time},
                       {"clock set by hand", "clock_is_set", Show::YesNo},
                       {"sandbox", "sandbox", Show::YesNo},
                       {"tenants", "tenants"},
                       {"shards", "shards"},
                       {"connections", "connections_open"},
                       {"snapshot", "snapshot"},
                       {"allocator", "allocator"},
                       {"openssl", "openssl"},
                       {"memory", "resident_bytes", Show::Bytes},
                       {"store", "store.state"},
                       {"  commits", "store.commits"},
                       {"  batches", "store.batches"},
                       {"  conflicts", "store.conflicts"},
                       {"  queued", "store.commits_queued"},
                       {"  files", "store.files_bytes", Show::Bytes},
                       {"  block cache", "store.block_cache_bytes", Show::Bytes},
                       {"  memtables", "store.memtable_bytes", Show::Bytes},
                       {"password queue", "hash_queue"},
                       {"log level", "log_level"},
                       {"audit entries", "audit_entries"},
                       {"audit breaks found", "audit_breaks"}});
}

ExitStatus metrics(Invocation& invocation) {
  const auto answer = invocation.ask("GET", "/admin/v1/metrics");
  if (!answer.is_ok()) return answer.status;
  if (!invocation.args.wants_json) {
    invocation.print(answer.body);
    return ExitStatus::Ok;
  }
  std::string text;
  codec::JsonWriter json(text);
  json.begin_object().member("prometheus", answer.body).end_object();
  invocation.print_json(text);
  return ExitStatus::Ok;
}

ExitStatus config_show(Invocation& invocation) {
  const auto answer = invocation.ask("GET", "/admin/v1/config");
  if (!answer.is_ok()) return answer.status;
  if (invocation.args.wants_json) {
    invocation.print_json(answer.body);
    return ExitStatus::Ok;
  }
  codec::JsonLimits limits;
  limits.bytes_max = kAnswerBodyBytesMax;
  codec::JsonReader reader(limits);
  const auto value = reader.parse(answer.body);
  const auto object = value ? value->as_object() : Result<codec::JsonObject>(value.error());
  const auto toml = object ? object->string_at("toml") : Result<std::string_view>(object.error());
  if (!toml) {
    invocation.complain("the daemon's answer is malformed");
    return ExitStatus::Failed;
  }
  invocation.print(*toml);
  return ExitStatus::Ok;
}

ExitStatus reload(Invocation& invocation) {
  const auto answer = invocation.ask("POST", "/admin/v1/reload");
  if (!answer.is_ok()) return answer.status;
  return print_object(invocation, answer.body,
                      {{"snapshot", "snapshot"}, {"needs a restart", "needs_restart"}, {"warnings", "warnings"}});
}

ExitStatus shutdown(Invocation& invocation) {
  if (!invocation.is_confirmed("Drain and end the daemon behind " + invocation.args.socket + "?")) {
    return ExitStatus::Failed;
  }
  const auto answer = invocation.ask("POST", "/admin/v1/shutdown");
  if (!answer.is_ok()) return answer.status;
  return print_object(invocation, answer.body, {{"state", "state"}});
}

ExitStatus log_level(Invocation& invocation) {
  const std::string_view level = invocation.args.get("LEVEL");
  if (level.empty()) {
    const auto answer = invocation.ask("GET", "/admin/v1/log/level");
    return answer.is_ok() ? print_object(invocation, answer.body, {{"level", "level"}}) : answer.status;
  }
  std::string body;
  codec::JsonWriter json(body);
  json.begin_object().member("level", level).end_object();
  const auto answer = invocation.ask("PUT", "/admin/v1/log/level", body);
  return answer.is_ok() ? print_object(invocation, answer.body, {{"level", "level"}}) : answer.status;
}

const std::vector<Column>& clock_columns() {
  static const std::vector<Column> kColumns{{"time", "time", Show::Time},
                                            {"NumericDate", "time"},
                                            {"speed", "speed"},
                                            {"set by hand", "is_set", Show::YesNo}};
  return kColumns;
}

ExitStatus clock_show(Invocation& invocation) {
  const auto answer = invocation.ask("GET", "/admin/v1/clock");
  return answer.is_ok() ? print_object(invocation, answer.body, clock_columns()) : answer.status;
}

ExitStatus clock_set(Invocation& invocation) {
  std::string body;
  codec::JsonWriter json(body);
  json.begin_object();
  for (const auto& [option, member] :
       {std::pair{"--time", "time"}, std::pair{"--advance", "advance"}, std::pair{"--speed", "speed"}}) {
    const std::string text(invocation.args.get(option));
    if (text.empty()) continue;
    char* end = nullptr;
    const long long number = std::strtoll(text.c_str(), &end, 10);
    if (*end != '\0') {
      invocation.complain(std::string(option) + " takes a whole number");
      return ExitStatus::Usage;
    }
    json.member(member, number);
  }
  json.end_object();
  const auto answer = invocation.ask("PUT", "/admin/v1/clock", body);
  return answer.is_ok() ? print_object(invocation, answer.body, clock_columns()) : answer.status;
}

ExitStatus completion(Invocation& invocation) {
  const std::string_view shell = invocation.args.get("SHELL");
  if (shell == "bash")
    invocation.print(bash_completion(all_commands()));
  else if (shell == "zsh")
    invocation.print(zsh_completion(all_commands()));
  else
    invocation.print(fish_completion(all_commands()));
  return ExitStatus::Ok;
}

}  // namespace

std::vector<Command> daemon_commands() {
  return {
      {"status", "How the daemon is: version, store, connections, clock", "clavigerctl status", {}, {}, status},
      {"metrics", "The figures of /metrics, in Prometheus's text format", "clavigerctl metrics", {}, {}, metrics},
      {"config show", "The configuration in force, without secrets", "clavigerctl config show", {}, {}, config_show},
      {"reload",
       "Read the configuration, certificates and keys again, as SIGHUP does",
       "clavigerctl reload",
       {},
       {},
       reload},
      {"shutdown",
       "Drain and end the daemon, as SIGTERM does",
       "clavigerctl shutdown --yes",
       {},
       {{"--yes", "Do not ask", OptionKind::Flag}},
       shutdown},
      {"log level",
       "Show or set what is logged, until the next reload",
       "clavigerctl log level debug",
       {{"LEVEL", "debug, info, warning or error; nothing: show it", false, {"debug", "info", "warning", "error"}}},
       {},
       log_level},
      {"clock show", "The wall clock as the daemon sees it", "clavigerctl clock show", {}, {}, clock_show},
      {"clock set",
       "Set or speed up a sandbox's wall clock; production refuses",
       "clavigerctl clock set --advance 86400",
       {},
       {{"--time", "Seconds since 1970"},
        {"--advance", "Seconds to go forward"},
        {"--speed", "How fast it runs: 1 as usual, 0 stops it"}},
       clock_set},
      {"completion",
       "Completions for a shell",
       "clavigerctl completion bash > /etc/bash_completion.d/clavigerctl",
       {{"SHELL", "bash, zsh or fish", true, {"bash", "zsh", "fish"}}},
       {},
       completion},
  };
}

}  // namespace claviger::ctl
