#include "broker/partners/bearer_grant.h"

#include <algorithm>

#include "broker/identity/endpoint_urls.h"
#include "broker/identity/identity_shard.h"
#include "broker/identity/pairwise_subject.h"
#include "broker/identity/redeem_procedure.h"
#include "broker/identity/request_form.h"
#include "broker/identity/resource_indicators.h"
#include "broker/identity/scope_grant.h"
#include "broker/identity/session_limit.h"
#include "broker/identity/session_records.h"
#include "broker/identity/token_response.h"
#include "broker/identity/ue_admission.h"
#include "broker/identity/ue_naming.h"
#include "broker/identity/user_records.h"
#include "broker/identity/val_claims.h"
#include "broker/partners/derived_sessions.h"
#include "broker/partners/partner_users.h"
#include "broker/partners/security_token.h"
#include "broker/partners/visitor_policy.h"
#include "broker/tables.h"
#include "broker/tokens/token_shard.h"

namespace claviger::partners {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

constexpr std::size_t kSaltBytes = 16;
constexpr std::string_view kOpenid = "openid";

struct Asked {
  std::string assertion;
  std::vector<std::string> scopes;
  identity::Resources resources;
  std::string ue_id;  // as claimed; empty: not said
  std::string on_ue;  // as proved
};
Result<Asked> read_asked(const codec::Form& form) {
  CLAVIGER_TRY(assertion, identity::required(form, "assertion"));
  CLAVIGER_TRY(scope, identity::required(form, "scope"));
  CLAVIGER_TRY(scopes, identity::parse_scope(scope));
  Asked asked;
  asked.assertion = assertion;
  asked.scopes.assign(scopes.begin(), scopes.end());
  CLAVIGER_TRY(resources, identity::read_resources(form));
  asked.resources = std::move(resources);
  asked.ue_id = identity::optional(form, identity::kUeParameter);
  return asked;
}

// What was checked, and under which agreement: the record's version guards the session that is made.
struct Accepted {
  PartnerRef partner;
  CheckedSecurityToken token;
};

Result<PartnerRef> choose_partner(Partners& partners, const identity::ExtensionCall& call,
                                  const std::string& assertion) {
  CLAVIGER_TRY(issuer, unverified_issuer(partners.reader(), assertion));
  PartnerRef partner = partners.table()->find_issuer(call.tenant, issuer);
  if (partner == nullptr) return Error{Code::PartnerUnknown, "assertion.iss"};
  if (!partner->partner.is_enabled) return Error{Code::PartnerDisabled, "assertion.iss"};
  if (partner->partner.scopes.empty()) return Error{Code::PartnerDisabled, "assertion.agreement"};
  const std::vector<std::string>& clients = partner->partner.clients;
  if (!clients.empty() && std::ranges::find(clients, call.client->client_id) == clients.end()) {
    return Error{Code::AssertionInvalid, "assertion.client"};
  }
  return partner;
}

Result<CheckedSecurityToken> check(const identity::ExtensionCall& call, const PartnerView& partner,
                                   const std::string& assertion) {
  Context& context = *call.context;
  const broker::TenantView* view = context.snapshot->find(call.tenant);
  if (view == nullptr) return Error{Code::Closed, "assertion.tenant"};
  SecurityTokenRules rules;
  rules.partner = &partner;
  rules.audiences = {view->tenant.issuer, identity::token_endpoint_url(*context.snapshot->settings, view->tenant)};
  rules.now = numeric_date(context.shard.wall());
  if (const auto& digest = call.request->peer->certificate_digest) rules.presentation.certificate = &*digest;
  tokens::Confirmation::Thumbprint key{};
  if (call.dpop_key.size() == key.size()) {
    std::ranges::copy(as_bytes(call.dpop_key), key.begin());
    rules.presentation.key = &key;
  }
  return check_security_token(context.tokens->verifier(), assertion, rules);
}

Task<Result<Accepted>> accept(Partners* partners, const identity::ExtensionCall* call, std::string assertion) {
  Accepted accepted;
  CLAVIGER_CO_TRY(partner, choose_partner(*partners, *call, assertion));
  accepted.partner = std::move(partner);
  auto token = check(*call, *accepted.partner, assertion);
  if (token.failed_with(Code::TokenKeyUnknown)) {
    // The partner may have rolled its keys: look once, not more often than the limiter lets us.
    auto refreshed = co_await partners->refresh_for_unknown_key(call->context, call->tenant,
                                                                accepted.partner->partner.name, accepted.partner->keys);
    if (!refreshed) co_return Error{Code::AssertionInvalid, "assertion.key"};
    CLAVIGER_CO_TRY(chosen_again, choose_partner(*partners, *call, assertion));
    accepted.partner = std::move(chosen_again);
    token = check(*call, *accepted.partner, assertion);
    if (token.failed_with(Code::TokenKeyUnknown)) co_return Error{Code::AssertionInvalid, "assertion.key"};
  }
  if (!token) co_return token.error();
  accepted.token = *std::move(token);
  co_return accepted;
}

// As whom the agreement knows him here: by the partner's sub, or by the MC ID.
Task<Result<PartnerUser>> map_user(Context* context, std::string tenant, std::string partner, std::string primary_sub,
                                   std::string mc_id) {
  auto by_sub =
      co_await read_partner_user(context, tenant, partner, PartnerUserKind::PrimarySub, std::move(primary_sub));
  if (!by_sub.failed_with(Code::PartnerUserUnknown) || mc_id.empty()) co_return by_sub;
  auto by_mc_id = co_await read_partner_user(context, tenant, partner, PartnerUserKind::PrimaryMcId, mc_id);
  co_return by_mc_id;
}

// requested AND known here AND allowed to the client AND in the agreement AND had at home AND the user is entitled to it.
Result<std::vector<std::string>> scopes_for(const Asked& asked, const tenants::Tenant& tenant,
                                            const identity::Client& client, const Accepted& accepted,
                                            const identity::User& user) {
  const Partner& partner = accepted.partner->partner;
  const auto& at_home = accepted.token.scopes;
  // As for a sign-in, which asks for openid, too; but there is no sign-in here and no ID token.
  identity::ScopeList requested(asked.scopes.begin(), asked.scopes.end());
  requested.push_back(kOpenid);
  CLAVIGER_TRY(allowed, identity::grant_to_client(requested, tenant, client));
  std::erase_if(allowed, [&](std::string_view scope) {
    return scope == kOpenid || !identity::contains_scope(partner.scopes, scope);
  });
  if (allowed.empty()) return Error{Code::ScopeNothing, "assertion.agreement"};
  std::erase_if(allowed, [&](std::string_view scope) { return at_home && !identity::contains_scope(*at_home, scope); });
  if (allowed.empty()) return Error{Code::ScopeNothing, "assertion.home"};
  CLAVIGER_TRY(granted, identity::grant_to_user(allowed, user));
  if (granted.empty()) return Error{Code::ScopeNothing, "assertion.user"};
  return std::vector<std::string>(granted.begin(), granted.end());
}

// The primary IDs for the services that were granted; one, or several with blanks between where they differ.
std::string primary_service_ids(const CheckedSecurityToken& token, const identity::McIdentities& granted) {
  std::string ids;
  const auto add = [&ids](std::string_view local, const std::string& primary) {
    if (local.empty() || primary.empty() || (' ' + ids + ' ').find(' ' + primary + ' ') != std::string::npos) return;
    if (!ids.empty()) ids += ' ';
    ids += primary;
  };
  add(granted.mcptt_id, token.mcptt_id);
  add(granted.mcvideo_id, token.mcvideo_id);
  add(granted.mcdata_id, token.mcdata_id);
  return ids;
}

Result<identity::Session> session_of(const identity::ExtensionCall& call, const Accepted& accepted,
                                     const identity::User& user, std::vector<std::string> scopes,
                                     const std::string& ue_id) {
  Context& context = *call.context;
  const Partner& partner = accepted.partner->partner;
  const CheckedSecurityToken& token = accepted.token;
  const settings::Lifetimes& lifetimes = context.snapshot->settings->lifetimes;
  identity::Session session;
  CLAVIGER_TRY(id, context.tokens->random_id());
  session.sid.assign(id.data(), id.size());
  session.sub = user.sub;
  session.client_id = call.client->client_id;
  session.ue_id = ue_id;
  session.primary_mc_service_id = primary_service_ids(token, identity::identities_for(scopes, user));
  session.scopes = std::move(scopes);
  session.acr = acr_here(partner, token.acr);
  // When he came here, not when he signed in at home: what ends his sign-ins here (User::not_before) counts from this.
  const WallTime now = context.shard.wall();
  session.auth_time = numeric_date(now);
  session.created_at = session.auth_time;
  session.last_used_at = session.auth_time;
  // Without a refresh token it is as long as its access token.
  const Seconds life =
      partner.gives_refresh_tokens ? std::min(partner.session_max, lifetimes.session_absolute) : lifetimes.access_token;
  session.expires_at = numeric_date(now + life);
  if (token.session_expires_at != 0) session.expires_at = std::min(session.expires_at, token.session_expires_at);
  session.rotated_at_ms = now.time_since_epoch().count();
  // Who got a bound token at home gets no bearer token for it here.
  session.certificate_digest = call.certificate_digest.empty() ? token.certificate_digest : call.certificate_digest;
  session.dpop_key = call.dpop_key;
  session.source = call.request->peer->address;
  session.refresh_salt.resize(kSaltBytes);
  CLAVIGER_TRY(salted, context.tokens->random().fill(std::as_writable_bytes(std::span(session.refresh_salt))));
  session.partner = partner.name;
  session.primary_issuer = partner.issuer;
  session.primary_sub = token.origin.sub;
  return session;
}

Task<Result<identity::GrantedSession>> start_session(const identity::ExtensionCall* call, const Asked* asked,
                                                     const Accepted* accepted) {
  Context* context = call->context;
  const Partner& partner = accepted->partner->partner;
  identity::ExtensionCall renewed = *call;  // with the client as it stands
  call = &renewed;
  for (int tries = 0; tries < identity::kConflictTriesMax; ++tries) {
    // 1. Who he is here.
    CLAVIGER_CO_TRY(mapped, co_await map_user(context, call->tenant, partner.name, accepted->token.origin.sub,
                                              accepted->token.mc_id));
    auto user = co_await identity::read_user(context, call->tenant, mapped.sub);
    if (user.failed_with(Code::UserUnknown)) co_return Error{Code::PartnerUserUnknown, "assertion.user"};
    if (!user) co_return user.error();
    if (user->status != identity::UserStatus::Enabled) co_return Error{Code::PartnerUserUnknown, "assertion.user"};
    CLAVIGER_CO_TRY(signed_in, co_await check_sign_in(call, user->sub, acr_here(partner, accepted->token.acr)));
    // 2. What he gets here.
    const broker::TenantView* tenant = context->snapshot->find(call->tenant);
    if (tenant == nullptr) co_return Error{Code::Closed, "assertion.tenant"};
    CLAVIGER_CO_TRY(scopes, scopes_for(*asked, tenant->tenant, *call->client, *accepted, *user));
    CLAVIGER_CO_TRY(aimed, identity::aimed_at(tenant->tenant, scopes, asked->resources));
    CLAVIGER_CO_TRY(consented, co_await check_consent(call, user->sub, scopes));
    CLAVIGER_CO_TRY(session, session_of(*call, *accepted, *user, std::move(scopes), asked->on_ue));
    // 3. The rules of the UE, and how many sessions he may have. Off the UE's home: its record and rows are expected.
    identity::Admission admission;
    if (!asked->on_ue.empty()) {
      CLAVIGER_CO_TRY(admitted, co_await identity::admit_on_ue(context, call->tenant, asked->on_ue, session.sub,
                                                               session.client_id));
      admission = std::move(admitted);
    }
    std::vector<std::string> leaving;
    for (const identity::Session& replaced : admission.replaced) leaving.push_back(replaced.sid);
    CLAVIGER_CO_TRY(over, co_await identity::find_over_limit(context, call->tenant, session.sub, std::move(leaving)));
    // 4. Once, and only while agreement, mapping, user and client stand: the partner may have been asked for its keys since
    // the client showed who it is, and whoever disables it looks for its sessions once.
    auto claimed = co_await claim_origin(context, call->tenant, partner.name, accepted->token.origin, session.sid,
                                         accepted->token.expires_at, session.expires_at);
    if (!claimed) co_return claimed.error();
    storage::Transaction transaction = *std::move(claimed);
    transaction.expect_version(tables::kPartners, partner_key(call->tenant, partner.name), partner.version);
    transaction.expect_version(tables::kPartnerUsers,
                               partner_user_key(call->tenant, partner.name, mapped.kind, mapped.id), mapped.version);
    transaction.expect_version(tables::kUsers, identity::user_key(call->tenant, user->sub), user->version);
    transaction.expect_version(tables::kClients, identity::client_key(call->tenant, call->client->client_id),
                               call->client->version);
    transaction.expect_absent(tables::kSessions, identity::session_key(call->tenant, session.sid));
    identity::put_session(transaction, call->tenant, session, context->snapshot->settings->lifetimes.session_idle);
    transaction.put(tables::kUserSessions, identity::user_session_key(call->tenant, session.sub, session.sid), {},
                    session.expires_at);
    CLAVIGER_CO_TRY(admits, identity::add_admission(*context, transaction, call->tenant, admission, session));
    CLAVIGER_CO_TRY(bounded, identity::add_over_limit(*context, transaction, call->tenant, over, *user));
    auto committed = co_await context->store.commit(std::move(transaction));
    if (committed.failed_with(Code::Conflict)) {
      CLAVIGER_CO_TRY(client, co_await identity::client_as_it_stands(context, call->tenant, call->client->client_id));
      if (!client->may_assert) co_return Error{Code::GrantNotAllowed, "assertion.client"};
      renewed.client = std::move(client);
      continue;
    }
    if (!committed) co_return committed.error();

    CLAVIGER_CO_TRY(replaced,
                    co_await identity::publish_admission(context, call->tenant, std::move(admission), session));
    CLAVIGER_CO_TRY(ended, co_await identity::publish_over_limit(context, call->tenant, std::move(over)));
    context->figures->sessions_started.add();
    identity::GrantedSession granted;
    const identity::McIdentities identities = identity::identities_for(aimed.scopes, *user);
    granted.mcptt_id = identities.mcptt_id;
    granted.mcvideo_id = identities.mcvideo_id;
    granted.mcdata_id = identities.mcdata_id;
    granted.scopes = std::move(aimed.scopes);
    granted.audiences = std::move(aimed.audiences);
    granted.val_user_ids = user->val_user_ids;
    granted.gives_refresh_token = partner.gives_refresh_tokens;
    granted.access_token_life = call->client->access_token_life;
    granted.subject = identity::subject_for(context->identity->subject_mac(), call->tenant, *call->client, session.sub);
    granted.session = std::move(session);
    co_return granted;
  }
  // The agreement was changed meanwhile: what we checked is no longer what is said.
  co_return Error{Code::Conflict, "assertion"};
}

}  // namespace

