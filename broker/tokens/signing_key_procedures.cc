#include "broker/tokens/signing_key_procedures.h"

#include <algorithm>

#include "broker/record_key.h"
#include "broker/snapshot_publisher.h"
#include "broker/tables.h"
#include "broker/tokens/revocations.h"
#include "broker/tokens/signing_key_records.h"
#include "core/codec/base64url.h"
#include "core/codec/json_writer.h"
#include "core/crypto/digest.h"
#include "core/crypto/jwk.h"
#include "core/crypto/published_keys.h"
#include "core/runtime/call.h"

namespace claviger::tokens {
namespace {

using broker::Context;
using runtime::Task;
using KeyRef = std::shared_ptr<const crypto::SigningKey>;

std::string header_of(const crypto::SigningKey& key, std::string_view type) {
  std::string json;
  codec::JsonWriter writer(json);
  writer.begin_object().member("typ", type).member("alg", crypto::name_of(key.algorithm())).member("kid", key.kid());
  writer.end_object();
  std::string encoded;
  codec::base64url_encode(as_bytes(json), encoded);
  return encoded;
}

KeyInfo info_of(const TenantKey& key) {
  return {key.kid, key.key->algorithm(), key.state, key.created_at, key.changed_at};
}

// Pool thread: a key that opens to something else than its kid is not ours to use.
Result<KeyRef> read_key(const SecretBytes& pkcs8, const std::string& kid) {
  auto key = crypto::SigningKey::from_pkcs8(pkcs8.reveal());
  if (!key) return key.error();
  if (key->kid() != kid) return Error{Code::Corrupt, "signing_keys.kid"};
  if (crypto::is_published_test_key(kid)) return Error{Code::KeyPublished, "signing_keys"};
  return KeyRef(std::make_shared<const crypto::SigningKey>(*std::move(key)));
}

Task<Result<KeyRef>> open_key(Context* context, std::string tenant, SigningKeyRecord record) {
  const std::string place = signing_key_key(tenant, record.kid);
  CLAVIGER_CO_TRY(pkcs8, context->sealer.open(broker::tables::kSigningKeys, place, as_bytes(record.sealed_pkcs8)));
  auto work = [pkcs8 = std::move(pkcs8), kid = record.kid] { return read_key(pkcs8, kid); };
  CLAVIGER_CO_TRY(key, co_await runtime::offload(&context->work_pool, std::move(work)));
  co_return key;
}

// Keys of the present snapshot by kid, so that they are neither opened nor tabled twice.
const TenantKey* known_key(const Context& context, std::string_view tenant, std::string_view kid) {
  if (!context.snapshot) return nullptr;
  const auto found = context.snapshot->tenants.find(tenant);
  if (found == context.snapshot->tenants.end()) return nullptr;
  for (const TenantKey& key : found->second.keys->keys) {
    if (key.kid == kid) return &key;
  }
  return nullptr;
}

std::size_t tables_in_use(const Context& context) {
  std::size_t count = 0;
  if (!context.snapshot) return 0;
  for (const auto& [name, view] : context.snapshot->tenants) {
    for (const TenantKey& key : view.keys->keys) count += key.verifying->has_table() ? 1U : 0U;
  }
  return count;
}

Task<Result<TenantKey>> load_key(Context* context, std::string tenant, SigningKeyRecord record) {
  TenantKey key;
  key.kid = record.kid;
  key.state = record.state;
  key.created_at = record.created_at;
  key.changed_at = record.changed_at;
  if (const TenantKey* known = known_key(*context, tenant, record.kid)) {
    key.key = known->key;
    key.verifying = known->verifying;
  } else {
    auto opened = co_await open_key(context, tenant, std::move(record));
    if (!opened) co_return opened.error();
    key.key = *std::move(opened);
    key.verifying = key.key->verify_key();
  }
  if (key.verifying->wants_table() && tables_in_use(*context) < kKeyTablesMax) {
    auto work = [verifying = *key.verifying] { return verifying.build_table(); };
    auto table = co_await runtime::offload(&context->work_pool, std::move(work));
    // Without a table EVP serves: no reason to refuse the key.
    if (table && *table) key.verifying = key.verifying->with_table(**table);
  }
  key.access_token_header = header_of(*key.key, "at+jwt");
  key.id_token_header = header_of(*key.key, "JWT");
  co_return key;
}

Result<std::shared_ptr<const TenantKeys>> assemble(std::string issuer, std::vector<TenantKey> keys) {
  auto all = std::make_shared<TenantKeys>();
  std::sort(keys.begin(), keys.end(), [](const TenantKey& left, const TenantKey& right) {
    return left.created_at != right.created_at ? left.created_at > right.created_at : left.kid < right.kid;
  });
  all->keys = std::move(keys);
  std::vector<crypto::Jwk> published;
  for (const TenantKey& key : all->keys) {
    if (key.state == KeyState::Active) all->active = &key;
    published.push_back({key.kid, *key.verifying});
  }
  all->jwks = crypto::write_jwks(published);
  const auto digest = crypto::sha256(as_bytes(all->jwks));
  all->jwks_etag.push_back('"');
  codec::base64url_encode(Bytes(digest).first(16), all->jwks_etag);
  all->jwks_etag.push_back('"');
  CLAVIGER_TRY(verifying, KeySet::make(std::move(issuer), std::move(published)));
  all->verifying = std::move(verifying);
  return std::shared_ptr<const TenantKeys>(std::move(all));
}

Task<Result<std::vector<SigningKeyRecord>>> read_records(Context* context, std::string tenant) {
  const std::string prefix = broker::record_prefix({tenant});
  CLAVIGER_CO_TRY(page, co_await context->store.range(broker::tables::kSigningKeys, prefix,
                                                      broker::record_prefix_end(prefix), storage::kRangeMax));
  std::vector<SigningKeyRecord> records;
  for (const storage::Record& stored : page) {
    CLAVIGER_CO_TRY(record, decode_signing_key(stored.value, std::string_view(stored.key).substr(prefix.size())));
    records.push_back(std::move(record));
  }
  co_return records;
}

bool is_over(const SigningKeyRecord& record, std::int64_t now) {
  return record.state == KeyState::Revoked ||
         (record.state == KeyState::Retiring && record.changed_at + kRetiringMax.count() <= now);
}

void put_record(storage::Transaction& transaction, std::string_view tenant, const SigningKeyRecord& record) {
  const std::string key = signing_key_key(tenant, record.kid);
  const std::string value = encode_signing_key(record);
  transaction.expect_version(broker::tables::kSigningKeys, key, record.version);
  transaction.put(broker::tables::kSigningKeys, key, as_bytes(value));
}

void set_state(SigningKeyRecord& record, KeyState state, std::int64_t now) {
  record.state = state;
  record.changed_at = now;
  if (state == KeyState::Revoked) record.sealed_pkcs8.clear();
}

// Rotation (`revoked_kid` empty): the next key becomes active, a fresh one next, the active one retires. Revocation: that
// key goes at once, and only the place it leaves is filled; its revocation reaches every shard and the feed.
Task<Result<KeyInfo>> replace_active(Context* context, std::string tenant, std::string revoked_kid) {
  auto turn = co_await context->publisher.turns().take("snapshot");
  if (!turn) co_return turn.error();
  const auto view = context->snapshot->tenants.find(tenant);
  if (view == context->snapshot->tenants.end()) co_return Error{Code::NotFound, "key.tenant"};
  CLAVIGER_CO_TRY(fresh, co_await generate_keys(context, view->second.tenant.algorithm, 2));
  CLAVIGER_CO_TRY(records, co_await read_records(context, tenant));
  const std::int64_t now = numeric_date(context->shard.wall());
  if (revoked_kid == kActiveKey) {
    const auto active = std::ranges::find(records, KeyState::Active, &SigningKeyRecord::state);
    if (active == records.end()) co_return Error{Code::NotFound, "key.kid"};
    revoked_kid = active->kid;
  }

  storage::Transaction change;
  std::vector<Revocation> revocations;
  const bool is_rotation = revoked_kid.empty();
  SigningKeyRecord* next = nullptr;
  bool needs_active = is_rotation;
  bool is_found = is_rotation;
  for (SigningKeyRecord& record : records) {
    if (record.kid == revoked_kid && record.state == KeyState::Revoked) {
      // Revoked, and perhaps not published then: whoever asks again is told yes when every shard knows.
      CLAVIGER_CO_TRY(published, co_await context->publisher.publish(context));
      co_return info_of(*context->snapshot->tenants.find(tenant)->second.keys->active);
    }
    if (record.kid == revoked_kid) {
      is_found = true;
      needs_active = record.state == KeyState::Active;
      set_state(record, KeyState::Revoked, now);
      put_record(change, tenant, record);
      const auto its_tenant = context->snapshot->tenants.find(tenant);
      if (its_tenant == context->snapshot->tenants.end()) co_return Error{Code::NotFound, "key.tenant"};
      revocations.push_back(revocation_of_key(its_tenant->second, record.kid, context->shard.wall()));
      add_revocation(change, tenant, revocations.back());
    } else if (is_over(record, now)) {
      change.erase(broker::tables::kSigningKeys, signing_key_key(tenant, record.kid));
    } else if (record.state == KeyState::Active && is_rotation) {
      set_state(record, KeyState::Retiring, now);
      put_record(change, tenant, record);
    } else if (record.state == KeyState::Next) {
      next = &record;
    }
  }
  if (!is_found) co_return Error{Code::NotFound, "key.kid"};
  if (needs_active && next != nullptr) {
    set_state(*next, KeyState::Active, now);
    put_record(change, tenant, *next);
    next = nullptr;
  } else if (needs_active) {
    CLAVIGER_CO_TRY(active, put_key(*context, change, tenant, *fresh[0], KeyState::Active));
  }
  if (next == nullptr) {
    CLAVIGER_CO_TRY(published_ahead, put_key(*context, change, tenant, *fresh[1], KeyState::Next));
  }
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(change)));
  // Before the snapshot: that one may fail to be built, and the tokens must die all the same.
  CLAVIGER_CO_TRY(revoked, co_await publish_revocations(context, std::move(revocations)));
  CLAVIGER_CO_TRY(published, co_await context->publisher.publish(context));
  const auto after = context->snapshot->tenants.find(tenant);
  CLAVIGER_ASSERT(after != context->snapshot->tenants.end() && after->second.keys->active != nullptr);
  co_return info_of(*after->second.keys->active);
}

}  // namespace

