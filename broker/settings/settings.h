// What an operator says in the configuration file (TOML), checked and typed.
//
// Read once at start and again at SIGHUP into a new immutable Settings; members marked [restart] keep their old value
// until a restart, and reload names them when they differ. tools/share/claviger.toml is the commented sample.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "broker/settings/network.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/result.h"

namespace claviger::settings {

// Which header the proxies in front of us write themselves: X-Forwarded-For, or Forwarded (RFC 7239).
enum class ForwardedHeader : std::uint8_t { XForwardedFor, Forwarded };

enum class ClientCertificates : std::uint8_t { None, Optional, Required };

// One HTTPS listener. [restart] for address and port; files are read again at reload.
struct HttpsListener {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  std::string certificate_file;  // PEM chain
  std::string key_file;          // PEM, refused when others can read it
  ClientCertificates client_certificates = ClientCertificates::None;
  std::string client_ca_file;
  std::string client_crl_file;   // PEM; given: every certificate of a client's chain is looked for in it
  std::string public_origin;     // where clients reach this one, when it is another place than Settings::public_origin
};

struct Argon2Cost {
  std::uint32_t memory_kib = 19'456;
  std::uint32_t passes = 2;
  std::uint32_t lanes = 1;
};

struct Limits {
  std::uint32_t connections_max = 100'000;   // over all shards
  std::uint32_t requests_max = 20'000;       // in flight, a shard
  std::uint32_t hash_queue_max = 512;        // sign-ins waiting for the password pool: some seconds of it
  std::uint32_t commit_queue_max = 65'536;
  std::uint64_t block_cache_bytes = 512ULL << 20;
  std::uint64_t memtable_bytes = 256ULL << 20;
  std::uint32_t cached_tokens_max = 1'000'000;  // over all shards, about 107 bytes each
  std::uint32_t cached_clients_max = 100'000;   // a shard
  std::uint32_t sign_in_tries = 5;              // wrong passwords of one user in sign_in_window
  Seconds sign_in_window{900};
  std::uint32_t source_tries = 200;             // wrong passwords from one source address in sign_in_window
  std::uint32_t sessions_per_user = 0;          // one more ends the one unused for longest; 0: as many as he likes
  std::uint32_t revocations_per_minute = 600;   // of access tokens, by one service, or of one user's session
};

struct Lifetimes {
  Seconds interaction{600};
  Seconds authorization_code{60};
  Seconds access_token{300};
  Seconds id_token{300};
  Seconds session_idle{12 * 3600};
  Seconds session_absolute{30 * 24 * 3600};
};

// How signing keys follow one another by themselves: a new one every `lifetime`, published that long ahead of its use.
struct KeyRotation {
  Seconds lifetime{90 * 24 * 3600};    // 0: an operator rotates
  Seconds publish_ahead{24 * 3600};    // what verifiers may keep a key set for
};

// A PKCS #11 token (a hardware security module) that keeps keys for us. All [restart].
struct Pkcs11 {
  std::string module_file;        // the vendor's library; empty: there is no token
  std::string token;              // its label
  std::string pin_file;           // refused when others can read it
  std::uint32_t sessions = 4;     // signatures at the same time
  std::vector<std::string> key_encryption_keys;  // labels of AES keys in the token, the last one wraps; empty: the file does
  bool operator==(const Pkcs11&) const = default;
};

// What the VAL claims of tokens are called: TS 33.434 Annex A leaves it to the VAL service.
struct ValClaimNames {
  std::string user_id = "val_user_id";
  std::string ue_id = "val_ue_id";
  std::string service_ids = "val_service_ids";
};

// What a user must have proved, and when, before he may end sessions by API (RFC 9470).
struct AccountRequirement {
  std::vector<std::string> acr_values;  // one of these; empty: any
  Seconds max_age{0};                   // 0: whenever
};

struct Settings {
  bool is_sandbox = false;             // [restart] allows what production must not: a clock set by hand
  std::string data_directory;          // [restart]
  std::string key_encryption_key_file; // [restart] made on first start
  std::string admin_socket;            // [restart]
  std::vector<std::uint32_t> admin_uids;  // beside root and the daemon's own user
  std::string audit_log_file;          // [restart]
  std::uint32_t shards = 0;            // [restart] 0: one a core
  std::uint32_t hash_threads = 0;      // [restart] 0: one a core
  std::vector<int> cpus;               // [restart] also --cpus
  std::vector<HttpsListener> https;
  std::string public_origin;           // "https://idms.alpha.example:8443": prefix of every tenant's issuer
  std::string metrics_address = "127.0.0.1";  // [restart]
  std::uint16_t metrics_port = 0;      // [restart] 0: none
  std::vector<Network> trusted_proxies;  // only these may forward an address or assert an identity
  ForwardedHeader forwarded_header = ForwardedHeader::XForwardedFor;
  std::vector<std::string> consent_scopes;  // the user is asked before a client gets one of these
  LogOptions log;
  Argon2Cost argon2;
  Limits limits;
  Lifetimes lifetimes;
  ValClaimNames val_claims;
  AccountRequirement account;
  KeyRotation key_rotation;
  Pkcs11 pkcs11;
};

// Unknown names, wrong types, values out of range and contradictions are errors; `message` says which, with the line.
struct SettingsError {
  Code code;
  std::string message;
};
struct SettingsOrError {
  std::optional<Settings> settings;
  std::vector<SettingsError> errors;
};
// `name` is for messages. Does not touch the files that the settings name.
SettingsOrError parse_settings(const std::string& toml, const std::string& name);
// Reads the file, parses it, and checks that the files it names are there and not too open.
SettingsOrError load_settings(const std::string& file);
// Names of [restart] members whose values differ.
std::vector<std::string> differences_that_need_a_restart(const Settings& running, const Settings& wanted);
// The effective configuration as TOML, without secrets: `clavigerctl config show`.
std::string to_toml(const Settings& settings);

}  // namespace claviger::settings
