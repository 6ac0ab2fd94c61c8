#include "broker/keys/transport_key.h"

#include <algorithm>
#include <memory>

#include "broker/identity/identity_shard.h"
#include "broker/keys/domain.h"
#include "broker/keys/kms_generated.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "core/crypto/random.h"
#include "core/runtime/call.h"
#include "storage/record.h"

namespace claviger::keys {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

constexpr storage::RecordSchema kSchema{"kms_transport_keys", 1};

Result<TransportKey> decode(const storage::Value& value, std::string_view user_uri, std::string_view id) {
  CLAVIGER_TRY(record, storage::FlatRecord<schema::TransportKey>::open(value, kSchema, id));
  const bool is_known = record->kind() <= static_cast<std::uint8_t>(TransportKeyKind::Ink) &&
                        record->state() <= static_cast<std::uint8_t>(TransportKeyState::Offered);
  if (!is_known) return Error{Code::Corrupt, kSchema.name};
  TransportKey key;
  key.user_uri = user_uri;
  key.id = id;
  key.kind = static_cast<TransportKeyKind>(record->kind());
  key.state = static_cast<TransportKeyState>(record->state());
  key.device_id = storage::text_of(record->device_id());
  key.created_at = record->created_at();
  key.is_nothing_offered = record->is_nothing_offered();
  key.sealed = as_text(storage::bytes_of(record->sealed()));
  key.version = value.version();
  return key;
}

std::string home_of(std::string_view tenant, std::string_view user_uri) {
  return identity::home_name("kms-user", tenant, user_uri);
}

// "ink.1795276331.sip:ann@alpha.example": numbered by the time, so that none comes twice.
std::string next_id(const std::vector<TransportKey>& present, const NewTransportKey& wanted, std::int64_t now) {
  const std::string_view prefix = wanted.kind == TransportKeyKind::Trk ? "trk." : "ink.";
  std::string id;
  for (std::int64_t number = now;; ++number) {
    id = std::string(prefix) + std::to_string(number) + "." + wanted.user_uri;
    if (std::ranges::find(present, id, &TransportKey::id) == present.end()) return id;
  }
}

bool has_present_trk(const std::vector<TransportKey>& keys) {
  return std::ranges::any_of(keys, [](const TransportKey& key) {
    return key.kind == TransportKeyKind::Trk && key.state == TransportKeyState::Active;
  });
}

bool is_nothing_offered(const std::vector<TransportKey>& keys) {
  return std::ranges::none_of(keys, [](const TransportKey& key) { return key.state == TransportKeyState::Offered; });
}

// What the present ones among `keys`, as they will be, say of the others.
void put_standing(storage::Transaction& transaction, std::string_view tenant, const std::vector<TransportKey>& keys) {
  const bool is_nothing = is_nothing_offered(keys);
  for (const TransportKey& each : keys) {
    if (each.state != TransportKeyState::Active || each.is_nothing_offered == is_nothing || each.version == 0) continue;
    TransportKey changed = each;
    changed.is_nothing_offered = is_nothing;
    const std::string key = transport_key_key(tenant, each.user_uri, each.id);
    transaction.expect_version(tables::kKmsTransportKeys, key, each.version);
    transaction.put(tables::kKmsTransportKeys, key, as_bytes(encode_transport_key(changed)));
  }
}

// A secret does not go through a copyable lambda: shared until the one who uses it takes it.
using SharedWanted = std::shared_ptr<NewTransportKey>;

Task<Result<MadeTransportKey>> add_at_home(Context* context, std::string tenant, SharedWanted wanted) {
  auto turn = co_await context->identity->turns().take(home_of(tenant, wanted->user_uri));
  if (!turn) co_return turn.error();
  CLAVIGER_CO_TRY(present, co_await read_transport_keys(context, tenant, wanted->user_uri));
  if (present.size() >= kTransportKeysMax) co_return Error{Code::TooMany, "kms.transport_keys"};
  if (wanted->is_offered && !has_present_trk(present)) co_return Error{Code::TransportKeyUnknown, "kms.trk"};
  MadeTransportKey made;
  made.record.user_uri = wanted->user_uri;
  made.record.kind = wanted->kind;
  made.record.state = wanted->is_offered ? TransportKeyState::Offered : TransportKeyState::Active;
  made.record.device_id = wanted->device_id;
  made.record.created_at = numeric_date(context->shard.wall());
  made.record.id = wanted->id.empty() ? next_id(present, *wanted, made.record.created_at) : wanted->id;
  if (std::ranges::find(present, made.record.id, &TransportKey::id) != present.end()) {
    co_return Error{Code::Duplicate, "kms.transport_key"};
  }
  made.key = std::move(wanted->key);
  if (made.key.empty()) {
    made.key = SecretBytes(kTransportKeyBytes);
    CLAVIGER_CO_TRY(drawn, crypto::fill_random(made.key.reveal_for_writing()));
  }
  const std::string key = transport_key_key(tenant, made.record.user_uri, made.record.id);
  CLAVIGER_CO_TRY(sealed, context->sealer.seal(tables::kKmsTransportKeys, key, made.key.reveal()));
  made.record.sealed = std::move(sealed);
  present.push_back(made.record);
  made.record.is_nothing_offered = is_nothing_offered(present);
  storage::Transaction transaction;
  put_standing(transaction, tenant, present);
  transaction.expect_absent(tables::kKmsTransportKeys, key);
  transaction.put(tables::kKmsTransportKeys, key, as_bytes(encode_transport_key(made.record)));
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(transaction)));
  co_return made;
}

