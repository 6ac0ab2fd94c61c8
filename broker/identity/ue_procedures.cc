#include "broker/identity/ue_procedures.h"

#include <algorithm>

#include "broker/identity/authenticators/browser_session.h"
#include "broker/identity/identity_shard.h"
#include "broker/identity/session_records.h"
#include "broker/identity/ue_records.h"
#include "broker/identity/user_records.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "core/codec/base64url.h"
#include "core/codec/urn.h"
#include "core/codec/utf8.h"
#include "core/runtime/call.h"
#include "storage/page.h"

namespace claviger::identity {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

Result<Unit> check_thumbprints(const std::vector<std::string>& thumbprints, std::string_view where) {
  if (thumbprints.size() > kUeKeysMax) return Error{Code::TooMany, where};
  std::array<std::byte, 32> digest;
  for (const std::string& thumbprint : thumbprints) {
    if (thumbprint.size() != codec::base64url_encoded_size(digest.size()) ||
        !codec::base64url_decode(thumbprint, digest)) {
      return Error{Code::BadValue, where};
    }
    if (std::ranges::count(thumbprints, thumbprint) > 1) return Error{Code::Duplicate, where};
  }
  return Unit{};
}

Result<Unit> apply(const UeChange& change, Ue& ue) {
  const auto take = [](const auto& from, auto& to) {
    if (from) to = *from;
  };
  take(change.ue_class, ue.ue_class);
  take(change.name, ue.name);
  take(change.owner, ue.owner);
  take(change.is_lost, ue.is_lost);
  take(change.replaces_others, ue.replaces_others);
  take(change.max_users, ue.max_users);
  take(change.certificates, ue.certificates);
  take(change.dpop_keys, ue.dpop_keys);
  if (ue.name.size() > kUeNameBytesMax || !codec::is_utf8(ue.name)) return Error{Code::BadValue, "ue.name"};
  if (ue.max_users > kUeUsersMax) return Error{Code::BadValue, "ue.max_users"};
  CLAVIGER_TRY(certificates, check_thumbprints(ue.certificates, "ue.certificates"));
  return check_thumbprints(ue.dpop_keys, "ue.dpop_keys");
}

// The rows by which each key is one UE's, when the transaction commits.
struct KeyRows {
  std::vector<std::string> kept;  // this UE's already
  std::vector<std::string> gone;
  std::vector<std::string> fresh;
};
KeyRows rows_of(std::string_view tenant, const Ue& before, const Ue& after) {
  KeyRows rows;
  const auto compare = [&](std::string_view kind, const std::vector<std::string>& had,
                           const std::vector<std::string>& has) {
    for (const std::string& key : has) {
      auto& list = std::ranges::find(had, key) == had.end() ? rows.fresh : rows.kept;
      list.push_back(ue_credential_key(tenant, kind, key));
    }
    for (const std::string& key : had) {
      if (std::ranges::find(has, key) == has.end()) rows.gone.push_back(ue_credential_key(tenant, kind, key));
    }
  };
  compare(kUeCertificateKind, before.certificates, after.certificates);
  compare(kUeDpopKind, before.dpop_keys, after.dpop_keys);
  return rows;
}

// UeTaken when another UE has one of the keys.
Task<Result<Unit>> check_free(Context* context, std::vector<std::string> rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    auto value = co_await context->store.get(tables::kCredentialIds, rows[i]);
    if (value) co_return Error{Code::UeTaken, "ue.key"};
    if (!value.failed_with(Code::NotFound)) co_return value.error();
  }
  co_return Unit{};
}

storage::Transaction transaction_of(std::string_view tenant, const Ue& ue, const KeyRows& rows) {
  storage::Transaction transaction;
  const std::string key = ue_key(tenant, ue.ue_id);
  if (ue.version == 0) {
    transaction.expect_absent(tables::kUes, key);
  } else {
    transaction.expect_version(tables::kUes, key, ue.version);
  }
  transaction.put(tables::kUes, key, as_bytes(encode_ue(ue)));
  for (const std::string& row : rows.gone) transaction.erase(tables::kCredentialIds, row);
  for (const std::string& row : rows.fresh) {
    transaction.expect_absent(tables::kCredentialIds, row);
    transaction.put(tables::kCredentialIds, row, as_bytes(ue.ue_id));
  }
  return transaction;
}

enum class Edit : std::uint8_t { Create, Change, Remove };

// One of the three, at the UE's home. The result of Remove is what was there.
Task<Result<Ue>> edit_at_home(Context* context, std::string tenant, std::string ue_id, UeChange change, Edit edit) {
  auto turn = co_await context->identity->turns().take(home_name("ue", tenant, ue_id));
  if (!turn) co_return turn.error();
  for (int tries = 0; tries < kConflictTriesMax; ++tries) {
    Ue before;
    before.ue_id = ue_id;
    auto found = co_await read_ue(context, tenant, ue_id);
    if (!found && !found.failed_with(Code::UeUnknown)) co_return found.error();
    if (found && edit == Edit::Create) co_return Error{Code::UeTaken, "ue.id"};
    if (!found && edit != Edit::Create) co_return found.error();
    if (found) before = *std::move(found);
    Ue after = before;
    storage::Transaction transaction;
    if (edit == Edit::Remove) {
      Ue nothing;
      const KeyRows rows = rows_of(tenant, before, nothing);
      transaction.expect_version(tables::kUes, ue_key(tenant, ue_id), before.version);
      transaction.erase(tables::kUes, ue_key(tenant, ue_id));
      for (const std::string& row : rows.gone) transaction.erase(tables::kCredentialIds, row);
    } else {
      if (edit == Edit::Create) after.created_at = numeric_date(context->shard.wall());
      auto applied = apply(change, after);
      if (!applied) co_return applied.error();
      KeyRows rows = rows_of(tenant, before, after);
      auto free = co_await check_free(context, rows.fresh);
      if (!free) co_return free.error();
      transaction = transaction_of(tenant, after, rows);
    }
    auto committed = co_await context->store.commit(std::move(transaction));
    if (committed) {
      after.version = committed->sequence;
      co_return after;
    }
    if (!committed.failed_with(Code::Conflict)) co_return committed.error();
  }
  co_return Error{Code::Conflict, "ue.edit"};
}