Task<Result<std::vector<KeyRef>>> generate_keys(Context* context, crypto::SignatureAlgorithm algorithm,
                                                std::size_t count) {
  std::vector<KeyRef> keys;
  while (keys.size() < count) {
    auto work = [algorithm] { return crypto::SigningKey::generate(algorithm); };
    CLAVIGER_CO_TRY(made, co_await runtime::offload(&context->work_pool, std::move(work)));
    if (!made) co_return made.error();
    keys.push_back(std::make_shared<const crypto::SigningKey>(*std::move(made)));
  }
  co_return keys;
}

Result<Unit> put_key(Context& context, storage::Transaction& transaction, std::string_view tenant,
                     const crypto::SigningKey& key, KeyState state) {
  SigningKeyRecord record;
  record.kid = key.kid();
  record.algorithm = key.algorithm();
  record.state = state;
  record.created_at = record.changed_at = numeric_date(context.shard.wall());
  CLAVIGER_TRY(pkcs8, key.to_pkcs8());
  const std::string place = signing_key_key(tenant, record.kid);
  CLAVIGER_TRY(sealed, context.sealer.seal(broker::tables::kSigningKeys, place, pkcs8.reveal()));
  record.sealed_pkcs8 = std::move(sealed);
  put_record(transaction, tenant, record);
  return Unit{};
}

