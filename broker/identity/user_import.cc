#include "broker/identity/user_import.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <memory>
#include <set>
#include <string>

#include "broker/identity/authenticators/password_length.h"
#include "broker/identity/former_hash.h"
#include "broker/identity/identity_shard.h"
#include "broker/identity/password_pool.h"
#include "broker/identity/session_records.h"
#include "broker/identity/status_row.h"
#include "broker/identity/user_draft.h"
#include "broker/identity/user_records.h"
#include "broker/identity/user_revocations.h"
#include "broker/identity/user_update.h"
#include "broker/identity/val_identity.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "broker/tokens/revocations.h"
#include "broker/tokens/token_shard.h"
#include "core/runtime/scope.h"

namespace claviger::identity {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

// A user has at most one row of his own, one login row, four identities, the revocation of what he had and the digests
// of former hashes; one row more is of them all (status_row.h).
constexpr std::size_t kChunkMax = 2048;
static_assert(kChunkMax * 8 < storage::Transaction::kOperationsMax);

// One draft on its way.
struct Line {
  std::size_t index = 0;
  User user;  // as wanted; sub and dates are filled in when we know whether he exists
  SecretBytes password;
  std::string standing_hash;  // the user's, found to be of `password`; empty: it is not, or there is no plaintext
  std::vector<UserMember> left_out;
  std::string followed_sub;               // of the user whom this line enables or disables; empty: none
  std::string ended_sub;                  // of the user whose tokens this line ends; empty: none
  bool ends_sessions = false;             // and his sessions
  std::vector<tokens::Revocation> ended;  // what his tokens are revoked by
  Error refused{Code::Internal, ""};
  bool is_refused = false;
  enum class Outcome : std::uint8_t { Unchanged, Created, Updated } outcome = Outcome::Unchanged;
};
using Lines = std::vector<Line>;

void refuse(Line& line, Error why) {
  line.is_refused = true;
  line.refused = why;
}

bool is_about_the_line(Code code) {
  return code == Code::LoginTaken || code == Code::LoginInvalid || code == Code::McIdentityTaken ||
         code == Code::McIdentityInvalid || code == Code::PasswordInvalid || code == Code::Corrupt ||
         code == Code::SchemaTooNew;
}

// Names that an earlier line of the batch wants, too: which of them is meant, nobody knows.
void refuse_repetitions(Lines& lines) {
  std::set<std::string> seen;
  for (Line& line : lines) {
    if (line.is_refused) continue;
    std::vector<std::string> names{broker::record_key({"login", line.user.login})};
    for (const auto& [kind, identity] : identities_of(line.user)) {
      names.push_back(broker::record_key({kind == kValKind ? "val" : "mc", identity}));
    }
    if (std::ranges::any_of(names, [&](const std::string& name) { return seen.contains(name); })) {
      refuse(line, {Code::Duplicate, "import.batch"});
      continue;
    }
    seen.insert(names.begin(), names.end());
  }
}

Lines read_drafts(std::vector<UserDraft> drafts) {
  Lines lines(drafts.size());
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    lines[i].index = i;
    auto user = user_of(drafts[i]);
    if (!user) {
      refuse(lines[i], user.error());
      continue;
    }
    lines[i].user = *std::move(user);
    lines[i].password = std::move(drafts[i].password);
    lines[i].left_out = std::move(drafts[i].left_out);
  }
  refuse_repetitions(lines);
  return lines;
}

// Hashes the plaintext passwords with a few workers that share one position in the list. Lives in the frame that
// awaits all of them; its scope ends them when that frame is dropped.
struct Hashing {
  Context* context;
  std::string tenant;
  Lines* lines;
  std::size_t next = 0;
  std::optional<Error> failed;
  runtime::Scope workers;
};

struct Hashed {
  std::string hash;      // empty: `password` is not that of the user who is there, or there is none
  std::string standing;  // of the user who is there, when it is of the same password
};

// When the user who is there has this password nothing changes for him, and the same file signs nobody off; a hash with
// other parameters is renewed, as at a sign-in.
Task<Result<Hashed>> standing_hash(Context* context, std::string tenant, std::string login, SecretBytes password) {
  const auto sub = co_await read_login(context, tenant, std::move(login));
  if (sub.failed_with(Code::UserUnknown)) co_return Hashed();
  if (!sub) co_return sub.error();
  const auto user = co_await read_user(context, std::move(tenant), *sub);
  if (user.failed_with(Code::UserUnknown)) co_return Hashed();
  if (!user) co_return user.error();
  if (user->password_hash.empty()) co_return Hashed();
  auto verdict = co_await verify_password(context, std::move(password), user->password_hash);
  if (!verdict) co_return verdict.error();
  Hashed hashed;
  if (!verdict->is_right) co_return hashed;
  hashed.hash = verdict->new_hash.empty() ? user->password_hash : std::move(verdict->new_hash);
  hashed.standing = user->password_hash;
  co_return hashed;
}

