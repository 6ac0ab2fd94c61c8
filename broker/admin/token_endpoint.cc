#include "broker/admin/endpoints.h"
#include "broker/admin/object_reader.h"
#include "broker/admin/session_json.h"
#include "broker/identity/authenticators/browser_session.h"
#include "broker/identity/refresh_token.h"
#include "broker/identity/session_procedures.h"
#include "broker/identity/user_procedures.h"
#include "broker/tokens/revocations.h"
#include "broker/tokens/token_shard.h"
#include "core/codec/base64url.h"
#include "core/codec/json_writer.h"
#include "core/crypto/hmac.h"

namespace claviger::admin {
namespace {

using runtime::Task;

// What a compact JWS says of itself, believed by nobody: for people who look at it.
struct Unverified {
  std::string header;  // JSON objects, checked to be such
  std::string payload;
  std::string issuer;
  std::string sid;
  std::string sub;
  std::int64_t expires = 0;
};

Result<std::string> decoded_object(std::string_view segment) {
  std::string text(codec::base64url_decoded_size_max(segment.size()), '\0');
  CLAVIGER_TRY(size, codec::base64url_decode(segment, std::as_writable_bytes(std::span(text.data(), text.size()))));
  text.resize(size);
  codec::JsonReader reader;
  CLAVIGER_TRY(value, reader.parse(text));
  CLAVIGER_TRY(object, value.as_object());
  return text;
}

Result<Unverified> read_unverified(std::string_view token) {
  const std::size_t first = token.find('.');
  const std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos) return Error{Code::TokenSegments, "token"};
  Unverified read;
  CLAVIGER_TRY(header, decoded_object(token.substr(0, first)));
  CLAVIGER_TRY(payload, decoded_object(token.substr(first + 1, second - first - 1)));
  codec::JsonReader reader;
  CLAVIGER_TRY(value, reader.parse(payload));
  CLAVIGER_TRY(claims, value.as_object());
  const auto text_at = [&claims](std::string_view name) -> std::string {
    const auto text = claims.string_at(name);
    return text ? std::string(*text) : std::string();
  };
  read.issuer = text_at("iss");
  read.sid = text_at("sid");
  read.sub = text_at("sub");
  const auto expires = claims.find("exp");
  const auto date = expires ? expires->as_numeric_date() : Result<std::int64_t>(Error{Code::JsonMissing, {}});
  read.expires = date ? *date : 0;
  read.header = std::move(header);
  read.payload = std::move(payload);
  return read;
}

// A sid as we make them. What an unverified token says goes nowhere near a key of the store unless it has this form.
bool is_session_id(std::string_view text) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return text.size() == tokens::kRandomIdCharacters && text.find_first_not_of(kAlphabet) == std::string_view::npos;
}

const broker::TenantView* tenant_of_issuer(const broker::Snapshot& snapshot, std::string_view issuer) {
  for (const auto& [name, view] : snapshot.tenants) {
    if (view.tenant.issuer == issuer) return &view;
  }
  return nullptr;
}

Result<std::string> token_in(Call& call) {
  codec::JsonReader reader;
  CLAVIGER_TRY(object, body_object(call, reader));
  std::string token;
  ObjectReader members(object);
  members.read("token", token).require("token");
  const auto wrong = members.wrong();
  reader.wipe();
  if (wrong || token.empty()) return Error{Code::BadValue, "token"};
  return token;
}

// The session a token belongs to and the login of its user, as one JSON object; empty: there is none.
Task<std::string> session_json(broker::Context* context, std::string tenant, std::string sid) {
  std::string text;
  auto session = co_await identity::find_session(context, tenant, std::move(sid));
  if (!session) co_return text;
  auto user = co_await identity::find_user(context, std::move(tenant), session->sub);
  codec::JsonWriter json(text);
  json.begin_object().member("sid", session->sid).member("state", name_of(session->state));
  json.member("sub", session->sub).member("login", user ? std::string_view(user->login) : std::string_view());
  json.member("client_id", session->client_id).member("expires_at", session->expires_at);
  json.member("refresh_generation", session->refresh_generation).end_object();
  co_return text;
}

// A refresh token that is one of ours, with its session. NotFound: it is nobody's.
struct KnownRefresh {
  std::string tenant;
  identity::RefreshToken token;
  identity::Session session;
};
Task<Result<KnownRefresh>> find_refresh(broker::Context* context, identity::RefreshToken token) {
  std::vector<std::string> tenants;  // the snapshot may change while we wait
  for (const auto& [name, view] : context->snapshot->tenants) tenants.push_back(name);
  for (std::string& tenant : tenants) {
    auto session = co_await identity::find_session(context, tenant, token.sid);
    if (!session && session.error().code == Code::SessionUnknown) continue;
    if (!session) co_return session.error();
    const crypto::HmacSha256 mac(context->keys.refresh.reveal());
    if (!identity::is_genuine(token, mac, tenant, *session)) continue;
    KnownRefresh known{std::move(tenant), std::move(token), *std::move(session)};
    co_return known;
  }
  co_return Error{Code::NotFound, "token.refresh"};
}

std::string_view why_refresh_is_bad(const KnownRefresh& known, std::int64_t now) {
  if (known.session.state != identity::SessionState::Active) return name_of(Code::SessionEnded);
  if (known.session.expires_at <= now) return name_of(Code::SessionEnded);
  if (known.token.generation != known.session.refresh_generation) return name_of(Code::RefreshReused);
  return {};
}

