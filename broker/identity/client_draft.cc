#include "broker/identity/client_draft.h"

#include <algorithm>
#include <array>

#include "broker/identity/client_authentication.h"
#include "broker/identity/pairwise_subject.h"
#include "broker/identity/scope_grant.h"
#include "broker/identity/val_identity.h"
#include "broker/tokens/token_life.h"
#include "core/codec/base64url.h"
#include "core/codec/form.h"
#include "core/codec/redirect.h"
#include "core/codec/uri.h"
#include "core/codec/utf8.h"
#include "core/crypto/jwk.h"
#include "core/crypto/published_keys.h"

namespace claviger::identity {
namespace {

constexpr std::size_t kNameMax = 255;
constexpr std::size_t kRedirectUrisMax = 32;  // a handful of platforms, each with a few
constexpr std::size_t kAudiencesMax = 32;     // a server has one or two
constexpr std::size_t kTlsSubjectMax = 2048;
constexpr std::size_t kSectorMax = 253;  // a host name (RFC 1035 clause 2.3.4)
constexpr std::string_view kAnswerParameters[] = {"code", "state", "iss", "error", "error_description", "error_uri"};
constexpr std::size_t kDigestText = codec::base64url_encoded_size(32);

Result<Unit> check_jwks(const Client& client) {
  if (client.jwks.empty()) {
    if (client.authentication == ClientAuthentication::PrivateKeyJwt) return Error{Code::ClientKeys, "client.jwks"};
    return Unit{};
  }
  codec::JsonReader reader;
  const auto keys = crypto::read_jwks(reader, client.jwks);
  if (!keys || keys->keys.empty()) return Error{Code::ClientKeys, "client.jwks"};
  // Here somebody looks: a key that cannot be used is a mistake to name, not one to skip.
  if (!keys->ignored.empty()) return Error{Code::ClientKeys, "client.jwks"};
  for (const crypto::Jwk& jwk : keys->keys) {
    if (crypto::is_published_test_key(jwk.key.thumbprint())) return Error{Code::KeyPublished, "client.jwks"};
  }
  return Unit{};
}

Result<Unit> check_certificate(const Client& client) {
  if (client.authentication == ClientAuthentication::TlsClientAuth && client.tls_subject.empty()) {
    return Error{Code::ClientMetadata, "client.tls_subject"};
  }
  if (client.tls_subject.size() > kTlsSubjectMax || !codec::is_utf8(client.tls_subject)) {
    return Error{Code::ClientMetadata, "client.tls_subject"};
  }
  const bool needs_digest = client.authentication == ClientAuthentication::SelfSignedTlsClientAuth;
  if (!needs_digest && client.tls_certificate_digest.empty()) return Unit{};
  std::array<std::byte, 32> digest;
  if (client.tls_certificate_digest.size() != kDigestText ||
      !codec::base64url_decode(client.tls_certificate_digest, digest)) {
    return Error{Code::ClientMetadata, "client.tls_certificate_digest"};
  }
  return Unit{};
}

// OIDC Core clause 8.1: without a sector of its own, a client with redirect URIs on several hosts has none at all.
Result<Unit> check_sector(const Client& client) {
  constexpr Error kFault{Code::ClientMetadata, "client.sector_identifier"};
  if (client.sector_identifier.size() > kSectorMax) return kFault;
  const bool is_host = std::ranges::all_of(client.sector_identifier, [](char character) {
    return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9') || character == '.' ||
           character == '-';
  });
  if (!is_host) return kFault;
  if (client.has_pairwise_subject && sector_of(client).empty()) return kFault;
  return Unit{};
}

Result<Unit> check_scopes(const std::vector<std::string>& scopes) {
  if (scopes.size() > kScopesMax || !std::ranges::all_of(scopes, is_scope_token)) {
    return Error{Code::ScopeMalformed, "client.scopes"};
  }
  return Unit{};
}

// RFC 8707 clause 2: absolute URI without a fragment.
Result<Unit> check_audiences(const std::vector<std::string>& audiences) {
  if (audiences.size() > kAudiencesMax) return Error{Code::ClientMetadata, "client.audiences"};
  for (const std::string& audience : audiences) {
    if (!codec::parse_absolute_uri(audience)) return Error{Code::ClientMetadata, "client.audiences"};
  }
  return Unit{};
}

// TS 29.549: a VAL server configures what its agreement names, as itself and never as a user's application.
Result<Unit> check_val(const Client& client) {
  if (client.val_services.size() > kValServicesMax || !std::ranges::all_of(client.val_services, is_val_service_id)) {
    return Error{Code::ClientMetadata, "client.val_services"};
  }
  const bool is_named = !client.val_server_id.empty();
  if (is_named && !is_val_identity(client.val_server_id)) return Error{Code::ClientMetadata, "client.val_server_id"};
  if ((is_named || client.may_push_keys) && !client.may_client_credentials) {
    return Error{Code::ClientMetadata, "client.val_server_id"};
  }
  if (!is_named && !client.val_services.empty()) return Error{Code::ClientMetadata, "client.val_services"};
  return Unit{};
}

// What an answer carries (RFC 6749 clauses 4.1.2 and 4.1.2.1, RFC 9207) must not come twice (clause 3.1): a client that
// takes the first one would take what was registered.
bool has_parameter_of_an_answer(std::string_view query) {
  const auto form = codec::parse_form(query);
  if (!form) return false;  // of another form than ours
  return std::ranges::any_of(kAnswerParameters, [&](std::string_view name) { return form->find(name).has_value(); });
}

Result<Unit> check_client(const Client& client) {
  if (client.name.size() > kNameMax || !codec::is_utf8(client.name)) return Error{Code::ClientMetadata, "client.name"};
  if (client.redirect_uris.size() > kRedirectUrisMax) return Error{Code::ClientRedirectUri, "client.redirect_uris"};
  for (const std::string& uri : client.redirect_uris) {
    CLAVIGER_TRY(uri_checked, check_redirect_uri(uri));
  }
  if (client.may_code && client.redirect_uris.empty()) return Error{Code::ClientRedirectUri, "client.redirect_uris"};
  // Whoever cannot say who he is may act for a user who signs in, and for nobody else (RFC 6749 clause 4.4).
  const bool is_public = client.authentication == ClientAuthentication::None;
  if (is_public && (client.may_client_credentials || client.may_introspect)) {
    return Error{Code::ClientMetadata, "client.authentication"};
  }
  if (client.post_logout_redirect_uris.size() > kRedirectUrisMax) {
    return Error{Code::ClientRedirectUri, "client.post_logout_redirect_uris"};
  }
  for (const std::string& uri : client.post_logout_redirect_uris) {
    CLAVIGER_TRY(post_logout_checked, check_redirect_uri(uri));
  }
  if (!client.backchannel_logout_uri.empty()) {
    CLAVIGER_TRY(logout_checked, check_logout_uri(client.backchannel_logout_uri));
  }
  CLAVIGER_TRY(scopes_checked, check_scopes(client.scopes));
  CLAVIGER_TRY(audiences_checked, check_audiences(client.audiences));
  CLAVIGER_TRY(certificate_checked, check_certificate(client));
  CLAVIGER_TRY(sector_checked, check_sector(client));
  CLAVIGER_TRY(val_checked, check_val(client));
  const Seconds life = client.access_token_life;
  if (life != Seconds{0} && (life < tokens::kAccessTokenLifeMin || life > tokens::kAccessTokenLifeMax)) {
    return Error{Code::ClientMetadata, "client.access_token_life"};
  }
  return check_jwks(client);
}

}  // namespace

Result<Unit> check_redirect_uri(std::string_view text) {
  const auto uri = codec::parse_absolute_uri(text);
  if (!uri) return Error{Code::ClientRedirectUri, "client.redirect_uri"};
  if (uri->has_userinfo) return Error{Code::ClientRedirectUri, "client.redirect_uri.userinfo"};
  // These would end a source in our Content-Security-Policy (page.h).
  if (uri->host.find_first_of(";,'*") != std::string_view::npos) {
    return Error{Code::ClientRedirectUri, "client.redirect_uri.host"};
  }
  if (has_parameter_of_an_answer(uri->query)) return Error{Code::ClientRedirectUri, "client.redirect_uri.query"};
  if (uri->scheme_is("https")) return Unit{};
  if (uri->scheme_is("http")) {
    if (codec::is_loopback_redirect(*uri)) return Unit{};
    return Error{Code::ClientRedirectUri, "client.redirect_uri.http"};
  }
  if (uri->scheme.find('.') == std::string_view::npos) {
    return Error{Code::ClientRedirectUri, "client.redirect_uri.scheme"};
  }
  return Unit{};
}

Result<Unit> check_logout_uri(std::string_view text) {
  const auto uri = codec::parse_absolute_uri(text);
  if (!uri || uri->has_userinfo || text.find('#') != std::string_view::npos) {
    return Error{Code::ClientMetadata, "client.backchannel_logout_uri"};
  }
  if (uri->scheme_is("https") || (uri->scheme_is("http") && codec::is_loopback_redirect(*uri))) return Unit{};
  return Error{Code::ClientMetadata, "client.backchannel_logout_uri.scheme"};
}

Result<Client> client_of(const ClientDraft& draft) {
  if (!draft.client_id.empty() && !is_client_id(draft.client_id)) return Error{Code::ClientMetadata, "client.id"};
  Client client;
  client.client_id = draft.client_id;
  client.name = draft.name;
  client.profile = draft.profile;
  client.authentication = draft.authentication;
  client.redirect_uris = draft.redirect_uris;
  client.scopes = draft.scopes;
  client.may_code = draft.may_code;
  client.may_client_credentials = draft.may_client_credentials;
  client.may_introspect = draft.may_introspect;
  client.audiences = draft.audiences;
  client.jwks = draft.jwks;
  client.tls_subject = draft.tls_subject;
  client.tls_certificate_digest = draft.tls_certificate_digest;
  client.is_certificate_bound = draft.is_certificate_bound;
  client.must_push_requests = draft.must_push_requests;
  client.is_dpop_bound = draft.is_dpop_bound;
  client.has_pairwise_subject = draft.has_pairwise_subject;
  client.sector_identifier = draft.sector_identifier;
  client.asks_consent = draft.asks_consent;
  client.post_logout_redirect_uris = draft.post_logout_redirect_uris;
  client.backchannel_logout_uri = draft.backchannel_logout_uri;
  client.val_server_id = draft.val_server_id;
  client.val_services = draft.val_services;
  client.may_push_keys = draft.may_push_keys;
  client.may_exchange = draft.may_exchange;
  client.may_assert = draft.may_assert;
  client.access_token_life = draft.access_token_life;
  CLAVIGER_TRY(client_checked, check_client(client));
  return client;
}

Result<Unit> apply_change(const ClientChange& change, Client& client) {
  const auto take = [](const auto& from, auto& to) {
    if (from) to = *from;
  };
  take(change.name, client.name);
  take(change.profile, client.profile);
  take(change.authentication, client.authentication);
  take(change.redirect_uris, client.redirect_uris);
  take(change.scopes, client.scopes);
  take(change.may_code, client.may_code);
  take(change.may_client_credentials, client.may_client_credentials);
  take(change.may_introspect, client.may_introspect);
  take(change.audiences, client.audiences);
  take(change.jwks, client.jwks);
  take(change.tls_subject, client.tls_subject);
  take(change.tls_certificate_digest, client.tls_certificate_digest);
  take(change.is_certificate_bound, client.is_certificate_bound);
  take(change.must_push_requests, client.must_push_requests);
  take(change.is_dpop_bound, client.is_dpop_bound);
  take(change.has_pairwise_subject, client.has_pairwise_subject);
  take(change.sector_identifier, client.sector_identifier);
  take(change.asks_consent, client.asks_consent);
  take(change.post_logout_redirect_uris, client.post_logout_redirect_uris);
  take(change.backchannel_logout_uri, client.backchannel_logout_uri);
  take(change.val_server_id, client.val_server_id);
  take(change.val_services, client.val_services);
  take(change.may_push_keys, client.may_push_keys);
  take(change.may_exchange, client.may_exchange);
  take(change.may_assert, client.may_assert);
  take(change.access_token_life, client.access_token_life);
  // A secret that no longer counts must not come to life again with a later change.
  if (client.authentication != ClientAuthentication::SecretBasic) client.secret_mac.reset();
  return check_client(client);
}

}  // namespace claviger::identity