Task<Result<Unit>> remove_at_home(Context* context, std::string tenant, std::string user_uri, std::string id) {
  auto turn = co_await context->identity->turns().take(home_of(tenant, user_uri));
  if (!turn) co_return turn.error();
  CLAVIGER_CO_TRY(present, co_await read_transport_keys(context, tenant, user_uri));
  if (std::erase_if(present, [&id](const TransportKey& key) { return key.id == id; }) == 0) {
    co_return Error{Code::TransportKeyUnknown, "kms.transport_key"};
  }
  storage::Transaction transaction;
  put_standing(transaction, tenant, present);
  transaction.erase(tables::kKmsTransportKeys, transport_key_key(tenant, user_uri, id));
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(transaction)));
  co_return Unit{};
}

Task<Result<Unit>> take_up_at_home(Context* context, std::string tenant, TransportKey key) {
  auto turn = co_await context->identity->turns().take(home_of(tenant, key.user_uri));
  if (!turn) co_return turn.error();
  CLAVIGER_CO_TRY(present, co_await read_transport_keys(context, tenant, key.user_uri));
  const auto found = std::ranges::find(present, key.id, &TransportKey::id);
  if (found == present.end() || found->state == TransportKeyState::Active) co_return Unit{};  // somebody was faster
  TransportKey taken = *found;
  storage::Transaction transaction;
  std::vector<TransportKey> others;
  for (const TransportKey& each : present) {
    const std::string its_key = transport_key_key(tenant, each.user_uri, each.id);
    const bool is_former =
        each.kind == key.kind && each.device_id == key.device_id && each.state == TransportKeyState::Active;
    if (is_former) {
      transaction.erase(tables::kKmsTransportKeys, its_key);
    } else if (each.id != taken.id) {
      others.push_back(each);
    }
  }
  put_standing(transaction, tenant, others);
  taken.state = TransportKeyState::Active;
  taken.is_nothing_offered = is_nothing_offered(others);
  const std::string its_key = transport_key_key(tenant, taken.user_uri, taken.id);
  transaction.expect_version(tables::kKmsTransportKeys, its_key, taken.version);
  transaction.put(tables::kKmsTransportKeys, its_key, as_bytes(encode_transport_key(taken)));
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(transaction)));
  co_return Unit{};
}

}  // namespace

std::string transport_key_key(std::string_view tenant, std::string_view user_uri, std::string_view id) {
  return broker::record_key({tenant, user_uri, id});
}

