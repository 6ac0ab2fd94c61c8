#include "broker/identity/client_cache.h"

#include <algorithm>
#include <array>

#include "broker/identity/basic_credentials.h"

namespace claviger::identity {
namespace {

// "alpha" NUL and a header; longer ones are not cached.
constexpr std::size_t kHashedMax = kBasicHeaderMax + 64;

crypto::UniversalHash generated_hash() {
  auto hash = crypto::UniversalHash::generate();
  CLAVIGER_ASSERT(hash);  // at start: without entropy there is no broker
  return *std::move(hash);
}

}  // namespace

ClientCache::ClientCache() : hash_(generated_hash()) {}

std::optional<crypto::Hash128> ClientCache::hash(char kind, std::string_view tenant, std::string_view text) const {
  std::array<char, kHashedMax> joined;
  const std::size_t size = tenant.size() + text.size() + 2;
  if (size > joined.size()) return std::nullopt;
  joined[0] = kind;
  std::copy_n(tenant.data(), tenant.size(), joined.data() + 1);
  joined[1 + tenant.size()] = '\0';
  std::copy_n(text.data(), text.size(), joined.data() + 2 + tenant.size());
  const crypto::Hash128 result = hash_(as_bytes(std::string_view(joined.data(), size)));
  if (kind == 'h') wipe(std::as_writable_bytes(std::span(joined.data(), size)));
  return result;
}

ClientCache::EntryRef ClientCache::find(std::string_view tenant, std::string_view client_id) {
  const auto key = hash('c', tenant, client_id);
  const Held* held = key ? clients_.find(*key) : nullptr;
  return held == nullptr ? nullptr : held->entry;
}

ClientCache::EntryRef ClientCache::insert(std::string_view tenant, Client client, std::size_t entries_max) {
  const auto key = hash('c', tenant, client.client_id);
  auto entry = std::make_shared<Entry>();
  entry->client = std::move(client);
  if (!key) return entry;
  clients_.set_entries_max(entries_max);
  clients_.insert(*key, Held(entry));
  return entry;
}

void ClientCache::forget(std::string_view tenant, std::string_view client_id) {
  ++epoch_;
  if (const auto key = hash('c', tenant, client_id)) clients_.erase(*key);
}

ClientCache::EntryRef ClientCache::find_seen(std::string_view tenant, std::string_view authorization) {
  const auto key = hash('h', tenant, authorization);
  const EntryRef* entry = key ? seen_.find(*key) : nullptr;
  if (entry == nullptr) return nullptr;
  if (!(*entry)->is_stale) return *entry;
  seen_.erase(*key);
  return nullptr;
}

void ClientCache::remember_seen(std::string_view tenant, std::string_view authorization, EntryRef entry,
                                std::size_t entries_max) {
  const auto key = hash('h', tenant, authorization);
  if (!key || entry->is_stale) return;
  seen_.set_entries_max(entries_max);
  seen_.insert(*key, std::move(entry));
}

}  // namespace claviger::identity
