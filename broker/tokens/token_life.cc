#include "broker/tokens/token_life.h"

#include <array>
#include <functional>
#include <memory>
#include <string>

#include "broker/record_key.h"
#include "broker/snapshot_publisher.h"
#include "broker/tables.h"
#include "broker/tokens/revocations.h"
#include "broker/tokens/token_shard.h"
#include "core/base/bytes.h"

namespace claviger::tokens {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

// Two operators at the same time; more than that is no coincidence.
constexpr int kTriesMax = 3;
constexpr std::size_t kRecordBytes = 8;

std::string record_name() { return broker::record_key({"access-token-life"}); }

struct Longest {
  Seconds life{0};
  std::uint64_t version = 0;
};
Task<Result<Longest>> read_longest(Context* context) {
  auto value = co_await context->store.get(tables::kInstallation, record_name());
  if (value.failed_with(Code::NotFound)) co_return Longest();
  if (!value) co_return value.error();
  const Bytes bytes = value->bytes();
  if (bytes.size() != kRecordBytes) co_return Error{Code::Corrupt, "installation.access_token_life"};
  const auto seconds = load_be<std::uint64_t>(bytes);
  if (seconds > static_cast<std::uint64_t>(kAccessTokenLifeMax.count())) {
    co_return Error{Code::Corrupt, "installation.access_token_life"};
  }
  Longest longest;
  longest.life = Seconds{static_cast<std::int64_t>(seconds)};
  longest.version = value->version();
  co_return longest;
}

Task<void> tell_every_shard(Context* context, Seconds life) {
  std::function<void(Context&)> step = [life](Context& on) { on.tokens->keep_revocations(life + kVerifiersLeeway); };
  auto shared_step = std::make_shared<const std::function<void(Context&)>>(std::move(step));
  co_await broker::on_every_shard(context, std::move(shared_step));
}

}  // namespace

Task<Result<Unit>> allow_access_token_life(Context* context, Seconds life) {
  if (life < kAccessTokenLifeMin || life > kAccessTokenLifeMax) co_return Error{Code::OutOfRange, "access_token_life"};
  if (life + kVerifiersLeeway <= context->tokens->revocation_kept()) co_return Unit{};
  for (int tries = 0; tries < kTriesMax; ++tries) {
    CLAVIGER_CO_TRY(longest, co_await read_longest(context));
    if (longest.life < life) {
      std::array<std::byte, kRecordBytes> record;
      store_be(record, static_cast<std::uint64_t>(life.count()));
      storage::Transaction change;
      change.expect_version(tables::kInstallation, record_name(), longest.version);
      change.put(tables::kInstallation, record_name(), record);
      auto committed = co_await context->store.commit(std::move(change));
      if (committed.failed_with(Code::Conflict)) continue;
      if (!committed) co_return committed.error();
    }
    co_await tell_every_shard(context, std::max(life, longest.life));
    co_return Unit{};
  }
  co_return Error{Code::Conflict, "access_token_life"};
}

Task<Result<Unit>> load_access_token_life(Context* context) {
  CLAVIGER_CO_TRY(longest, co_await read_longest(context));
  if (longest.life > Seconds{0}) co_await tell_every_shard(context, longest.life);
  co_return Unit{};
}

}  // namespace claviger::tokens
