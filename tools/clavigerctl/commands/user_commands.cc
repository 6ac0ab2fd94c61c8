#include <cstdlib>

#include "core/codec/json_writer.h"
#include "tools/clavigerctl/commands/commands.h"
#include "tools/clavigerctl/noun.h"
#include "tools/clavigerctl/request_body.h"
#include "tools/clavigerctl/terminal.h"
#include "tools/clavigerctl/view.h"

namespace claviger::ctl {
namespace {

const std::vector<Column>& user_columns_shown() {
  static const std::vector<Column> kColumns{{"login", "login"},
                                            {"sub", "sub"},
                                            {"display name", "display_name"},
                                            {"enabled", "enabled", Show::YesNo},
                                            {"MC ID", "mc_id"},
                                            {"MCPTT ID", "mcptt_id"},
                                            {"VAL user IDs", "val_user_ids"},
                                            {"MCVideo ID", "mcvideo_id"},
                                            {"MCData ID", "mcdata_id"},
                                            {"scopes", "scopes"},
                                            {"password", "has_password", Show::YesNo},
                                            {"password changed", "password_changed_at", Show::Time},
                                            {"tokens before are dead", "not_before", Show::Time},
                                            {"created", "created_at", Show::Time},
                                            {"passwords wait until", "passwords_wait_until", Show::Time},
                                            {"at new addresses until", "passwords_elsewhere_wait_until", Show::Time},
                                            {"codes wait until", "codes_wait_until", Show::Time},
                                            {"recovery codes only", "only_recovery_codes", Show::YesNo}};
  return kColumns;
}

constexpr Noun kUser{"/users/", "LOGIN", user_columns_shown};

// From the prompt or, with --password-stdin, from standard input. Never from the command line: others can read that.
Result<SecretBytes> password_for(Invocation& invocation) {
  if (invocation.args.has("--password-stdin")) return read_password_from_stdin();
  return prompt_new_password(invocation.args.get("LOGIN"));
}

std::string_view password_complaint(const Error& error) {
  switch (error.code) {
    case Code::NotPermitted:
      return "no terminal to ask for the password: use --password-stdin";
    case Code::PasswordMismatch:
      return "the two passwords differ";
    case Code::Empty:
      return "the password is empty";
    case Code::TooLarge:
      return "the password is longer than 1024 bytes";
    default:
      return "the password cannot be read";
  }
}

// What `add` and `set` say alike.
void write_members(Invocation& invocation, RequestBody& body) {
  for (const auto& [option, member] :
       {std::pair{"--display-name", "display_name"}, std::pair{"--mc-id", "mc_id"}, std::pair{"--mcptt-id", "mcptt_id"},
        std::pair{"--mcvideo-id", "mcvideo_id"}, std::pair{"--mcdata-id", "mcdata_id"}}) {
    if (invocation.args.has(option)) body.json().member(member, invocation.args.get(option));
  }
  body.add_list("--scope", "scopes");
  body.add_list("--val-user-id", "val_user_ids");
}

ExitStatus set(Invocation& invocation) {
  RequestBody body(invocation);
  body.json().begin_object();
  if (invocation.args.has("--login")) body.json().member("login", invocation.args.get("--login"));
  write_members(invocation, body);
  body.json().end_object();
  if (body.text() == "{}") {
    invocation.complain("say what to change: clavigerctl user set --help");
    return ExitStatus::Usage;
  }
  return ask_and_show(invocation, kUser, "PATCH", {}, body.text());
}

ExitStatus add(Invocation& invocation) {
  const auto target = invocation.tenant_target("/users");
  if (!target) return ExitStatus::Failed;
  RequestBody body(invocation);
  codec::JsonWriter<std::string>& json = body.json();
  json.begin_object().member("login", invocation.args.get("LOGIN"));
  write_members(invocation, body);
  if (invocation.args.has("--disabled")) json.member("enabled", false);
  if (!invocation.args.has("--no-password")) {
    const auto password = password_for(invocation);
    if (!password) {
      invocation.complain(password_complaint(password.error()));
      return ExitStatus::Usage;
    }
    json.member("password", as_text(password->reveal()));
  }
  json.end_object();
  const auto answer = invocation.ask("POST", *target, body.text());
  return answer.is_ok() ? print_object(invocation, answer.body, user_columns_shown()) : answer.status;
}

ExitStatus show(Invocation& invocation) { return ask_and_show(invocation, kUser, "GET"); }
ExitStatus enable(Invocation& invocation) { return ask_and_show(invocation, kUser, "POST", "/enable"); }
ExitStatus unlock(Invocation& invocation) { return ask_and_show(invocation, kUser, "POST", "/unlock"); }

ExitStatus unlock_source(Invocation& invocation) {
  const std::string address = path_segment(invocation.args.get("ADDRESS"));
  return ask_only(invocation, "POST", "/admin/v1/sources/" + address + "/unlock");
}

ExitStatus disable(Invocation& invocation) {
  const std::string login(invocation.args.get("LOGIN"));
  if (!invocation.is_confirmed("Disable " + login + "? All sessions and tokens end at once."))
    return ExitStatus::Failed;
  return ask_and_show(invocation, kUser, "POST", "/disable");
}

ExitStatus remove(Invocation& invocation) {
  const std::string login(invocation.args.get("LOGIN"));
  if (!invocation.is_confirmed("Remove " + login + " for good? The MC identities are never given to anybody again.")) {
    return ExitStatus::Failed;
  }
  const auto target = target_of(invocation, kUser);
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("DELETE", *target);
  if (answer.is_ok() && invocation.args.wants_json) invocation.print_json(answer.body.empty() ? "{}" : answer.body);
  return answer.status;
}

ExitStatus list(Invocation& invocation) {
  const std::string limit(invocation.args.get("--limit"));
  char* end = nullptr;
  const unsigned long long count = limit.empty() ? 0 : std::strtoull(limit.c_str(), &end, 10);
  if (!limit.empty() && (*end != '\0' || count == 0 || limit.find_first_not_of("0123456789") != std::string::npos)) {
    invocation.complain("--limit takes a positive number");
    return ExitStatus::Usage;
  }
  const auto target = invocation.tenant_target("/users");
  if (!target) return ExitStatus::Failed;
  return print_all_pages(invocation, *target,
                         {{"LOGIN", "login"},
                          {"NAME", "display_name"},
                          {"ENABLED", "enabled", Show::YesNo},
                          {"MC ID", "mc_id"},
                          {"CREATED", "created_at", Show::Time}},
                         count);
}

ExitStatus set_password(Invocation& invocation) {
  const auto target = target_of(invocation, kUser, "/password");
  if (!target) return ExitStatus::Failed;
  const auto password = password_for(invocation);
  if (!password) {
    invocation.complain(password_complaint(password.error()));
    return ExitStatus::Usage;
  }
  RequestBody body(invocation);
  codec::JsonWriter<std::string>& json = body.json();
  json.begin_object().member("password", as_text(password->reveal())).end_object();
  const auto answer = invocation.ask("PUT", *target, body.text());
  return answer.is_ok() ? print_object(invocation, answer.body, user_columns_shown()) : answer.status;
}

}  // namespace

std::vector<Command> user_commands() {
  const Operand login{"LOGIN", "The login name, the sub, or an MC ID, MC service ID or VAL user ID"};
  const Option yes{"--yes", "Do not ask", OptionKind::Flag};
  const Option from_stdin{"--password-stdin", "Read the password from standard input instead of asking",
                          OptionKind::Flag};
  return {
      {"user add",
       "Add a user; asks for the password",
       "clavigerctl user add alice --mc-id sip:alice@alpha.example --mcptt-id sip:alice.ptt@alpha.example",
       {login},
       {{"--display-name", "How people call him"},
        {"--mc-id", "MC ID, a URI"},
        {"--mcptt-id", "MCPTT ID, a URI"},
        {"--mcvideo-id", "MCVideo ID, a URI"},
        {"--mcdata-id", "MCData ID, a URI"},
        {"--scope", "A scope he is entitled to; several times for several", OptionKind::List},
        {"--val-user-id", "VAL user ID; several times for several providers", OptionKind::List},
        {"--disabled", "Add him disabled", OptionKind::Flag},
        {"--no-password", "Without a password", OptionKind::Flag},
        from_stdin},
       add},
      {"user set",
       "Change what is said of a user; what is not named stays, a list is replaced, \"\" takes away. Tokens that name "
       "what is "
       "taken away are dead; MC identities stay his for ever",
       "clavigerctl user set alice --scope 3gpp:mc:ptt_service --mcptt-id sip:alice.ptt@alpha.example",
       {login},
       {{"--login", "Another login name"},
        {"--display-name", "How people call him"},
        {"--mc-id", "MC ID, a URI"},
        {"--mcptt-id", "MCPTT ID, a URI"},
        {"--mcvideo-id", "MCVideo ID, a URI"},
        {"--mcdata-id", "MCData ID, a URI"},
        {"--scope", "A scope he is entitled to; several times for several", OptionKind::List},
        {"--val-user-id", "VAL user ID; several times for several providers", OptionKind::List}},
       set},
      {"user show", "One user", "clavigerctl user show alice", {login}, {}, show},
      {"user list",
       "All users, page by page",
       "clavigerctl user list --limit 20",
       {},
       {{"--limit", "At most so many"}},
       list},
      {"user disable",
       "End all sessions and tokens of a user and let him sign in no more",
       "clavigerctl user disable alice --yes",
       {login},
       {yes},
       disable},
      {"user enable", "Let a disabled user sign in again", "clavigerctl user enable alice", {login}, {}, enable},
      {"user unlock",
       "Let a user try again at once: his waits after wrong passwords and codes, and the lock after too many, are "
       "lifted",
       "clavigerctl user unlock alice",
       {login},
       {},
       unlock},
      {"source unlock",
       "Let an address sign in again, from which too many passwords were wrong, in all tenants",
       "clavigerctl source unlock 192.0.2.7",
       {{"ADDRESS", "IPv4, or IPv6: its network of 64 bits"}},
       {},
       unlock_source},
      {"user remove", "Remove a user for good", "clavigerctl user remove alice --yes", {login}, {yes}, remove},
      {"user set-password",
       "Give a user a new password; his sessions end",
       "clavigerctl user set-password alice",
       {login},
       {from_stdin},
       set_password},
  };
}

}  // namespace claviger::ctl
