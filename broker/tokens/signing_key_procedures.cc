#include "broker/tokens/signing_key_procedures.h"

#include <algorithm>

#include "broker/record_key.h"
#include "broker/snapshot_publisher.h"
#include "broker/tables.h"
#include "broker/tokens/revocations.h"
#include "broker/tokens/revocation_records.h"
#include "broker/tokens/signing_key_records.h"
#include "broker/tokens/token_shard.h"
#include "core/codec/base64url.h"
#include "core/codec/hex.h"
#include "core/codec/json_reader.h"
#include "core/codec/json_writer.h"
#include "core/crypto/digest.h"
#include "core/crypto/jwk.h"
#include "core/crypto/published_keys.h"
#include "core/crypto/random.h"
#include "core/pkcs11/key_store.h"
#include "core/runtime/call.h"

namespace claviger::tokens {
namespace {

using broker::Context;
using runtime::Task;
using KeyRef = std::shared_ptr<const crypto::SigningKey>;

KeyInfo info_of(const TenantKey& key) {
  return {key.kid, key.verifying->algorithm(), key.state, key.created_at, key.changed_at, key.stored_as};
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

// The public part of a key in the PKCS #11 token, as it was when it came to us.
Result<crypto::VerifyKey> read_public(const SigningKeyRecord& record) {
  codec::JsonReader reader;
  CLAVIGER_TRY(value, reader.parse(record.public_jwk));
  CLAVIGER_TRY(object, value.as_object());
  CLAVIGER_TRY(jwk, crypto::read_jwk(object));
  if (jwk.key.thumbprint() != record.kid) return Error{Code::Corrupt, "signing_keys.kid"};
  return jwk.key;
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

std::string header_of(const crypto::VerifyKey& key, std::string_view type) {
  std::string json;
  codec::JsonWriter writer(json);
  writer.begin_object().member("typ", type).member("alg", crypto::name_of(key.algorithm())).member("kid", key.thumbprint());
  writer.end_object();
  std::string encoded;
  codec::base64url_encode(as_bytes(json), encoded);
  return encoded;
}

Task<Result<TenantKey>> load_key(Context* context, std::string tenant, SigningKeyRecord record, KeyTableBudget* budget) {
  TenantKey key;
  key.kid = record.kid;
  key.state = record.state;
  key.created_at = record.created_at;
  key.changed_at = record.changed_at;
  key.stored_as = record.stored_as;
  const TenantKey* known = known_key(*context, tenant, record.kid);
  if (known != nullptr) {
    key.key = known->key;
    key.verifying = known->verifying;
  } else if (!record.stored_as.empty()) {
    CLAVIGER_CO_TRY(verifying, read_public(record));
    key.verifying = std::move(verifying);
  } else {
    auto opened = co_await open_key(context, tenant, std::move(record));
    if (!opened) co_return opened.error();
    key.key = *std::move(opened);
    key.verifying = key.key->verify_key();
  }
  if (key.verifying->wants_table() && budget->left != 0) {
    --budget->left;
    auto work = [verifying = *key.verifying] { return verifying.build_table(); };
    auto table = co_await runtime::offload(&context->work_pool, std::move(work));
    // Without a table EVP serves: no reason to refuse the key.
    if (table && *table) key.verifying = key.verifying->with_table(**table);
  }
  key.access_token_header = header_of(*key.verifying, "at+jwt");
  key.id_token_header = header_of(*key.verifying, "JWT");
  if (pkcs11::KeyStore* store = context->tokens->key_store(); store != nullptr && !key.stored_as.empty()) {
    const bool is_to_sign = key.state == KeyState::Active || key.state == KeyState::Next;
    is_to_sign ? store->want(key.stored_as) : store->want_no_longer(key.stored_as);
  }
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

// A key that is not in the store yet: ours to seal, or in the PKCS #11 token.
struct FreshKey {
  KeyRef key;
  std::string stored_as;
  std::optional<crypto::VerifyKey> verifying;
};

std::string public_jwk_of(const crypto::VerifyKey& key) {
  std::string text;
  crypto::write_jwk(key, text);
  return text;
}

// The label of a key that we make: names the tenant for whoever looks into the token.
Result<std::string> fresh_label(std::string_view tenant) {
  std::array<std::byte, 8> random;
  CLAVIGER_TRY(filled, crypto::fill_random(random));
  std::string label = "claviger/";
  label += tenant;
  label += '/';
  codec::hex_encode(random, label);
  return label;
}

Task<Result<FreshKey>> make_fresh(Context* context, std::string tenant, crypto::SignatureAlgorithm algorithm,
                                  bool is_in_store) {
  FreshKey fresh;
  if (!is_in_store) {
    CLAVIGER_CO_TRY(made, co_await generate_keys(context, algorithm, 1));
    fresh.key = std::move(made.front());
    co_return fresh;
  }
  pkcs11::KeyStore* store = context->tokens->key_store();
  if (store == nullptr) co_return Error{Code::KeyStoreMissing, "key.store"};
  CLAVIGER_CO_TRY(label, fresh_label(tenant));
  CLAVIGER_CO_TRY(made, co_await store->make_pair(label, algorithm));
  fresh.stored_as = std::move(label);
  fresh.verifying = std::move(made);
  co_return fresh;
}

Result<Unit> put_fresh(Context& context, storage::Transaction& transaction, std::string_view tenant, const FreshKey& fresh,
                       KeyState state) {
  if (fresh.key != nullptr) return put_key(context, transaction, tenant, *fresh.key, state);
  SigningKeyRecord record;
  record.kid = fresh.verifying->thumbprint();
  record.algorithm = fresh.verifying->algorithm();
  record.state = state;
  record.created_at = record.changed_at = numeric_date(context.shard.wall());
  record.stored_as = fresh.stored_as;
  record.public_jwk = public_jwk_of(*fresh.verifying);
  put_record(transaction, tenant, record);
  return Unit{};
}

// What becomes of the keys that are there, decided on their records.
struct Plan {
  storage::Transaction change;
  std::vector<Revocation> revocations;
  bool is_done_already = false;  // revoked before
  bool needs_active = false;     // and there is no next key to take its place
  bool needs_next = false;
};

// Rotation (`revoked_kid` empty): the next key becomes active, the active one retires. Revocation: that key goes at once,
// and only the place it leaves is filled.
Result<Plan> plan_replacement(const broker::TenantView& view, std::vector<SigningKeyRecord>& records, std::string revoked_kid,
                              WallTime wall) {
  const std::int64_t now = numeric_date(wall);
  const std::string& tenant = view.tenant.name;
  if (revoked_kid == kActiveKey) {
    const auto active = std::ranges::find(records, KeyState::Active, &SigningKeyRecord::state);
    if (active == records.end()) return Error{Code::NotFound, "key.kid"};
    revoked_kid = active->kid;
  }
  Plan plan;
  const bool is_rotation = revoked_kid.empty();
  SigningKeyRecord* next = nullptr;
  bool is_found = is_rotation;
  plan.needs_active = is_rotation;
  for (SigningKeyRecord& record : records) {
    if (record.kid == revoked_kid && record.state == KeyState::Revoked) {
      plan.is_done_already = true;
      return plan;
    }
    if (record.kid == revoked_kid) {
      is_found = true;
      plan.needs_active = record.state == KeyState::Active;
      set_state(record, KeyState::Revoked, now);
      put_record(plan.change, tenant, record);
      plan.revocations.push_back(revocation_of_key(view, record.kid, wall));
      add_revocation(plan.change, tenant, plan.revocations.back());
    } else if (is_over(record, now)) {
      plan.change.erase(broker::tables::kSigningKeys, signing_key_key(tenant, record.kid));
    } else if (record.state == KeyState::Active && is_rotation) {
      set_state(record, KeyState::Retiring, now);
      put_record(plan.change, tenant, record);
    } else if (record.state == KeyState::Next) {
      next = &record;
    }
  }
  if (!is_found) return Error{Code::NotFound, "key.kid"};
  if (plan.needs_active && next != nullptr) {
    set_state(*next, KeyState::Active, now);
    put_record(plan.change, tenant, *next);
    plan.needs_active = false;
    next = nullptr;
  }
  plan.needs_next = next == nullptr;
  return plan;
}

// Whether the key that signs from here on lives in the PKCS #11 token.
bool is_active_stored(const std::vector<SigningKeyRecord>& records, const broker::TenantView& view) {
  const auto active = std::ranges::find(records, KeyState::Active, &SigningKeyRecord::state);
  if (active != records.end()) return !active->stored_as.empty();
  return view.keys->active != nullptr && !view.keys->active->stored_as.empty();
}

// The new keys that the plan lacks, and the commit; what it revokes reaches every shard and the feed.
Task<Result<KeyInfo>> replace_active(Context* context, std::string tenant, std::string revoked_kid) {
  auto turn = co_await context->publisher.turns().take("snapshot");
  if (!turn) co_return turn.error();
  CLAVIGER_CO_TRY(records, co_await read_records(context, tenant));
  const auto view = context->snapshot->tenants.find(tenant);
  if (view == context->snapshot->tenants.end()) co_return Error{Code::NotFound, "key.tenant"};
  const bool is_rotation = revoked_kid.empty();
  CLAVIGER_CO_TRY(plan, plan_replacement(view->second, records, std::move(revoked_kid), context->shard.wall()));
  if (plan.is_done_already) {
    // Perhaps not published then: whoever asks again is told yes when every shard knows.
    CLAVIGER_CO_TRY(published, co_await context->publisher.publish(context));
    co_return info_of(*context->snapshot->tenants.find(tenant)->second.keys->active);
  }
  const crypto::SignatureAlgorithm algorithm = view->second.tenant.algorithm;
  const bool is_in_store = is_active_stored(records, view->second);
  if (plan.needs_active) {
    CLAVIGER_CO_TRY(fresh, co_await make_fresh(context, tenant, algorithm, is_in_store));
    CLAVIGER_CO_TRY(active, put_fresh(*context, plan.change, tenant, fresh, KeyState::Active));
  }
  if (plan.needs_next) {
    auto fresh = co_await make_fresh(context, tenant, algorithm, is_in_store);
    if (fresh) {
      CLAVIGER_CO_TRY(published_ahead, put_fresh(*context, plan.change, tenant, *fresh, KeyState::Next));
    } else if (is_rotation || !is_in_store) {
      co_return fresh.error();
    }
    // A key in wrong hands does not wait for a token that is away: make_missing_key() comes back to it.
  }
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(plan.change)));
  // Before the snapshot: that one may fail to be built, and the tokens must die all the same.
  CLAVIGER_CO_TRY(revoked, co_await publish_revocations(context, std::move(plan.revocations)));
  CLAVIGER_CO_TRY(published, co_await context->publisher.publish(context));
  const auto after = context->snapshot->tenants.find(tenant);
  CLAVIGER_ASSERT(after != context->snapshot->tenants.end() && after->second.keys->active != nullptr);
  co_return info_of(*after->second.keys->active);
}

Task<Result<Unit>> make_missing(Context* context, std::string tenant) {
  auto turn = co_await context->publisher.turns().take("snapshot");
  if (!turn) co_return turn.error();
  CLAVIGER_CO_TRY(records, co_await read_records(context, tenant));
  const auto view = context->snapshot->tenants.find(tenant);
  if (view == context->snapshot->tenants.end()) co_return Error{Code::NotFound, "key.tenant"};
  if (std::ranges::find(records, KeyState::Next, &SigningKeyRecord::state) != records.end()) co_return Unit{};
  const bool is_in_store = is_active_stored(records, view->second);
  CLAVIGER_CO_TRY(fresh, co_await make_fresh(context, tenant, view->second.tenant.algorithm, is_in_store));
  storage::Transaction change;
  CLAVIGER_CO_TRY(added, put_fresh(*context, change, tenant, fresh, KeyState::Next));
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(change)));
  auto published = co_await context->publisher.publish(context);
  co_return published;
}

// Not any tenant's, not one that was revoked, not one that everybody has, and of the algorithm that the tenant's verifiers
// were told of.
Result<Unit> check_import(const Context& context, const broker::TenantView& view, const crypto::VerifyKey& key,
                          const std::vector<SigningKeyRecord>& records) {
  if (key.algorithm() != view.tenant.algorithm) return Error{Code::KeyType, "key.algorithm"};
  const std::string& kid = key.thumbprint();
  if (crypto::is_published_test_key(kid)) return Error{Code::KeyPublished, "key.import"};
  for (const SigningKeyRecord& record : records) {
    if (record.kid == kid) return Error{record.state == KeyState::Revoked ? Code::KeyUse : Code::Duplicate, "key.kid"};
  }
  for (const auto& [name, other] : context.snapshot->tenants) {
    if (std::ranges::find(other.keys->keys, kid, &TenantKey::kid) != other.keys->keys.end()) return Error{Code::Duplicate, "key.kid"};
  }
  return Unit{};
}

Task<Result<KeyInfo>> import_at_home(Context* context, std::string tenant, FreshKey fresh) {
  auto turn = co_await context->publisher.turns().take("snapshot");
  if (!turn) co_return turn.error();
  CLAVIGER_CO_TRY(records, co_await read_records(context, tenant));
  const auto view = context->snapshot->tenants.find(tenant);
  if (view == context->snapshot->tenants.end()) co_return Error{Code::NotFound, "key.tenant"};
  const crypto::VerifyKey& verifying = fresh.key != nullptr ? fresh.key->verify_key() : *fresh.verifying;
  const std::string kid = verifying.thumbprint();
  CLAVIGER_CO_TRY(checked, check_import(*context, view->second, verifying, records));
  const std::string revoked = revocation_key(tenant, revocation_of_key(view->second, kid, context->shard.wall()));
  auto was_revoked = co_await context->store.get(broker::tables::kRevocations, revoked);
  if (was_revoked) co_return Error{Code::KeyUse, "key.revoked"};
  if (!was_revoked.failed_with(Code::NotFound)) co_return was_revoked.error();

  storage::Transaction change;
  for (const SigningKeyRecord& record : records) {
    if (record.state != KeyState::Next) continue;
    const std::string key = signing_key_key(tenant, record.kid);
    change.expect_version(broker::tables::kSigningKeys, key, record.version);
    change.erase(broker::tables::kSigningKeys, key);
    pkcs11::KeyStore* store = context->tokens->key_store();
    if (store != nullptr && !record.stored_as.empty()) store->want_no_longer(record.stored_as);
  }
  CLAVIGER_CO_TRY(added, put_fresh(*context, change, tenant, fresh, KeyState::Next));
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(change)));
  CLAVIGER_CO_TRY(published, co_await context->publisher.publish(context));
  const auto after = context->snapshot->tenants.find(tenant);
  if (after == context->snapshot->tenants.end()) co_return Error{Code::NotFound, "key.tenant"};
  const auto imported = std::ranges::find(after->second.keys->keys, kid, &TenantKey::kid);
  if (imported == after->second.keys->keys.end()) co_return Error{Code::Conflict, "key.import"};
  co_return info_of(*imported);
}

