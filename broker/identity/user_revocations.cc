#include "broker/identity/user_revocations.h"

#include <algorithm>
#include <utility>

#include "broker/identity/client_procedures.h"
#include "broker/identity/identity_shard.h"
#include "broker/identity/pairwise_subject.h"
#include "broker/identity/session_records.h"
#include "broker/identity/user_records.h"
#include "broker/tables.h"
#include "broker/tokens/revocations.h"
#include "broker/tokens/token_shard.h"

namespace claviger::identity {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

namespace {

struct Names {
  std::vector<std::string> clients;   // looked at
  std::vector<std::string> subjects;  // each once
  std::vector<std::string> sids;
};

void add_once(std::vector<std::string>& names, std::string name) {
  if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
}

Task<Result<Unit>> add_names(Context* context, std::string tenant, std::string sub, std::string sid, Names* names) {
  auto session = co_await read_session(context, tenant, sid);
  if (session.failed_with(Code::SessionUnknown)) {
    if (tokens_may_outlive_sessions(*context)) names->sids.push_back(std::move(sid));
    co_return Unit{};
  }
  if (!session) co_return session.error();
  if (session->state != SessionState::Active) co_return Unit{};  // its sid was revoked when it ended
  if (std::ranges::find(names->clients, session->client_id) != names->clients.end()) co_return Unit{};
  names->clients.push_back(session->client_id);
  auto client = co_await find_client(context, tenant, session->client_id);
  if (client.failed_with(Code::ClientUnknown)) {
    names->clients.pop_back();
    names->sids.push_back(std::move(sid));  // what it called him, nobody knows any more
    co_return Unit{};
  }
  if (!client) co_return client.error();
  add_once(names->subjects, subject_for(context->identity->subject_mac(), tenant, *client, sub));
  co_return Unit{};
}

// Of all his sessions.
Task<Result<Names>> names_of(Context* context, std::string tenant, std::string sub) {
  Names names;
  Names* const found = &names;
  names.subjects.push_back(sub);
  std::string after;
  do {
    CLAVIGER_CO_TRY(ids,
                    co_await read_session_ids(context, tables::kUserSessions, tenant, sub, after, kSessionsPerPage));
    for (std::size_t i = 0; i < ids.sids.size(); ++i) {
      CLAVIGER_CO_TRY(added, co_await add_names(context, tenant, sub, ids.sids[i], found));
    }
    after = std::move(ids.next);
  } while (!after.empty());
  co_return std::move(names);
}

}  // namespace

bool tokens_may_outlive_sessions(const Context& context) {
  return context.tokens->revocation_kept() > context.snapshot->settings->lifetimes.session_idle;
}

Task<Result<std::vector<tokens::Revocation>>> revocations_of_user(Context* context, std::string tenant,
                                                                  std::string sub) {
  CLAVIGER_CO_TRY(names, co_await names_of(context, tenant, std::move(sub)));
  CLAVIGER_CO_TRY(view, tenant_of(*context, tenant));
  if (names.subjects.size() > kRevocationsPerCommit) names.subjects.resize(kRevocationsPerCommit);
  std::vector<tokens::Revocation> revocations;
  revocations.reserve(names.subjects.size());
  for (const std::string& name : names.subjects)
    revocations.push_back(tokens::revocation_of_user(*context, *view, name));
  co_return std::move(revocations);
}

Task<Result<Unit>> revoke_the_rest(Context* context, std::string tenant, std::string sub,
                                   std::vector<tokens::Revocation> done) {
  CLAVIGER_CO_TRY(names, co_await names_of(context, tenant, std::move(sub)));
  std::erase_if(names.subjects, [&done](const std::string& name) {
    return std::ranges::find(done, name, &tokens::Revocation::id) != done.end();
  });
  std::vector<tokens::Revocation> rest;
  {
    CLAVIGER_CO_TRY(view, tenant_of(*context, tenant));
    for (const std::string& name : names.subjects) rest.push_back(tokens::revocation_of_user(*context, *view, name));
    for (const std::string& sid : names.sids) rest.push_back(tokens::revocation_of_session(*context, *view, sid));
  }
  for (std::size_t from = 0; from < rest.size(); from += kRevocationsPerCommit) {
    const std::size_t to = std::min(from + kRevocationsPerCommit, rest.size());
    storage::Transaction transaction;
    std::vector<tokens::Revocation> page(rest.begin() + static_cast<std::ptrdiff_t>(from),
                                         rest.begin() + static_cast<std::ptrdiff_t>(to));
    for (const tokens::Revocation& revocation : page) tokens::add_revocation(transaction, tenant, revocation);
    CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(transaction)));
    CLAVIGER_CO_TRY(published, co_await tokens::publish_revocations(context, std::move(page)));
  }
  co_return Unit{};
}

}  // namespace claviger::identity
