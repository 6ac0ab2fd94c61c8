// What operators do to clients (TS 33.180 clause B.3, RFC 6749 clause 2): register, show, change, rotate the secret,
// disable, remove.
//
// Called on any shard; a change runs at home_of("client/" tenant "/" client_id) under the client's turn, and returns
// when every shard has forgotten what it knew of the client. A secret is made here (256 random bits), given out once
// and kept as HMAC-SHA256 only.
//
// Codes: ClientUnknown, ClientTaken, ClientRedirectUri, ClientMetadata, ClientKeys, KeyPublished, ScopeMalformed; what
// the store says.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "broker/context.h"
#include "broker/identity/client.h"
#include "core/base/result.h"
#include "core/base/secret.h"
#include "core/runtime/task.h"

namespace claviger::identity {

struct ClientDraft {
  std::string client_id;  // empty: a random one is made
  std::string name;
  ClientProfile profile = ClientProfile::Plain;
  ClientAuthentication authentication = ClientAuthentication::None;
  std::vector<std::string> redirect_uris;
  std::vector<std::string> scopes;
  bool may_code = false;
  bool may_client_credentials = false;
  bool may_introspect = false;
  std::vector<std::string> audiences;
  std::string jwks;
  std::string tls_subject;
  std::string tls_certificate_digest;
  bool is_certificate_bound = false;
  bool must_push_requests = false;
  bool is_dpop_bound = false;
  bool has_pairwise_subject = false;
  std::string sector_identifier;
  bool asks_consent = false;
  std::vector<std::string> post_logout_redirect_uris;
  std::string backchannel_logout_uri;
  std::string val_server_id;
  std::vector<std::string> val_services;
  bool may_push_keys = false;
  bool may_exchange = false;
  bool may_assert = false;
  Seconds access_token_life{0};  // 0: as configured
};

// What is absent stays as it is. A change to SecretBasic makes no secret: rotate it.
struct ClientChange {
  std::optional<std::string> name;
  std::optional<ClientProfile> profile;
  std::optional<ClientAuthentication> authentication;
  std::optional<std::vector<std::string>> redirect_uris;
  std::optional<std::vector<std::string>> scopes;
  std::optional<bool> may_code, may_client_credentials, may_introspect;
  std::optional<std::vector<std::string>> audiences;
  std::optional<std::string> jwks;
  std::optional<std::string> tls_subject;
  std::optional<std::string> tls_certificate_digest;
  std::optional<bool> is_certificate_bound;
  std::optional<bool> must_push_requests, is_dpop_bound, has_pairwise_subject, asks_consent;
  std::optional<std::string> sector_identifier;
  std::optional<std::vector<std::string>> post_logout_redirect_uris;
  std::optional<std::string> backchannel_logout_uri;
  std::optional<std::string> val_server_id;
  std::optional<std::vector<std::string>> val_services;
  std::optional<bool> may_push_keys;
  std::optional<bool> may_exchange, may_assert;
  std::optional<Seconds> access_token_life;
};

struct CreatedClient {
  Client client;
  SecretBytes secret;  // text, base64url; empty unless the client authenticates by secret
};
struct ClientPage {
  std::vector<Client> clients;
  std::string next;  // pass as `after` for the next page; empty: this was the last
};

runtime::Task<Result<CreatedClient>> create_client(broker::Context* context, std::string tenant, ClientDraft draft);
runtime::Task<Result<Client>> change_client(broker::Context* context, std::string tenant, std::string client_id,
                                            ClientChange change);
// The old secret is refused from now on.
runtime::Task<Result<SecretBytes>> rotate_client_secret(broker::Context* context, std::string tenant,
                                                        std::string client_id);
// Disabling ends its tokens and sessions (each session of the tenant is looked at); asked again it ends what is left.
runtime::Task<Result<Unit>> set_client_enabled(broker::Context* context, std::string tenant, std::string client_id,
                                               bool is_enabled);
runtime::Task<Result<Unit>> remove_client(broker::Context* context, std::string tenant, std::string client_id);

runtime::Task<Result<Client>> find_client(broker::Context* context, std::string tenant, std::string client_id);
// In order of client_id, at most `limit` (<= storage::kRangeMax), after `after` (empty: from the first).
runtime::Task<Result<ClientPage>> list_clients(broker::Context* context, std::string tenant, std::string after,
                                               std::size_t limit);

}  // namespace claviger::identity
