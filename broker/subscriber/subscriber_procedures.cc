#include "broker/subscriber/subscriber_procedures.h"

#include <algorithm>
#include <set>

#include "broker/identity/identity_shard.h"
#include "broker/record_key.h"
#include "broker/subscriber/subscriber_edit.h"
#include "broker/subscriber/subscriber_loading.h"
#include "broker/tables.h"
#include "core/runtime/call.h"
#include "storage/page.h"

namespace claviger::subscriber {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

// A draft does not go through a copyable lambda.
using SharedDraft = std::shared_ptr<const SubscriberDraft>;

// What his S-CSCF has to hear of a change, into the same transaction: who has none any more is let go (RTR), of the others
// the profile may be another one (PPR).
Result<Unit> put_notice(SipDatabase* database, storage::Transaction& transaction, const std::string& tenant,
                        const Edited& edited) {
  ServerNotices* notices = database->notices();
  if (notices == nullptr || edited.former_server.is_empty()) return Unit{};
  const bool is_ended = edited.subscriber.server.is_empty();
  return notices->put(transaction, is_ended ? Notice::EndOfRegistration : Notice::NewProfile, tenant, edited.subscriber,
                      edited.former_server);
}
void wake(SipDatabase* database) {
  if (database->notices() != nullptr) database->notices()->wake();
}

Task<Result<Subscriber>> edit_at_home(SipDatabase* database, std::string tenant, std::string private_identity,
                                      SharedDraft draft, Edit edit) {
  auto turn = co_await database->shard().turns.take(home_name_of(tenant, private_identity));
  if (!turn) co_return turn.error();
  for (int tries = 0; tries < identity::kConflictTriesMax; ++tries) {
    storage::Transaction transaction;
    storage::Transaction* into = &transaction;
    const SubscriberDraft* said = draft.get();
    CLAVIGER_CO_TRY(edited, co_await edit_subscriber(database, tenant, said, edit, into));
    if (!edited.is_changed) co_return std::move(edited.subscriber);
    const std::string key = subscriber_key(tenant, private_identity);
    CLAVIGER_CO_TRY(noted, put_notice(database, transaction, tenant, edited));
    auto committed = co_await database->here().store.commit(std::move(transaction));
    database->forget_subscriber(key);
    if (committed) {
      wake(database);
      co_return std::move(edited.subscriber);
    }
    if (!committed.failed_with(Code::Conflict)) co_return committed.error();
  }
  co_return Error{Code::Conflict, "subscriber"};
}

Task<Result<Subscriber>> edit(SipDatabase* database, std::string tenant, SubscriberDraft draft, Edit kind) {
  CLAVIGER_CO_TRY(private_identity, canonical_private_identity(draft.private_identity));
  runtime::Shard* home = &database->home_of(tenant, private_identity);
  auto shared = std::make_shared<const SubscriberDraft>(std::move(draft));
  auto start = [database, tenant = std::move(tenant), private_identity, shared, kind] {
    return edit_at_home(database, tenant, private_identity, shared, kind);
  };
  auto done = co_await runtime::call_on(home, std::move(start));
  co_return done;
}

Task<Result<Subscriber>> remove_at_home(SipDatabase* database, std::string tenant, std::string private_identity) {
  auto turn = co_await database->shard().turns.take(home_name_of(tenant, private_identity));
  if (!turn) co_return turn.error();
  const std::string key = subscriber_key(tenant, private_identity);
  for (int tries = 0; tries < identity::kConflictTriesMax; ++tries) {
    CLAVIGER_CO_TRY(before, co_await read_subscriber(&database->here(), tenant, private_identity));
    storage::Transaction transaction;
    transaction.expect_version(tables::kSubscribers, key, before.version);
    transaction.erase(tables::kSubscribers, key);
    Edited edited;
    edited.former_server = before.server;
    edited.subscriber = before;
    edited.subscriber.server = ServerState();
    CLAVIGER_CO_TRY(noted, put_notice(database, transaction, tenant, edited));
    for (const std::string& identity : before.public_identities) {
      transaction.erase(tables::kPublicIdentities, public_identity_key(tenant, identity));
    }
    auto committed = co_await database->here().store.commit(std::move(transaction));
    database->forget_subscriber(key);
    if (committed) {
      wake(database);
      co_return before;
    }
    if (!committed.failed_with(Code::Conflict)) co_return committed.error();
  }
  co_return Error{Code::Conflict, "subscriber"};
}

Task<Result<Unit>> forget_at_home(SipDatabase* database, std::string tenant, std::string private_identity) {
  // With his turn: nobody is just about to bring to hand what was read before the change.
  auto turn = co_await database->shard().turns.take(home_name_of(tenant, private_identity));
  if (!turn) co_return turn.error();
  database->forget_subscriber(subscriber_key(tenant, private_identity));
  co_return Unit{};
}

// His home forgets what it knew of each.
Task<Result<Unit>> forget(SipDatabase* database, std::string tenant, std::vector<std::string> private_identities) {
  for (const std::string& private_identity : private_identities) {
    runtime::Shard* home = &database->home_of(tenant, private_identity);
    auto start = [database, tenant, private_identity] { return forget_at_home(database, tenant, private_identity); };
    CLAVIGER_CO_TRY(done, co_await runtime::call_on(home, std::move(start)));
  }
  co_return Unit{};
}

struct Line {
  std::size_t index = 0;
  SubscriberDraft draft;
  bool is_refused = false;
  Error refused{Code::Internal, ""};
  bool is_new = false;
  bool is_changed = false;
};
using Lines = std::vector<Line>;

void refuse(Line& line, Error why) {
  line.is_refused = true;
  line.refused = why;
}

// Identities that an earlier line of the batch wants, too: which of them is meant, nobody knows.
void refuse_repetitions(Lines& lines) {
  std::set<std::string> seen;
  for (Line& line : lines) {
    std::vector<std::string> names;
    const auto private_identity = canonical_private_identity(line.draft.private_identity);
    if (!private_identity) {
      refuse(line, private_identity.error());
      continue;
    }
    names.push_back(*private_identity);
    if (line.draft.public_identities) {
      for (const std::string& text : *line.draft.public_identities) {
        if (auto identity = canonical_public_identity(text)) names.push_back(*std::move(identity));
      }
    }
    if (std::ranges::any_of(names, [&](const std::string& name) { return seen.contains(name); })) {
      refuse(line, {Code::Duplicate, "import.batch"});
      continue;
    }
    seen.insert(names.begin(), names.end());
  }
}

bool is_about_the_line(Code code) {
  return code == Code::SubscriberTaken || code == Code::SubscriberInvalid || code == Code::AkaKeyInvalid ||
         code == Code::Corrupt || code == Code::SchemaTooNew || code == Code::SealBroken;
}

// lines[from, to) in one transaction. Conflict: somebody changes the same subscribers at the same time.
Task<Result<Unit>> commit_lines(SipDatabase* database, std::string tenant, Lines* lines, std::size_t from,
                                std::size_t to) {
  for (int tries = 0; tries < identity::kConflictTriesMax; ++tries) {
    storage::Transaction transaction;
    std::vector<std::string> changed;
    for (std::size_t i = from; i < to; ++i) {
      Line* line = &(*lines)[i];
      if (line->is_refused) continue;
      storage::Transaction own;
      storage::Transaction* into = &own;
      const SubscriberDraft* draft = &line->draft;
      auto edited = co_await edit_subscriber(database, tenant, draft, Edit::CreateOrChange, into);
      if (!edited) {
        if (!is_about_the_line(edited.error().code)) co_return edited.error();
        refuse(*line, edited.error());
        continue;
      }
      line->is_new = edited->is_new;
      line->is_changed = edited->is_changed;
      if (!edited->is_changed) continue;
      if (!edited->is_new) changed.push_back(edited->subscriber.private_identity);
      CLAVIGER_CO_TRY(noted, put_notice(database, own, tenant, *edited));
      transaction.append(std::move(own));
    }
    if (transaction.empty()) co_return Unit{};
    auto committed = co_await database->here().store.commit(std::move(transaction));
    if (committed) {
      wake(database);
      auto forgotten = co_await forget(database, tenant, std::move(changed));
      co_return forgotten;
    }
    if (!committed.failed_with(Code::Conflict)) co_return committed.error();
  }
  co_return Error{Code::Conflict, "import"};
}

}  // namespace

