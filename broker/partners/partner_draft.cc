#include "broker/partners/partner_draft.h"

#include <algorithm>

#include "broker/identity/client_authentication.h"
#include "broker/identity/scope_grant.h"
#include "broker/partners/partner_keys.h"
#include "broker/partners/partners.h"
#include "broker/partners/visitor_policy.h"
#include "broker/tenants/tenant.h"
#include "broker/tokens/verifier/revocation.h"
#include "core/codec/domain_name.h"
#include "core/codec/uri.h"
#include "core/codec/utf8.h"
#include "core/net/tls_context.h"

namespace claviger::partners {
namespace {

constexpr std::size_t kTextMax = 255;
constexpr std::size_t kDomainsMax = 64;
constexpr std::size_t kAcrsMax = 32;
constexpr std::size_t kClientsMax = 256;
constexpr std::size_t kCaBytesMax = 64 * 1024;  // a private CA or two; the system's bundle needs no copy
constexpr std::size_t kSecretMax = 1024;
constexpr Seconds kKeysKeptMax{30 * 24 * 3600};
constexpr Seconds kSessionMax{30 * 24 * 3600};

Error invalid(std::string_view where) { return {Code::PartnerInvalid, where}; }

// https only: keys and revocations are believed because TLS says whose they are.
Result<Unit> check_url(std::string_view text, std::string_view where, bool may_have_query) {
  const auto uri = codec::parse_absolute_uri(text);
  const bool is_good = uri && uri->scheme_is("https") && !uri->has_userinfo && text.size() <= tokens::kIssuerMax &&
                       (may_have_query || !uri->has_query);
  if (!is_good) return invalid(where);
  return Unit{};
}

Result<Unit> check_keys(const Partner& partner) {
  if (partner.jwks.empty()) return check_url(partner.jwks_uri, "partner.jwks_uri", true);
  if (!partner.jwks_uri.empty()) return invalid("partner.jwks_and_jwks_uri");
  if (partner.jwks.size() > kJwksBytesMax) return invalid("partner.jwks");
  const auto keys = parse_partner_keys(partner.issuer, partner.jwks, nullptr);
  if (keys.failed_with(Code::KeyPublished)) return keys.error();
  if (!keys) return invalid("partner.jwks");
  return Unit{};
}

Result<Unit> check_trust(const Partner& partner) {
  if (partner.ca_pem.empty()) return Unit{};
  if (partner.ca_pem.size() > kCaBytesMax) return invalid("partner.ca");
  net::TlsClientOptions options;
  options.ca_pem = partner.ca_pem;
  if (!net::TlsContext::client(std::move(options))) return invalid("partner.ca");
  return Unit{};
}

Result<Unit> check_feed(const Partner& partner, const PartnerDraft& draft) {
  if (partner.revocations_uri.empty()) {
    if (draft.feed_secret.empty()) return Unit{};
    return invalid("partner.feed_client_id");
  }
  CLAVIGER_TRY(url, check_url(partner.revocations_uri, "partner.revocations_uri", true));
  if (!identity::is_client_id(draft.feed_client_id)) return invalid("partner.feed_client_id");
  if (draft.feed_secret.empty() || draft.feed_secret.size() > kSecretMax) return invalid("partner.feed_secret");
  return Unit{};
}

}  // namespace

PartnerDraft draft_of(const Partner& partner) {
  PartnerDraft draft;
  draft.name = partner.name;
  draft.display_name = partner.display_name;
  draft.issuer = partner.issuer;
  draft.resource = partner.resource;
  draft.token_endpoint = partner.token_endpoint;
  draft.jwks_uri = partner.jwks_uri;
  draft.jwks = partner.jwks;
  draft.ca_pem = partner.ca_pem;
  draft.revocations_uri = partner.revocations_uri;
  draft.feed_client_id = partner.feed_client_id;
  draft.scopes = partner.scopes;
  draft.domains = partner.domains;
  draft.accepted_acrs = partner.accepted_acrs;
  draft.clients = partner.clients;
  draft.outbound = partner.outbound;
  draft.is_strict_type = partner.is_strict_type;
  draft.gives_refresh_tokens = partner.gives_refresh_tokens;
  draft.keys_kept = partner.keys_kept;
  draft.session_max = partner.session_max;
  return draft;
}

bool is_partner_name(std::string_view name) { return tenants::is_tenant_name(name); }

Result<Partner> partner_of(const PartnerDraft& draft, std::string_view own_issuer) {
  Partner partner;
  if (!is_partner_name(draft.name)) return invalid("partner.name");
  partner.name = draft.name;
  partner.display_name = draft.display_name.empty() ? draft.name : draft.display_name;
  if (partner.display_name.size() > kTextMax || !codec::is_utf8(partner.display_name))
    return invalid("partner.display_name");
  partner.issuer = draft.issuer;
  CLAVIGER_TRY(issuer, check_url(partner.issuer, "partner.issuer", false));
  // Nobody vouches for our own users but we.
  if (partner.issuer == own_issuer || draft.resource == own_issuer) return invalid("partner.issuer");
  partner.resource = draft.resource.empty() ? draft.issuer : draft.resource;
  if (!codec::parse_absolute_uri(partner.resource) || partner.resource.size() > tokens::kIssuerMax) {
    return invalid("partner.resource");
  }
  partner.token_endpoint = draft.token_endpoint.empty() ? draft.issuer + "/token" : draft.token_endpoint;
  CLAVIGER_TRY(endpoint, check_url(partner.token_endpoint, "partner.token_endpoint", true));
  partner.jwks = draft.jwks;
  partner.jwks_uri = draft.jwks_uri.empty() && draft.jwks.empty() ? draft.issuer + "/jwks" : draft.jwks_uri;
  CLAVIGER_TRY(keys, check_keys(partner));
  partner.ca_pem = draft.ca_pem;
  CLAVIGER_TRY(trust, check_trust(partner));
  partner.feed_client_id = draft.feed_client_id;
  partner.revocations_uri = draft.revocations_uri.empty() && !draft.feed_client_id.empty()
                                ? draft.issuer + "/revocations"
                                : draft.revocations_uri;
  CLAVIGER_TRY(feed, check_feed(partner, draft));
  partner.scopes = draft.scopes;
  if (partner.scopes.size() > identity::kScopesMax || !std::ranges::all_of(partner.scopes, identity::is_scope_token)) {
    return Error{Code::ScopeMalformed, "partner.scopes"};
  }
  partner.domains = draft.domains;
  if (partner.domains.size() > kDomainsMax || !std::ranges::all_of(partner.domains, codec::is_domain_name)) {
    return invalid("partner.domains");
  }
  partner.accepted_acrs = draft.accepted_acrs;
  if (partner.accepted_acrs.size() > kAcrsMax || !std::ranges::all_of(partner.accepted_acrs, is_acr_mapping)) {
    return invalid("partner.accepted_acrs");
  }
  partner.clients = draft.clients;
  if (partner.clients.size() > kClientsMax || !std::ranges::all_of(partner.clients, identity::is_client_id)) {
    return invalid("partner.clients");
  }
  partner.outbound = draft.outbound;
  partner.is_strict_type = draft.is_strict_type;
  partner.gives_refresh_tokens = draft.gives_refresh_tokens;
  if (draft.keys_kept < kKeysEvery || draft.keys_kept > kKeysKeptMax) return invalid("partner.keys_kept");
  if (draft.session_max < Seconds{60} || draft.session_max > kSessionMax) return invalid("partner.session_max");
  partner.keys_kept = draft.keys_kept;
  partner.session_max = draft.session_max;
  return partner;
}

}  // namespace claviger::partners
