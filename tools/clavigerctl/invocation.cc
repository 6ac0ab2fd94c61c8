#include <cstdio>
#include <unistd.h>

#include "core/codec/json_reader.h"
#include "core/codec/percent.h"
#include "tools/clavigerctl/command.h"
#include "tools/clavigerctl/table.h"
#include "tools/clavigerctl/terminal.h"

namespace claviger::ctl {

std::string_view Arguments::get(std::string_view name) const {
  const auto found = values.find(name);
  return found == values.end() || found->second.empty() ? std::string_view() : std::string_view(found->second.front());
}

std::vector<std::string> Arguments::list(std::string_view name) const {
  const auto found = values.find(name);
  return found == values.end() ? std::vector<std::string>() : found->second;
}

std::string path_segment(std::string_view text) {
  std::string out;
  codec::percent_encode(text, out);
  return out;
}

std::string problem_text(const HttpAnswer& answer) {
  codec::JsonReader reader;
  const auto value = reader.parse(answer.body);
  const auto object = value ? value->as_object() : Result<codec::JsonObject>(value.error());
  if (!object) return "the daemon answered " + std::to_string(answer.status);
  const auto text_at = [&object](std::string_view name) -> std::string {
    const auto text = object->string_at(name);
    return text ? printable(*text) : std::string();
  };
  const std::string detail = text_at("detail");
  const std::string title = text_at("title");
  const std::string code = text_at("code");
  std::string text = !detail.empty() ? detail : !title.empty() ? title : "refused";
  if (!code.empty()) text += " (" + code + ")";
  return text;
}

std::string unreachable_text(const Error& error, const std::string& socket) {
  switch (error.code) {
    case Code::NotPermitted:
      return "this user may not open " + socket;
    case Code::AddressInvalid:
      return socket + ": no path for a socket (1 to 107 bytes)";
    case Code::Unreachable:
      return "nobody listens on " + socket + ": is clavigerd running? (--socket, CLAVIGER_ADMIN_SOCKET)";
    case Code::DeadlinePassed:
      return "no answer from " + socket + " in time";
    default:
      return "lost the connection to " + socket + " (" + std::string(name_of(error.code)) + ")";
  }
}

void Invocation::print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }
void Invocation::print_json(std::string_view json) {
  print(json);
  if (json.empty() || json.back() != '\n') print("\n");
}
void Invocation::complain(std::string_view text) {
  std::fprintf(stderr, "clavigerctl: %.*s\n", static_cast<int>(text.size()), text.data());
}

Invocation::Answer Invocation::ask(std::string_view method, std::string_view target, std::string_view body,
                                   std::string_view content_type) {
  auto answer = client_.ask(method, target, body, content_type);
  if (!answer) {
    complain(unreachable_text(answer.error(), client_.socket_path()));
    return {answer.error().code == Code::NotPermitted ? ExitStatus::NotPermitted : ExitStatus::Unreachable, {}};
  }
  const ExitStatus status = exit_status_of(answer->status);
  if (status != ExitStatus::Ok) {
    if (args.wants_json) print_json(answer->body);
    complain(problem_text(*answer));
  }
  return {status, std::move(answer->body)};
}

std::optional<std::string> Invocation::tenant() {
  if (!args.tenant.empty()) return args.tenant;
  const Answer answer = ask("GET", "/admin/v1/tenants?limit=2");
  of_tenant_ = answer.status;
  if (!answer.is_ok()) return std::nullopt;
  codec::JsonReader reader;
  const auto value = reader.parse(answer.body);
  const auto object = value ? value->as_object() : Result<codec::JsonObject>(value.error());
  const auto items = object ? object->at("items") : Result<codec::JsonValue>(object.error());
  const auto tenants = items ? items->as_array() : Result<codec::JsonArray>(items.error());
  if (!tenants || tenants->size() != 1) {
    complain(!tenants              ? "the daemon's answer is malformed"
             : tenants->empty()    ? "there is no tenant yet: clavigerctl tenant add NAME"
                                   : "there are several tenants: say which with --tenant");
    return std::nullopt;
  }
  for (const codec::JsonValue element : *tenants) {
    const auto tenant = element.as_object();
    const auto name = tenant ? tenant->string_at("name") : Result<std::string_view>(tenant.error());
    if (name) return std::string(*name);
  }
  complain("the daemon's answer is malformed");
  return std::nullopt;
}

ExitStatus Invocation::outcome(ExitStatus of_verb) const {
  return of_verb == ExitStatus::Failed && of_tenant_ != ExitStatus::Ok ? of_tenant_ : of_verb;
}

std::optional<std::string> Invocation::tenant_target(std::string_view path) {
  const auto name = tenant();
  if (!name) return std::nullopt;
  return "/admin/v1/tenants/" + path_segment(*name) + std::string(path);
}

bool Invocation::is_confirmed(std::string_view question) {
  if (args.has("--yes")) return true;
  if (!is_terminal(STDIN_FILENO)) {
    complain("not done: nobody to ask; say --yes");
    return false;
  }
  if (ask_yes_or_no(question)) return true;
  complain("not done");
  return false;
}

}  // namespace claviger::ctl