Task<Result<KeyInfo>> import_fresh(Context* context, std::string tenant, FreshKey fresh) {
  Context* home = &context->at(context->publisher.home());
  auto start = [home, tenant = std::move(tenant), fresh = std::move(fresh)] { return import_at_home(home, tenant, fresh); };
  auto result = co_await runtime::call_on(&home->shard, std::move(start));
  co_return result;
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

Task<Result<Unit>> make_missing_key(Context* context, std::string tenant) {
  Context* home = &context->at(context->publisher.home());
  auto start = [home, tenant = std::move(tenant)] { return make_missing(home, tenant); };
  auto result = co_await runtime::call_on(&home->shard, std::move(start));
  co_return result;
}

Task<Result<KeyInfo>> import_key(Context* context, std::string tenant, SecretBytes pkcs8) {
  auto work = [pkcs8 = std::move(pkcs8)] { return crypto::SigningKey::from_pkcs8(pkcs8.reveal()); };
  auto read = co_await runtime::offload(&context->work_pool, std::move(work));
  if (!read) co_return read.error();
  if (!*read) co_return read->error();
  FreshKey fresh;
  fresh.key = std::make_shared<const crypto::SigningKey>(**std::move(read));
  auto imported = co_await import_fresh(context, std::move(tenant), std::move(fresh));
  co_return imported;
}

Task<Result<KeyInfo>> import_stored_key(Context* context, std::string tenant, std::string label) {
  pkcs11::KeyStore* store = context->tokens->key_store();
  if (store == nullptr) co_return Error{Code::KeyStoreMissing, "key.store"};
  CLAVIGER_CO_TRY(verifying, co_await store->find_pair(label));
  FreshKey fresh;
  fresh.stored_as = std::move(label);
  fresh.verifying = std::move(verifying);
  auto imported = co_await import_fresh(context, std::move(tenant), std::move(fresh));
  co_return imported;
}

KeyTableBudget key_table_budget(const Context& context) {
  std::size_t count = 0;
  if (context.snapshot != nullptr) {
    for (const auto& [name, view] : context.snapshot->tenants) {
      for (const TenantKey& key : view.keys->keys) count += key.verifying->has_table() ? 1U : 0U;
    }
  }
  return {count < kKeyTablesMax ? kKeyTablesMax - count : 0};
}

Task<Result<std::shared_ptr<const TenantKeys>>> load_tenant_keys(Context* context, std::string tenant,
                                                                 std::string issuer, KeyTableBudget* budget) {
  CLAVIGER_CO_TRY(records, co_await read_records(context, tenant));
  const std::int64_t now = numeric_date(context->shard.wall());
  std::vector<TenantKey> keys;
  for (SigningKeyRecord& record : records) {
    if (is_over(record, now)) continue;
    CLAVIGER_CO_TRY(key, co_await load_key(context, tenant, std::move(record), budget));
    keys.push_back(std::move(key));
  }
  co_return assemble(std::move(issuer), std::move(keys));
}

}  // namespace claviger::tokens