Task<Result<Subscriber>> add_subscriber(SipDatabase* database, std::string tenant, SubscriberDraft draft) {
  return edit(database, std::move(tenant), std::move(draft), Edit::Create);
}
Task<Result<Subscriber>> change_subscriber(SipDatabase* database, std::string tenant, SubscriberDraft draft) {
  return edit(database, std::move(tenant), std::move(draft), Edit::Change);
}

Task<Result<Subscriber>> remove_subscriber(SipDatabase* database, std::string tenant, std::string private_identity) {
  CLAVIGER_CO_TRY(canonical, canonical_private_identity(private_identity));
  runtime::Shard* home = &database->home_of(tenant, canonical);
  auto start = [database, tenant = std::move(tenant), canonical] {
    return remove_at_home(database, tenant, canonical);
  };
  auto done = co_await runtime::call_on(home, std::move(start));
  co_return done;
}

Task<Result<Subscriber>> find_subscriber(SipDatabase* database, std::string tenant, std::string identity) {
  Context* context = &database->here();
  auto private_identity = canonical_private_identity(identity);
  if (!private_identity || identity.find(':') != std::string::npos) {
    auto public_identity = canonical_public_identity(identity);
    if (!public_identity) co_return Error{Code::SubscriberUnknown, "subscriber"};
    std::string wanted = *std::move(public_identity);
    auto owner = co_await find_private_identity(context, tenant, std::move(wanted));
    if (owner.failed_with(Code::PublicIdentityUnknown)) co_return Error{Code::SubscriberUnknown, "subscriber"};
    if (!owner) co_return owner.error();
    private_identity = *std::move(owner);
  }
  co_return co_await read_subscriber(context, std::move(tenant), *std::move(private_identity));
}

