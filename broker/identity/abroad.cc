#include "broker/identity/abroad.h"

#include "broker/record_key.h"
#include "broker/tables.h"
#include "storage/page.h"

namespace claviger::identity {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

namespace {

constexpr std::byte kVersion{1};
constexpr std::size_t kValueBytes = 1 + 2 * sizeof(std::int64_t);
// Requests that hold one user at one system, in one look: more than anybody makes.
constexpr std::size_t kRequestsALook = 64;

std::string_view name_of(Abroad kind) { return kind == Abroad::System ? "system" : "partner"; }

Result<bool> is_now(const storage::Value& value, std::int64_t now) {
  if (value.bytes().size() != kValueBytes) return Error{Code::Corrupt, "abroad"};
  if (value.bytes()[0] != kVersion) return Error{Code::SchemaTooNew, "abroad"};
  const auto from = static_cast<std::int64_t>(load_be<std::uint64_t>(value.bytes().subspan(1)));
  const auto until = static_cast<std::int64_t>(load_be<std::uint64_t>(value.bytes().subspan(1 + sizeof(from))));
  return from <= now && (until == 0 || now < until);
}

}  // namespace

void put_abroad(storage::Transaction& transaction, std::string_view tenant, Abroad kind, std::string_view name,
                const AbroadUser& user) {
  std::string value(kValueBytes, '\0');
  const MutableBytes bytes = std::as_writable_bytes(std::span(value));
  bytes[0] = kVersion;
  store_be(bytes.subspan(1), static_cast<std::uint64_t>(user.valid_from));
  store_be(bytes.subspan(1 + sizeof(std::int64_t)), static_cast<std::uint64_t>(user.valid_until));
  const std::string key = broker::record_key({tenant, "abroad", name_of(kind), name, user.sub, user.setup});
  transaction.put(tables::kAcmUsers, key, as_bytes(value), user.valid_until);
  // By set-up, so that its end looks at its own rows only.
  const std::string back = broker::record_key({tenant, "abroad-of", user.setup, name_of(kind), name, user.sub});
  transaction.put(tables::kAcmUsers, back, as_bytes(key), user.valid_until);
}

Task<Result<bool>> is_abroad(Context* context, std::string tenant, Abroad kind, std::string name, std::string sub) {
  const std::string prefix = broker::record_prefix({tenant, "abroad", name_of(kind), name, sub});
  const std::string end = broker::record_prefix_end(prefix);
  for (std::string from = prefix; !from.empty();) {
    CLAVIGER_CO_TRY(rows, co_await context->store.range(tables::kAcmUsers, from, end, kRequestsALook));
    const std::int64_t now = numeric_date(context->shard.wall());
    for (const storage::Record& row : rows) {
      CLAVIGER_CO_TRY(stands, is_now(row.value, now));
      if (stands) co_return true;
    }
    from = storage::is_full_page(rows, kRequestsALook) ? rows.back().key + '\0' : std::string();
  }
  co_return false;
}

// By the rows that are there, and not by who was asked for: somebody may be called otherwise by now.
Task<Result<Unit>> erase_abroad(Context* context, std::string tenant, std::string setup) {
  const std::string prefix = broker::record_prefix({tenant, "abroad-of", setup});
  const std::string end = broker::record_prefix_end(prefix);
  for (std::string from = prefix; !from.empty();) {
    CLAVIGER_CO_TRY(rows, co_await context->store.range(tables::kAcmUsers, from, end, storage::kRangeMax));
    storage::Transaction transaction;
    for (const storage::Record& row : rows) {
      transaction.erase(tables::kAcmUsers, row.value.text());
      transaction.erase(tables::kAcmUsers, row.key);
    }
    from = storage::is_full_page(rows, storage::kRangeMax) ? rows.back().key + '\0' : std::string();
    if (transaction.empty()) continue;
    CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(transaction)));
  }
  co_return Unit{};
}

}  // namespace claviger::identity
