#include <unistd.h>
#include <algorithm>

#include "core/codec/json_reader.h"
#include "core/codec/json_writer.h"
#include "core/codec/qr_code.h"
#include "tools/clavigerctl/commands/commands.h"
#include "tools/clavigerctl/request_body.h"
#include "tools/clavigerctl/terminal.h"
#include "tools/clavigerctl/view.h"

namespace claviger::ctl {
namespace {

std::optional<std::string> target_of(Invocation& invocation, std::string_view rest) {
  return invocation.tenant_target("/users/" + path_segment(invocation.args.get("LOGIN")) + std::string(rest));
}

// A seed or codes, shown once: the picture only where a person sees it.
ExitStatus show_added(Invocation& invocation, std::string& body) {
  if (invocation.args.wants_json) {
    invocation.print_json(body);
    return ExitStatus::Ok;
  }
  codec::JsonReader reader;
  const auto document = reader.parse(body);
  const auto object = document ? document->as_object() : Result<codec::JsonObject>(document.error());
  if (!object) {
    invocation.complain("the daemon's answer is not understood");
    return ExitStatus::Failed;
  }
  const std::string uri = text_of(*object, "otpauth_uri");
  if (!uri.empty()) {
    const auto code = codec::QrCode::make(uri);
    if (code && is_terminal(STDOUT_FILENO)) invocation.print(codec::qr_terminal(*code));
    invocation.print(uri + "\n");
  }
  if (const auto codes = object->find("codes")) {
    if (const auto array = codes->as_array()) {
      for (const codec::JsonValue code : *array) {
        if (const auto text = code.as_string()) invocation.print(std::string(*text) + "\n");
      }
    }
  }
  invocation.print(text_of(*object, "authenticator.kind") + " " + text_of(*object, "authenticator.id") + "\n");
  reader.wipe();
  return ExitStatus::Ok;
}

ExitStatus send_new(Invocation& invocation, const std::string& target, const RequestBody& body) {
  auto answer = invocation.ask("POST", target, body.text());
  const WipedAtEnd wiped(answer.body);
  return answer.is_ok() ? show_added(invocation, answer.body) : answer.status;
}

ExitStatus add(Invocation& invocation) {
  const auto target = target_of(invocation, "/authenticators");
  if (!target) return ExitStatus::Failed;
  RequestBody body(invocation);
  codec::JsonWriter<std::string>& json = body.json();
  json.begin_object().member("kind", invocation.args.get("KIND"));
  for (const auto& [option, member] :
       {std::pair{"--label", "label"}, std::pair{"--serial", "serial"}, std::pair{"--algorithm", "algorithm"}}) {
    if (invocation.args.has(option)) json.member(member, invocation.args.get(option));
  }
  if (!body.add_number("--digits", "digits") || !body.add_number("--period", "period") ||
      !body.add_number("--counter", "counter") || !body.add_file("--certificate", "certificate") ||
      !body.add_secret("--seed-stdin", "seed")) {
    return ExitStatus::Usage;
  }
  json.end_object();
  return send_new(invocation, *target, body);
}

ExitStatus import_token(Invocation& invocation) {
  const auto target = target_of(invocation, "/authenticators");
  if (!target) return ExitStatus::Failed;
  constexpr std::size_t kContainerBytesMax = 100 * 1024;  // what one request to the daemon carries
  std::string file = read_file(std::string(invocation.args.get("FILE")), kContainerBytesMax);
  const WipedAtEnd wiped(file);
  if (file.empty()) {
    invocation.complain("the file cannot be read, is empty or has more than 100 KiB");
    return ExitStatus::Usage;
  }
  RequestBody body(invocation);
  codec::JsonWriter<std::string>& json = body.json();
  json.begin_object().member("pskc", file);
  for (const auto& [option, member] : {std::pair{"--label", "label"}, std::pair{"--serial", "serial"}}) {
    if (invocation.args.has(option)) json.member(member, invocation.args.get(option));
  }
  if (!body.add_secret("--key-stdin", "key")) return ExitStatus::Usage;
  json.end_object();
  return send_new(invocation, *target, body);
}

ExitStatus list(Invocation& invocation) {
  const auto target = target_of(invocation, "/authenticators");
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("GET", *target);
  if (!answer.is_ok()) return answer.status;
  return print_page(invocation, answer.body,
                    {{"ID", "id"},
                     {"KIND", "kind"},
                     {"LABEL", "label"},
                     {"SERIAL", "serial"},
                     {"CODES LEFT", "codes_left"},
                     {"CREATED", "created_at", Show::Time},
                     {"LAST USED", "last_used_at", Show::Time}});
}

ExitStatus remove(Invocation& invocation) {
  const std::string login(invocation.args.get("LOGIN"));
  if (!invocation.is_confirmed("Take this authenticator from " + login + "? All sessions end."))
    return ExitStatus::Failed;
  const auto target = target_of(invocation, "/authenticators/" + path_segment(invocation.args.get("ID")));
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("DELETE", *target);
  if (answer.is_ok() && invocation.args.wants_json) invocation.print_json(answer.body.empty() ? "{}" : answer.body);
  return answer.status;
}

std::optional<std::string> policy_target(Invocation& invocation) {
  if (invocation.args.has("--user") && invocation.args.has("--client")) {
    invocation.complain("--user or --client, not both");
    return std::nullopt;
  }
  if (invocation.args.has("--user")) {
    return invocation.tenant_target("/users/" + path_segment(invocation.args.get("--user")) + "/policy");
  }
  if (invocation.args.has("--client")) {
    return invocation.tenant_target("/clients/" + path_segment(invocation.args.get("--client")) + "/policy");
  }
  return invocation.tenant_target("/policy");
}

const std::vector<Column>& policy_columns() {
  static const std::vector<Column> kColumns{{"methods", "methods"},
                                            {"second factor", "second_factor"},
                                            {"enrolment", "enrolment"},
                                            {"browser session", "browser_session"},
                                            {"password length", "password_length"}};
  return kColumns;
}

ExitStatus show_policy(Invocation& invocation) {
  const auto target = policy_target(invocation);
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("GET", *target);
  return answer.is_ok() ? print_object(invocation, answer.body, policy_columns()) : answer.status;
}

// Whether a policy is said already: what the daemon shows of it has more than empty values.
bool says_something(std::string_view shown) {
  codec::JsonReader reader;
  const auto value = reader.parse(shown);
  const auto object = value ? value->as_object() : Result<codec::JsonObject>(value.error());
  if (!object) return true;
  for (const std::string_view name : {"second_factor", "enrolment", "browser_session"}) {
    const auto text = object->string_at(name);
    if (text && !text->empty()) return true;
  }
  const auto methods = object->at("methods");
  const auto list = methods ? methods->as_array() : Result<codec::JsonArray>(methods.error());
  return (list && list->size() != 0) || object->at("password_length").has_value();
}

// What NIST SP 800-63B clause 5.1.1.2 wants at least, and what it wants taken.
constexpr int kPasswordLengthUsual = 8;
constexpr int kPasswordLengthMax = 64;

// What is named, and empty for what is cleared; nothing: told what is wrong.
std::optional<std::string> policy_body(Invocation& invocation) {
  const std::vector<std::string> cleared = invocation.args.list("--clear");
  const auto is_cleared = [&cleared](std::string_view option) {
    return std::ranges::find(cleared, option.substr(2)) != cleared.end();
  };
  for (const std::string& each : cleared) {
    if (!invocation.args.has("--" + each)) continue;
    invocation.complain("--" + each + " and --clear " + each + ": one of them");
    return std::nullopt;
  }
  std::string body;
  codec::JsonWriter json(body);
  json.begin_object();
  if (invocation.args.has("--method") || is_cleared("--method")) {
    json.name("methods").begin_array();
    for (const std::string& method : invocation.args.list("--method")) json.value(method);
    json.end_array();
  }
  for (const auto& [option, member] :
       {std::pair{"--second-factor", "second_factor"}, std::pair{"--enrolment", "enrolment"},
        std::pair{"--browser-session", "browser_session"}}) {
    if (invocation.args.has(option) || is_cleared(option)) json.member(member, invocation.args.get(option));
  }
  if (is_cleared("--password-length")) json.member("password_length", 0);
  if (invocation.args.has("--password-length")) {
    const std::string text(invocation.args.get("--password-length"));
    const bool is_number =
        !text.empty() && text.size() <= 2 && text.find_first_not_of("0123456789") == std::string::npos;
    const int length = is_number ? std::stoi(text) : 0;
    if (length == 0 || length > kPasswordLengthMax) {
      invocation.complain("--password-length takes 1 to 64");
      return std::nullopt;
    }
    if (length < kPasswordLengthUsual) invocation.complain("note: fewer characters than the usual 8");
    json.member("password_length", length);
  }
  json.end_object();
  return body;
}

ExitStatus set_policy(Invocation& invocation) {
  const bool is_replaced = invocation.args.has("--reset");
  const auto body = policy_body(invocation);
  if (!body) return ExitStatus::Usage;
  if (*body == "{}" && !is_replaced) {
    invocation.complain("say what to change, --clear what is not to be said any more, or --reset");
    return ExitStatus::Usage;
  }
  const auto target = policy_target(invocation);
  if (!target) return ExitStatus::Failed;
  if (is_replaced || invocation.args.has("--clear")) {
    const auto present = invocation.ask("GET", *target);
    if (!present.is_ok()) return present.status;
    const std::string question =
        is_replaced
            ? "Replace the policy that is there (clavigerctl policy show)? What is not said again is not in force "
              "any more."
            : "Take that out of the policy that is there (clavigerctl policy show)?";
    if (says_something(present.body) && !invocation.is_confirmed(question)) return ExitStatus::Failed;
  }
  const auto answer = invocation.ask(is_replaced ? "PUT" : "PATCH", *target, *body);
  return answer.is_ok() ? print_object(invocation, answer.body, policy_columns()) : answer.status;
}

}  // namespace

std::vector<Command> authenticator_commands() {
  const Operand login{"LOGIN", "The login name, or the sub"};
  const Option client{"--client", "The policy of this client"};
  const Option user{"--user", "The policy of this user"};
  return {
      {"authenticator add",
       "Enrol an authenticator; shows its seed as a QR code, or the recovery codes, once",
       "clavigerctl authenticator add alice totp --label phone",
       {login, {"KIND", "What it is", true, {"totp", "hotp", "outside", "recovery", "x509", "aka"}}},
       {{"--label", "What people call it"},
        {"--serial",
         "Serial number of a hardware token; of a certificate san:URI or x5t:THUMBPRINT; the name at the outside "
         "verifier; the private identity (IMPI) of a subscriber module"},
        {"--certificate", "PEM file of the user's certificate", OptionKind::Value, {}, true},
        {"--algorithm", "SHA1 unless said", OptionKind::Value, {"SHA1", "SHA256", "SHA512"}},
        {"--digits", "6 unless said"},
        {"--period", "Seconds a TOTP code is shown, 30 unless said"},
        {"--counter", "Where an HOTP token's counter stands"},
        {"--seed-stdin", "Read the seed of a token as base32 from standard input", OptionKind::Flag}},
       add},
      {"authenticator import",
       "Enrol a hardware token from the PSKC file (RFC 6030) that came with it",
       "clavigerctl authenticator import alice tokens.xml --serial 987654321",
       {login, {"FILE", "The key container", true, {}, true}},
       {{"--serial", "Which of the file's tokens"},
        {"--label", "What people call it"},
        {"--key-stdin", "Read the file's pre-shared key as hexadecimal from standard input", OptionKind::Flag}},
       import_token},
      {"authenticator list", "What a user has enrolled", "clavigerctl authenticator list alice", {login}, {}, list},
      {"authenticator remove",
       "Take an authenticator from a user; his sessions end",
       "clavigerctl authenticator remove alice 3q2-7wAAAAAAAAAAAAAAAA --yes",
       {login, {"ID", "From authenticator list"}},
       {{"--yes", "Do not ask", OptionKind::Flag}},
       remove},
      {"policy show", "How people must sign in", "clavigerctl policy show", {}, {client, user}, show_policy},
      {"policy set",
       "Say how people of the tenant, users of a client, or one user must sign in; what is not named stays",
       "clavigerctl policy set --second-factor required --enrolment self",
       {},
       {client,
        user,
        {"--method",
         "Allowed, with \"password\"; several times for several; none: all",
         OptionKind::List,
         {"password", "totp", "hotp", "outside", "recovery", "webauthn", "x509", "aka"}},
        {"--second-factor", "When to ask for one", OptionKind::Value, {"on-request", "enrolled", "required"}},
        {"--enrolment", "Who enrols", OptionKind::Value, {"self", "admin"}},
        {"--browser-session", "Whom one sign-in serves", OptionKind::Value, {"all", "plain", "off"}},
        {"--password-length",
         "Characters that a new password has at least, of the tenant's policy only: 8 unless said"},
        {"--clear",
         "Say nothing any more of this",
         OptionKind::List,
         {"method", "second-factor", "enrolment", "browser-session", "password-length"}},
        {"--reset", "Replace the whole policy by what is named, if anything", OptionKind::Flag},
        {"--yes", "Do not ask", OptionKind::Flag}},
       set_policy},
  };
}

}  // namespace claviger::ctl
