#include "broker/identity/client_procedures.h"

#include <algorithm>
#include <functional>

#include "broker/identity/client_authentication.h"
#include "broker/identity/client_draft.h"
#include "broker/identity/client_secret.h"
#include "broker/identity/former_client_secret.h"
#include "broker/identity/identity_shard.h"
#include "broker/identity/pairwise_subject.h"
#include "broker/identity/session_records.h"
#include "broker/identity/user_records.h"
#include "broker/record_key.h"
#include "broker/snapshot_publisher.h"
#include "broker/tables.h"
#include "broker/tokens/revocations.h"
#include "broker/tokens/token_life.h"
#include "broker/tokens/token_shard.h"
#include "core/runtime/call.h"
#include "storage/page.h"

namespace claviger::identity {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

// May run several times.
using ClientEdit = std::function<Result<Unit>(Client&, storage::Transaction&)>;

Task<Result<Client>> read_client(Context* context, std::string tenant, std::string client_id) {
  if (!is_client_id(client_id)) co_return Error{Code::ClientUnknown, "client.id"};
  auto value = co_await context->store.get(tables::kClients, client_key(tenant, client_id));
  if (value.failed_with(Code::NotFound)) co_return Error{Code::ClientUnknown, "client.id"};
  if (!value) co_return value.error();
  co_return decode_client(*value, client_id);
}

Task<void> forget_everywhere(Context* context, std::string tenant, std::string client_id) {
  std::function<void(Context&)> step = [tenant, client_id](Context& on) {
    on.identity->clients().forget(tenant, client_id);
  };
  auto shared_step = std::make_shared<const std::function<void(Context&)>>(std::move(step));
  co_await broker::on_every_shard(context, std::move(shared_step));
}

Task<Result<Client>> create_at_home(Context* context, std::string tenant, Client client) {
  const std::string key = client_key(tenant, client.client_id);
  storage::Transaction transaction;
  transaction.expect_absent(tables::kClients, key);
  transaction.put(tables::kClients, key, as_bytes(encode_client(client)));
  auto committed = co_await context->store.commit(std::move(transaction));
  if (committed.failed_with(Code::Conflict)) co_return Error{Code::ClientTaken, "client.id"};
  if (!committed) co_return committed.error();
  client.version = committed->sequence;
  // One of this name may have existed before and been removed: somebody may still be reading it.
  co_await forget_everywhere(context, tenant, client.client_id);
  co_return client;
}

// Requests that were under way when the client was disabled have made their sessions by the second time.
constexpr int kPassesMax = 3;

// One look at all sessions of the tenant; how many of them it ended.
Task<Result<std::size_t>> end_sessions_once(Context* context, std::string tenant, std::string client_id) {
  const std::string prefix = broker::record_prefix({tenant});
  const std::string end = broker::record_prefix_end(prefix);
  std::string from = prefix;
  std::size_t count = 0;
  for (bool is_last = false; !is_last;) {
    CLAVIGER_CO_TRY(page, co_await context->store.range(tables::kSessions, from, end, kSessionsPerPage));
    std::vector<std::string> sids;
    for (const storage::Record& row : page) {
      std::string sid = row.key.substr(prefix.size());
      const auto session = decode_session(row.value, sid);
      // One that nobody can read is nobody's; the others must end all the same.
      if (!session || session->state != SessionState::Active || session->client_id != client_id) continue;
      sids.push_back(std::move(sid));
    }
    is_last = !storage::is_full_page(page, kSessionsPerPage);
    if (!is_last) from = page.back().key + '\0';
    count += sids.size();
    if (sids.empty()) continue;
    CLAVIGER_CO_TRY(ended, co_await end_these_sessions(context, tenant, std::move(sids), SessionState::Revoked));
  }
  co_return count;
}

// Ends what the client has: its sessions one by one, and the tokens that it got for itself, whose subject it is.
Task<Result<Unit>> end_what_it_has(Context* context, std::string tenant, std::string client_id) {
  CLAVIGER_CO_TRY(view, tenant_of(*context, tenant));
  std::vector<tokens::Revocation> revocations{tokens::revocation_of_user(*context, *view, client_id)};
  storage::Transaction transaction;
  tokens::add_revocation(transaction, tenant, revocations.front());
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(transaction)));
  CLAVIGER_CO_TRY(published, co_await tokens::publish_revocations(context, std::move(revocations)));
  for (int pass = 0; pass < kPassesMax; ++pass) {
    CLAVIGER_CO_TRY(ended, co_await end_sessions_once(context, tenant, client_id));
    if (ended == 0) break;
  }
  co_return Unit{};
}

