// How many of a partner's users may be here (AcmPartner::quota): each takes a place when his row is written and gives it back
// when that goes, whichever requests ask for him.
#include <iterator>

#include "broker/administration/acm.h"
#include "broker/record_key.h"
#include "broker/tables.h"
#include "storage/page.h"

namespace claviger::administration {

namespace tables = broker::tables;
using runtime::Task;

namespace {

std::string visitors_prefix(std::string_view tenant, std::string_view system) {
  return broker::record_prefix({tenant, "visitor", system});
}

}  // namespace

// Once an agreement and process. Whoever writes or erases a visitor's row has waited for this.
Task<Result<Unit>> Acm::count_visitors(std::string tenant, std::string system) {
  const std::string prefix = visitors_prefix(tenant, system);
  if (visitors_.contains(prefix)) co_return Unit{};
  auto turn = co_await turns_.take("count/" + prefix);
  if (!turn) co_return turn.error();
  if (visitors_.contains(prefix)) co_return Unit{};
  const std::string end = broker::record_prefix_end(prefix);
  std::uint64_t count = 0;
  for (std::string at = prefix; !at.empty();) {
    CLAVIGER_CO_TRY(rows, co_await home().store.range(tables::kAcmUsers, at, end, storage::kRangeMax));
    count += rows.size();
    at = storage::is_full_page(rows, storage::kRangeMax) ? rows.back().key + '\0' : std::string();
  }
  visitors_[prefix] = count;
  co_return Unit{};
}

// At acceptance: what can be said before anybody is set up. Who is here already takes no second place.
Task<Result<Unit>> Acm::check_room(std::string tenant, std::shared_ptr<const AcmPartner> from,
                                   std::shared_ptr<const Setup> setup) {
  const std::string open = broker::record_prefix({tenant, "state", from->system});
  const auto first = under_way_.lower_bound(open);
  if (std::distance(first, under_way_.lower_bound(broker::record_prefix_end(open))) >= std::ptrdiff_t{kSetupsOpenMax}) {
    co_return Error{Code::AcmQuota, "acm.open"};
  }
  CLAVIGER_CO_TRY(counted, co_await count_visitors(tenant, from->system));
  std::uint64_t wanted = visitors_[visitors_prefix(tenant, from->system)];
  if (wanted + setup->users.size() <= from->quota) co_return Unit{};
  for (std::size_t i = 0; i < setup->users.size(); ++i) {
    auto row = co_await home().store.get(tables::kAcmUsers, visitor_key(tenant, from->system, setup->users[i].mc_id));
    if (!row && !row.failed_with(Code::NotFound)) co_return row.error();
    if (!row) ++wanted;
  }
  if (wanted > from->quota) co_return Error{Code::AcmQuota, "acm.quota"};
  co_return Unit{};
}

Task<Result<Unit>> Acm::take_place(std::string tenant, std::shared_ptr<const AcmPartner> from) {
  CLAVIGER_CO_TRY(counted, co_await count_visitors(tenant, from->system));
  std::uint64_t& present = visitors_[visitors_prefix(tenant, from->system)];
  if (present >= from->quota) co_return Error{Code::AcmQuota, "acm.place"};
  ++present;
  co_return Unit{};
}

void Acm::give_up_place(std::string_view tenant, std::string_view system) {
  const auto found = visitors_.find(visitors_prefix(tenant, system));
  if (found != visitors_.end() && found->second > 0) --found->second;
}

}  // namespace claviger::administration
