#include "broker/identity/client_procedures.h"

#include <algorithm>
#include <functional>

#include "broker/identity/client_authentication.h"
#include "broker/identity/client_draft.h"
#include "broker/identity/client_secret.h"
#include "broker/identity/identity_shard.h"
#include "broker/identity/user_records.h"
#include "broker/record_key.h"
#include "broker/snapshot_publisher.h"
#include "broker/tables.h"
#include "broker/tokens/token_shard.h"
#include "core/runtime/call.h"

namespace claviger::identity {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

// May run several times.
using ClientEdit = std::function<Result<Unit>(Client&)>;

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

// With an edit that is empty the client is removed.
Task<Result<Client>> change_at_home(Context* context, std::string tenant, std::string client_id, ClientEdit edit) {
  auto turn = co_await context->identity->turns().take(home_name("client", tenant, client_id));
  if (!turn) co_return turn.error();
  for (int tries = 0; tries < kConflictTriesMax; ++tries) {
    CLAVIGER_CO_TRY(client, co_await read_client(context, tenant, client_id));
    const std::string key = client_key(tenant, client_id);
    storage::Transaction transaction;
    transaction.expect_version(tables::kClients, key, client.version);
    if (edit) {
      CLAVIGER_CO_TRY(edited, edit(client));
      transaction.put(tables::kClients, key, as_bytes(encode_client(client)));
    } else {
      transaction.erase(tables::kClients, key);
    }
    auto committed = co_await context->store.commit(std::move(transaction));
    if (committed.failed_with(Code::Conflict)) continue;
    if (!committed) co_return committed.error();
    client.version = committed->sequence;
    co_await forget_everywhere(context, tenant, client_id);
    co_return client;
  }
  co_return Error{Code::Conflict, "client.change"};
}

Task<Result<Client>> change_at(Context* context, std::string tenant, std::string client_id, ClientEdit edit) {
  if (!is_client_id(client_id)) co_return Error{Code::ClientUnknown, "client.id"};
  runtime::Shard* home = &context->home_of(home_name("client", tenant, client_id));
  Context* there = &context->at(*home);
  auto start = [there, tenant = std::move(tenant), client_id = std::move(client_id), edit = std::move(edit)]() mutable {
    return change_at_home(there, std::move(tenant), std::move(client_id), std::move(edit));
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
  ClientEdit edit = [change = std::move(change)](Client& client) { return apply_change(change, client); };
  return change_at(context, std::move(tenant), std::move(client_id), std::move(edit));
}

Task<Result<SecretBytes>> rotate_client_secret(Context* context, std::string tenant, std::string client_id) {
  CLAVIGER_CO_TRY(secret, make_client_secret());
  const auto mac = client_secret_mac(context->identity->client_mac(), tenant, client_id, secret.reveal());
  ClientEdit edit = [mac](Client& client) -> Result<Unit> {
    if (client.authentication != ClientAuthentication::SecretBasic) {
      return Error{Code::ClientMetadata, "client.authentication"};
    }
    client.secret_mac = mac;
    return Unit{};
  };
  CLAVIGER_CO_TRY(changed, co_await change_at(context, std::move(tenant), std::move(client_id), std::move(edit)));
  co_return std::move(secret);
}

Task<Result<Unit>> set_client_enabled(Context* context, std::string tenant, std::string client_id, bool is_enabled) {
  ClientEdit edit = [is_enabled](Client& client) {
    client.is_enabled = is_enabled;
    return Result<Unit>(Unit{});
  };
  CLAVIGER_CO_TRY(changed, co_await change_at(context, std::move(tenant), std::move(client_id), std::move(edit)));
  co_return Unit{};
}

Task<Result<Unit>> remove_client(Context* context, std::string tenant, std::string client_id) {
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
  if (page.clients.size() == count) page.next = page.clients.back().client_id;
  co_return page;
}

}  // namespace claviger::identity
