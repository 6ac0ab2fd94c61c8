// What an operator says of MC service registration over SIP: [sip] and [[sip.service]]. Values; all [restart].
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "broker/settings/network.h"
#include "core/base/clock.h"
#include "core/base/result.h"

namespace claviger::settings {

class TomlReader;
struct SettingsError;

// A service beside MCPTT, MCVideo and MCData: how its UEs and its tokens name it. Bodies are as those of the three, with
// its name in place of "mcptt".
struct SipService {
  std::string name;                       // [a-z0-9-]{1,32}
  std::string scope;                      // that a token must have
  std::string identity_claim;             // of the token: the user's identity for the service
  std::vector<std::string> feature_tags;  // in the UE's Contact: "+g.example.wall"
  std::vector<std::string> icsis;         // in +g.3gpp.icsi-ref
  std::string info_media_type;            // "application/vnd.3gpp.<name>-info+xml"
  std::string info_namespace;             // "urn:3gpp:ns:<name>Info:1.0"
  bool operator==(const SipService&) const = default;
};

enum class TokenExpiry : std::uint8_t { Keep, Grace, Strict };

struct Sip {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;      // UDP and TCP
  std::uint16_t tls_port = 0;  // 0: no TLS
  std::string public_host;     // what peers reach us by; empty: address
  std::string certificate_file, key_file;
  std::string ca_file;                 // peers' certificates: asked for, and theirs as servers are checked
  std::string tenant;                  // whose users register here
  std::string psi;                     // public service identity: where PUBLISH and SUBSCRIBE are sent to
  std::string configuration_psi;       // of the configuration management server; empty: psi
  std::vector<Network> trusted_peers;  // SIP cores: only these assert identities
  std::vector<std::string> servers;    // public service identities that may watch any user
  Seconds publication_max{86'400};
  Seconds subscription_max{86'400};
  // What happens to a service when the token that opened it expires (no standard says): nothing, its end so many seconds
  // later, or at once; its UE is told to authorise again.
  TokenExpiry token_expiry = TokenExpiry::Keep;
  Seconds token_grace{300};
  // We subscribe to the registration events of who registers (RFC 3680): for cores whose third-party REGISTERs do not tell
  // everything.
  bool is_reg_event_followed = false;
  // Bodies (TS 33.180 clause 9.3): services that take tokens and identities only encrypted, and bodies only signed; to whom
  // UEs address their CSK (MDSI; empty: psi); two questions that the standard leaves open about the keys' derivation.
  std::vector<std::string> confidentiality_required, integrity_required;
  std::string domain_security_identity;
  bool is_key_id_text = false;   // P1 is the identifier in base64 instead of its four octets
  bool is_user_id_bare = false;  // P0 is the MC service ID without its scheme
  std::vector<SipService> services;
  bool operator==(const Sip&) const = default;
};

// Where the whole file is read: what is wrong with the table goes to `errors`.
void check_sip(TomlReader& root, const std::string& file, std::vector<SettingsError>& errors);
// Null without a table [sip]. The file has been found good by load_settings(). Code::Unreadable, Code::ConfigValue when it
// has changed since.
Result<std::shared_ptr<const Sip>> load_sip(const std::string& file);

}  // namespace claviger::settings
