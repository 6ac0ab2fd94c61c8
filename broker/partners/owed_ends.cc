#include "broker/partners/owed_ends.h"

#include <array>
#include <optional>

#include "broker/partners/derived_sessions.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "storage/page.h"

namespace claviger::partners {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

constexpr std::string_view kOwed = "owed";

struct Owed {
  std::string tenant, partner, sub;
};
// Nothing: a row of another kind.
std::optional<Owed> owed_of(std::string_view key) {
  std::array<std::string_view, 3> parts;
  for (std::string_view& part : parts) {
    const std::size_t end = key.find('\0');
    if (end == std::string_view::npos) return std::nullopt;
    part = key.substr(0, end);
    key.remove_prefix(end + 1);
  }
  if (parts[2] != kOwed) return std::nullopt;
  return Owed{std::string(parts[0]), std::string(parts[1]), std::string(key)};
}

Task<Result<Unit>> settle(Context* context, storage::Record row) {
  auto owed = owed_of(row.key);
  if (!owed) co_return Unit{};
  CLAVIGER_CO_TRY(ended, co_await end_derived_sessions(context, std::move(owed->tenant), std::move(owed->partner),
                                                       std::move(owed->sub)));
  storage::Transaction done;
  done.expect_version(tables::kPartners, row.key, row.value.version());
  done.erase(tables::kPartners, row.key);
  auto committed = co_await context->store.commit(std::move(done));
  // Settled by somebody else, or owed once more meanwhile: whoever did that settles it.
  if (!committed && !committed.failed_with(Code::Conflict)) co_return committed.error();
  co_return Unit{};
}

struct Range {
  std::string from;
  std::string to;
};
Task<Result<Unit>> settle_in(Context* context, Range range) {
  Result<Unit> result = Unit{};
  for (;;) {
    auto rows = co_await context->store.range(tables::kPartners, range.from, range.to, storage::kRangeMax);
    if (!rows) co_return rows.error();
    const bool is_last = !storage::is_full_page(*rows, storage::kRangeMax);
    if (!is_last) range.from = rows->back().key + '\0';
    for (std::size_t i = 0; i < rows->size(); ++i) {
      auto settled = co_await settle(context, std::move((*rows)[i]));
      if (!settled && result) result = settled;
    }
    if (is_last) co_return result;
  }
}

}  // namespace

void owe_end(storage::Transaction& transaction, std::string_view tenant, std::string_view partner,
             std::string_view sub) {
  transaction.put(tables::kPartners, broker::record_key({tenant, partner, kOwed, sub}), {});
}

Task<Result<Unit>> settle_owed(Context* context, std::string tenant, std::string partner) {
  std::string from = broker::record_prefix({tenant, partner, kOwed});
  std::string to = broker::record_prefix_end(from);
  Range range{std::move(from), std::move(to)};
  co_return co_await settle_in(context, std::move(range));
}

Task<Result<Unit>> settle_all_owed(Context* context) {
  Range range;
  co_return co_await settle_in(context, std::move(range));
}

}  // namespace claviger::partners