Task<Result<SubscriberPage>> list_subscribers(Context* context, std::string tenant, std::string after,
                                              std::size_t limit) {
  const std::string prefix = broker::record_prefix({tenant});
  std::string from = prefix;
  if (!after.empty()) from = prefix + after + '\0';
  CLAVIGER_CO_TRY(rows,
                  co_await context->store.range(tables::kSubscribers, from, broker::record_prefix_end(prefix), limit));
  SubscriberPage page;
  for (const storage::Record& row : rows) {
    CLAVIGER_CO_TRY(subscriber, decode_subscriber(row.value, std::string_view(row.key).substr(prefix.size())));
    page.subscribers.push_back(std::move(subscriber));
  }
  if (storage::is_full_page(rows, limit)) page.next = page.subscribers.back().private_identity;
  co_return page;
}

Task<Result<SubscriberImportReport>> import_subscribers(SipDatabase* database, std::string tenant,
                                                        std::vector<SubscriberDraft> drafts) {
  if (drafts.size() > kSubscriberImportMax) co_return Error{Code::TooLarge, "import.batch"};
  Lines lines(drafts.size());
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    lines[i].index = i;
    lines[i].draft = std::move(drafts[i]);
  }
  refuse_repetitions(lines);
  Lines* all = &lines;
  auto committed = co_await commit_lines(database, tenant, all, 0, lines.size());
  if (!committed && !committed.failed_with(Code::Conflict)) co_return committed.error();
  if (!committed) {
    // One by one, so that the line somebody else is busy with is named and the others are not lost.
    for (std::size_t i = 0; i < lines.size(); ++i) {
      auto alone = co_await commit_lines(database, tenant, all, i, i + 1);
      if (alone) continue;
      if (!alone.failed_with(Code::Conflict)) co_return alone.error();
      refuse(lines[i], alone.error());
    }
  }
  SubscriberImportReport report;
  for (const Line& line : lines) {
    if (line.is_refused) {
      report.refused.push_back({line.index, line.refused});
    } else if (line.is_new) {
      ++report.created;
    } else if (line.is_changed) {
      ++report.updated;
    } else {
      ++report.unchanged;
    }
  }
  co_return report;
}

}  // namespace claviger::subscriber