Task<Result<Ue>> edit_ue(Context* context, std::string tenant, std::string ue_id, UeChange change, Edit edit) {
  if (!is_ue_id(ue_id)) co_return Error{edit == Edit::Create ? Code::BadValue : Code::UeUnknown, "ue.id"};
  ue_id = codec::canonical_urn(ue_id);
  if (change.owner && !change.owner->empty()) {
    auto owner = co_await read_user(context, tenant, *change.owner);
    if (!owner) co_return owner.error();
  }
  runtime::Shard* home = &context->home_of(home_name("ue", tenant, ue_id));
  Context* there = &context->at(*home);
  auto start = [there, tenant = std::move(tenant), ue_id = std::move(ue_id), change = std::move(change),
                edit]() mutable {
    return edit_at_home(there, std::move(tenant), std::move(ue_id), std::move(change), edit);
  };
  co_return co_await runtime::call_on(home, std::move(start));
}

}  // namespace

Task<Result<Ue>> create_ue(Context* context, std::string tenant, std::string ue_id, UeChange members) {
  return edit_ue(context, std::move(tenant), std::move(ue_id), std::move(members), Edit::Create);
}

Task<Result<Ue>> change_ue(Context* context, std::string tenant, std::string ue_id, UeChange change) {
  const bool is_lost = change.is_lost.value_or(false);
  auto ue = co_await edit_ue(context, tenant, ue_id, std::move(change), Edit::Change);
  if (!ue || !is_lost) co_return ue;
  // After the record: a sign-in that saw it unmarked has conflicted with it, or is in the index by now.
  auto ended = co_await end_sessions_of_ue(context, std::move(tenant), std::move(ue_id), SessionState::Revoked);
  if (!ended) co_return ended.error();
  co_return ue;
}

Task<Result<Unit>> remove_ue(Context* context, std::string tenant, std::string ue_id) {
  UeChange nothing;
  auto ue = co_await edit_ue(context, tenant, ue_id, std::move(nothing), Edit::Remove);
  if (!ue) co_return ue.error();
  auto ended = co_await end_sessions_of_ue(context, std::move(tenant), std::move(ue_id), SessionState::Revoked);
  if (!ended) co_return ended.error();
  co_return Unit{};
}

Task<Result<Ue>> find_ue(Context* context, std::string tenant, std::string ue_id) {
  return read_ue(context, std::move(tenant), std::move(ue_id));
}

Task<Result<UePage>> list_ues(Context* context, std::string tenant, std::string after, std::size_t limit) {
  const std::string prefix = broker::record_prefix({tenant});
  const std::size_t count = std::clamp<std::size_t>(limit, 1, storage::kRangeMax);
  const std::string from = after.empty() ? prefix : prefix + after + '\0';
  auto records = co_await context->store.range(tables::kUes, from, broker::record_prefix_end(prefix), count);
  if (!records) co_return records.error();
  UePage page;
  page.ues.reserve(records->size());
  for (const storage::Record& record : *records) {
    CLAVIGER_CO_TRY(ue, decode_ue(record.value, std::string_view(record.key).substr(prefix.size())));
    page.ues.push_back(std::move(ue));
  }
  if (storage::is_full_page(*records, count)) page.next = page.ues.back().ue_id;
  co_return page;
}

Task<Result<SessionPage>> list_sessions_of_ue(Context* context, std::string tenant, std::string ue_id,
                                              std::string after, std::size_t limit) {
  if (!is_ue_id(ue_id)) co_return Error{Code::BadValue, "ue.id"};
  ue_id = codec::canonical_urn(ue_id);
  CLAVIGER_CO_TRY(
      ids, co_await read_session_ids(context, tables::kUeSessions, tenant, std::move(ue_id), std::move(after), limit));
  SessionPage page;
  page.next = std::move(ids.next);
  for (std::size_t i = 0; i < ids.sids.size(); ++i) {
    auto session = co_await find_session(context, tenant, ids.sids[i]);
    if (session.failed_with(Code::SessionUnknown)) continue;
    if (!session) co_return session.error();
    page.sessions.push_back(*std::move(session));
  }
  co_return page;
}

Task<Result<std::size_t>> end_sessions_of_ue(Context* context, std::string tenant, std::string ue_id,
                                             SessionState state) {
  if (!is_ue_id(ue_id)) co_return Error{Code::BadValue, "ue.id"};
  ue_id = codec::canonical_urn(ue_id);
  // First where the next session would come from.
  auto browsers = co_await end_browser_sign_ins_on(context, tenant, ue_id);
  if (!browsers) co_return browsers.error();
  std::size_t count = 0;
  std::string after;
  do {
    auto ids = co_await read_session_ids(context, tables::kUeSessions, tenant, ue_id, after, kSessionsPerPage);
    if (!ids) co_return ids.error();
    auto ended = co_await end_these_sessions(context, tenant, ids->sids, state);
    if (!ended) co_return ended.error();
    count += *ended;
    after = std::move(ids->next);
  } while (!after.empty());
  co_return count;
}

}  // namespace claviger::identity