Task<Result<Hashed>> hash_for(Context* context, std::string tenant, std::string login, SecretBytes password) {
  SecretBytes copy(password.reveal());
  CLAVIGER_CO_TRY(standing, co_await standing_hash(context, tenant, std::move(login), std::move(copy)));
  if (!standing.hash.empty()) co_return standing;
  const std::size_t characters = characters_of(password.reveal());
  CLAVIGER_CO_TRY(long_enough, co_await check_password_length(context, std::move(tenant), characters));
  CLAVIGER_CO_TRY(hash, co_await hash_password(context, std::move(password)));
  standing.hash = std::move(hash);
  co_return standing;
}

Task<void> hash_lines(Hashing* hashing) {
  while (hashing->next < hashing->lines->size() && !hashing->failed) {
    Line& line = (*hashing->lines)[hashing->next++];
    if (line.is_refused || line.password.empty()) continue;
    std::string login = line.user.login;
    auto hash = co_await hash_for(hashing->context, hashing->tenant, std::move(login), std::move(line.password));
    if (!hash && is_about_the_line(hash.error().code)) {
      refuse(line, hash.error());
    } else if (hash) {
      line.user.password_hash = std::move(hash->hash);
      line.standing_hash = std::move(hash->standing);
    } else {
      hashing->failed = hash.error();
    }
  }
}

Task<Result<Unit>> hash_passwords(Context* context, std::string tenant, Lines* lines) {
  Hashing hashing{.context = context,
                  .tenant = std::move(tenant),
                  .lines = lines,
                  .next = 0,
                  .failed = std::nullopt,
                  .workers = {}};
  for (std::size_t i = 0; i < context->hash_pool.threads(); ++i) {
    if (!hashing.workers.spawn(hash_lines(&hashing))) break;
  }
  co_await hashing.workers.close();
  if (hashing.failed) co_return *hashing.failed;
  co_return Unit{};
}

void keep(UserMember member, const User& existing, User& wanted) {
  switch (member) {
    case UserMember::DisplayName:
      wanted.display_name = existing.display_name;
      break;
    case UserMember::McId:
      wanted.mc_id = existing.mc_id;
      break;
    case UserMember::McpttId:
      wanted.mcptt_id = existing.mcptt_id;
      break;
    case UserMember::McvideoId:
      wanted.mcvideo_id = existing.mcvideo_id;
      break;
    case UserMember::McdataId:
      wanted.mcdata_id = existing.mcdata_id;
      break;
    case UserMember::Scopes:
      wanted.scopes = existing.scopes;
      break;
    case UserMember::Status:
      wanted.status = existing.status;
      break;
    case UserMember::ValUserIds:
      wanted.val_user_ids = existing.val_user_ids;
      break;
  }
}

// What is kept of an existing user: who he is, since when, what the draft leaves out, and his password unless the draft
// brings one.
void merge(const User& existing, const std::vector<UserMember>& left_out, User& wanted, std::int64_t now) {
  for (const UserMember member : left_out) keep(member, existing, wanted);
  wanted.sub = existing.sub;
  wanted.created_at = existing.created_at;
  wanted.not_before = existing.not_before;
  wanted.version = existing.version;
  wanted.password_changed_at = existing.password_changed_at;
  if (wanted.password_hash.empty()) {
    wanted.password_hash = existing.password_hash;
  } else if (wanted.password_hash != existing.password_hash) {
    wanted.password_changed_at = now;
  }
}

// His tokens end with this commit. Empty: he has no session, so there is nothing to end; not_before does for a code. A
// revocation for each of millions of users who never signed in would fill the set.
// `room`: of this commit, one at least; what it has not is revoked behind it (end_tokens).
Task<Result<std::vector<tokens::Revocation>>> add_end_of_tokens(Context* context, std::string tenant, std::string sub,
                                                                std::size_t room, storage::Transaction* transaction) {
  const std::string prefix = broker::record_prefix({tenant, sub});
  auto sessions = co_await context->store.range(tables::kUserSessions, prefix, broker::record_prefix_end(prefix), 1);
  if (!sessions) co_return sessions.error();
  if (sessions->empty()) co_return std::vector<tokens::Revocation>{};
  CLAVIGER_CO_TRY(revocations, co_await revocations_of_user(context, tenant, std::move(sub)));
  if (revocations.size() > room) revocations.resize(room);
  for (const tokens::Revocation& revocation : revocations) tokens::add_revocation(*transaction, tenant, revocation);
  co_return std::move(revocations);
}

