#include "core/codec/json_writer.h"
#include "tools/clavigerctl/commands/commands.h"
#include "tools/clavigerctl/noun.h"
#include "tools/clavigerctl/request_body.h"
#include "tools/clavigerctl/view.h"

namespace claviger::ctl {
namespace {

const std::vector<Column>& partner_columns() {
  static const std::vector<Column> kColumns{{"name", "name"},
                                            {"display name", "display_name"},
                                            {"enabled", "enabled", Show::YesNo},
                                            {"issuer", "issuer"},
                                            {"resource", "resource"},
                                            {"token endpoint", "token_endpoint"},
                                            {"JWKS URI", "jwks_uri"},
                                            {"keys", "kids"},
                                            {"keys fetched", "keys_fetched_at", Show::Time},
                                            {"keys not fetched", "keys_error"},
                                            {"feed heard", "feed_heard_at", Show::Time},
                                            {"feed not heard", "feed_error"},
                                            {"keys kept", "keys_kept", Show::Duration},
                                            {"revocations", "revocations_uri"},
                                            {"our client there", "feed_client_id"},
                                            {"its users get", "scopes"},
                                            {"its domains", "domains"},
                                            {"its sign-ins count as", "accepted_acrs"},
                                            {"clients for it", "clients"},
                                            {"our users may go", "outbound"},
                                            {"strict token type", "strict_type", Show::YesNo},
                                            {"refresh tokens", "refresh_tokens", Show::YesNo},
                                            {"sessions at most", "session_max", Show::Duration},
                                            {"created", "created_at", Show::Time}};
  return kColumns;
}

constexpr Noun kPartner{"/partners/", "PARTNER", partner_columns};

// What is said of a partner on the command line; false: said why not.
bool add_members(RequestBody& body, Invocation& invocation) {
  const Arguments& args = invocation.args;
  for (const auto& [option, member] :
       {std::pair{"--issuer", "issuer"}, std::pair{"--display-name", "display_name"},
        std::pair{"--resource", "resource"}, std::pair{"--token-endpoint", "token_endpoint"},
        std::pair{"--jwks-uri", "jwks_uri"}, std::pair{"--revocations-uri", "revocations_uri"},
        std::pair{"--feed-client", "feed_client_id"}, std::pair{"--outbound", "outbound"}}) {
    if (args.has(option)) body.json().member(member, args.get(option));
  }
  body.add_list("--scope", "scopes");
  body.add_list("--domain", "domains");
  body.add_list("--accept-acr", "accepted_acrs");
  body.add_list("--client", "clients");
  if (args.has("--jwt-type")) body.json().member("strict_type", false);
  if (args.has("--refresh-tokens")) body.json().member("refresh_tokens", true);
  return body.add_file("--jwks", "jwks") && body.add_file("--ca", "ca_pem") &&
         body.add_number("--keys-kept", "keys_kept") && body.add_number("--session-max", "session_max") &&
         body.add_secret("--feed-secret-stdin", "feed_client_secret");
}

ExitStatus add(Invocation& invocation) {
  RequestBody body(invocation);
  body.json().begin_object().member("name", invocation.args.get("PARTNER"));
  if (!add_members(body, invocation)) return ExitStatus::Usage;
  body.json().end_object();
  const auto target = invocation.tenant_target("/partners");
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("POST", *target, body.text());
  if (!answer.is_ok()) return answer.status;
  // The daemon goes on trying; whether the issuer is there and its CA trusted is known best while somebody looks.
  if (!invocation.args.has("--jwks")) {
    const std::string refresh = *target + "/" + path_segment(invocation.args.get("PARTNER")) + "/refresh";
    const auto fetched = invocation.client().ask("POST", refresh, {}, "application/json");
    if (fetched && exit_status_of(fetched->status) != ExitStatus::Ok) {
      invocation.complain("added, but its keys cannot be fetched yet (is the issuer right, its CA trusted: --ca?): " +
                          problem_text(*fetched));
    }
  }
  return print_object(invocation, answer.body, partner_columns());
}

// What is not said stays as it is.
ExitStatus change(Invocation& invocation) {
  RequestBody body(invocation);
  body.json().begin_object();
  if (invocation.args.has("--no-refresh-tokens")) body.json().member("refresh_tokens", false);
  if (invocation.args.has("--strict-type")) body.json().member("strict_type", true);
  if (!add_members(body, invocation)) return ExitStatus::Usage;
  body.json().end_object();
  const auto target = target_of(invocation, kPartner);
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("PATCH", *target, body.text());
  return answer.is_ok() ? print_object(invocation, answer.body, partner_columns()) : answer.status;
}

ExitStatus show(Invocation& invocation) { return ask_and_show(invocation, kPartner, "GET"); }
ExitStatus enable(Invocation& invocation) { return ask_and_show(invocation, kPartner, "POST", "/enable"); }
ExitStatus refresh(Invocation& invocation) { return ask_and_show(invocation, kPartner, "POST", "/refresh"); }

ExitStatus list(Invocation& invocation) {
  const auto target = invocation.tenant_target("/partners");
  if (!target) return ExitStatus::Failed;
  return print_all_pages(invocation, *target,
                         {{"PARTNER", "name"},
                          {"ENABLED", "enabled", Show::YesNo},
                          {"ISSUER", "issuer"},
                          {"OUR USERS", "outbound"},
                          {"ITS USERS GET", "scopes"},
                          {"KEYS FETCHED", "keys_fetched_at", Show::Time},
                          {"FEED HEARD", "feed_heard_at", Show::Time},
                          {"KEYS NOT", "keys_error"},
                          {"FEED NOT", "feed_error"}},
                         0);
}

ExitStatus disable(Invocation& invocation) {
  const std::string partner(invocation.args.get("PARTNER"));
  if (!invocation.is_confirmed("Disable partner " + partner + "? All sessions of its users here end at once.")) {
    return ExitStatus::Failed;
  }
  return ask_and_show(invocation, kPartner, "POST", "/disable");
}

ExitStatus remove(Invocation& invocation) {
  const std::string partner(invocation.args.get("PARTNER"));
  if (!invocation.is_confirmed("Remove partner " + partner + ", its users set up here and their sessions, for good?")) {
    return ExitStatus::Failed;
  }
  return ask_only(invocation, "DELETE", target_of(invocation, kPartner));
}

struct Named {
  std::string_view kind;
  std::string id;
};
// Exactly one of them.
std::optional<Named> named_user(Invocation& invocation) {
  std::optional<Named> named;
  int count = 0;
  for (const auto& [option, kind] :
       {std::pair{"--primary-sub", "primary_sub"}, std::pair{"--primary-mc-id", "primary_mc_id"},
        std::pair{"--outbound", "outbound"}}) {
    if (!invocation.args.has(option)) continue;
    named = Named{kind, std::string(invocation.args.get(option))};
    ++count;
  }
  if (count == 1) return named;
  invocation.complain("say one of --primary-sub, --primary-mc-id and --outbound");
  return std::nullopt;
}

ExitStatus add_user(Invocation& invocation) {
  const auto named = named_user(invocation);
  if (!named) return ExitStatus::Usage;
  std::string body;
  codec::JsonWriter json(body);
  json.begin_object().member("kind", named->kind).member("login", invocation.args.get("LOGIN"));
  if (named->kind != "outbound") json.member("id", named->id);
  json.end_object();
  return ask_only(invocation, "POST", target_of(invocation, kPartner, "/users"), body);
}

ExitStatus list_users(Invocation& invocation) {
  const auto target = target_of(invocation, kPartner, "/users");
  if (!target) return ExitStatus::Failed;
  return print_all_pages(invocation, *target, {{"KIND", "kind"}, {"THERE", "id"}, {"SUB HERE", "sub"}}, 0);
}

ExitStatus remove_user(Invocation& invocation) {
  const auto named = named_user(invocation);
  if (!named) return ExitStatus::Usage;
  if (!invocation.is_confirmed("Remove " + named->id + "? The sessions he has from there end at once.")) {
    return ExitStatus::Failed;
  }
  return ask_only(
      invocation, "DELETE",
      target_of(invocation, kPartner, "/users/" + std::string(named->kind) + "/" + path_segment(named->id)));
}

}  // namespace

std::vector<Command> partner_commands() {
  const Operand partner{"PARTNER", "The partner's name here"};
  const Option yes{"--yes", "Do not ask", OptionKind::Flag};
  const Option primary_sub{"--primary-sub", "The sub that the partner's security tokens give him"};
  const Option primary_mc_id{"--primary-mc-id", "The MC ID that the partner's security tokens give him"};
  return {
      {"partner add",
       "Make another system's identity server a partner",
       "clavigerctl partner add bravo --issuer https://idms.bravo.example/idms/v1/bravo --outbound listed "
       "--scope 3gpp:mc:ptt_service",
       {partner},
       {{"--issuer", "iss of its tokens, exactly"},
        {"--display-name", "Its name for people"},
        {"--resource", "What clients name to go there; the issuer unless given"},
        {"--token-endpoint", "Where they take the security token; ISSUER/token unless given"},
        {"--jwks-uri", "Where its keys are; ISSUER/jwks unless given or installed"},
        {"--jwks", "Its keys, installed by hand", OptionKind::Value, {}, true},
        {"--ca", "The CA of its TLS certificate (PEM); the system's unless given", OptionKind::Value, {}, true},
        {"--feed-client", "Our client id there: its revocations are followed"},
        {"--feed-secret-stdin", "Read our client's secret there from standard input", OptionKind::Flag},
        {"--revocations-uri", "Its revocation feed; ISSUER/revocations unless given"},
        {"--scope", "What its users may get here; none: they get nothing", OptionKind::List},
        {"--domain", "A domain in which its MC identities lie; none: any", OptionKind::List},
        {"--accept-acr", "An acr of its sign-ins that is believed, or THEIRS=OURS; none: a password's",
         OptionKind::List},
        {"--client", "A client of ours that may redeem its security tokens; none: all that may assert",
         OptionKind::List},
        {"--outbound", "Which of our users may go there", OptionKind::Value, {"none", "listed", "all"}},
        {"--jwt-type", "It is not Claviger: its security tokens are of type JWT", OptionKind::Flag},
        {"--refresh-tokens", "Its users get refresh tokens here", OptionKind::Flag},
        {"--keys-kept", "Seconds for which its last keys are good while it cannot be reached"},
        {"--session-max", "Seconds that a session with refresh tokens may last"}},
       add},
      {"partner change",
       "Change an agreement; when its users may have less, or its keys come from elsewhere, their sessions end",
       "clavigerctl partner change bravo --scope 3gpp:mc:ptt_service --no-refresh-tokens",
       {partner},
       {{"--display-name", "Its name for people"},
        {"--resource", "What clients name to go there"},
        {"--token-endpoint", "Where they take the security token"},
        {"--jwks-uri", "Where its keys are; takes installed ones back"},
        {"--jwks", "Its keys, installed by hand; takes back where they were fetched", OptionKind::Value, {}, true},
        {"--ca", "The CA of its TLS certificate (PEM)", OptionKind::Value, {}, true},
        {"--feed-client", "Our client id there; \"\": its revocations are not followed"},
        {"--feed-secret-stdin", "Read our client's secret there from standard input", OptionKind::Flag},
        {"--revocations-uri", "Its revocation feed"},
        {"--scope", "What its users may get here, all of it; \"\": nothing", OptionKind::List},
        {"--domain", "A domain in which its MC identities lie, all of them; \"\": anywhere", OptionKind::List},
        {"--accept-acr", "An acr of its sign-ins that is believed, or THEIRS=OURS, all of them; \"\": a password's",
         OptionKind::List},
        {"--client", "A client of ours that may redeem its security tokens, all of them; \"\": all that may assert",
         OptionKind::List},
        {"--outbound", "Which of our users may go there", OptionKind::Value, {"none", "listed", "all"}},
        {"--jwt-type", "Its security tokens are of type JWT", OptionKind::Flag},
        {"--strict-type", "Its security tokens are of type mcx-st+jwt", OptionKind::Flag},
        {"--refresh-tokens", "Its users get refresh tokens here", OptionKind::Flag},
        {"--no-refresh-tokens", "Its users get none", OptionKind::Flag},
        {"--keys-kept", "Seconds for which its last keys are good while it cannot be reached"},
        {"--session-max", "Seconds that a session with refresh tokens may last"}},
       change},
      {"partner list", "All partners", "clavigerctl partner list", {}, {}, list},
      {"partner show", "One partner", "clavigerctl partner show bravo", {partner}, {}, show},
      {"partner enable",
       "Deal with a disabled partner again",
       "clavigerctl partner enable bravo",
       {partner},
       {},
       enable},
      {"partner disable",
       "Take nothing from a partner, and end what came from it",
       "clavigerctl partner disable bravo --yes",
       {partner},
       {yes},
       disable},
      {"partner remove",
       "Remove a partner for good",
       "clavigerctl partner remove bravo --yes",
       {partner},
       {yes},
       remove},
      {"partner refresh",
       "Fetch its keys now; if it is there again, its revocations are asked for, too",
       "clavigerctl partner refresh bravo",
       {partner},
       {},
       refresh},
      {"partner user add",
       "Set up who may go between",
       "clavigerctl partner user add alpha ann --primary-mc-id sip:ann@alpha.example",
       {partner, {"LOGIN", "Our user: the login name, or the sub"}},
       {primary_sub, primary_mc_id, {"--outbound", "Our user may go there (with --outbound listed)", OptionKind::Flag}},
       add_user},
      {"partner user list", "Who was set up", "clavigerctl partner user list alpha", {partner}, {}, list_users},
      {"partner user remove",
       "Undo it, and end the sessions that came of it",
       "clavigerctl partner user remove alpha --primary-mc-id sip:ann@alpha.example --yes",
       {partner},
       {primary_sub, primary_mc_id, {"--outbound", "Our user who may go there no more: login name, or sub"}, yes},
       remove_user},
  };
}

}  // namespace claviger::ctl
