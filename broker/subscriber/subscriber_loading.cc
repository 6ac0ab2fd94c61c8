#include "broker/subscriber/subscriber_loading.h"

#include "broker/identity/identity_shard.h"
#include "broker/tables.h"

namespace claviger::subscriber {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

}  // namespace

std::string home_name_of(std::string_view tenant, std::string_view private_identity) {
  return identity::home_name("subscriber", tenant, private_identity);
}

Task<Result<CachedSubscriber*>> load_subscriber(SipDatabase* database, std::string tenant,
                                                std::string private_identity) {
  const std::string key = subscriber_key(tenant, private_identity);
  if (CachedSubscriber* cached = database->shard().cache.find(key)) co_return cached;
  database->shard().figures.cache_misses.add();
  Context& context = database->here();
  auto value = co_await context.store.get(tables::kSubscribers, key);
  if (value.failed_with(Code::NotFound)) co_return Error{Code::SubscriberUnknown, "subscriber"};
  if (!value) co_return value.error();
  CLAVIGER_CO_TRY(subscriber, decode_subscriber(*value, private_identity));
  CLAVIGER_CO_TRY(opened, open_key(context.sealer, tenant, subscriber));
  SequenceRecord sequence;
  sequence.offset = subscriber.sequence_offset;
  auto numbered = co_await context.store.get(tables::kSequences, key);
  if (!numbered && !numbered.failed_with(Code::NotFound)) co_return numbered.error();
  if (numbered) {
    CLAVIGER_CO_TRY(decoded, decode_sequence(*numbered));
    sequence = decoded;
  }
  ServerState server;
  auto served = co_await context.store.get(tables::kServerNames, key);
  if (!served && !served.failed_with(Code::NotFound)) co_return served.error();
  if (served) {
    CLAVIGER_CO_TRY(decoded, decode_server_state(*served));
    server = std::move(decoded);
  }
  subscriber.sealed_key.clear();
  subscriber.sealed_key.shrink_to_fit();
  CachedSubscriber made(std::move(subscriber), std::move(opened), sequence, std::move(server));
  co_return &database->shard().cache.insert(key, std::move(made));
}

Task<Result<std::string>> find_private_identity(Context* context, std::string tenant, std::string public_identity) {
  auto value = co_await context->store.get(tables::kPublicIdentities, public_identity_key(tenant, public_identity));
  if (value.failed_with(Code::NotFound)) co_return Error{Code::PublicIdentityUnknown, "subscriber.public_identity"};
  if (!value) co_return value.error();
  co_return std::string(value->text());
}

Task<Result<Unit>> write_server_state(SipDatabase* database, std::string tenant, std::string private_identity,
                                      ServerState state) {
  const std::string key = subscriber_key(tenant, private_identity);
  Context& context = database->here();
  state.changed_at = numeric_date(context.shard.wall());
  storage::Transaction transaction;
  if (state.is_empty()) {
    transaction.erase(tables::kServerNames, key);
  } else {
    const std::string value = encode_server_state(state);
    transaction.put(tables::kServerNames, key, as_bytes(value));
  }
  auto committed = co_await context.store.commit(std::move(transaction));
  if (!committed) {
    // Its outcome may be open: whoever is next reads what there is.
    database->shard().cache.erase(key);
    co_return committed.error();
  }
  if (CachedSubscriber* cached = database->shard().cache.find(key)) cached->server = std::move(state);
  co_return Unit{};
}

}  // namespace claviger::subscriber
