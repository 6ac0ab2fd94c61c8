// application/poc-settings+xml, both ways (RFC 4354, TS 24.379 clause 7.4).
//
// Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "broker/registration/body_keys.h"
#include "broker/registration/records.h"
#include "core/base/result.h"

namespace claviger::registration {

inline constexpr std::string_view kSettingsType = "application/poc-settings+xml";

// The settings of the client's entity; of the only one when the client's is not named. Identities of entities may be encrypted:
// `key` is then the one they were encrypted under. XmlSchema: another root, no entity, values that are none; CskMissing,
// XmlEncryption; and what guard_xml() says.
Result<ServiceSettings> parse_settings_document(std::string_view xml, std::string_view client_id, const BodyKeys& keys,
                                                BodyKeyRef& key);
// Of a document in which nothing is encrypted.
inline Result<ServiceSettings> parse_settings_document(std::string_view xml, std::string_view client_id) {
  BodyKeyRef key;
  return parse_settings_document(xml, client_id, BodyKeys(), key);
}

// One client of a user as subscribers hear of it.
struct ClientState {
  Binding binding;
  ServiceSettings settings;
  bool has_settings = false;
  bool has_full_access = false;
  std::string_view why_not;  // a literal; empty with full access
};

// An entity for each client with full access: an absent one has no service. `for_server`: one for every client, in an
// extension, with its public identity, instance, service and why it has none.
std::string write_state_document(const std::vector<ClientState>& clients, bool for_server);
// As the first for a UE, with the identities of entities encrypted; `domain`: of the MC server. CryptoFailure.
Result<std::string> write_encrypted_state_document(const std::vector<ClientState>& clients, const BodyKey& key,
                                                   std::string_view domain);

}  // namespace claviger::registration
