#include "broker/identity/consent.h"

#include <algorithm>
#include <limits>

#include "broker/identity/authorization_code.h"
#include "broker/identity/authorization_request.h"
#include "broker/identity/client_authentication.h"
#include "broker/identity/consent_generated.h"
#include "broker/identity/identity_shard.h"
#include "broker/identity/requested_claims.h"
#include "broker/identity/scope_grant.h"
#include "broker/identity/session_procedures.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "core/runtime/call.h"
#include "storage/record.h"

namespace claviger::identity {
namespace {

constexpr storage::RecordSchema kSchema{"consents", 1};
namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

constexpr std::size_t kSessionsAtOnce = 64;

bool covers(const std::vector<std::string>& given, const std::vector<std::string>& wanted) {
  return std::ranges::all_of(wanted, [&](const std::string& scope) { return contains_scope(given, scope); });
}

// When the client was registered, who has that id now; far ahead when nobody has. A consent from before was somebody else's:
// an id is free again when its client is removed.
Task<Result<std::int64_t>> registered_at(Context* context, std::string tenant, std::string client_id) {
  const auto client = co_await context->identity->clients().find(std::move(tenant), std::move(client_id));
  if (client.failed_with(Code::ClientUnknown)) co_return std::numeric_limits<std::int64_t>::max();
  if (!client) co_return client.error();
  co_return (*client)->created_at;
}

Task<Result<AuthorizationCode>> read_waiting_code(Context* context, std::string tenant, std::string digest) {
  CLAVIGER_CO_TRY(code, co_await read_code(context, std::move(tenant), std::move(digest)));
  const bool is_waiting = code.session.empty() && code.expires_at > numeric_date(context->shard.wall());
  if (!is_waiting) co_return Error{Code::CodeInvalid, "consent.code"};
  co_return code;
}

storage::Transaction transaction_of(const Context& context, const std::string& tenant, AuthorizationCode code,
                                    Consent consent) {
  const std::int64_t now = numeric_date(context.shard.wall());
  storage::Transaction transaction;
  transaction.expect_version(tables::kCodes, code_key(tenant, code.digest), code.version);
  // A second answer to the same question does not make the code live longer.
  code.expires_at = std::min(code.expires_at, now + context.snapshot->settings->lifetimes.authorization_code.count());
  put_code(transaction, tenant, code, code.expires_at);
  const std::string consented = consent_key(tenant, code.sub, code.client_id);
  transaction.expect_version(tables::kConsents, consented, consent.version);
  for (const std::string& scope : scopes_with_claims(code.scopes, code.claims)) {
    if (!contains_scope(consent.scopes, scope)) consent.scopes.push_back(scope);
  }
  consent.given_at = now;
  transaction.put(tables::kConsents, consented, as_bytes(encode_consent(consent)));
  return transaction;
}

// As the client is registered now, its answer may go there.
Task<Result<Unit>> check_client(Context* context, std::string tenant, std::string client_id, std::string redirect_uri) {
  const auto client = co_await context->identity->clients().find(std::move(tenant), std::move(client_id));
  if (!client) co_return client.error();
  co_return check_destination(**client, redirect_uri);
}

Task<Result<Unit>> give_at_home(Context* context, std::string tenant, std::string digest) {
  auto turn = co_await context->identity->turns().take(home_name("code", tenant, digest));
  if (!turn) co_return turn.error();
  for (int tries = 0; tries < kConflictTriesMax; ++tries) {
    auto code = co_await read_waiting_code(context, tenant, digest);
    if (!code) co_return code.error();
    CLAVIGER_CO_TRY(checked, co_await check_client(context, tenant, code->client_id, code->redirect_uri));
    auto consent = co_await read_consent(context, tenant, code->sub, code->client_id);
    if (!consent) co_return consent.error();
    auto committed =
        co_await context->store.commit(transaction_of(*context, tenant, *std::move(code), *std::move(consent)));
    if (committed) co_return Unit{};
    if (!committed.failed_with(Code::Conflict)) co_return committed.error();
  }
  co_return Error{Code::Conflict, "consent"};
}

Task<Result<Unit>> refuse_at_home(Context* context, std::string tenant, std::string digest) {
  auto turn = co_await context->identity->turns().take(home_name("code", tenant, digest));
  if (!turn) co_return turn.error();
  auto code = co_await read_waiting_code(context, tenant, digest);
  if (code.failed_with(Code::CodeInvalid)) co_return Unit{};
  if (!code) co_return code.error();
  storage::Transaction transaction;
  transaction.expect_version(tables::kCodes, code_key(tenant, code->digest), code->version);
  // Dead, but not gone: nothing else comes of its interaction.
  code->expires_at = numeric_date(context->shard.wall());
  put_code(transaction, tenant, *code, code->expires_at);
  auto committed = co_await context->store.commit(std::move(transaction));
  if (!committed) co_return committed.error();
  co_return co_await check_client(context, tenant, code->client_id, code->redirect_uri);
}

// What the client has of this user ends with the consent it stands on.
Task<Result<Unit>> end_sessions_with(Context* context, std::string tenant, std::string sub, std::string client_id) {
  std::string after;
  do {
    auto page = co_await list_sessions(context, tenant, sub, after, kSessionsAtOnce);
    if (!page) co_return page.error();
    for (const Session& session : page->sessions) {
      if (session.client_id != client_id || session.state != SessionState::Active) continue;
      std::string sid = session.sid;
      auto ended = co_await end_session(context, tenant, std::move(sid), SessionState::Revoked);
      if (!ended && !ended.failed_with(Code::SessionUnknown)) co_return ended.error();
    }
    after = page->next;
  } while (!after.empty());
  co_return Unit{};
}

}  // namespace

std::string consent_key(std::string_view tenant, std::string_view sub, std::string_view client_id) {
  return broker::record_key({tenant, sub, client_id});
}

std::string encode_consent(const Consent& consent) {
  flatbuffers::FlatBufferBuilder builder(256);
  const auto scopes = storage::put_texts(builder, consent.scopes);
  schema::ConsentBuilder record(builder);
  record.add_schema_version(kSchema.version);
  record.add_scopes(scopes);
  record.add_given_at(consent.given_at);
  builder.Finish(record.Finish());
  return storage::finished(builder);
}

Result<Consent> decode_consent(const storage::Value& value, std::string_view client_id) {
  CLAVIGER_TRY(record, storage::FlatRecord<schema::Consent>::open(value, kSchema));
  Consent consent;
  consent.client_id = client_id;
  consent.scopes = storage::texts_of(record->scopes());
  consent.given_at = record->given_at();
  consent.version = value.version();
  return consent;
}

ConsentPolicy consent_policy_of(const settings::Settings& settings, const Client& client,
                                const std::vector<std::string_view>& scopes, bool asks_anew) {
  if (asks_anew) return ConsentPolicy::Always;
  const bool wants_scope = std::ranges::any_of(
      scopes, [&](std::string_view scope) { return contains_scope(settings.consent_scopes, scope); });
  return client.asks_consent || wants_scope ? ConsentPolicy::Once : ConsentPolicy::None;
}

Task<Result<Consent>> read_consent(Context* context, std::string tenant, std::string sub, std::string client_id) {
  auto value = co_await context->store.get(tables::kConsents, consent_key(tenant, sub, client_id));
  if (value.failed_with(Code::NotFound)) co_return Consent();
  if (!value) co_return value.error();
  CLAVIGER_CO_TRY(consent, decode_consent(*value, client_id));
  CLAVIGER_CO_TRY(since, co_await registered_at(context, std::move(tenant), std::move(client_id)));
  if (consent.given_at < since) consent.scopes.clear();
  co_return consent;
}

Task<Result<bool>> must_ask_consent(Context* context, std::string tenant, std::string sub, std::string client_id,
                                    ConsentPolicy policy, std::vector<std::string> scopes) {
  if (policy != ConsentPolicy::Once) co_return policy == ConsentPolicy::Always;
  auto consent = co_await read_consent(context, std::move(tenant), std::move(sub), std::move(client_id));
  if (!consent) co_return consent.error();
  co_return consent->version == 0 || !covers(consent->scopes, scopes);
}

Task<Result<Unit>> give_consent(Context* context, std::string tenant, std::string code_digest) {
  runtime::Shard* home = &context->home_of(home_name("code", tenant, code_digest));
  Context* there = &context->at(*home);
  auto start = [there, tenant = std::move(tenant), digest = std::move(code_digest)]() mutable {
    return give_at_home(there, std::move(tenant), std::move(digest));
  };
  co_return co_await runtime::call_on(home, std::move(start));
}

Task<Result<Unit>> refuse_consent(Context* context, std::string tenant, std::string code_digest) {
  runtime::Shard* home = &context->home_of(home_name("code", tenant, code_digest));
  Context* there = &context->at(*home);
  auto start = [there, tenant = std::move(tenant), digest = std::move(code_digest)]() mutable {
    return refuse_at_home(there, std::move(tenant), std::move(digest));
  };
  co_return co_await runtime::call_on(home, std::move(start));
}

Task<Result<std::vector<Consent>>> list_consents(Context* context, std::string tenant, std::string sub) {
  const std::string from = broker::record_prefix({tenant, sub});
  auto rows =
      co_await context->store.range(tables::kConsents, from, broker::record_prefix_end(from), kConsentsShownMax);
  if (!rows) co_return rows.error();
  std::vector<Consent> consents;
  for (const auto& row : *rows) {
    CLAVIGER_CO_TRY(consent, decode_consent(row.value, std::string_view(row.key).substr(from.size())));
    CLAVIGER_CO_TRY(since, co_await registered_at(context, tenant, consent.client_id));
    if (consent.given_at >= since) consents.push_back(std::move(consent));
  }
  co_return consents;
}

Task<Result<Unit>> revoke_consent(Context* context, std::string tenant, std::string sub, std::string client_id) {
  const std::string key = consent_key(tenant, sub, client_id);
  auto value = co_await context->store.get(tables::kConsents, key);
  if (!value) co_return value.error();
  storage::Transaction transaction;
  transaction.expect_version(tables::kConsents, key, value->version());
  transaction.erase(tables::kConsents, key);
  auto committed = co_await context->store.commit(std::move(transaction));
  if (!committed) co_return committed.error();
  co_return co_await end_sessions_with(context, std::move(tenant), std::move(sub), std::move(client_id));
}

}  // namespace claviger::identity
