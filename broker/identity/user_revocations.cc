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

}  // namespace

bool tokens_may_outlive_sessions(const Context& context) {
  return context.tokens->revocation_kept() > context.snapshot->settings->lifetimes.session_idle;
}

Task<Result<std::vector<tokens::Revocation>>> revocations_of_user(Context* context, std::string tenant,
                                                                  std::string sub) {
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
  CLAVIGER_CO_TRY(view, tenant_of(*context, tenant));
  std::vector<tokens::Revocation> revocations;
  revocations.reserve(names.subjects.size() + names.sids.size());
  for (const std::string& name : names.subjects)
    revocations.push_back(tokens::revocation_of_user(*context, *view, name));
  for (const std::string& sid : names.sids) revocations.push_back(tokens::revocation_of_session(*context, *view, sid));
  co_return revocations;
}

}  // namespace claviger::identity
