#include <cstdio>

#include "core/codec/json_reader.h"
#include "core/codec/json_writer.h"
#include "tools/clavigerctl/commands/commands.h"
#include "tools/clavigerctl/noun.h"
#include "tools/clavigerctl/request_body.h"
#include "tools/clavigerctl/view.h"

namespace claviger::ctl {
namespace {

const std::vector<Column>& client_columns() {
  static const std::vector<Column> kColumns{{"client id", "client_id"},
                                            {"name", "name"},
                                            {"enabled", "enabled", Show::YesNo},
                                            {"profile", "profile"},
                                            {"authentication", "authentication"},
                                            {"client secret", "client_secret"},
                                            {"grants", "grants"},
                                            {"redirect URIs", "redirect_uris"},
                                            {"scopes", "scopes"},
                                            {"may introspect", "may_introspect", Show::YesNo},
                                            {"audiences", "audiences"},
                                            {"TLS subject", "tls_subject"},
                                            {"TLS certificate", "tls_certificate_digest"},
                                            {"VAL server", "val_server_id"},
                                            {"VAL services", "val_services"},
                                            {"may push keys", "may_push_keys", Show::YesNo},
                                            {"certificate-bound", "certificate_bound", Show::YesNo},
                                            {"DPoP-bound", "dpop_bound", Show::YesNo},
                                            {"pushed requests only", "require_pushed_requests", Show::YesNo},
                                            {"subject type", "subject_type"},
                                            {"asks consent", "asks_consent", Show::YesNo},
                                            {"access tokens live (s)", "access_token_life"},
                                            {"former secret good until", "former_secret_until", Show::Time},
                                            {"sector", "sector_identifier"},
                                            {"after sign-off", "post_logout_redirect_uris"},
                                            {"told of sign-offs", "backchannel_logout_uri"},
                                            {"created", "created_at", Show::Time}};
  return kColumns;
}

constexpr Noun kClient{"/clients/", "CLIENT_ID", client_columns};

ExitStatus show_answer(Invocation& invocation, const Invocation::Answer& answer) {
  return answer.is_ok() ? print_object(invocation, answer.body, client_columns()) : answer.status;
}

// What `add` and `set` say alike. False: the key set cannot be read, and the user was told.
bool write_metadata(Invocation& invocation, RequestBody& body) {
  codec::JsonWriter<std::string>& json = body.json();
  for (const auto& [option, member] :
       {std::pair{"--name", "name"}, std::pair{"--profile", "profile"}, std::pair{"--authentication", "authentication"},
        std::pair{"--tls-subject", "tls_subject"}, std::pair{"--tls-certificate", "tls_certificate_digest"},
        std::pair{"--subject-type", "subject_type"}, std::pair{"--sector", "sector_identifier"},
        std::pair{"--backchannel-logout-uri", "backchannel_logout_uri"}}) {
    if (invocation.args.has(option)) json.member(member, invocation.args.get(option));
  }
  body.add_list("--redirect-uri", "redirect_uris");
  body.add_list("--post-logout-redirect-uri", "post_logout_redirect_uris");
  body.add_list("--scope", "scopes");
  body.add_list("--grant", "grants");
  body.add_list("--audience", "audiences");
  if (invocation.args.has("--val-server")) json.member("val_server_id", invocation.args.get("--val-server"));
  body.add_list("--val-service", "val_services");
  if (!body.add_number("--access-token-life", "access_token_life")) return false;
  return body.add_file("--jwks", "jwks");
}

// Options of `add` are flags, of `set` they say yes or no.
const std::vector<std::pair<std::string_view, std::string_view>>& switches() {
  static const std::vector<std::pair<std::string_view, std::string_view>> kSwitches{
      {"--introspect", "may_introspect"},
      {"--certificate-bound", "certificate_bound"},
      {"--dpop-bound", "dpop_bound"},
      {"--push-keys", "may_push_keys"},
      {"--require-pushed-requests", "require_pushed_requests"},
      {"--ask-consent", "asks_consent"}};
  return kSwitches;
}

ExitStatus add(Invocation& invocation) {
  RequestBody body(invocation);
  codec::JsonWriter<std::string>& json = body.json();
  json.begin_object();
  if (invocation.args.has("CLIENT_ID")) json.member("client_id", invocation.args.get("CLIENT_ID"));
  if (!write_metadata(invocation, body)) return ExitStatus::Usage;
  for (const auto& [option, member] : switches()) {
    if (invocation.args.has(option)) json.member(member, true);
  }
  json.end_object();
  const auto target = invocation.tenant_target("/clients");
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("POST", *target, body.text());
  if (answer.is_ok() && invocation.args.has("--introspect") && !invocation.args.has("--audience")) {
    invocation.complain(
        "note: without --audience it is told \"active\": false of every token that is for a service: --audience takes "
        "the service's resource identifier, which clavigerctl tenant show has beside each scope");
  }
  return show_answer(invocation, answer);
}

ExitStatus set(Invocation& invocation) {
  RequestBody body(invocation);
  codec::JsonWriter<std::string>& json = body.json();
  json.begin_object();
  if (!write_metadata(invocation, body)) return ExitStatus::Usage;
  for (const auto& [option, member] : switches()) {
    if (invocation.args.has(option)) json.member(member, invocation.args.get(option) == "yes");
  }
  json.end_object();
  const auto target = target_of(invocation, kClient);
  if (!target) return ExitStatus::Failed;
  return show_answer(invocation, invocation.ask("PATCH", *target, body.text()));
}

ExitStatus show(Invocation& invocation) { return ask_and_show(invocation, kClient, "GET"); }
ExitStatus enable(Invocation& invocation) { return ask_and_show(invocation, kClient, "POST", "/enable"); }

ExitStatus list(Invocation& invocation) {
  const auto target = invocation.tenant_target("/clients");
  if (!target) return ExitStatus::Failed;
  return print_all_pages(invocation, *target,
                         {{"CLIENT ID", "client_id"},
                          {"NAME", "name"},
                          {"ENABLED", "enabled", Show::YesNo},
                          {"PROFILE", "profile"},
                          {"AUTHENTICATION", "authentication"},
                          {"GRANTS", "grants"}},
                         0);
}

ExitStatus disable(Invocation& invocation) {
  const std::string client(invocation.args.get("CLIENT_ID"));
  if (!invocation.is_confirmed("Disable client " + client + "? It gets no more tokens.")) return ExitStatus::Failed;
  return ask_and_show(invocation, kClient, "POST", "/disable");
}

ExitStatus remove(Invocation& invocation) {
  const std::string client(invocation.args.get("CLIENT_ID"));
  if (!invocation.is_confirmed("Remove client " + client + " for good?")) return ExitStatus::Failed;
  const auto target = target_of(invocation, kClient);
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("DELETE", *target);
  if (answer.is_ok() && invocation.args.wants_json) invocation.print_json(answer.body.empty() ? "{}" : answer.body);
  return answer.status;
}

ExitStatus rotate_secret(Invocation& invocation) {
  const std::string client(invocation.args.get("CLIENT_ID"));
  const bool overlaps = invocation.args.has("--overlap");
  RequestBody body(invocation);
  body.json().begin_object();
  if (!body.add_number("--overlap", "overlap")) return ExitStatus::Usage;
  body.json().end_object();
  if (!invocation.is_confirmed("Give client " + client + " a new secret? " +
                               (overlaps ? "The old one is good beside it for as long as you say."
                                         : "The old one is refused from then on (see --overlap)."))) {
    return ExitStatus::Failed;
  }
  const auto target = target_of(invocation, kClient, "/secret");
  if (!target) return ExitStatus::Failed;
  const auto answer = invocation.ask("POST", *target, body.text());
  if (!answer.is_ok()) return answer.status;
  return print_object(invocation, answer.body,
                      {{"client id", "client_id"},
                       {"client secret", "client_secret"},
                       {"former secret good until", "former_secret_until", Show::Time}});
}

// `switch_kind`: Flag, or Value that takes yes or no.
std::vector<Option> metadata_options(OptionKind switch_kind) {
  const std::vector<std::string_view> yes_no =
      switch_kind == OptionKind::Value ? std::vector<std::string_view>{"yes", "no"} : std::vector<std::string_view>();
  return {
      {"--name", "What the login page calls it"},
      {"--profile", "plain OpenID Connect, or with what MC or VAL require", OptionKind::Value, {"plain", "mc", "val"}},
      {"--authentication",
       "How it proves who it is",
       OptionKind::Value,
       {"none", "client_secret_basic", "private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"}},
      {"--grant",
       "What it may use",
       OptionKind::List,
       {"authorization_code", "client_credentials", "token_exchange", "jwt_bearer"}},
      {"--redirect-uri", "Where a sign-in may return to; exact, but for the port of a loopback address",
       OptionKind::List},
      {"--post-logout-redirect-uri", "Where a sign-off may return to; exact", OptionKind::List},
      {"--backchannel-logout-uri", "Where it is told that a session has ended (https)"},
      {"--scope",
       "A scope it may ask for; none: every one of the tenant, but a service by itself gets \"service\" only",
       OptionKind::List},
      {"--introspect", "It is a resource server and may introspect tokens", switch_kind, yes_no},
      {"--audience", "A resource it answers for, a URI: a service's stands in tenant show; wanted with --introspect",
       OptionKind::List},
      {"--jwks", "Its public keys, for private_key_jwt", OptionKind::Value, {}, true},
      {"--tls-subject", "Subject of its certificate, or san:URI, for tls_client_auth"},
      {"--tls-certificate", "x5t#S256 of its certificate, for self_signed_tls_client_auth"},
      {"--val-server", "The VAL server it is: whose configurations it may provision (TS 29.549)"},
      {"--val-service", "A VAL service it may configure", OptionKind::List},
      {"--push-keys", "Its key management may push keys to the KMS: SKeyProv in its tokens", switch_kind, yes_no},
      {"--access-token-life", "Seconds that its access tokens live, 5 to 43200; 0: as configured"},
      {"--certificate-bound", "Its tokens are bound to its certificate", switch_kind, yes_no},
      {"--dpop-bound", "It gets no token without a DPoP proof (RFC 9449)", switch_kind, yes_no},
      {"--require-pushed-requests", "Its sign-ins begin at /par only (RFC 9126)", switch_kind, yes_no},
      {"--ask-consent", "Its users are asked before it gets their codes", switch_kind, yes_no},
      {"--subject-type",
       "What its tokens call a user: his sub, or a name of its sector's own",
       OptionKind::Value,
       {"public", "pairwise"}},
      {"--sector", "Host name of the sector that shares pairwise subjects; none: that of its redirect URIs"},
  };
}

}  // namespace

std::vector<Command> client_commands() {
  const Operand client{"CLIENT_ID", "The client's id"};
  const Option yes{"--yes", "Do not ask", OptionKind::Flag};
  return {
      {"client add",
       "Register a client; a secret, if it has one, is shown this once",
       "clavigerctl client add mcptt-app --profile mc --grant authorization_code --redirect-uri http://127.0.0.1/cb",
       {{"CLIENT_ID", "Its id; nothing: a random one", false}},
       metadata_options(OptionKind::Flag),
       add},
      {"client set",
       "Change what is registered of a client; what is not named stays, a list is replaced",
       "clavigerctl client set mcptt-app --redirect-uri http://127.0.0.1/cb --dpop-bound yes",
       {client},
       metadata_options(OptionKind::Value),
       set},
      {"client show", "One client", "clavigerctl client show mcptt-app", {client}, {}, show},
      {"client list", "All clients", "clavigerctl client list", {}, {}, list},
      {"client disable",
       "Give a client no more tokens",
       "clavigerctl client disable mcptt-app --yes",
       {client},
       {yes},
       disable},
      {"client enable", "Serve a disabled client again", "clavigerctl client enable mcptt-app", {client}, {}, enable},
      {"client remove",
       "Remove a client for good",
       "clavigerctl client remove mcptt-app --yes",
       {client},
       {yes},
       remove},
      {"client rotate-secret",
       "Make a new secret, shown this once; the old one is refused at once, or when an overlap is over",
       "clavigerctl client rotate-secret mcptt-server --overlap 3600 --yes",
       {client},
       {{"--overlap",
         "Seconds that the old secret goes on beside the new one, up to 2592000 (30 days); 0 unless said: the "
         "secret before the old one always ends at once"},
        yes},
       rotate_secret},
  };
}

}  // namespace claviger::ctl
