#include <array>
#include <utility>

#include "tools/clavigerctl/commands/administrator_commands.h"
#include "tools/clavigerctl/commands/capacity_commands.h"
#include "tools/clavigerctl/commands/commands.h"
#include "tools/clavigerctl/commands/kms_peer_commands.h"
#include "tools/clavigerctl/commands/migration_commands.h"

namespace claviger::ctl {

const std::vector<Command>& all_commands() {
  static const std::vector<Command> kAll = [] {
    std::vector<Command> all;
    for (auto&& some :
         {daemon_commands(),        tenant_commands(),        user_commands(),     transfer_commands(),
          client_commands(),        consent_commands(),       session_commands(),  ue_commands(),
          token_commands(),         key_commands(),           seal_commands(),     partner_commands(),
          authenticator_commands(), administrator_commands(), seal_key_commands(), capif_commands(),
          kms_commands(),           kms_peer_commands(),      profile_commands(),  peer_commands(),
          subscriber_commands(),    migration_commands(),     acm_commands(),      registration_commands(),
          audit_commands(),         backup_commands(),        capacity_commands()}) {
      all.insert(all.end(), some.begin(), some.end());
    }
    return all;
  }();
  return kAll;
}

std::string_view help_of_noun(std::string_view noun) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 47> kNouns{{
      {"tenant", "Tenants: one issuer each, with keys, users and clients of its own"},
      {"user", "The users of a tenant"},
      {"source", "The addresses that users sign in from"},
      {"client", "The registered clients of a tenant"},
      {"consent", "What users allowed clients"},
      {"session", "Sessions of signed-in users"},
      {"ue", "The devices that users sign in on: shareable, gateway, lost"},
      {"token", "Look at a token, or revoke it"},
      {"key", "The signing keys of a tenant"},
      {"seal", "The keys that secrets are sealed with on disk"},
      {"partner", "Other systems, their users here and ours there"},
      {"kms", "The key management server of a tenant: its domain, users' keys"},
      {"acm client", "Who may ask partners to set users up"},
      {"acm partner", "The systems with which users are exchanged"},
      {"agreement pool", "Identities that visitors of a partner get"},
      {"capif invoker", "API invokers: what they may have, and who is revoked"},
      {"partner user", "Users of a partner system here"},
      {"profile template", "What new users' documents are made from"},
      {"tenant domain", "The domains that identities of a tenant may lie in"},
      {"kms transport-key", "Keys that users' keys are wrapped under (TrK) and requests signed with (InK)"},
      {"kms user", "What is said of one user, or of a server's identity, at the KMS"},
      {"kms identity", "What we show other KMSs"},
      {"kms peer", "Other KMSs, and what is agreed with them"},
      {"kms certificate", "Certificates of other KMSs, waiting and admitted"},
      {"kms group-server", "Group management servers (SEAL-X1)"},
      {"acm", "Setting users up at partner systems, and what partners ask for"},
      {"profile", "Profiles of users, UE and service configurations"},
      {"subscriber", "The subscribers of a tenant's SIP database, with the keys of their modules"},
      {"authenticator", "What users have enrolled to sign in with: apps, tokens, recovery codes"},
      {"policy", "How people must sign in"},
      {"verifier", "The outside verifier of a tenant's codes"},
      {"administrator", "Who administers the people of one tenant, and nothing else"},
      {"seal-key", "The keys of VAL services, and of users and UEs in them"},
      {"capif", "The CAPIF core function and its API invokers"},
      {"peer", "The peers of the Diameter node"},
      {"agreement", "What is agreed with other MC systems about users who migrate"},
      {"binding", "SIP identities of users who migrate, here and there"},
      {"migration", "What migrations did"},
      {"registration", "Who is registered for MC services over SIP"},
      {"log", "The daemon's log"},
      {"config", "The daemon's configuration"},
      {"clock", "The wall clock of a sandbox"},
      {"audit", "The log of what operators did"},
      {"capacity", "How many machines so many subscribers take"},
      {"completion", "Shell completions"},
      {"backup", "A copy of the store"},
      {"status", "How the daemon is"},
  }};
  for (const auto& [name, help] : kNouns) {
    if (name == noun) return help;
  }
  return {};
}

}  // namespace claviger::ctl