enum class Issued : bool { Keep, End };

// With an edit that is empty the client is removed. What it has ends after the change, when no shard takes it for enabled any
// more; the debt is the record itself: a disabled client that is disabled, or removed, once more.
Task<Result<Client>> change_at_home(Context* context, std::string tenant, std::string client_id, ClientEdit edit,
                                    Issued issued) {
  auto turn = co_await context->identity->turns().take(home_name("client", tenant, client_id));
  if (!turn) co_return turn.error();
  for (int tries = 0; tries < kConflictTriesMax; ++tries) {
    CLAVIGER_CO_TRY(client, co_await read_client(context, tenant, client_id));
    const std::string key = client_key(tenant, client_id);
    storage::Transaction transaction;
    transaction.expect_version(tables::kClients, key, client.version);
    if (edit) {
      CLAVIGER_CO_TRY(edited, edit(client, transaction));
      transaction.put(tables::kClients, key, as_bytes(encode_client(client)));
    } else {
      transaction.erase(tables::kClients, key);
      erase_former_secret(transaction, tenant, client_id);  // the next of this name has its own
    }
    auto committed = co_await context->store.commit(std::move(transaction));
    if (committed.failed_with(Code::Conflict)) continue;
    if (!committed) co_return committed.error();
    client.version = committed->sequence;
    co_await forget_everywhere(context, tenant, client_id);
    if (issued == Issued::End) {
      CLAVIGER_CO_TRY(ended, co_await end_what_it_has(context, tenant, client_id));
    }
    co_return client;
  }
  co_return Error{Code::Conflict, "client.change"};
}

Task<Result<Client>> change_at(Context* context, std::string tenant, std::string client_id, ClientEdit edit,
                               Issued issued = Issued::Keep) {
  if (!is_client_id(client_id)) co_return Error{Code::ClientUnknown, "client.id"};
  runtime::Shard* home = &context->home_of(home_name("client", tenant, client_id));
  Context* there = &context->at(*home);
  auto start = [there, tenant = std::move(tenant), client_id = std::move(client_id), edit = std::move(edit),
                issued]() mutable {
    return change_at_home(there, std::move(tenant), std::move(client_id), std::move(edit), issued);
  };
  co_return co_await runtime::call_on(home, std::move(start));
}

}  // namespace

Task<Result<CreatedClient>> create_client(Context* context, std::string tenant, ClientDraft draft) {
  CLAVIGER_CO_TRY(view, tenant_of(*context, tenant));
  CLAVIGER_CO_TRY(client, client_of(draft));
  if (client.client_id.empty()) {
    CLAVIGER_CO_TRY(id, context->tokens->random_id());
    client.client_id.assign(id.data(), id.size());
  }
  // Before there can be such a token, revocations are kept for as long as it may live.
  if (client.access_token_life > Seconds{0}) {
    CLAVIGER_CO_TRY(allowed, co_await tokens::allow_access_token_life(context, client.access_token_life));
  }
  client.created_at = numeric_date(context->shard.wall());
  SecretBytes secret;
  if (client.authentication == ClientAuthentication::SecretBasic) {
    CLAVIGER_CO_TRY(made, make_client_secret());
    client.secret_mac = client_secret_mac(context->identity->client_mac(), tenant, client.client_id, made.reveal());
    secret = std::move(made);
  }
  runtime::Shard* home = &context->home_of(home_name("client", tenant, client.client_id));
  Context* there = &context->at(*home);
  auto start = [there, tenant = std::move(tenant), client = std::move(client)]() mutable {
    return create_at_home(there, std::move(tenant), std::move(client));
  };
  CLAVIGER_CO_TRY(created, co_await runtime::call_on(home, std::move(start)));
  CreatedClient result;
  result.client = std::move(created);
  result.secret = std::move(secret);
  co_return result;
}

