#include "broker/identity/browser_sign_off.h"

#include <map>
#include <vector>

#include "broker/identity/authenticators/browser_session.h"
#include "broker/identity/client_authentication.h"
#include "broker/identity/id_token_hint.h"
#include "broker/identity/identity_shard.h"
#include "broker/identity/session_records.h"
#include "broker/identity/ue_procedures.h"

namespace claviger::identity {
namespace {

using broker::Context;
using runtime::Task;

// A client that is gone has nobody to keep a session for.
Task<Result<bool>> is_served(Context* context, std::string tenant, std::string client_id, std::string sub) {
  auto client = co_await context->identity->clients().find(tenant, client_id);
  if (client.failed_with(Code::ClientUnknown)) co_return true;
  if (!client) co_return client.error();
  CLAVIGER_CO_TRY(policy, co_await policy_for(context, std::move(tenant), std::move(client_id), std::move(sub)));
  co_return allows_browser_session(policy.browser_session, (*client)->profile);
}

}  // namespace

Task<Result<std::string>> who_signs_off(Context* context, std::string tenant, Interaction browser, std::string ue_id,
                                        ClientRef client, std::string subject) {
  CLAVIGER_CO_TRY(progress, decode_progress(browser.progress));
  if (ue_id.empty() || !is_hinted_user(*context, tenant, *client, subject, progress.sub)) co_return std::string();
  CLAVIGER_CO_TRY(over, co_await is_browser_session_over(context, std::move(tenant), std::move(browser), ue_id));
  if (over) co_return std::string();
  co_return std::move(progress.sub);
}

Task<Result<Unit>> end_sessions_served(Context* context, std::string tenant, std::string ue_id, std::string sub) {
  std::map<std::string, bool, std::less<>> served;  // by client: a page has few of them
  std::string after;
  do {
    auto page = co_await list_sessions_of_ue(context, tenant, ue_id, after, kSessionsPerPage);
    if (!page) co_return page.error();
    std::vector<std::string> sids;
    for (std::size_t i = 0; i < page->sessions.size(); ++i) {
      if (page->sessions[i].sub != sub) continue;
      std::string client_id = page->sessions[i].client_id;
      if (!served.contains(client_id)) {
        CLAVIGER_CO_TRY(is_one, co_await is_served(context, tenant, client_id, sub));
        served.emplace(client_id, is_one);
      }
      if (served.find(client_id)->second) sids.push_back(page->sessions[i].sid);
    }
    auto ended = co_await end_these_sessions(context, tenant, std::move(sids), SessionState::SignedOff);
    if (!ended) co_return ended.error();
    after = std::move(page->next);
  } while (!after.empty());
  co_return Unit{};
}

}  // namespace claviger::identity