// After the commit of lines[from, to): every shard knows, and the sessions say so.
Task<Result<Unit>> end_tokens(Context* context, std::string tenant, const Lines* lines, std::size_t from,
                              std::size_t to) {
  std::vector<tokens::Revocation> revocations;
  for (std::size_t i = from; i < to; ++i) std::ranges::copy((*lines)[i].ended, std::back_inserter(revocations));
  if (revocations.empty()) co_return Unit{};
  CLAVIGER_CO_TRY(published, co_await tokens::publish_revocations(context, std::move(revocations)));
  for (std::size_t i = from; i < to; ++i) {
    if ((*lines)[i].ended_sub.empty()) continue;
    if ((*lines)[i].ends_sessions) {
      CLAVIGER_CO_TRY(marked, co_await mark_sessions_revoked(context, tenant, (*lines)[i].ended_sub));
    } else {
      CLAVIGER_CO_TRY(rest, co_await revoke_the_rest(context, tenant, (*lines)[i].ended_sub, (*lines)[i].ended));
    }
  }
  co_return Unit{};
}

// What becomes of the user's hash when the line brings one.
enum class Password : std::uint8_t { Same, Renewed, Another };
Task<Result<Password>> compare_hash(Context* context, std::string tenant, const Line* line, const User* before,
                                    std::string brought) {
  if (brought.empty() || brought == before->password_hash) co_return Password::Same;
  if (before->password_hash.empty()) co_return Password::Another;
  if (line->standing_hash == before->password_hash) co_return Password::Renewed;
  CLAVIGER_CO_TRY(former, co_await is_former_hash(context, std::move(tenant), before->sub, before->password_hash,
                                                  std::move(brought)));
  co_return former ? Password::Same : Password::Another;
}

// Adds what this line needs to the transaction, and its outcome to the line. The line's user is a copy, because a
// Conflict starts it all again.
Task<Result<Unit>> add_line(Context* context, std::string tenant, Line* line,
                            std::shared_ptr<const NameDomains> domains, std::size_t room,
                            storage::Transaction* transaction) {
  User user = line->user;
  User before;
  const std::int64_t now = numeric_date(context->shard.wall());
  auto sub = co_await read_login(context, tenant, user.login);
  if (sub) {
    CLAVIGER_CO_TRY(existing, co_await read_user(context, tenant, *sub));
    before = std::move(existing);
    const User* kept = &before;
    CLAVIGER_CO_TRY(password, co_await compare_hash(context, tenant, line, kept, user.password_hash));
    if (password == Password::Same) user.password_hash = before.password_hash;
    if (password == Password::Renewed) {
      CLAVIGER_CO_TRY(remembered, co_await add_former_hash(context, tenant, before.sub, before.password_hash,
                                                           user.password_hash, transaction));
    }
    merge(before, line->left_out, user, now);
    line->outcome = Line::Outcome::Updated;
    const bool is_disabled = before.status == UserStatus::Enabled && user.status == UserStatus::Disabled;
    if (user.status != before.status) line->followed_sub = user.sub;
    line->ends_sessions = is_disabled || (password == Password::Another && !before.password_hash.empty());
    if (password == Password::Renewed) user.password_changed_at = before.password_changed_at;
    if (line->ends_sessions || takes_away(before, user)) {
      CLAVIGER_CO_TRY(ended, co_await add_end_of_tokens(context, tenant, user.sub, room, transaction));
      if (!ended.empty()) line->ended_sub = user.sub;
      // Not before the revocation, which was made after his sessions had been looked at.
      const std::int64_t since = ended.empty() ? now + 1 : ended.front().not_before;
      if (line->ends_sessions) user.not_before = std::max(user.not_before, since);
      line->ended = std::move(ended);
    }
  } else if (sub.failed_with(Code::UserUnknown)) {
    CLAVIGER_CO_TRY(id, context->tokens->random_id());
    user.sub.assign(id.data(), id.size());
    user.created_at = now;
    if (!user.password_hash.empty()) user.password_changed_at = now;
    line->outcome = Line::Outcome::Created;
  } else {
    co_return sub.error();
  }
  const std::uint64_t version = before.version;
  const std::string record = encode_user(user);
  if (version != 0 && record == encode_user(before)) {
    line->outcome = Line::Outcome::Unchanged;
    co_return Unit{};
  }
  const std::string key = user_key(tenant, user.sub);
  CLAVIGER_CO_TRY(names,
                  co_await claim_names_in(context, tenant, std::move(domains), std::move(user), std::move(before)));
  transaction->append(std::move(names));
  transaction->expect_version(tables::kUsers, key, version);
  transaction->put(tables::kUsers, key, as_bytes(record));
  co_return Unit{};
}

