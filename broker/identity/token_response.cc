#include "broker/identity/token_response.h"

#include <algorithm>

#include "broker/identity/identity_shard.h"
#include "broker/identity/refresh_token.h"
#include "core/codec/json_writer.h"

namespace claviger::identity {
namespace {

using runtime::Task;

// {"access_token":"","token_type":"Bearer","expires_in":,"refresh_token":"","id_token":"","scope":""} and its numbers.
constexpr std::size_t kFrameBytes = 160;

struct Parts {
  std::string_view access_token;
  std::string_view refresh_token;  // empty: none
  std::string_view id_token;       // empty: none
  std::string_view scope;
  Seconds lifetime{0};
  bool is_key_bound = false;
};
http::Response write_response(SlabPool& slabs, const Parts& parts) {
  SlabWriter body(slabs, kFrameBytes + parts.access_token.size() + parts.refresh_token.size() + parts.id_token.size() +
                             parts.scope.size());
  codec::JsonWriter json(body);
  json.begin_object()
      .member("access_token", parts.access_token)
      .member("token_type", parts.is_key_bound ? "DPoP" : "Bearer");
  json.member("expires_in", parts.lifetime.count());
  if (!parts.refresh_token.empty()) json.member("refresh_token", parts.refresh_token);
  if (!parts.id_token.empty()) json.member("id_token", parts.id_token);
  if (!parts.scope.empty()) json.member("scope", parts.scope);
  json.end_object();
  http::Response response(200, "application/json", body.finish());
  response.is_secret = true;
  response.with("pragma", "no-cache");
  return response;
}

template <typename Claims>
void put_val(const ValClaims& val, Claims& claims) {
  claims.val_user_id = val.user_id;
  claims.val_ue_id = val.ue_id;
  claims.val_service_ids.assign(val.service_ids.begin(), val.service_ids.end());
}

Result<tokens::UnsignedToken> id_token_for(broker::Context& context, const broker::TenantView& tenant,
                                           const GrantedSession& granted, std::string_view access_token) {
  const Session& session = granted.session;
  tokens::IdTokenClaims claims;
  claims.sub = granted.subject.empty() ? session.sub : granted.subject;
  claims.client_id = session.client_id;
  claims.nonce = granted.nonce;
  claims.sid = session.sid;
  claims.acr = session.acr;
  claims.amr.assign(session.amr.begin(), session.amr.end());
  claims.auth_time = session.auth_time;
  claims.mcptt_id = granted.mcptt_id;
  claims.mcvideo_id = granted.mcvideo_id;
  claims.mcdata_id = granted.mcdata_id;
  put_val(granted.val, claims);
  claims.access_token = access_token;
  claims.name = granted.name;
  claims.preferred_username = granted.preferred_username;
  claims.lifetime = context.snapshot->settings->lifetimes.id_token;
  return tokens::id_token_of(context, tenant, claims);
}

// The access token of a session, and how long it lives.
Result<UnsignedAnswer> session_answer(broker::Context& context, const broker::TenantView& tenant,
                                      const GrantedSession& granted) {
  const Session& session = granted.session;
  UnsignedAnswer answer;
  answer.scope = join_scope(granted.scopes);
  tokens::AccessTokenClaims claims;
  claims.sub = granted.subject.empty() ? session.sub : granted.subject;
  claims.client_id = session.client_id;
  claims.audiences.assign(granted.audiences.begin(), granted.audiences.end());
  claims.scope = answer.scope;
  claims.sid = session.sid;
  claims.acr = session.acr;
  claims.auth_time = session.auth_time;
  claims.amr.assign(session.amr.begin(), session.amr.end());
  claims.mcptt_id = granted.mcptt_id;
  claims.mcvideo_id = granted.mcvideo_id;
  claims.mcdata_id = granted.mcdata_id;
  put_val(granted.val, claims);
  claims.certificate_digest = session.certificate_digest;
  claims.dpop_key = session.dpop_key;
  claims.primary_mc_service_id = session.primary_mc_service_id;
  const bool has_own_life = granted.access_token_life > Seconds{0};
  claims.lifetime = has_own_life ? granted.access_token_life : context.snapshot->settings->lifetimes.access_token;
  // Not beyond the session: where the sessions of a user are looked for, this token is found (user_revocations.h). One that
  // a partner vouched for ends with that (spec 1.12 step 6).
  const Seconds left{session.expires_at - numeric_date(context.shard.wall())};
  if (left <= Seconds{0}) return Error{Code::SessionEnded, "token.session"};
  claims.lifetime = std::min(claims.lifetime, left);
  answer.lifetime = claims.lifetime;
  answer.is_key_bound = !claims.dpop_key.empty();
  CLAVIGER_TRY(access_token, tokens::access_token_of(context, tenant, claims));
  answer.access_token = std::move(access_token);
  return answer;
}

http::Response write_service_response(broker::Context& context, const UnsignedAnswer& answer,
                                      std::string_view access_token) {
  return write_response(context.shard.slabs(), {.access_token = access_token,
                                                .refresh_token = {},
                                                .id_token = {},
                                                .scope = answer.scope,
                                                .lifetime = answer.lifetime,
                                                .is_key_bound = answer.is_key_bound});
}

}  // namespace

Task<Result<http::Response>> session_response(broker::Context* context, std::string tenant, GrantedSession granted,
                                              IdToken id_token) {
  const broker::TenantView* view = context->snapshot->find(tenant);
  if (view == nullptr) co_return Error{Code::Closed, "token.tenant"};
  CLAVIGER_CO_TRY(answer, session_answer(*context, *view, granted));
  CLAVIGER_CO_TRY(access_token, co_await tokens::sign(context, std::move(answer.access_token)));

  std::string id_token_text;
  view = context->snapshot->find(tenant);
  if (view == nullptr) co_return Error{Code::Closed, "token.tenant"};
  if (id_token == IdToken::Yes) {
    CLAVIGER_CO_TRY(made, id_token_for(*context, *view, granted, access_token));
    CLAVIGER_CO_TRY(text, co_await tokens::sign(context, std::move(made)));
    id_token_text = std::move(text);
  }
  const auto refresh_token =
      make_refresh_token(context->identity->refresh_mac(), tenant, granted.session, granted.generation);
  const Parts parts{.access_token = access_token,
                    .refresh_token = granted.gives_refresh_token ? as_text(refresh_token.reveal()) : std::string_view(),
                    .id_token = id_token_text,
                    .scope = answer.scope,
                    .lifetime = answer.lifetime,
                    .is_key_bound = answer.is_key_bound};
  co_return write_response(context->shard.slabs(), parts);
}

Result<UnsignedAnswer> service_answer(broker::Context& context, const broker::TenantView& tenant, const Client& client,
                                      ScopeList scopes, const Resources& resources, const TokenBinding& binding) {
  CLAVIGER_TRY(aim, aim_at(tenant.tenant, std::move(scopes), resources));
  UnsignedAnswer answer;
  answer.scope = join_scope(aim.scopes);
  tokens::AccessTokenClaims claims;
  claims.sub = client.client_id;  // RFC 9068 clause 2.2: no resource owner, so the client itself
  claims.client_id = client.client_id;
  claims.audiences = std::move(aim.audiences);
  claims.scope = answer.scope;
  claims.certificate_digest = binding.certificate_digest;
  claims.dpop_key = binding.dpop_key;
  claims.may_push_keys = client.may_push_keys && std::ranges::find(aim.scopes, kSealKeyScope) != aim.scopes.end();
  const bool has_own_life = client.access_token_life > Seconds{0};
  claims.lifetime = has_own_life ? client.access_token_life : context.snapshot->settings->lifetimes.access_token;
  answer.lifetime = claims.lifetime;
  answer.is_key_bound = !claims.dpop_key.empty();
  CLAVIGER_TRY(access_token, tokens::access_token_of(context, tenant, claims));
  answer.access_token = std::move(access_token);
  return answer;
}

Task<Result<http::Response>> service_response(broker::Context* context, UnsignedAnswer answer) {
  CLAVIGER_CO_TRY(access_token, co_await tokens::sign(context, std::move(answer.access_token)));
  co_return write_service_response(*context, answer, access_token);
}

Result<http::Response> service_response_here(broker::Context& context, UnsignedAnswer answer) {
  CLAVIGER_TRY(access_token, tokens::sign_here(context, std::move(answer.access_token)));
  return write_service_response(context, answer, access_token);
}

}  // namespace claviger::identity
