#include "broker/identity/authenticators/password_length.h"

#include <algorithm>
#include <array>

#include "broker/record_key.h"
#include "broker/tables.h"

namespace claviger::identity {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

constexpr std::byte kVersion{1};

std::string key_of(std::string_view tenant) { return broker::record_key({tenant, "", "policy", "password-length"}); }

}  // namespace

Task<Result<std::uint8_t>> read_password_length(Context* context, std::string tenant) {
  auto value = co_await context->store.get(tables::kAuthenticators, key_of(tenant));
  if (value.failed_with(Code::NotFound)) co_return std::uint8_t{0};
  if (!value) co_return value.error();
  const Bytes bytes = value->bytes();
  if (bytes.empty() || bytes[0] == std::byte{0}) co_return Error{Code::Corrupt, "policies.password_length"};
  if (bytes[0] != kVersion) co_return Error{Code::SchemaTooNew, "policies.password_length"};
  if (bytes.size() != 2) co_return Error{Code::Corrupt, "policies.password_length"};
  co_return std::to_integer<std::uint8_t>(bytes[1]);
}

void put_password_length(storage::Transaction& transaction, std::string_view tenant, std::uint8_t characters) {
  if (characters == 0) return transaction.erase(tables::kAuthenticators, key_of(tenant));
  const std::array<std::byte, 2> record{kVersion, std::byte{characters}};
  transaction.put(tables::kAuthenticators, key_of(tenant), record);
}

Task<Result<Unit>> write_password_length(Context* context, std::string tenant, std::uint8_t characters) {
  if (characters > kPasswordLengthMax) co_return Error{Code::OutOfRange, "policy.password_length"};
  storage::Transaction transaction;
  put_password_length(transaction, tenant, characters);
  auto committed = co_await context->store.commit(std::move(transaction));
  if (!committed) co_return committed.error();
  co_return Unit{};
}

Task<Result<Unit>> check_password_length(Context* context, std::string tenant, std::size_t characters) {
  CLAVIGER_CO_TRY(said, co_await read_password_length(context, std::move(tenant)));
  const std::size_t least = said == 0 ? kPasswordLengthDefault : said;
  if (characters < least) co_return Error{Code::PasswordInvalid, kPasswordLengthPlace};
  co_return Unit{};
}

std::size_t characters_of(Bytes password) {
  // All but the bytes that go on with a character.
  return static_cast<std::size_t>(
      std::ranges::count_if(password, [](std::byte byte) { return (byte & std::byte{0xC0}) != std::byte{0x80}; }));
}

}  // namespace claviger::identity
