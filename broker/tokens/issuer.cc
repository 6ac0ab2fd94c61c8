#include "broker/tokens/issuer.h"

#include <algorithm>

#include "broker/tokens/token_shard.h"
#include "core/codec/base64url.h"
#include "core/codec/json_writer.h"
#include "core/crypto/digest.h"
#include "core/pkcs11/key_store.h"

namespace claviger::tokens {
namespace {

// RS256 with an imported key of 8192 bits: the longest signature we make.
constexpr std::size_t kSignatureSizeMax = crypto::kSignatureBytesMax;
// Claims of the longest names we allow; a usual payload has 500 bytes.
constexpr std::size_t kPayloadBytesUsual = 768;

void put_mc_identities(codec::JsonWriter<std::string>& json, std::string_view mcptt, std::string_view mcvideo,
                       std::string_view mcdata) {
  if (!mcptt.empty()) json.member("mcptt_id", mcptt);
  if (!mcvideo.empty()) json.member("mcvideo_id", mcvideo);
  if (!mcdata.empty()) json.member("mcdata_id", mcdata);
}

// TS 33.434 clauses A.2.1 and A.2.2: "additional claims based on the VAL service", of which none has a standard's name.
template <typename Claims>
void put_val_claims(codec::JsonWriter<std::string>& json, const settings::ValClaimNames& names, const Claims& claims) {
  if (!claims.val_user_id.empty()) json.member(names.user_id, claims.val_user_id);
  if (!claims.val_ue_id.empty()) json.member(names.ue_id, claims.val_ue_id);
  if (claims.val_service_ids.empty()) return;
  json.name(names.service_ids).begin_array();
  for (const std::string_view service : claims.val_service_ids) json.value(service);
  json.end_array();
}

// header.payload (RFC 7515 clause 7.1), in a string with room for the signature.
UnsignedToken unsigned_token(const broker::TenantView& tenant, const TenantKey& key, std::string_view header,
                             std::string_view payload) {
  UnsignedToken token;
  token.keys = tenant.keys;
  token.key = &key;
  token.input.reserve(header.size() + codec::base64url_encoded_size(payload.size()) +
                      codec::base64url_encoded_size(key.verifying->signature_size()) + 2);
  token.input += header;
  token.input += '.';
  codec::base64url_encode(as_bytes(payload), token.input);
  return token;
}

std::string with_signature(UnsignedToken token, Bytes signature) {
  token.input += '.';
  codec::base64url_encode(signature, token.input);
  return std::move(token.input);
}

void put_amr(codec::JsonWriter<std::string>& json, const std::vector<std::string_view>& amr) {
  if (amr.empty()) return;
  json.name("amr").begin_array();
  for (const std::string_view method : amr) json.value(method);
  json.end_array();
}

// RFC 7800; jkt first: introspection looks for it (introspect_endpoint.cc).
void put_confirmation(codec::JsonWriter<std::string>& json, const AccessTokenClaims& claims) {
  if (claims.certificate_digest.empty() && claims.dpop_key.empty()) return;
  const auto put = [&json](std::string_view name, std::string_view digest) {
    if (digest.empty()) return;
    std::string text;
    codec::base64url_encode(as_bytes(digest), text);
    json.member(name, text);
  };
  json.name("cnf").begin_object();
  put("jkt", claims.dpop_key);
  put("x5t#S256", claims.certificate_digest);
  json.end_object();
}

Result<const TenantKey*> key_for(broker::Context& context, const broker::TenantView& tenant) {
  // A token from before an instant that was already used would break not-before rules and revocation.
  if (!context.shard.clock().can_issue()) return Error{Code::Unsupported, "token.issue"};
  if (tenant.keys->active == nullptr) return Error{Code::Internal, "token.key"};
  return tenant.keys->active;
}

// iat has whole seconds, and who revokes a subject's tokens means those of the present second, too. People wait for the next
// one when they sign in (broker/identity/sign_in_procedure.h); a client that was removed and made again within a second
// gets a token of the next one, which is in force.
std::int64_t issued_at(broker::Context& context, const tenants::Tenant& tenant, const AccessTokenClaims& claims,
                       std::int64_t now) {
  if (claims.sub != claims.client_id) return now;
  const std::int64_t not_before =
      context.tokens->verifier().revocations().subject_not_before(tenant.issuer, claims.sub);
  return not_before == now + 1 ? not_before : now;
}

}  // namespace

Result<UnsignedToken> access_token_of(broker::Context& context, const broker::TenantView& tenant,
                                      const AccessTokenClaims& claims) {
  CLAVIGER_ASSERT(!claims.audiences.empty());
  CLAVIGER_TRY(key, key_for(context, tenant));
  const std::int64_t now = numeric_date(context.shard.wall());
  std::string payload;
  payload.reserve(kPayloadBytesUsual);
  codec::JsonWriter json(payload);
  json.begin_object().member("iss", tenant.tenant.issuer).member("sub", claims.sub);
  if (claims.audiences.size() == 1) {
    json.member("aud", claims.audiences.front());
  } else {
    json.name("aud").begin_array();
    for (const std::string_view audience : claims.audiences) json.value(audience);
    json.end_array();
  }
  json.member("client_id", claims.client_id).member("scope", claims.scope);
  json.member("exp", now + claims.lifetime.count()).member("iat", issued_at(context, tenant.tenant, claims, now));
  CLAVIGER_TRY(jti, context.tokens->random_id());
  json.member("jti", std::string_view(jti.data(), jti.size()));
  if (!claims.sid.empty()) json.member("sid", claims.sid);
  if (!claims.acr.empty()) json.member("acr", claims.acr);
  if (claims.auth_time != 0) json.member("auth_time", claims.auth_time);
  put_amr(json, claims.amr);
  put_mc_identities(json, claims.mcptt_id, claims.mcvideo_id, claims.mcdata_id);
  put_val_claims(json, context.snapshot->settings->val_claims, claims);
  if (claims.may_push_keys) json.member("SKeyProv", true);
  if (!claims.primary_mc_service_id.empty()) json.member("x_primary_mc_service_id", claims.primary_mc_service_id);
  put_confirmation(json, claims);
  json.end_object();
  return unsigned_token(tenant, *key, key->access_token_header, payload);
}

Result<UnsignedToken> id_token_of(broker::Context& context, const broker::TenantView& tenant,
                                  const IdTokenClaims& claims) {
  CLAVIGER_TRY(key, key_for(context, tenant));
  const std::int64_t now = numeric_date(context.shard.wall());
  std::string payload;
  payload.reserve(kPayloadBytesUsual);
  codec::JsonWriter json(payload);
  json.begin_object().member("iss", tenant.tenant.issuer).member("sub", claims.sub).member("aud", claims.client_id);
  json.member("exp", now + claims.lifetime.count()).member("iat", now);
  if (claims.auth_time != 0) json.member("auth_time", claims.auth_time);
  if (!claims.nonce.empty()) json.member("nonce", claims.nonce);
  if (!claims.acr.empty()) json.member("acr", claims.acr);
  put_amr(json, claims.amr);
  if (!claims.sid.empty()) json.member("sid", claims.sid);
  if (!claims.access_token.empty()) {
    // OIDC Core clause 3.1.3.6: the left half of the hash that the algorithm uses; SHA-256 for ES256 and RS256, and
    // by common agreement SHA-512 for EdDSA with Ed25519.
    std::string at_hash;
    if (key->verifying->algorithm() == crypto::SignatureAlgorithm::EdDsa) {
      const auto digest = crypto::sha512(as_bytes(claims.access_token));
      codec::base64url_encode(Bytes(digest).first(digest.size() / 2), at_hash);
    } else {
      const auto digest = crypto::sha256(as_bytes(claims.access_token));
      codec::base64url_encode(Bytes(digest).first(digest.size() / 2), at_hash);
    }
    json.member("at_hash", at_hash);
  }
  if (!claims.name.empty()) json.member("name", claims.name);
  if (!claims.preferred_username.empty()) json.member("preferred_username", claims.preferred_username);
  put_mc_identities(json, claims.mcptt_id, claims.mcvideo_id, claims.mcdata_id);
  put_val_claims(json, context.snapshot->settings->val_claims, claims);
  json.end_object();
  return unsigned_token(tenant, *key, key->id_token_header, payload);
}

Result<UnsignedToken> token_of(broker::Context& context, const broker::TenantView& tenant, std::string_view typ,
                               std::string_view claims) {
  CLAVIGER_TRY(key, key_for(context, tenant));
  std::string header;
  codec::JsonWriter json(header);
  json.begin_object().member("alg", crypto::name_of(key->verifying->algorithm())).member("kid", key->kid);
  json.member("typ", typ).end_object();
  std::string encoded;
  codec::base64url_encode(as_bytes(header), encoded);
  return unsigned_token(tenant, *key, encoded, claims);
}

Result<Unit> check_signing(broker::Context& context, const broker::TenantView& tenant) {
  CLAVIGER_TRY(key, key_for(context, tenant));
  if (key->key != nullptr) return Unit{};
  pkcs11::KeyStore* store = context.tokens->key_store();
  if (store == nullptr) return Error{Code::KeyStoreMissing, "token.key"};
  return store->check_key(key->stored_as);
}

Result<std::string> sign_here(broker::Context& context, UnsignedToken token) {
  CLAVIGER_ASSERT(token.is_signed_here());
  const crypto::SigningKey& key = *token.key->key;
  std::byte signature[kSignatureSizeMax];
  CLAVIGER_ASSERT(key.signature_size() <= sizeof signature);
  CLAVIGER_TRY(size, key.sign(context.tokens->signing(), as_bytes(token.input), signature));
  return with_signature(std::move(token), Bytes(signature, size));
}

runtime::Task<Result<std::string>> sign(broker::Context* context, UnsignedToken token) {
  if (token.is_signed_here()) co_return sign_here(*context, std::move(token));
  pkcs11::KeyStore* store = context->tokens->key_store();
  if (store == nullptr) co_return Error{Code::KeyStoreMissing, "token.key"};
  auto signature = co_await store->sign(token.key->stored_as, *token.key->verifying, token.input);
  if (!signature) co_return signature.error();
  co_return with_signature(std::move(token), as_bytes(*signature));
}

std::string_view audience_of(const tenants::Tenant& tenant, std::string_view scope) {
  const auto found = tenant.scope_audiences.find(scope);
  return found == tenant.scope_audiences.end() ? std::string_view(tenant.default_audience) : found->second;
}

std::vector<std::string_view> audiences_of(const tenants::Tenant& tenant, const std::vector<std::string_view>& scopes) {
  std::vector<std::string_view> audiences;
  audiences.reserve(scopes.size() + 1);
  for (const std::string_view scope : scopes) {
    const auto found = tenant.scope_audiences.find(scope);
    if (found == tenant.scope_audiences.end()) continue;
    const std::string_view audience = found->second;
    if (std::find(audiences.begin(), audiences.end(), audience) == audiences.end()) audiences.push_back(audience);
  }
  if (audiences.empty()) audiences.push_back(tenant.default_audience);
  return audiences;
}

}  // namespace claviger::tokens
