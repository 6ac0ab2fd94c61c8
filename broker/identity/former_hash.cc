#include "broker/identity/former_hash.h"

#include <algorithm>
#include <vector>

#include "broker/record_key.h"
#include "broker/tables.h"
#include "core/crypto/digest.h"

namespace claviger::identity {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

namespace {

std::string former_key(std::string_view tenant, std::string_view sub) {
  return broker::record_key({tenant, "", "former-hash", sub});
}

constexpr std::size_t kDigestBytes = 32;

std::string digest_of(std::string_view hash) { return std::string(as_text(crypto::sha256(as_bytes(hash)))); }

// The digests of those from which `present` was made; none when the row is of another hash.
Task<Result<std::vector<std::string>>> read_former(Context* context, std::string tenant, std::string sub,
                                                   std::string present) {
  auto value = co_await context->store.get(tables::kAuthenticators, former_key(tenant, sub));
  std::vector<std::string> digests;
  if (value.failed_with(Code::NotFound)) co_return digests;
  if (!value) co_return value.error();
  std::string_view row = as_text(value->bytes());
  if (row.size() % kDigestBytes != 0) co_return Error{Code::Corrupt, "authenticators.former_hash"};
  if (row.substr(0, kDigestBytes) != digest_of(present)) co_return digests;
  for (row.remove_prefix(kDigestBytes); !row.empty(); row.remove_prefix(kDigestBytes)) {
    digests.emplace_back(row.substr(0, kDigestBytes));
  }
  co_return digests;
}

}  // namespace

Task<Result<bool>> is_former_hash(Context* context, std::string tenant, std::string sub, std::string present,
                                  std::string hash) {
  CLAVIGER_CO_TRY(former, co_await read_former(context, std::move(tenant), std::move(sub), std::move(present)));
  co_return std::ranges::find(former, digest_of(hash)) != former.end();
}

Task<Result<Unit>> add_former_hash(Context* context, std::string tenant, std::string sub, std::string hash,
                                   std::string renewed, storage::Transaction* transaction) {
  CLAVIGER_CO_TRY(former, co_await read_former(context, tenant, sub, hash));
  if (former.size() == kFormerHashesMax) former.erase(former.begin() + 1);
  former.push_back(digest_of(hash));
  std::string row = digest_of(renewed);
  for (const std::string& digest : former) row += digest;
  transaction->put(tables::kAuthenticators, former_key(tenant, sub), as_bytes(row));
  co_return Unit{};
}

void forget_former_hashes(storage::Transaction& transaction, std::string_view tenant, std::string_view sub) {
  transaction.erase(tables::kAuthenticators, former_key(tenant, sub));
}

}  // namespace claviger::identity
