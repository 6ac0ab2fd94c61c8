#include "broker/registration/client_server_keys.h"

#include <algorithm>
#include <array>
#include <utility>

#include "broker/record_key.h"
#include "broker/registration/procedures.h"
#include "broker/registration/registration_generated.h"
#include "broker/tables.h"
#include "core/codec/hex.h"
#include "storage/record.h"

namespace claviger::registration {

namespace tables = broker::tables;
using runtime::Task;

namespace {

constexpr std::uint16_t kVersion = 1;

std::string hex_of(std::uint32_t id) {
  std::array<std::byte, 4> octets{};
  store_be(MutableBytes(octets), id);
  std::string text;
  codec::hex_encode(octets, text);
  return text;
}

}  // namespace

std::string client_server_key_key(std::string_view tenant, std::string_view impu, std::uint32_t id) {
  return broker::record_key({tenant, impu, hex_of(id)});
}

std::string encode(const ClientServerKey& key) {
  flatbuffers::FlatBufferBuilder builder;
  const auto mc_service_id = builder.CreateString(key.mc_service_id);
  const auto user_uri = builder.CreateString(key.user_uri);
  const auto digest = storage::put_bytes(builder, as_bytes(key.message_digest));
  const auto sealed = storage::put_bytes(builder, as_bytes(key.sealed));
  builder.Finish(schema::CreateClientServerKey(builder, kVersion, mc_service_id, user_uri, digest, key.made_at,
                                               key.received_at, sealed));
  return storage::finished(builder);
}

Result<ClientServerKey> decode_client_server_key(const storage::Value& value, std::string_view impu, std::uint32_t id) {
  CLAVIGER_TRY(record, storage::FlatRecord<schema::ClientServerKey>::open(value, {"client_server_keys", kVersion}));
  ClientServerKey key;
  key.impu = impu;
  key.id = id;
  key.mc_service_id = storage::text_of(record->mc_service_id());
  key.user_uri = storage::text_of(record->user_uri());
  key.message_digest = as_text(storage::bytes_of(record->message_digest()));
  key.made_at = record->made_at();
  key.received_at = record->received_at();
  key.sealed = as_text(storage::bytes_of(record->sealed()));
  key.version = value.version();
  return key;
}

Result<std::string> seal_csk(storage::Sealer& sealer, std::string_view tenant, const ClientServerKey& key,
                             const mikey::SharedSecret& csk) {
  return sealer.seal(tables::kClientServerKeys, client_server_key_key(tenant, key.impu, key.id), csk.reveal());
}

Result<BodyKeyRef> open_csk(Registrar& registrar, const ClientServerKey& key) {
  const std::string place = client_server_key_key(registrar.tenant(), key.impu, key.id);
  CLAVIGER_TRY(opened, registrar.here().sealer.open(tables::kClientServerKeys, place, as_bytes(key.sealed)));
  if (opened.size() != mikey::kSharedSecretBytes) return Error{Code::Corrupt, "client_server_keys"};
  const mikey::SharedSecret csk(opened.reveal().first<mikey::kSharedSecretBytes>());
  return derive_body_key(registrar.sip(), key.id, key.mc_service_id, key.user_uri, csk);
}

Task<Result<ClientServerKey>> read_client_server_key(Registrar* registrar, std::string impu, std::uint32_t id) {
  const std::string place = client_server_key_key(registrar->tenant(), impu, id);
  auto value = co_await registrar->here().store.get(tables::kClientServerKeys, place);
  if (value.failed_with(Code::NotFound)) co_return Error{Code::CskMissing, "registration.csk"};
  if (!value) co_return value.error();
  co_return decode_client_server_key(*value, impu, id);
}

Task<Result<Unit>> put_client_server_key(Change* change, std::string impu, ClientServerKeyRef key) {
  Registrar* const registrar = change->registrar;
  change->keys.put.push_back(key->id);
  const std::string place = client_server_key_key(registrar->tenant(), impu, key->id);
  auto known = co_await read_client_server_key(registrar, impu, key->id);
  if (!known && known.error().code != Code::CskMissing) co_return known.error();
  if (known && known->mc_service_id != key->mc_service_id) co_return Error{Code::CskInvalid, "csk.of_another"};
  if (known && known->message_digest == key->message_digest) co_return Unit{};
  if (!known) {
    const std::string prefix = broker::record_prefix({registrar->tenant(), impu});
    const std::string end = broker::record_prefix_end(prefix);
    auto all = co_await registrar->here().store.range(tables::kClientServerKeys, prefix, end, kKeysPerIdentityMax);
    if (!all) co_return all.error();
    if (all->size() == kKeysPerIdentityMax) co_return Error{Code::TooMany, "registration.csk"};
    change->transaction.expect_absent(tables::kClientServerKeys, place);
  } else {
    change->transaction.expect_version(tables::kClientServerKeys, place, known->version);
  }
  change->transaction.put(tables::kClientServerKeys, place, as_bytes(encode(*key)));
  co_return Unit{};
}

void take_client_server_key(Change& change, const Binding& binding) {
  change.keys.taken.emplace_back(binding.name, binding.csk_id);
}

void leave_client_server_key(Change& change, const Registration& registration, const Binding& former) {
  if (former.csk_id == 0) return;
  change.keys.registration = &registration;
  change.keys.left.push_back({former.impu, former.name.mc_service_id, former.csk_id});
}

namespace {

// Of a client as it will be.
Task<Result<std::uint32_t>> key_after(Change* change, std::string impu, BindingName name) {
  const auto& taken = change->keys.taken;
  const auto last = std::find_if(taken.rbegin(), taken.rend(), [&name](const auto& one) { return one.first == name; });
  if (last != taken.rend()) co_return last->second;
  CLAVIGER_CO_TRY(binding, co_await read_binding(change->registrar, std::move(name)));
  co_return binding.impu == impu ? binding.csk_id : 0;
}

// At an identity that clients left for the one of this change: whoever did not is there as the store has him.
Task<Result<bool>> has_client_elsewhere(Change* change, ClientKeyChanges::Left left) {
  CLAVIGER_CO_TRY(bindings, co_await bindings_of(change->registrar, left.mc_service_id));
  for (const Binding& one : bindings) {
    if (one.ended != EndReason::None || one.impu != left.impu || one.csk_id != left.id) continue;
    const auto& taken = change->keys.taken;
    const bool has_left = std::ranges::any_of(taken, [&one](const auto& each) { return each.first == one.name; });
    if (!has_left) co_return true;
  }
  co_return false;
}

Task<Result<bool>> has_client(Change* change, ClientKeyChanges::Left left) {
  if (left.impu != change->keys.registration->impu) {
    auto has = co_await has_client_elsewhere(change, std::move(left));
    co_return has;
  }
  if (std::ranges::find(change->keys.put, left.id) != change->keys.put.end()) co_return true;
  const std::vector<BindingName> names = change->keys.registration->bindings;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].mc_service_id != left.mc_service_id) continue;
    CLAVIGER_CO_TRY(id, co_await key_after(change, left.impu, names[i]));
    if (id == left.id) co_return true;
  }
  co_return false;
}

}  // namespace

Task<Result<Unit>> drop_left_keys(Change* change) {
  const std::vector<ClientKeyChanges::Left> all = std::exchange(change->keys.left, {});
  for (std::size_t i = 0; i < all.size(); ++i) {
    CLAVIGER_CO_TRY(is_held, co_await has_client(change, all[i]));
    if (is_held) continue;
    change->transaction.erase(tables::kClientServerKeys,
                              client_server_key_key(change->registrar->tenant(), all[i].impu, all[i].id));
  }
  co_return Unit{};
}

Task<Result<Unit>> drop_client_server_keys(Change* change, std::string impu) {
  Registrar* const registrar = change->registrar;
  const std::string prefix = broker::record_prefix({registrar->tenant(), impu});
  const std::string end = broker::record_prefix_end(prefix);
  CLAVIGER_CO_TRY(rows,
                  co_await registrar->here().store.range(tables::kClientServerKeys, prefix, end, kKeysPerIdentityMax));
  for (const storage::Record& row : rows) change->transaction.erase(tables::kClientServerKeys, row.key);
  co_return Unit{};
}

}  // namespace claviger::registration
