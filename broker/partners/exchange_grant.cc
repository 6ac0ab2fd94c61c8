#include "broker/partners/exchange_grant.h"

#include <algorithm>

#include "broker/identity/abroad.h"
#include "broker/identity/request_form.h"
#include "broker/identity/resource_indicators.h"
#include "broker/identity/scope_grant.h"
#include "broker/identity/session_records.h"
#include "broker/identity/user_records.h"
#include "broker/partners/partner_users.h"
#include "broker/partners/security_token.h"
#include "broker/tokens/token_shard.h"
#include "broker/tokens/verifier/claim_checks.h"
#include "core/codec/json_writer.h"

namespace claviger::partners {
namespace {

using broker::Context;
using runtime::Task;

constexpr std::string_view kJwtType = "urn:ietf:params:oauth:token-type:jwt";
constexpr std::string_view kAccessTokenType = "urn:ietf:params:oauth:token-type:access_token";

Error bad_subject(std::string_view where) { return {Code::ExchangeSubject, where}; }

// What of the request is not the subject token. Other parameters, such as those of the code grant that TS 24.547 lists
// by mistake, are ignored.
struct Asked {
  std::string subject_token;
  identity::Resources resources;
  std::vector<std::string> audiences;
  std::vector<std::string> scopes;  // empty: all that the subject token has
};
Result<Asked> read_asked(const codec::Form& form) {
  CLAVIGER_TRY(subject_token, identity::required(form, "subject_token"));
  CLAVIGER_TRY(subject_type, identity::required(form, "subject_token_type"));
  if (subject_type != kJwtType && subject_type != kAccessTokenType) return bad_subject("exchange.subject_token_type");
  // RFC 8693 clause 2.1: neither without the other; and nobody acts for our users.
  if (!identity::optional(form, "actor_token").empty() || !identity::optional(form, "actor_token_type").empty()) {
    return bad_subject("exchange.actor_token");
  }
  const std::string_view wanted = identity::optional(form, "requested_token_type");
  if (!wanted.empty() && wanted != kJwtType) return bad_subject("exchange.requested_token_type");
  Asked asked;
  if (const std::string_view scope = identity::optional(form, "scope"); !scope.empty()) {
    CLAVIGER_TRY(scopes, identity::parse_scope(scope));
    asked.scopes.assign(scopes.begin(), scopes.end());
  }
  asked.subject_token = subject_token;
  CLAVIGER_TRY(resources, identity::read_resources(form));
  asked.resources = std::move(resources);
  for (const codec::FormField& field : form.fields()) {
    if (field.name == "audience" && !field.value.empty()) asked.audiences.emplace_back(field.value);
  }
  if (asked.resources.empty() && asked.audiences.empty()) return Error{Code::ParameterMissing, "exchange.resource"};
  return asked;
}

// What we keep of the subject token: its claims go with the next token that the shard verifies.
struct Subject {
  std::string scope;
  std::optional<tokens::Confirmation> confirmation;
  std::string sid, jti, acr;  // not sub: a client with pairwise subjects has another one than we
  std::int64_t auth_time = 0;
  bool has_mcptt = false, has_mcvideo = false, has_mcdata = false;
};
Result<Subject> check_subject(Context& context, const broker::TenantView& tenant, const identity::ExtensionCall& call,
                              const std::string& token) {
  const auto verified = context.tokens->verify_own(tenant, token);
  if (!verified) return bad_subject(verified.error().where);
  const tokens::Claims& claims = **verified;
  if (claims.client_id != call.client->client_id) return bad_subject("exchange.client");
  if (claims.sid.empty()) return bad_subject("exchange.sid");  // a server's own token: no user
  // Who stole a bound token cannot turn it into one that is not.
  tokens::Confirmation::Thumbprint digest{};
  tokens::Presentation presentation;
  if (call.request->peer->certificate_digest) {
    digest = *call.request->peer->certificate_digest;
    presentation.certificate = &digest;
  }
  tokens::Confirmation::Thumbprint key{};
  if (claims.confirmation && claims.confirmation->key && call.dpop_key.size() == key.size()) {
    std::copy_n(as_bytes(call.dpop_key).begin(), key.size(), key.begin());
    presentation.key = &key;
  }
  if (!tokens::check_binding(claims, presentation, false)) return bad_subject("exchange.cnf");
  Subject subject;
  subject.sid = claims.sid;
  subject.jti = claims.jti;
  subject.acr = claims.acr;
  subject.scope = claims.scope;
  subject.confirmation = claims.confirmation;
  subject.auth_time = claims.auth_time.value_or(0);
  subject.has_mcptt = !claims.mc_id(tokens::McService::Ptt).empty();
  subject.has_mcvideo = !claims.mc_id(tokens::McService::Video).empty();
  subject.has_mcdata = !claims.mc_id(tokens::McService::Data).empty();
  return subject;
}

// RFC 8693 clause 2.1: what the security token is to be good for; never more than the subject token is, and the services
// whose scopes it lacks are not named in it either.
Result<Unit> narrow(Subject& subject, const std::vector<std::string>& asked, const identity::User& user) {
  if (asked.empty()) return Unit{};
  CLAVIGER_TRY(had, identity::parse_scope(subject.scope));
  std::vector<std::string> kept(had.begin(), had.end());
  std::erase_if(kept, [&](const std::string& scope) { return !identity::contains_scope(asked, scope); });
  if (kept.empty()) return Error{Code::ScopeNothing, "exchange.scope"};
  const identity::McIdentities identities = identity::identities_for(kept, user);
  subject.has_mcptt = subject.has_mcptt && !identities.mcptt_id.empty();
  subject.has_mcvideo = subject.has_mcvideo && !identities.mcvideo_id.empty();
  subject.has_mcdata = subject.has_mcdata && !identities.mcdata_id.empty();
  subject.scope = identity::join_scope(kept);
  return Unit{};
}

Result<Unit> check_session(const Context& context, const identity::Session& session, const identity::User& user) {
  const std::int64_t now = numeric_date(context.shard.clock().wall());
  const Seconds idle = context.snapshot->settings->lifetimes.session_idle;
  if (session.state != identity::SessionState::Active) return bad_subject("exchange.session");
  if (identity::record_expiry(session, idle) <= now) return bad_subject("exchange.session");
  if (user.status != identity::UserStatus::Enabled || session.auth_time < user.not_before) {
    return bad_subject("exchange.user");
  }
  if (!session.partner.empty()) return bad_subject("exchange.loop");
  return Unit{};
}

// However often it is named: a security token is for one partner (RFC 8693 clause 2.2.2).
Result<PartnerRef> find_target(const PartnerTable& table, std::string_view tenant, const Asked& asked) {
  const std::string& named = asked.resources.empty() ? asked.audiences.front() : asked.resources.front();
  PartnerRef partner = table.find_resource(tenant, named);
  if (partner == nullptr) return Error{Code::ExchangeTarget, "exchange.resource"};
  if (asked.resources.size() > 1) return Error{Code::ExchangeTarget, "exchange.resource"};
  for (const std::string& audience : asked.audiences) {
    if (audience != named && audience != partner->partner.issuer) {
      return Error{Code::ExchangeTarget, "exchange.audience"};
    }
  }
  if (!partner->partner.is_enabled || partner->partner.outbound == Outbound::None) {
    return Error{Code::ExchangeTarget, "exchange.partner"};
  }
  return partner;
}

// `scope` is said when one was asked for (RFC 8693 clause 2.2.1).
http::Response answer(const MadeSecurityToken& made, std::string_view scope) {
  std::string body;
  codec::JsonWriter json(body);
  json.begin_object().member("access_token", made.token).member("issued_token_type", kJwtType);
  json.member("token_type", "Bearer").member("expires_in", made.lifetime.count());
  if (!scope.empty()) json.member("scope", scope);
  json.end_object();
  http::Response response(200, "application/json", std::move(body));
  response.with("pragma", "no-cache");
  return response;
}

}  // namespace

Task<Result<http::Response>> exchange_token(Partners* partners, const identity::ExtensionCall* call) {
  Context* context = call->context;
  CLAVIGER_CO_TRY(asked, read_asked(*call->form));
  // 1. The subject token: ours, live, this client's.
  const broker::TenantView* tenant = context->snapshot->find(call->tenant);
  if (tenant == nullptr) co_return Error{Code::Closed, "exchange.tenant"};
  CLAVIGER_CO_TRY(subject, check_subject(*context, *tenant, *call, asked.subject_token));
  // 2. Its session and its user, as they are now.
  auto session = co_await identity::read_session(context, call->tenant, subject.sid);
  if (session.failed_with(Code::SessionUnknown)) co_return bad_subject("exchange.session");
  if (!session) co_return session.error();
  auto user = co_await identity::read_user(context, call->tenant, session->sub);
  if (user.failed_with(Code::UserUnknown)) co_return bad_subject("exchange.user");
  if (!user) co_return user.error();
  CLAVIGER_CO_TRY(lives, check_session(*context, *session, *user));
  CLAVIGER_CO_TRY(narrowed, narrow(subject, asked.scopes, *user));
  // 3. Where to, and whether he may.
  CLAVIGER_CO_TRY(target, find_target(*partners->table(), call->tenant, asked));
  if (target->partner.outbound == Outbound::Listed) {
    auto listed =
        co_await read_partner_user(context, call->tenant, target->partner.name, PartnerUserKind::Outbound, user->sub);
    if (!listed && !listed.failed_with(Code::PartnerUserUnknown)) co_return listed.error();
    if (!listed) {
      CLAVIGER_CO_TRY(is_set_up, co_await identity::is_abroad(context, call->tenant, identity::Abroad::Partner,
                                                              target->partner.name, user->sub));
      if (!is_set_up) co_return Error{Code::ExchangeForbidden, "exchange.user"};
    }
  }
  // 4. The security token.
  tenant = context->snapshot->find(call->tenant);
  if (tenant == nullptr) co_return Error{Code::Closed, "exchange.tenant"};
  SecurityTokenClaims claims;
  claims.sub = user->sub;
  claims.client_id = call->client->client_id;
  claims.sid = session->sid;
  claims.access_token_jti = subject.jti;
  claims.acr = subject.acr;
  claims.scope = subject.scope;
  claims.confirmation = subject.confirmation;
  claims.auth_time = subject.auth_time;
  claims.session_expires_at = session->expires_at;
  claims.mc_id = user->mc_id;
  if (subject.has_mcptt) claims.mcptt_id = user->mcptt_id;
  if (subject.has_mcvideo) claims.mcvideo_id = user->mcvideo_id;
  if (subject.has_mcdata) claims.mcdata_id = user->mcdata_id;
  CLAVIGER_CO_TRY(made, make_security_token(*context, *tenant, target->partner, claims));
  CLAVIGER_CO_TRY(token, co_await tokens::sign(context, std::move(made.unsigned_token)));
  made.token = std::move(token);
  context->shard.logger().info("partner.exchanged", {{"tenant", call->tenant},
                                                     {"partner", target->partner.name},
                                                     {"sub", user->sub},
                                                     {"client", call->client->client_id},
                                                     {"jti", made.jti}});
  co_return answer(made, asked.scopes.empty() ? std::string_view() : std::string_view(claims.scope));
}

}  // namespace claviger::partners