Task<Result<http::Response>> redeem_assertion(Partners* partners, const identity::ExtensionCall* call) {
  Context* context = call->context;
  CLAVIGER_CO_TRY(asked, read_asked(*call->form));
  {
    const broker::TenantView* tenant = context->snapshot->find(call->tenant);
    if (tenant == nullptr || !identity::are_known_resources(tenant->tenant, asked.resources)) {
      co_return Error{Code::TargetUnknown, "assertion.resource"};
    }
  }
  // As for a sign-in here: a UE that is named must be proved (spec 3.2).
  CLAVIGER_CO_TRY(proved, co_await identity::ue_of_keys(
                              context, call->tenant, identity::ue_certificate(*call->request->peer), call->dpop_key));
  CLAVIGER_CO_TRY(named, identity::name_ue(call->tenant, proved, asked.ue_id, {}));
  CLAVIGER_CO_TRY(on_ue, identity::settle_ue(named, proved));
  asked.on_ue = std::move(on_ue);
  auto accepted = co_await accept(partners, call, asked.assertion);
  if (!accepted) {
    context->shard.logger().warning("partner.refused", {{"tenant", call->tenant},
                                                        {"client", call->client->client_id},
                                                        {"code", name_of(accepted.error().code)},
                                                        {"where", accepted.error().where}});
    co_return accepted.error();
  }
  const Asked* wanted = &asked;
  const Accepted* checked = &*accepted;
  auto granted = co_await start_session(call, wanted, checked);
  const PrimaryOrigin& origin = accepted->token.origin;
  if (!granted) {
    context->shard.logger().warning("partner.refused", {{"tenant", call->tenant},
                                                        {"client", call->client->client_id},
                                                        {"partner", accepted->partner->partner.name},
                                                        {"primary_sub", origin.sub},
                                                        {"primary_jti", origin.jti},
                                                        {"code", name_of(granted.error().code)},
                                                        {"where", granted.error().where}});
    co_return granted.error();
  }
  context->shard.logger().info("partner.accepted", {{"tenant", call->tenant},
                                                    {"client", call->client->client_id},
                                                    {"partner", accepted->partner->partner.name},
                                                    {"primary_issuer", accepted->partner->partner.issuer},
                                                    {"primary_sub", origin.sub},
                                                    {"primary_jti", origin.jti},
                                                    {"sub", granted->session.sub},
                                                    {"sid", granted->session.sid}});
  identity::GrantedSession* grantee = &*granted;
  CLAVIGER_CO_TRY(val, co_await identity::add_val_claims(context, call->tenant, call->client->profile, grantee));
  // Nothing but VAL services was asked for, and no VAL server has provisioned him: nobody gets that session.
  if (granted->scopes.empty()) co_return Error{Code::ScopeNothing, "assertion.val"};
  auto response =
      co_await identity::session_response(context, call->tenant, *std::move(granted), identity::IdToken::No);
  co_return response;
}

}  // namespace claviger::partners