// What a line leaves out its user has already.
std::set<std::string, std::less<>> hosts_of(const Lines& lines, std::size_t from, std::size_t to) {
  std::set<std::string, std::less<>> hosts;
  for (std::size_t i = from; i < to; ++i) {
    if (!lines[i].is_refused) add_hosts(lines[i].user, hosts);
  }
  return hosts;
}

// lines[from, to), or as many of them as one commit may revoke tokens of, in one transaction; where to go on. Conflict:
// somebody changes the same users at the same time.
Task<Result<std::size_t>> commit_lines(Context* context, std::string tenant, Lines* lines, std::size_t from,
                                       std::size_t to) {
  for (int tries = 0; tries < kConflictTriesMax; ++tries) {
    storage::Transaction transaction;
    std::vector<std::string> followed;
    std::size_t room = kRevocationsPerCommit;
    auto hosts = hosts_of(*lines, from, to);
    CLAVIGER_CO_TRY(read, co_await read_name_domains(context, tenant, std::move(hosts)));
    const auto domains = std::make_shared<const NameDomains>(std::move(read));
    for (std::size_t i = from; i < to; ++i) {
      Line* line = &(*lines)[i];
      if (line->is_refused) continue;
      if (room == 0) {
        to = i;
        break;
      }
      line->ended_sub.clear();
      line->ended.clear();
      line->followed_sub.clear();
      auto added = co_await add_line(context, tenant, line, domains, room, &transaction);
      if (added) room -= line->ended.size();
      if (added && !line->followed_sub.empty()) followed.push_back(line->followed_sub);
      if (added) continue;
      if (!is_about_the_line(added.error().code)) co_return added.error();
      refuse(*line, added.error());
    }
    if (transaction.empty()) co_return to;
    guard_name_domains(transaction, tenant, *domains);
    CLAVIGER_CO_TRY(owed, put_status_row(*context, transaction, tenant, followed));
    auto committed = co_await context->store.commit(std::move(transaction));
    if (committed) {
      CLAVIGER_CO_TRY(ended, co_await end_tokens(context, tenant, lines, from, to));
      co_return to;
    }
    if (!committed.failed_with(Code::Conflict)) co_return committed.error();
  }
  co_return Error{Code::Conflict, "import"};
}

Task<Result<Unit>> commit_all(Context* context, std::string tenant, Lines* lines) {
  for (std::size_t from = 0; from < lines->size();) {
    const std::size_t to = std::min(from + kChunkMax, lines->size());
    auto committed = co_await commit_lines(context, tenant, lines, from, to);
    if (committed) {
      from = *committed;
      continue;
    }
    if (!committed.failed_with(Code::Conflict) && !committed.failed_with(Code::TooLarge)) co_return committed.error();
    // One by one, so that the line somebody else is busy with is named and the others are not lost.
    for (std::size_t i = from; i < to; ++i) {
      auto alone = co_await commit_lines(context, tenant, lines, i, i + 1);
      if (alone) continue;
      if (!alone.failed_with(Code::Conflict)) co_return alone.error();
      refuse((*lines)[i], alone.error());
    }
    from = to;
  }
  co_return Unit{};
}

ImportReport report_of(const Lines& lines) {
  ImportReport report;
  for (const Line& line : lines) {
    if (line.is_refused) {
      report.refused.push_back({line.index, line.refused});
      continue;
    }
    if (!line.followed_sub.empty()) report.followed.push_back(line.followed_sub);
    switch (line.outcome) {
      case Line::Outcome::Unchanged:
        ++report.unchanged;
        break;
      case Line::Outcome::Created:
        ++report.created;
        break;
      case Line::Outcome::Updated:
        ++report.updated;
        break;
    }
  }
  return report;
}

}  // namespace

Task<Result<ImportReport>> import_users(Context* context, std::string tenant, std::vector<UserDraft> drafts) {
  if (drafts.size() > kImportMax) co_return Error{Code::TooLarge, "import.batch"};
  CLAVIGER_CO_TRY(view, tenant_of(*context, tenant));
  Lines lines = read_drafts(std::move(drafts));
  CLAVIGER_CO_TRY(hashed, co_await hash_passwords(context, tenant, &lines));
  CLAVIGER_CO_TRY(committed, co_await commit_all(context, tenant, &lines));
  co_return report_of(lines);
}

}  // namespace claviger::identity