Task<Result<Client>> change_client(Context* context, std::string tenant, std::string client_id, ClientChange change) {
  if (const Seconds life = change.access_token_life.value_or(Seconds{0}); life != Seconds{0}) {
    auto allowed = co_await tokens::allow_access_token_life(context, life);
    if (allowed.failed_with(Code::OutOfRange)) co_return Error{Code::ClientMetadata, "client.access_token_life"};
    if (!allowed) co_return allowed.error();
  }
  ClientEdit edit = [change = std::move(change)](Client& client, storage::Transaction&) -> Result<Unit> {
    const std::string sector = client.has_pairwise_subject ? sector_of(client) : std::string();
    CLAVIGER_TRY(applied, apply_change(change, client));
    // Its living tokens call users by names of the former sector, by which nobody could revoke them any more: they end
    // first, when the client is disabled.
    const bool is_renaming = !sector.empty() && (!client.has_pairwise_subject || sector_of(client) != sector);
    if (is_renaming && client.is_enabled) return Error{Code::ClientMetadata, "client.sector.while_enabled"};
    return Unit{};
  };
  co_return co_await change_at(context, std::move(tenant), std::move(client_id), std::move(edit));
}

Task<Result<SecretBytes>> rotate_client_secret(Context* context, std::string tenant, std::string client_id) {
  return rotate_client_secret_with_overlap(context, std::move(tenant), std::move(client_id), Seconds{0});
}

Task<Result<SecretBytes>> rotate_client_secret_with_overlap(Context* context, std::string tenant, std::string client_id,
                                                            Seconds overlap) {
  if (overlap < Seconds{0} || overlap > kSecretOverlapMax) co_return Error{Code::OutOfRange, "client.secret_overlap"};
  const std::int64_t until = numeric_date(context->shard.wall()) + overlap.count();
  CLAVIGER_CO_TRY(secret, make_client_secret());
  const auto mac = client_secret_mac(context->identity->client_mac(), tenant, client_id, secret.reveal());
  ClientEdit edit = [mac, tenant, overlap, until](Client& client, storage::Transaction& transaction) -> Result<Unit> {
    if (client.authentication != ClientAuthentication::SecretBasic) {
      return Error{Code::ClientMetadata, "client.authentication"};
    }
    if (overlap > Seconds{0} && client.secret_mac) {
      put_former_secret(transaction, tenant, client.client_id, *client.secret_mac, until);
    } else {
      erase_former_secret(transaction, tenant, client.client_id);
    }
    client.secret_mac = mac;
    return Unit{};
  };
  CLAVIGER_CO_TRY(changed, co_await change_at(context, std::move(tenant), std::move(client_id), std::move(edit)));
  co_return std::move(secret);
}

Task<Result<Unit>> set_client_enabled(Context* context, std::string tenant, std::string client_id, bool is_enabled) {
  ClientEdit edit = [is_enabled](Client& client, storage::Transaction&) {
    client.is_enabled = is_enabled;
    return Result<Unit>(Unit{});
  };
  const Issued issued = is_enabled ? Issued::Keep : Issued::End;
  CLAVIGER_CO_TRY(changed,
                  co_await change_at(context, std::move(tenant), std::move(client_id), std::move(edit), issued));
  co_return Unit{};
}

Task<Result<Unit>> remove_client(Context* context, std::string tenant, std::string client_id) {
  // As long as something of it lives, it is there, so that whoever failed half way can ask again.
  CLAVIGER_CO_TRY(disabled, co_await set_client_enabled(context, tenant, client_id, false));
  ClientEdit nothing;
  CLAVIGER_CO_TRY(removed, co_await change_at(context, std::move(tenant), std::move(client_id), std::move(nothing)));
  co_return Unit{};
}

Task<Result<Client>> find_client(Context* context, std::string tenant, std::string client_id) {
  return read_client(context, std::move(tenant), std::move(client_id));
}

Task<Result<ClientPage>> list_clients(Context* context, std::string tenant, std::string after, std::size_t limit) {
  const std::string prefix = broker::record_prefix({tenant});
  const std::size_t count = std::clamp<std::size_t>(limit, 1, storage::kRangeMax);
  const std::string from = after.empty() ? prefix : prefix + after + '\0';
  auto records = co_await context->store.range(tables::kClients, from, broker::record_prefix_end(prefix), count);
  if (!records) co_return records.error();
  ClientPage page;
  for (const storage::Record& record : *records) {
    CLAVIGER_CO_TRY(client, decode_client(record.value, std::string_view(record.key).substr(prefix.size())));
    page.clients.push_back(std::move(client));
  }
  if (storage::is_full_page(*records, count)) page.next = page.clients.back().client_id;
  co_return page;
}

}  // namespace claviger::identity
