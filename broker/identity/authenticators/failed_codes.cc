#include "broker/identity/authenticators/failed_codes.h"

#include <array>

#include "broker/identity/identity_shard.h"
#include "broker/record_key.h"
#include "broker/tables.h"

namespace claviger::identity {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

namespace {

std::string failures_key(std::string_view tenant, std::string_view sub) {
  return broker::record_key({tenant, "", "failures", sub});
}

}  // namespace

Task<Result<WrongCodes>> read_wrong_codes(Context* context, std::string tenant, std::string sub) {
  auto value = co_await context->store.get(tables::kAuthenticators, failures_key(tenant, sub));
  if (value.failed_with(Code::NotFound)) co_return WrongCodes();
  if (!value) co_return value.error();
  if (value->bytes().size() != sizeof(std::uint32_t)) co_return Error{Code::Corrupt, "authenticators.failures"};
  co_return WrongCodes{load_be<std::uint32_t>(value->bytes()), value->version()};
}

Task<Result<std::uint32_t>> count_wrong_code(Context* context, std::string tenant, std::string sub) {
  const std::string key = failures_key(tenant, sub);
  // All tries of a user begin at one home; who enables him meanwhile is the only other writer.
  for (int tries = 0; tries < kConflictTriesMax; ++tries) {
    CLAVIGER_CO_TRY(wrong, co_await read_wrong_codes(context, tenant, sub));
    // It stays there: a locked user's next wrong code writes nothing.
    if (wrong.is_locked()) co_return wrong.count;
    std::array<std::byte, sizeof(std::uint32_t)> bytes;
    store_be(bytes, wrong.count + 1);
    storage::Transaction transaction;
    if (wrong.version == 0) {
      transaction.expect_absent(tables::kAuthenticators, key);
    } else {
      transaction.expect_version(tables::kAuthenticators, key, wrong.version);
    }
    transaction.put(tables::kAuthenticators, key, bytes);
    auto committed = co_await context->store.commit(std::move(transaction));
    if (committed) co_return wrong.count + 1;
    if (!committed.failed_with(Code::Conflict)) co_return committed.error();
  }
  co_return Error{Code::Conflict, "sign_in.failures"};
}

void forget_wrong_codes(storage::Transaction& transaction, std::string_view tenant, std::string_view sub) {
  transaction.erase(tables::kAuthenticators, failures_key(tenant, sub));
}

}  // namespace claviger::identity