std::string encode_transport_key(const TransportKey& key) {
  flatbuffers::FlatBufferBuilder builder(256);
  const auto sealed = storage::put_bytes(builder, as_bytes(key.sealed));
  const auto device = storage::put_text(builder, key.device_id);
  builder.Finish(schema::CreateTransportKey(builder, kSchema.version, static_cast<std::uint8_t>(key.kind),
                                            static_cast<std::uint8_t>(key.state), sealed, device, key.created_at,
                                            key.is_nothing_offered));
  return storage::finished(builder);
}

std::optional<TransportKey> find_transport_key_at_hand(Context& context, std::string_view tenant,
                                                       std::string_view user_uri, std::string_view id) {
  const auto value = context.store.get_cached(tables::kKmsTransportKeys, transport_key_key(tenant, user_uri, id));
  if (!value || !*value) return std::nullopt;
  auto key = decode(**value, user_uri, id);
  if (!key) return std::nullopt;
  return *std::move(key);
}

Result<SecretBytes> open_transport_key(storage::Sealer& sealer, std::string_view tenant, const TransportKey& key) {
  auto opened =
      sealer.open(tables::kKmsTransportKeys, transport_key_key(tenant, key.user_uri, key.id), as_bytes(key.sealed));
  if (opened && opened->size() != kTransportKeyBytes) return Error{Code::Corrupt, kSchema.name};
  return opened;
}

Task<Result<std::vector<TransportKey>>> read_transport_keys(Context* context, std::string tenant,
                                                            std::string user_uri) {
  const std::string prefix = broker::record_prefix({tenant, user_uri});
  CLAVIGER_CO_TRY(rows, co_await context->store.range(tables::kKmsTransportKeys, prefix,
                                                      broker::record_prefix_end(prefix), kTransportKeysMax));
  std::vector<TransportKey> keys;
  for (const storage::Record& row : rows) {
    CLAVIGER_CO_TRY(key, decode(row.value, user_uri, std::string_view(row.key).substr(prefix.size())));
    keys.push_back(std::move(key));
  }
  co_return keys;
}

Task<Result<MadeTransportKey>> add_transport_key(Context* context, std::string tenant, NewTransportKey wanted) {
  CLAVIGER_CO_TRY(uri, check_uri(wanted.user_uri));
  for (const std::string* text : {&wanted.id, &wanted.device_id}) {
    if (!text->empty() && !check_uri(*text)) co_return Error{Code::BadValue, "kms.transport_key"};
  }
  if (!wanted.key.empty() && wanted.key.size() != kTransportKeyBytes)
    co_return Error{Code::BadValue, "kms.transport_key"};
  runtime::Shard* home = &context->home_of(home_of(tenant, wanted.user_uri));
  Context* there = &context->at(*home);
  auto shared = std::make_shared<NewTransportKey>(std::move(wanted));
  auto start = [there, tenant = std::move(tenant), shared] { return add_at_home(there, tenant, shared); };
  auto done = co_await runtime::call_on(home, std::move(start));
  co_return done;
}

Task<Result<Unit>> remove_transport_key(Context* context, std::string tenant, std::string user_uri, std::string id) {
  CLAVIGER_CO_TRY(uri, check_uri(user_uri));
  CLAVIGER_CO_TRY(name, check_uri(id));
  runtime::Shard* home = &context->home_of(home_of(tenant, user_uri));
  Context* there = &context->at(*home);
  auto start = [there, tenant = std::move(tenant), user_uri = std::move(user_uri), id = std::move(id)] {
    return remove_at_home(there, tenant, user_uri, id);
  };
  auto done = co_await runtime::call_on(home, std::move(start));
  co_return done;
}

Task<Result<Unit>> take_up_transport_key(Context* context, std::string tenant, TransportKey key) {
  runtime::Shard* home = &context->home_of(home_of(tenant, key.user_uri));
  Context* there = &context->at(*home);
  auto start = [there, tenant = std::move(tenant), key = std::move(key)] {
    return take_up_at_home(there, tenant, key);
  };
  auto done = co_await runtime::call_on(home, std::move(start));
  co_return done;
}

}  // namespace claviger::keys
