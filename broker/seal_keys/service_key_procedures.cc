#include "broker/seal_keys/service_key_procedures.h"

#include <algorithm>
#include <functional>
#include <memory>

#include "broker/identity/val_identity.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "core/codec/base64url.h"
#include "core/codec/hex.h"
#include "core/crypto/random.h"
#include "storage/page.h"

namespace claviger::seal_keys {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

// Two operators and a VAL server at one key at one time are many.
constexpr int kAttemptsMax = 4;
constexpr std::size_t kKidBytes = 16;

// Changes `keys`, which are new when they have no generation. Runs again after a Conflict.
using Edit = std::function<Result<Unit>(Context& context, const KeyName& name, ServiceKeys& keys, std::int64_t now)>;

Result<Unit> check_name(const KeyName& name) {
  if (!identity::is_val_service_id(name.service)) return Error{Code::BadValue, "service_key.service"};
  const bool is_named = name.target.kind != TargetKind::Service;
  if (is_named && !identity::is_val_identity(name.target.id)) return Error{Code::BadValue, "service_key.target"};
  if (!is_named && !name.target.id.empty()) return Error{Code::BadValue, "service_key.target"};
  return Unit{};
}

Result<Unit> check_lifetime(Seconds lifetime) {
  if (lifetime < kLifetimeMin || lifetime > kLifetimeMax) return Error{Code::BadValue, "service_key.lifetime"};
  return Unit{};
}

Result<std::string> fresh_kid() {
  CLAVIGER_TRY(bytes, crypto::random_bytes<kKidBytes>());
  std::string kid;
  codec::hex_encode(bytes.reveal(), kid);
  return kid;
}

// Appends a generation; `key` empty: 32 random octets.
Result<Unit> append(Context& context, const KeyName& name, ServiceKeys& keys, Generation generation, Bytes key) {
  CLAVIGER_TRY(kid, fresh_kid());
  generation.kid = std::move(kid);
  generation.number = keys.generations.empty() ? 1 : keys.generations.back().number + 1;
  const std::string place = sealing_place(service_keys_key(name.tenant, name.service, name.target), generation.kid);
  SecretBytes made;
  if (key.empty()) {
    made = SecretBytes(kKeyBytes);
    CLAVIGER_TRY(filled, crypto::fill_random(made.reveal_for_writing()));
    key = made.reveal();
  }
  CLAVIGER_TRY(sealed, context.sealer.seal(tables::kServiceKeys, place, key));
  generation.sealed_key = std::move(sealed);
  keys.generations.push_back(std::move(generation));
  return Unit{};
}

Generation generation_from(std::int64_t now, std::int64_t not_before, Seconds lifetime) {
  Generation generation;
  generation.algorithm = kAlgorithm;
  generation.created_at = now;
  generation.not_before = not_before;
  generation.expires_at = not_before + lifetime.count();
  return generation;
}

// What nobody will be given any more is not kept.
void tidy(ServiceKeys& keys, std::int64_t now) {
  for (Generation& generation : keys.generations) {
    const KeyState state = keys.state_of(generation, now);
    if (state != KeyState::Current && state != KeyState::Next) generation.sealed_key.clear();
  }
  while (keys.generations.size() > kGenerationsMax) keys.generations.erase(keys.generations.begin());
}

void promote_next(ServiceKeys& keys, std::int64_t now) {
  for (Generation& generation : keys.generations) {
    if (generation.not_before <= now || generation.revoked_at != 0) continue;
    generation.not_before = now;
    return;
  }
}

void revoke_next(ServiceKeys& keys, std::int64_t now) {
  for (Generation& generation : keys.generations) {
    if (generation.not_before > now && generation.revoked_at == 0) generation.revoked_at = now;
  }
}

Task<Result<ServiceKeys>> read(Context* context, KeyName name) {
  std::string key = service_keys_key(name.tenant, name.service, name.target);
  auto value = co_await context->store.get(tables::kServiceKeys, key);
  if (value.failed_with(Code::NotFound)) co_return Error{Code::ServiceKeyUnknown, "service_key"};
  if (!value) co_return value.error();
  co_return decode_service_keys(*value, key);
}

Task<Result<ServiceKeys>> change(Context* context, KeyName name, Edit edit) {
  CLAVIGER_CO_TRY(named, check_name(name));
  for (int attempt = 1;; ++attempt) {
    auto keys = co_await read(context, name);
    if (keys.failed_with(Code::ServiceKeyUnknown)) {
      ServiceKeys fresh;
      fresh.service = name.service;
      fresh.target = name.target;
      keys = std::move(fresh);
    }
    if (!keys) co_return keys.error();
    const std::int64_t now = numeric_date(context->shard.wall());
    CLAVIGER_CO_TRY(edited, edit(*context, name, *keys, now));
    tidy(*keys, now);
    const std::string key = service_keys_key(name.tenant, name.service, name.target);
    storage::Transaction transaction;
    transaction.expect_version(tables::kServiceKeys, key, keys->version);
    transaction.put(tables::kServiceKeys, key, as_bytes(encode_service_keys(*keys)));
    auto committed = co_await context->store.commit(std::move(transaction));
    if (committed) {
      keys->version = committed->sequence;
      co_return *std::move(keys);
    }
    if (!committed.failed_with(Code::Conflict) || attempt == kAttemptsMax) co_return committed.error();
  }
}

Result<Unit> rotate(Context& context, const KeyName& name, ServiceKeys& keys, std::int64_t now, Rotation rotation) {
  if (keys.generations.empty()) return Error{Code::ServiceKeyUnknown, "service_key"};
  const bool has_next = keys.next_at(now) != nullptr;
  if (rotation.delay.count() > 0) {
    if (has_next) return Error{Code::Duplicate, "service_key.next"};
    return append(context, name, keys, generation_from(now, now + rotation.delay.count(), rotation.lifetime), {});
  }
  if (has_next) {
    promote_next(keys, now);
    return Unit{};
  }
  return append(context, name, keys, generation_from(now, now, rotation.lifetime), {});
}

Result<Unit> revoke(ServiceKeys& keys, std::int64_t now, const std::string& kid) {
  const Generation* current = keys.current_at(now);
  if (keys.generations.empty() || (kid.empty() && current == nullptr)) {
    return Error{Code::ServiceKeyUnknown, "service_key"};
  }
  const std::string wanted = kid.empty() ? current->kid : kid;
  const auto found = std::ranges::find(keys.generations, wanted, &Generation::kid);
  if (found == keys.generations.end()) return Error{Code::ServiceKeyUnknown, "service_key.kid"};
  const bool was_current = current != nullptr && current->kid == wanted;
  if (found->revoked_at == 0) found->revoked_at = now;
  if (was_current) promote_next(keys, now);
  return Unit{};
}

// `after` without the tenant: it goes through the operator's hands.
std::string cursor_of(std::string_view key, std::string_view tenant_prefix) {
  std::string cursor;
  codec::base64url_encode(as_bytes(key.substr(tenant_prefix.size())), cursor);
  return cursor;
}
Result<std::string> key_of(std::string_view cursor, std::string_view tenant_prefix) {
  std::string rest(codec::base64url_decoded_size_max(cursor.size()), '\0');
  const auto size = codec::base64url_decode(cursor, std::as_writable_bytes(std::span(rest)));
  if (!size) return Error{Code::BadValue, "cursor"};
  rest.resize(*size);
  return std::string(tenant_prefix) + rest;
}

}  // namespace

