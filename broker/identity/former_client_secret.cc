#include "broker/identity/former_client_secret.h"

#include <algorithm>

#include "broker/record_key.h"
#include "broker/tables.h"

namespace claviger::identity {
namespace {

namespace tables = broker::tables;
constexpr char kVersion = 1;

std::string key_of(std::string_view tenant, std::string_view client_id) {
  return broker::record_key({tenant, "", "former-secret", client_id});
}

}  // namespace

void put_former_secret(storage::Transaction& transaction, std::string_view tenant, std::string_view client_id,
                       const SecretMac& mac, std::int64_t until) {
  std::string record(1, kVersion);
  record += as_text(Bytes(mac));
  transaction.put(tables::kAuthenticators, key_of(tenant, client_id), as_bytes(record), until);
}

void erase_former_secret(storage::Transaction& transaction, std::string_view tenant, std::string_view client_id) {
  transaction.erase(tables::kAuthenticators, key_of(tenant, client_id));
}

runtime::Task<Result<std::optional<SecretMac>>> read_former_secret(broker::Context* context, std::string tenant,
                                                                   std::string client_id) {
  auto value = co_await context->store.get(tables::kAuthenticators, key_of(tenant, client_id));
  if (value.failed_with(Code::NotFound)) co_return std::optional<SecretMac>();
  if (!value) co_return value.error();
  const Bytes bytes = value->bytes();
  if (bytes.empty() || bytes[0] == std::byte{0}) co_return Error{Code::Corrupt, "clients.former_secret"};
  if (bytes[0] != std::byte{kVersion}) co_return Error{Code::SchemaTooNew, "clients.former_secret"};
  SecretMac mac;
  if (bytes.size() != 1 + mac.size()) co_return Error{Code::Corrupt, "clients.former_secret"};
  std::ranges::copy(bytes.subspan(1), mac.begin());
  co_return std::optional(mac);
}

runtime::Task<Result<std::int64_t>> former_secret_until(broker::Context* context, std::string tenant,
                                                        std::string client_id) {
  auto value = co_await context->store.get(tables::kAuthenticators, key_of(tenant, client_id));
  if (value.failed_with(Code::NotFound)) co_return std::int64_t{0};
  if (!value) co_return value.error();
  co_return value->expires_at();
}

}  // namespace claviger::identity
