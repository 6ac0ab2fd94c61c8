#include "broker/subscriber/subscriber_loading.h"

#include "broker/identity/identity_shard.h"
#include "broker/subscriber/subscriber_edit.h"
#include "broker/tables.h"

namespace claviger::subscriber {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

Result<CachedSubscriber*> take_to_hand(SipDatabase& database, const storage::Value& value,
                                       std::string_view private_identity, std::string&& key, std::string_view tenant) {
  database.shard().figures.cache_misses.add();
  auto subscriber = decode_subscriber(value, private_identity);
  if (!subscriber) return subscriber.error();
  auto opened = open_key(database.here().sealer, tenant, *subscriber);
  if (!opened) return opened.error();
  subscriber->sealed_key = std::string();
  return &database.shard().cache.insert(std::move(key), CachedSubscriber(*std::move(subscriber), *std::move(opened)));
}

}  // namespace

std::string home_name_of(std::string_view tenant, std::string_view private_identity) {
  return identity::home_name("subscriber", tenant, private_identity);
}

Task<Result<CachedSubscriber*>> load_subscriber(SipDatabase* database, std::string tenant,
                                                std::string private_identity) {
  const std::string key = subscriber_key(tenant, private_identity);
  if (CachedSubscriber* cached = database->shard().cache.find(key)) co_return cached;
  auto value = co_await database->here().store.get(tables::kSubscribers, key);
  if (value.failed_with(Code::NotFound)) co_return Error{Code::SubscriberUnknown, "subscriber"};
  if (!value) co_return value.error();
  co_return take_to_hand(*database, *value, private_identity, std::string(key), tenant);
}

CachedSubscriber* load_subscriber_now(SipDatabase& database, std::string_view private_identity, std::string key,
                                      std::string_view tenant) {
  Context& context = database.here();
  const bool is_home = database.contexts().size() == 1 || &database.home_of(tenant, private_identity) == &context.shard;
  if (!is_home) return nullptr;
  const auto value = context.store.get_cached(tables::kSubscribers, key);
  if (!value || !value->has_value()) return nullptr;
  const auto taken = take_to_hand(database, **value, private_identity, std::move(key), tenant);
  return taken ? *taken : nullptr;
}

Task<Result<std::string>> find_private_identity(Context* context, std::string tenant, std::string public_identity) {
  auto value = co_await context->store.get(tables::kPublicIdentities, public_identity_key(tenant, public_identity));
  if (value.failed_with(Code::NotFound)) co_return Error{Code::PublicIdentityUnknown, "subscriber.public_identity"};
  if (!value) co_return value.error();
  co_return std::string(value->text());
}

Task<Result<Unit>> write_state(SipDatabase* database, std::string tenant, std::string private_identity,
                               StateChange change) {
  const std::string key = subscriber_key(tenant, private_identity);
  Context& context = database->here();
  if (change.server) change.server->changed_at = numeric_date(context.shard.wall());
  // Who is at home elsewhere only imports him: the record may have changed below us all the same.
  for (int tries = 0; tries < identity::kConflictTriesMax; ++tries) {
    CLAVIGER_CO_TRY(subscriber, co_await read_subscriber(&context, tenant, private_identity));
    if (change.server) subscriber.server = change.server->is_empty() ? ServerState() : *change.server;
    if (change.sequence) subscriber.sequence = *change.sequence;
    storage::Transaction transaction;
    transaction.expect_version(tables::kSubscribers, key, subscriber.version);
    const std::string value = encode_subscriber(subscriber);
    transaction.put(tables::kSubscribers, key, as_bytes(value));
    auto committed = co_await context.store.commit(std::move(transaction));
    if (committed) {
      CachedSubscriber* cached = database->shard().cache.find(key);
      if (cached == nullptr) co_return Unit{};
      cached->subscriber.version = committed->sequence;
      cached->subscriber.server = std::move(subscriber.server);
      cached->subscriber.sequence = subscriber.sequence;
      if (change.sequence) cached->numbers.set_offset(change.sequence->offset);
      co_return Unit{};
    }
    // Its outcome may be open: whoever is next reads what there is.
    database->shard().cache.erase(key);
    if (!committed.failed_with(Code::Conflict)) co_return committed.error();
  }
  co_return Error{Code::Conflict, "subscriber"};
}

}  // namespace claviger::subscriber