Task<Result<ServiceKeys>> create_service_key(Context* context, KeyName name, Seconds lifetime) {
  CLAVIGER_CO_TRY(allowed, check_lifetime(lifetime));
  Edit edit = [lifetime](Context& here, const KeyName& of, ServiceKeys& keys, std::int64_t now) -> Result<Unit> {
    if (keys.current_at(now) != nullptr) return Error{Code::Duplicate, "service_key"};
    revoke_next(keys, now);
    return append(here, of, keys, generation_from(now, now, lifetime), {});
  };
  co_return co_await change(context, std::move(name), std::move(edit));
}

Task<Result<ServiceKeys>> rotate_service_key(Context* context, KeyName name, Rotation rotation) {
  CLAVIGER_CO_TRY(allowed, check_lifetime(rotation.lifetime));
  if (rotation.delay.count() < 0 || rotation.delay > kDelayMax) co_return Error{Code::BadValue, "service_key.delay"};
  Edit edit = [rotation](Context& here, const KeyName& of, ServiceKeys& keys, std::int64_t now) {
    return rotate(here, of, keys, now, rotation);
  };
  co_return co_await change(context, std::move(name), std::move(edit));
}

Task<Result<ServiceKeys>> revoke_service_key(Context* context, KeyName name, std::string kid) {
  Edit edit = [kid = std::move(kid)](Context&, const KeyName&, ServiceKeys& keys, std::int64_t now) {
    return revoke(keys, now, kid);
  };
  co_return co_await change(context, std::move(name), std::move(edit));
}

