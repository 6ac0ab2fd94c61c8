#include "broker/identity/session_records.h"

#include <algorithm>

#include "broker/identity/backchannel_rows.h"
#include "broker/identity/identity_shard.h"
#include "broker/identity/ue.h"
#include "broker/identity/user_records.h"
#include "broker/identity/user_revocations.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "broker/tokens/revocations.h"
#include "broker/tokens/token_shard.h"
#include "storage/page.h"

namespace claviger::identity {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

Task<Result<Session>> read_session(Context* context, std::string tenant, std::string sid) {
  if (sid.empty() || sid.find('\0') != std::string::npos) co_return Error{Code::SessionUnknown, "session.sid"};
  auto value = co_await context->store.get(tables::kSessions, session_key(tenant, sid));
  if (value.failed_with(Code::NotFound)) co_return Error{Code::SessionUnknown, "session.sid"};
  if (!value) co_return value.error();
  co_return decode_session(*value, sid);
}

std::int64_t record_expiry(const Session& session, Seconds idle) {
  return std::min(session.expires_at, session.last_used_at + idle.count());
}

void put_session(storage::Transaction& transaction, std::string_view tenant, const Session& session, Seconds idle) {
  transaction.put(tables::kSessions, session_key(tenant, session.sid), as_bytes(encode_session(session)),
                  record_expiry(session, idle));
}

Task<Result<SessionIds>> read_session_ids(Context* context, storage::TableId index, std::string tenant,
                                          std::string owner, std::string after, std::size_t limit) {
  const std::string prefix = broker::record_prefix({tenant, owner});
  const std::size_t count = std::clamp<std::size_t>(limit, 1, storage::kRangeMax);
  const std::string from = after.empty() ? prefix : prefix + after + '\0';
  auto rows = co_await context->store.range(index, from, broker::record_prefix_end(prefix), count);
  if (!rows) co_return rows.error();
  SessionIds ids;
  for (const storage::Record& row : *rows) ids.sids.push_back(row.key.substr(prefix.size()));
  if (storage::is_full_page(*rows, count)) ids.next = ids.sids.back();
  co_return ids;
}

namespace {

struct Ended {
  std::string sid;
  std::int64_t last_issued = 0;  // of its tokens; 0: not known
};

// By our clock then, which may have been ahead of what it is now.
std::int64_t last_issued(const Session& session) {
  return std::max({session.created_at, session.last_used_at, session.rotated_at_ms / 1000});
}

// What ends with these sessions. The user's not_before kills what was issued until now, by iat; a token that is being
// signed at this moment for a refresh that was committed just before gets a later iat: its sid kills it. Until its last
// token has ended: with a clock that is behind now and is put right afterwards, too.
Result<std::vector<tokens::Revocation>> revocations_of(const Context& context, std::string_view tenant,
                                                       const std::vector<Ended>& sessions) {
  CLAVIGER_TRY(view, tenant_of(context, tenant));
  std::vector<tokens::Revocation> revocations;
  revocations.reserve(sessions.size());
  const std::int64_t kept = context.tokens->revocation_kept().count();
  for (const Ended& each : sessions) {
    revocations.push_back(tokens::revocation_of_session(context, *view, each.sid));
    revocations.back().expires = std::max(revocations.back().expires, each.last_issued + kept);
  }
  return revocations;
}

// Commits what ends the sessions together with the revocations of these sids, and makes those known.
Task<Result<Unit>> commit_ending(Context* context, std::string tenant, storage::Transaction transaction,
                                 std::vector<Ended> ended, std::size_t sessions) {
  CLAVIGER_CO_TRY(revocations, revocations_of(*context, tenant, ended));
  for (const tokens::Revocation& revocation : revocations) tokens::add_revocation(transaction, tenant, revocation);
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(transaction)));
  context->figures->sessions_ended.add(sessions);
  co_return co_await tokens::publish_revocations(context, std::move(revocations));
}

}  // namespace

// A session that changed meanwhile makes it run again.
Task<Result<std::size_t>> end_these_sessions(Context* context, std::string tenant, std::vector<std::string> sids,
                                             SessionState state) {
  for (int tries = 0; tries < kConflictTriesMax; ++tries) {
    storage::Transaction transaction;
    std::vector<Ended> ended;
    std::size_t count = 0;
    for (std::size_t i = 0; i < sids.size(); ++i) {
      auto session = co_await read_session(context, tenant, sids[i]);
      if (session.failed_with(Code::SessionUnknown)) {  // its idle time is over, a token's life may not be
        if (tokens_may_outlive_sessions(*context)) ended.push_back({sids[i]});
        continue;
      }
      if (!session) co_return session.error();
      if (session->state != SessionState::Active) continue;
      session->state = state;
      transaction.expect_version(tables::kSessions, session_key(tenant, session->sid), session->version);
      put_session(transaction, tenant, *session, context->snapshot->settings->lifetimes.session_idle);
      if (!session->ue_id.empty()) {
        transaction.erase(tables::kUeSessions, ue_session_key(tenant, session->ue_id, sids[i]));
      }
      put_session_ended(transaction, tenant, *session, numeric_date(context->shard.wall()));
      ended.push_back({sids[i], last_issued(*session)});
      ++count;
    }
    if (ended.empty()) co_return std::size_t{0};
    auto committed = co_await commit_ending(context, tenant, std::move(transaction), std::move(ended), count);
    if (committed) co_return count;
    if (!committed.failed_with(Code::Conflict)) co_return committed.error();
  }
  co_return Error{Code::Conflict, "session.mark"};
}

Task<Result<std::size_t>> mark_sessions_revoked(Context* context, std::string tenant, std::string sub) {
  std::size_t count = 0;
  std::string after;
  do {
    CLAVIGER_CO_TRY(ids,
                    co_await read_session_ids(context, tables::kUserSessions, tenant, sub, after, kSessionsPerPage));
    CLAVIGER_CO_TRY(marked, co_await end_these_sessions(context, tenant, ids.sids, SessionState::Revoked));
    count += marked;
    after = std::move(ids.next);
  } while (!after.empty());
  co_return count;
}

Task<Result<Unit>> erase_sessions(Context* context, std::string tenant, std::string sub) {
  std::string after;
  do {
    CLAVIGER_CO_TRY(ids,
                    co_await read_session_ids(context, tables::kUserSessions, tenant, sub, after, kSessionsPerPage));
    if (ids.sids.empty()) break;
    storage::Transaction transaction;
    std::vector<Ended> ended;
    for (std::size_t i = 0; i < ids.sids.size(); ++i) {
      const std::string& sid = ids.sids[i];
      auto session = co_await read_session(context, tenant, sid);
      if (!session && !session.failed_with(Code::SessionUnknown)) co_return session.error();
      if (session && session->state == SessionState::Active) {
        put_session_ended(transaction, tenant, *session, numeric_date(context->shard.wall()));
      }
      ended.push_back({sid, session ? last_issued(*session) : 0});
      if (session && !session->ue_id.empty()) {
        transaction.erase(tables::kUeSessions, ue_session_key(tenant, session->ue_id, sid));
      }
      transaction.erase(tables::kSessions, session_key(tenant, sid));
      transaction.erase(tables::kUserSessions, user_session_key(tenant, sub, sid));
    }
    const std::size_t count = ended.size();
    CLAVIGER_CO_TRY(committed,
                    co_await commit_ending(context, tenant, std::move(transaction), std::move(ended), count));
    after = std::move(ids.next);
  } while (!after.empty());
  co_return Unit{};
}

}  // namespace claviger::identity
