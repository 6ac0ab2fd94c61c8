// The process as a whole: configuration, reload, shutdown, log level.
#include <array>

#include "broker/admin/endpoints.h"
#include "broker/admin/object_reader.h"
#include "core/codec/json_writer.h"

namespace claviger::admin {
namespace {

using runtime::Task;

constexpr std::array<std::string_view, 4> kLevels{"debug", "info", "warning", "error"};

Answer answer_with_level(const Call& call) {
  std::string text;
  codec::JsonWriter json(text);
  json.begin_object()
      .member("level", kLevels[static_cast<std::size_t>(call.context.shard.logger().level())])
      .end_object();
  return Answer(std::move(text));
}

Task<Answer> show_level(Call* call) { co_return answer_with_level(*call); }

Task<Answer> set_level(Call* call) {
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  std::string level;
  ObjectReader members(object);
  members.read("level", level).require("level");
  if (auto wrong = members.wrong()) co_return Answer(Code::BadValue, *wrong);
  for (std::size_t i = 0; i < kLevels.size(); ++i) {
    if (kLevels[i] != level) continue;
    call->context.shard.logger().set_level(static_cast<LogLevel>(i));
    call->detail = "level=" + level;
    co_return answer_with_level(*call);
  }
  co_return Answer(Code::BadValue, "level: debug, info, warning or error");
}

Task<Answer> show_config(Call* call) {
  std::string text;
  codec::JsonWriter json(text);
  json.begin_object().member("snapshot", call->context.snapshot->number);
  const std::string rooms = call->services.process.rooms_toml();
  json.member("toml", settings::to_toml(*call->context.snapshot->settings) + rooms).end_object();
  co_return Answer(std::move(text));
}

Task<Answer> reload(Call* call) {
  ReloadReport report = co_await call->services.process.reload();
  if (!report.is_applied()) {
    std::string why;
    for (const std::string& error : report.errors) why += (why.empty() ? "" : "; ") + error;
    co_return Answer(Code::ConfigValue, "nothing was changed: " + why);
  }
  std::string text;
  codec::JsonWriter json(text);
  json.begin_object().member("snapshot", report.snapshot).name("needs_restart").begin_array();
  for (const std::string& name : report.needs_restart) json.value(name);
  json.end_array().name("warnings").begin_array();
  for (const std::string& warning : report.warnings) json.value(warning);
  json.end_array().end_object();
  call->detail = "snapshot=" + std::to_string(report.snapshot);
  co_return Answer(std::move(text));
}

Task<Answer> shutdown(Call* call) {
  call->services.process.shutdown();
  co_return Answer(202, R"({"state":"draining"})");
}

}  // namespace

void add_daemon_verbs(http::Router& router, AdminServices& services) {
  using http::Method;
  add_verb(router, services, {Method::Get, "/log/level", "log.level", Effect::Reads, show_level});
  add_verb(router, services, {Method::Put, "/log/level", "log.set-level", Effect::Changes, set_level});
  add_verb(router, services, {Method::Get, "/config", "config.show", Effect::Reads, show_config});
  add_verb(router, services, {Method::Post, "/reload", "reload", Effect::Changes, reload});
  add_verb(router, services, {Method::Post, "/shutdown", "shutdown", Effect::Changes, shutdown});
}

}  // namespace claviger::admin