Task<Answer> inspect_refresh(Call* call, identity::RefreshToken token) {
  auto known = co_await find_refresh(call->at(), std::move(token));
  std::string text;
  codec::JsonWriter json(text);
  if (!known && known.error().code != Code::NotFound) co_return known.error();
  if (!known) {
    json.begin_object().member("kind", "refresh token").member("state", "bad");
    json.member("why", name_of(Code::RefreshInvalid)).end_object();
    co_return Answer(std::move(text));
  }
  call->target = known->tenant + "/session/" + known->session.sid;
  const std::string_view why = why_refresh_is_bad(*known, numeric_date(call->context.shard.wall()));
  std::string session = co_await session_json(call->at(), known->tenant, known->session.sid);
  json.begin_object().member("kind", "refresh token").member("state", why.empty() ? "good" : "bad");
  if (!why.empty()) json.member("why", why);
  json.member("tenant", known->tenant).member("generation", known->token.generation);
  if (!session.empty()) json.name("session").raw(session);
  json.end_object();
  co_return Answer(std::move(text));
}

Task<Answer> inspect(Call* call) {
  CLAVIGER_CO_TRY(token, token_in(*call));
  if (auto refresh = identity::parse_refresh_token(token)) {
    Answer answer = co_await inspect_refresh(call, *std::move(refresh));
    co_return answer;
  }
  auto read = read_unverified(token);
  if (!read) co_return Answer(Code::BadValue, "that is neither an access token, an ID token nor a refresh token");
  const broker::TenantView* tenant = tenant_of_issuer(*call->context.snapshot, read->issuer);
  Error refused{Code::TokenIssuer, {}};
  bool is_good = false;
  if (tenant != nullptr && tenant->tenant.is_enabled) {
    const auto verified = call->context.tokens->verify_own(*tenant, token);
    is_good = verified.has_value();
    if (!verified) refused = verified.error();
  }
  const std::string tenant_name = tenant == nullptr ? std::string() : tenant->tenant.name;
  std::string session;
  if (!tenant_name.empty() && is_session_id(read->sid))
    session = co_await session_json(call->at(), tenant_name, read->sid);
  call->target = tenant_name + "/user/" + read->sub;

  std::string text;
  codec::JsonWriter json(text);
  json.begin_object().member("kind", "token").member("state", is_good ? "good" : "bad");
  if (!is_good) json.member("why", name_of(refused.code));
  if (!tenant_name.empty()) json.member("tenant", tenant_name);
  json.name("header").raw(read->header).name("claims").raw(read->payload);
  const std::int64_t left = read->expires - numeric_date(call->context.shard.wall());
  if (is_good) json.member("expires_in", left);
  if (!session.empty()) json.name("session").raw(session);
  json.end_object();
  co_return Answer(std::move(text));
}

Task<Answer> revoke_refresh(Call* call, identity::RefreshToken token) {
  auto known = co_await find_refresh(call->at(), std::move(token));
  if (!known) co_return known.error();
  call->target = known->tenant + "/session/" + known->session.sid;
  // As session.revoke: else the browser has another session without asking its user.
  auto over =
      co_await identity::end_browser_sign_in(call->at(), known->tenant, known->session.sub, known->session.auth_time);
  if (!over) co_return over.error();
  auto done =
      co_await identity::end_session(call->at(), known->tenant, known->session.sid, identity::SessionState::Revoked);
  if (!done) co_return done.error();
  std::string text;
  codec::JsonWriter json(text);
  json.begin_object()
      .member("state", "revoked")
      .member("kind", "refresh token")
      .member("sid", known->session.sid)
      .end_object();
  co_return Answer(std::move(text));
}

Task<Answer> revoke(Call* call) {
  CLAVIGER_CO_TRY(token, token_in(*call));
  if (auto refresh = identity::parse_refresh_token(token)) {
    Answer answer = co_await revoke_refresh(call, *std::move(refresh));
    co_return answer;
  }
  const auto read = read_unverified(token);
  if (!read) co_return Answer(Code::BadValue, "that is neither an access token nor a refresh token");
  const broker::TenantView* tenant = tenant_of_issuer(*call->context.snapshot, read->issuer);
  if (tenant == nullptr || !tenant->tenant.is_enabled) co_return Answer(Code::NotFound, "no tenant of ours issued it");
  const auto verified = call->context.tokens->verify_own(*tenant, token);
  if (!verified) {
    co_return Answer(Code::BadValue,
                     "nothing to revoke: it is refused already (" + std::string(name_of(verified.error().code)) + ")");
  }
  const std::string jti((*verified)->jti);
  const std::string name = tenant->tenant.name;
  call->target = name + "/jti/" + jti;
  std::vector<tokens::Revocation> revocations{tokens::revocation_of_token(call->context, *tenant, jti)};
  storage::Transaction change;
  tokens::add_revocation(change, name, revocations.front());
  auto committed = co_await call->context.store.commit(std::move(change));
  if (!committed) co_return committed.error();
  auto published = co_await tokens::publish_revocations(call->at(), std::move(revocations));
  if (!published) co_return published.error();
  call->context.figures->revocations.add();
  std::string text;
  codec::JsonWriter json(text);
  json.begin_object().member("state", "revoked").member("kind", "token").member("jti", jti).end_object();
  co_return Answer(std::move(text));
}

}  // namespace

void add_token_verbs(http::Router& router, AdminServices& services) {
  using http::Method;
  add_verb(router, services, {Method::Post, "/tokens/inspect", "token.inspect", Effect::ReadsSecrets, inspect});
  add_verb(router, services, {Method::Post, "/tokens/revoke", "token.revoke", Effect::Changes, revoke});
}

}  // namespace claviger::admin