std::vector<KeyInfo> list_keys(const broker::TenantView& tenant) {
  std::vector<KeyInfo> infos;
  for (const TenantKey& key : tenant.keys->keys) infos.push_back(info_of(key));
  return infos;
}

Task<Result<KeyInfo>> rotate_keys(Context* context, std::string tenant) {
  Context* home = &context->at(context->publisher.home());
  auto start = [home, tenant = std::move(tenant)] { return replace_active(home, tenant, ""); };
  auto result = co_await runtime::call_on(&home->shard, std::move(start));
  co_return result;
}

Task<Result<KeyInfo>> revoke_key(Context* context, std::string tenant, std::string kid) {
  if (kid.empty()) co_return Error{Code::NotFound, "key.kid"};
  Context* home = &context->at(context->publisher.home());
  auto start = [home, tenant = std::move(tenant), kid = std::move(kid)] { return replace_active(home, tenant, kid); };
  auto result = co_await runtime::call_on(&home->shard, std::move(start));
  co_return result;
}

Task<Result<std::shared_ptr<const TenantKeys>>> load_tenant_keys(Context* context, std::string tenant,
                                                                 std::string issuer) {
  CLAVIGER_CO_TRY(records, co_await read_records(context, tenant));
  const std::int64_t now = numeric_date(context->shard.wall());
  std::vector<TenantKey> keys;
  for (SigningKeyRecord& record : records) {
    if (is_over(record, now)) continue;
    CLAVIGER_CO_TRY(key, co_await load_key(context, tenant, std::move(record)));
    keys.push_back(std::move(key));
  }
  co_return assemble(std::move(issuer), std::move(keys));
}

}  // namespace claviger::tokens