Task<Result<ServiceKeys>> revoke_all_service_keys(Context* context, KeyName name) {
  Edit edit = [](Context&, const KeyName&, ServiceKeys& keys, std::int64_t now) -> Result<Unit> {
    if (keys.generations.empty()) return Error{Code::ServiceKeyUnknown, "service_key"};
    revoke_next(keys, now);
    for (Generation& generation : keys.generations) {
      if (generation.revoked_at == 0) generation.revoked_at = now;
    }
    return Unit{};
  };
  co_return co_await change(context, std::move(name), std::move(edit));
}

Task<Result<ServiceKeys>> provision_service_key(Context* context, KeyName name, BroughtKey brought) {
  if (brought.key.size() < kKeyBytesMin || brought.key.size() > kKeyBytesMax) {
    co_return Error{Code::BadValue, "service_key.key"};
  }
  if (brought.algorithm.empty()) brought.algorithm = kAlgorithm;
  if (brought.algorithm.size() > kAlgorithmBytesMax) co_return Error{Code::BadValue, "service_key.algorithm"};
  auto shared = std::make_shared<const BroughtKey>(std::move(brought));  // Edit is copyable, a secret is not
  Edit edit = [shared](Context& here, const KeyName& of, ServiceKeys& keys, std::int64_t now) -> Result<Unit> {
    const std::int64_t not_before = std::max(shared->not_before, now);
    if (not_before - now > kDelayMax.count()) return Error{Code::BadValue, "service_key.not_before"};
    const Seconds lifetime = shared->expires_at == 0 ? kLifetimeDefault : Seconds{shared->expires_at - not_before};
    CLAVIGER_TRY(allowed, check_lifetime(lifetime));
    revoke_next(keys, now);
    Generation generation = generation_from(now, not_before, lifetime);
    generation.algorithm = shared->algorithm;
    generation.provisioned_by = shared->client_id;
    return append(here, of, keys, std::move(generation), shared->key.reveal());
  };
  co_return co_await change(context, std::move(name), std::move(edit));
}

Task<Result<ServiceKeys>> find_service_keys(Context* context, KeyName name) {
  CLAVIGER_CO_TRY(named, check_name(name));
  co_return co_await read(context, std::move(name));
}

Result<SecretBytes> open_key(Context& context, const KeyName& name, const Generation& generation) {
  if (generation.sealed_key.empty()) return Error{Code::ServiceKeyRevoked, "service_key"};
  const std::string place = sealing_place(service_keys_key(name.tenant, name.service, name.target), generation.kid);
  return context.sealer.open(tables::kServiceKeys, place, as_bytes(generation.sealed_key));
}

Task<Result<KeyPage>> list_service_keys(Context* context, std::string tenant, std::string service, std::string after,
                                        std::size_t limit) {
  if (!service.empty() && !identity::is_val_service_id(service)) co_return Error{Code::BadValue, "service_key.service"};
  const std::string tenant_prefix = broker::record_prefix({tenant});
  const std::string prefix = service.empty() ? tenant_prefix : broker::record_prefix({tenant, service});
  std::string from = prefix;
  if (!after.empty()) {
    CLAVIGER_CO_TRY(last, key_of(after, tenant_prefix));
    from = std::max(prefix, last + '\0');
  }
  std::string to = broker::record_prefix_end(prefix);
  auto records = co_await context->store.range(tables::kServiceKeys, std::move(from), std::move(to), limit);
  if (!records) co_return records.error();
  KeyPage page;
  for (const storage::Record& record : *records) {
    CLAVIGER_CO_TRY(keys, decode_service_keys(record.value, record.key));
    page.keys.push_back(std::move(keys));
  }
  if (storage::is_full_page(*records, limit)) page.next = cursor_of(records->back().key, tenant_prefix);
  co_return page;
}

}  // namespace claviger::seal_keys
