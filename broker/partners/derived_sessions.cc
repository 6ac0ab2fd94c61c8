#include "broker/partners/derived_sessions.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "broker/identity/session_procedures.h"
#include "broker/identity/session_records.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "broker/tokens/verifier/verification_policy.h"
#include "storage/page.h"

namespace claviger::partners {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

// A page of derived sessions: each is ended by a commit of its own.
constexpr std::size_t kPage = 256;
// What was revoked must be known for as long as a security token from before may be shown: twice the longest life, for
// clocks that differ.
constexpr Seconds kMarkKept{1200};
// Whoever stole a key signs security tokens for as long as somebody believes in it; the partner says how long, within reason.
constexpr Seconds kKeyMarkKeptMax{90 * 24 * 3600};

struct Row {
  std::string sid;
  std::int64_t issued_at = 0;
};

std::string encode_row(std::string_view sid, std::int64_t issued_at) {
  return broker::record_key({sid, std::to_string(issued_at)});
}

std::optional<std::int64_t> number_in(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Result<Row> decode_row(std::string_view value) {
  const std::size_t separator = value.find('\0');
  if (separator == std::string_view::npos) return Error{Code::Corrupt, "partner_tokens"};
  const auto issued_at = number_in(value.substr(separator + 1));
  if (!issued_at) return Error{Code::Corrupt, "partner_tokens"};
  return Row{std::string(value.substr(0, separator)), *issued_at};
}

struct Mark {
  bool is_there = false;
  std::int64_t not_before = 0;
  std::uint64_t version = 0;
};

Task<Result<Mark>> read_mark(Context* context, std::string key) {
  auto value = co_await context->store.get(tables::kPartnerTokens, std::move(key));
  if (value.failed_with(Code::NotFound)) co_return Mark{};
  if (!value) co_return value.error();
  const auto not_before = number_in(value->text());
  if (!not_before) co_return Error{Code::Corrupt, "partner_tokens.mark"};
  co_return Mark{true, *not_before, value->version()};
}

std::string_view mark_kind(tokens::RevocationKind kind) {
  switch (kind) {
    case tokens::RevocationKind::Jti:
      return "dead-jti";
    case tokens::RevocationKind::Sid:
      return "dead-sid";
    case tokens::RevocationKind::Subject:
      return "dead-sub";
    case tokens::RevocationKind::Key:
      return "dead-kid";
  }
  return "dead-jti";
}

// The rows of sessions that hang on what was revoked.
std::string_view row_kind(tokens::RevocationKind kind) {
  switch (kind) {
    case tokens::RevocationKind::Jti:
      return "at";
    case tokens::RevocationKind::Sid:
      return "sid";
    case tokens::RevocationKind::Subject:
      return "sub";
    case tokens::RevocationKind::Key:
      return "kid";
  }
  return "at";
}

Task<Result<Unit>> end_one(Context* context, std::string tenant, std::string sid) {
  auto ended =
      co_await identity::end_session(context, std::move(tenant), std::move(sid), identity::SessionState::Revoked);
  if (!ended && !ended.failed_with(Code::SessionUnknown)) co_return ended.error();
  co_return Unit{};
}

// Sessions in the rows from `prefix` on, made from tokens with an iat before `before`. What cannot be ended keeps no other
// from it: the first error, after all have been tried.
Task<Result<Unit>> end_in_rows(Context* context, std::string tenant, std::string prefix, std::int64_t before) {
  const std::string end = broker::record_prefix_end(prefix);
  std::string from = prefix;
  Result<Unit> result = Unit{};
  for (bool is_last = false; !is_last;) {
    auto page = co_await context->store.range(tables::kPartnerTokens, from, end, kPage);
    if (!page) co_return page.error();
    for (std::size_t i = 0; i < page->size(); ++i) {
      auto row = decode_row((*page)[i].value.text());
      if (row && row->issued_at >= before) continue;
      Result<Unit> ended = row ? Result<Unit>(Unit{}) : Result<Unit>(row.error());
      if (row) ended = co_await end_one(context, tenant, std::move(row->sid));
      if (!ended && result) result = ended;
    }
    is_last = !storage::is_full_page(*page, kPage);
    if (!is_last) from = page->back().key + '\0';
  }
  co_return result;
}

Task<Result<Unit>> end_if_from(Context* context, std::string tenant, std::string partner, std::string sid) {
  auto session = co_await identity::find_session(context, tenant, sid);
  if (session.failed_with(Code::SessionUnknown)) co_return Unit{};
  if (!session) co_return session.error();
  if (session->partner != partner) co_return Unit{};
  co_return co_await end_one(context, std::move(tenant), std::move(sid));
}

bool is_usable(const tokens::Revocation& change, std::string_view issuer) {
  return change.issuer == issuer && !change.id.empty() && change.id.find('\0') == std::string::npos;
}

constexpr std::int64_t kAnyTime = std::numeric_limits<std::int64_t>::max();

Task<Result<Unit>> apply_one(Context* context, std::string tenant, std::string partner, tokens::Revocation change) {
  const std::int64_t before = change.kind == tokens::RevocationKind::Subject ? change.not_before : kAnyTime;
  std::string prefix = broker::record_prefix({tenant, partner, row_kind(change.kind), change.id});
  auto ended = co_await end_in_rows(context, tenant, std::move(prefix), before);
  if (change.kind != tokens::RevocationKind::Jti) co_return ended;
  // The security token itself.
  std::string key = broker::record_key({tenant, partner, "jti", change.id});
  auto value = co_await context->store.get(tables::kPartnerTokens, std::move(key));
  if (value.failed_with(Code::NotFound)) co_return ended;
  if (!value) co_return value.error();
  CLAVIGER_CO_TRY(row, decode_row(value->text()));
  auto own = co_await end_one(context, std::move(tenant), std::move(row.sid));
  co_return ended ? own : ended;
}

}  // namespace

Task<Result<storage::Transaction>> claim_origin(Context* context, std::string tenant, std::string partner,
                                                PrimaryOrigin origin, std::string sid, std::int64_t token_expires_at,
                                                std::int64_t session_expires_at) {
  storage::Transaction transaction;
  const std::string own_key = broker::record_key({tenant, partner, "jti", origin.jti});
  auto taken = co_await context->store.get(tables::kPartnerTokens, own_key);
  if (taken) co_return Error{Code::AssertionReplayed, "assertion.jti"};
  if (!taken.failed_with(Code::NotFound)) co_return taken.error();
  transaction.expect_absent(tables::kPartnerTokens, own_key);

  // Revoked there since it was signed? Whoever marks it dead at this moment makes our transaction fail.
  struct Question {
    std::string_view kind;
    std::string_view id;
  };
  const std::vector<Question> questions{{"dead-jti", origin.jti},
                                        {"dead-jti", origin.access_token_jti},
                                        {"dead-sid", origin.sid},
                                        {"dead-sub", origin.sub},
                                        {"dead-kid", origin.kid}};
  for (std::size_t i = 0; i < questions.size(); ++i) {
    if (questions[i].id.empty()) continue;
    std::string key = broker::record_key({tenant, partner, questions[i].kind, questions[i].id});
    CLAVIGER_CO_TRY(mark, co_await read_mark(context, key));
    const bool is_subject = questions[i].kind == "dead-sub";
    if (mark.is_there && (!is_subject || origin.issued_at < mark.not_before)) {
      co_return Error{Code::AssertionInvalid, "assertion.revoked"};
    }
    transaction.expect_version(tables::kPartnerTokens, key, mark.version);
  }

  const std::string row = encode_row(sid, origin.issued_at);
  // A verifier's leeway after exp the token is refused for its age: until then its jti must be known.
  const std::int64_t replay_until = token_expires_at + 2 * tokens::kLeewayMax.count();
  transaction.put(tables::kPartnerTokens, own_key, as_bytes(row), std::max(replay_until, session_expires_at));
  const std::vector<Question> rows{
      {"sid", origin.sid}, {"sub", origin.sub}, {"at", origin.access_token_jti}, {"kid", origin.kid}};
  for (const Question& each : rows) {
    if (each.id.empty()) continue;
    transaction.put(tables::kPartnerTokens, broker::record_key({tenant, partner, each.kind, each.id, sid}),
                    as_bytes(row), session_expires_at);
  }
  co_return transaction;
}

Task<Result<Unit>> end_derived_sessions(Context* context, std::string tenant, std::string partner, std::string sub) {
  std::string prefix = broker::record_prefix({tenant, partner, "jti"});
  if (sub.empty()) co_return co_await end_in_rows(context, std::move(tenant), std::move(prefix), kAnyTime);
  // Of one user by his own index: a partner's rows are those of all its users.
  Result<Unit> result = Unit{};
  std::string after;
  do {
    auto ids =
        co_await identity::read_session_ids(context, tables::kUserSessions, tenant, sub, std::move(after), kPage);
    if (!ids) co_return ids.error();
    for (std::size_t i = 0; i < ids->sids.size(); ++i) {
      auto ended = co_await end_if_from(context, tenant, partner, ids->sids[i]);
      if (!ended && result) result = ended;
    }
    after = std::move(ids->next);
  } while (!after.empty());
  co_return result;
}

Task<Result<Unit>> apply_partner_revocations(Context* context, std::string tenant, std::string partner,
                                             std::string issuer, std::vector<tokens::Revocation> changes) {
  std::erase_if(changes, [&](const tokens::Revocation& change) { return !is_usable(change, issuer); });
  if (changes.empty()) co_return Unit{};
  // First what keeps new sessions from being made, then the end of those that are there: none slips through.
  storage::Transaction marks;
  const WallTime now = context->shard.wall();
  for (const tokens::Revocation& change : changes) {
    std::int64_t until = numeric_date(now + kMarkKept);
    if (change.kind == tokens::RevocationKind::Key) {
      until = std::clamp(change.expires, until, numeric_date(now + kKeyMarkKeptMax));
    }
    marks.put(tables::kPartnerTokens, broker::record_key({tenant, partner, mark_kind(change.kind), change.id}),
              as_bytes(std::to_string(change.not_before)), until);
  }
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(marks)));
  Result<Unit> result = Unit{};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    auto applied = co_await apply_one(context, tenant, partner, changes[i]);
    if (!applied && result) result = applied;
  }
  co_return result;
}

}  // namespace claviger::partners
