// The end of requests: what has ended long ago, and nobody is here or there for any more, is forgotten with all its rows.
#include <utility>

#include "broker/administration/acm.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "storage/page.h"

namespace claviger::administration {

namespace tables = broker::tables;
using runtime::Task;

namespace {

// "a\0b" of a key behind its prefix.
std::pair<std::string, std::string> two_parts(std::string_view key, std::size_t prefix_size) {
  const std::string_view rest = key.substr(prefix_size);
  const std::size_t cut = std::min(rest.find('\0'), rest.size());
  return {std::string(rest.substr(0, cut)), std::string(rest.substr(std::min(cut + 1, rest.size())))};
}

// What a partner may still hold of a request that it never answered is there to be withdrawn.
bool is_over(const StageRecord& stage, std::int64_t before) {
  const bool has_ended = stage.stage == Stage::Rejected || stage.stage == Stage::Withdrawn ||
                         (stage.stage == Stage::Failed && stage.unanswered == Stage::Done);
  return has_ended && stage.updated_at <= before;
}

}  // namespace

Task<Result<Unit>> Acm::erase_users(std::string prefix) {
  const std::string end = broker::record_prefix_end(prefix);
  for (;;) {
    CLAVIGER_CO_TRY(rows, co_await home().store.range(tables::kAcmUsers, prefix, end, storage::kRangeMax));
    if (rows.empty()) co_return Unit{};
    storage::Transaction transaction;
    for (const storage::Record& row : rows) transaction.erase(tables::kAcmUsers, row.key);
    CLAVIGER_CO_TRY(committed, co_await home().store.commit(std::move(transaction)));
  }
}

// Whether anybody of its users is here, by whichever request: then it may have to give him back.
Task<Result<bool>> Acm::has_visitors(std::string tenant, std::string home_system, std::string id) {
  CLAVIGER_CO_TRY(setup, co_await find_setup(inbound_key(tenant, home_system, id)));
  for (std::size_t i = 0; i < setup.users.size(); ++i) {
    auto row = co_await home().store.get(tables::kAcmUsers, visitor_key(tenant, home_system, setup.users[i].mc_id));
    if (row) co_return true;
    if (!row.failed_with(Code::NotFound)) co_return row.error();
  }
  co_return false;
}

Task<Result<Unit>> Acm::forget_inbound(std::string tenant, std::int64_t before) {
  const std::string prefix = broker::record_prefix({tenant, "state"});
  const std::string end = broker::record_prefix_end(prefix);
  for (std::string from = prefix; !from.empty() && !is_closing_;) {
    CLAVIGER_CO_TRY(rows, co_await home().store.range(tables::kAcmSetups, from, end, storage::kRangeMax));
    from = storage::is_full_page(rows, storage::kRangeMax) ? rows.back().key + '\0' : std::string();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto stage = decode_stage(rows[i].value);
      if (!stage || is_under_way(stage->stage) || stage->updated_at > before) continue;
      const auto [system, id] = two_parts(rows[i].key, prefix.size());
      if (stage->stage == Stage::Done) {
        const auto stays = co_await has_visitors(tenant, system, id);
        if (!stays || *stays) continue;
      }
      std::string users = broker::record_prefix({tenant, "in", system, id});
      CLAVIGER_CO_TRY(emptied, co_await erase_users(std::move(users)));
      storage::Transaction transaction;
      transaction.expect_version(tables::kAcmSetups, rows[i].key, stage->version);
      transaction.erase(tables::kAcmSetups, rows[i].key);
      transaction.erase(tables::kAcmSetups, inbound_key(tenant, system, id));
      auto forgotten = co_await home().store.commit(std::move(transaction));
      if (!forgotten && !forgotten.failed_with(Code::Conflict)) co_return forgotten.error();
    }
  }
  co_return Unit{};
}

// Ours: when it has ended at every partner, and nobody is set up at any.
Task<Result<Unit>> Acm::forget_outbound(std::string tenant, std::int64_t before) {
  const std::string prefix = broker::record_prefix({tenant, "target"});
  const std::string end = broker::record_prefix_end(prefix);
  std::string last;
  for (std::string from = prefix; !from.empty() && !is_closing_;) {
    CLAVIGER_CO_TRY(rows, co_await home().store.range(tables::kAcmSetups, from, end, storage::kRangeMax));
    from = storage::is_full_page(rows, storage::kRangeMax) ? rows.back().key + '\0' : std::string();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::string id = two_parts(rows[i].key, prefix.size()).first;
      if (std::exchange(last, id) == id) continue;
      const auto first = decode_stage(rows[i].value);
      if (!first || !is_over(*first, before)) continue;
      auto setup = co_await find_setup(setup_key(tenant, id));
      if (!setup) continue;
      storage::Transaction transaction;
      transaction.erase(tables::kAcmSetups, setup_key(tenant, id));
      bool all_are = true;
      for (std::size_t n = 0; n < setup->targets.size() && all_are; ++n) {
        const std::string key = target_key(tenant, id, setup->targets[n]);
        const auto stage = co_await find_stage(key);
        all_are = stage && is_over(*stage, before);
        if (!all_are) continue;
        transaction.expect_version(tables::kAcmSetups, key, stage->version);
        transaction.erase(tables::kAcmSetups, key);
      }
      if (!all_are) continue;
      std::string users = broker::record_prefix({tenant, "out", id});
      CLAVIGER_CO_TRY(emptied, co_await erase_users(std::move(users)));
      auto forgotten = co_await home().store.commit(std::move(transaction));
      if (!forgotten && !forgotten.failed_with(Code::Conflict)) co_return forgotten.error();
    }
  }
  co_return Unit{};
}

Task<Result<Unit>> Acm::forget_ended(std::string tenant) {
  const std::int64_t before = numeric_date(home().shard.wall()) - kSetupsKept;
  CLAVIGER_CO_TRY(ours, co_await forget_outbound(tenant, before));
  auto theirs = co_await forget_inbound(tenant, before);
  co_return theirs;
}

}  // namespace claviger::administration
