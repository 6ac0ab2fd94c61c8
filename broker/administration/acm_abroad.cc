// Whom a request has set up at a partner is on the list of those who may go there, from before its client hears that
// it is done until it is withdrawn.
#include "broker/administration/acm.h"
#include "broker/identity/abroad.h"
#include "broker/identity/user_procedures.h"
#include "broker/tables.h"

namespace claviger::administration {

namespace tables = broker::tables;
using runtime::Task;

namespace {

// Two rows each in a transaction of at most 65 536 operations.
constexpr std::size_t kChunk = 1000;

// A request at one system; neither has blanks.
std::string setup_name(std::string_view id, std::string_view system) {
  return std::string(id) + ' ' + std::string(system);
}

}  // namespace

// Conflict: the stage is not that of this version any more; somebody may have withdrawn it.
Task<Result<Unit>> Acm::list_abroad(std::string tenant, std::string id, std::string system, std::uint64_t version) {
  CLAVIGER_CO_TRY(setup, co_await find_setup(setup_key(tenant, id)));
  auto partner = co_await find_partner(tenant, system);
  if (!partner && !partner.failed_with(Code::AcmPartnerUnknown)) co_return partner.error();
  const std::string name = setup_name(id, system);
  const std::string idms = partner ? partner->partner : std::string();
  for (std::size_t begin = 0; begin < setup.users.size(); begin += kChunk) {
    const std::size_t end = std::min(setup.users.size(), begin + kChunk);
    storage::Transaction transaction;
    for (std::size_t i = begin; i < end; ++i) {
      const SetupUser* asked = &setup.users[i];
      auto status = co_await home().store.get(tables::kAcmUsers, result_row(tenant, id, system, asked->mc_id));
      if (!status && !status.failed_with(Code::NotFound)) co_return status.error();
      if (!status || !is_good(status->text())) continue;
      auto user = co_await identity::find_user_by_mc_identity(&home(), tenant, "mc", asked->mc_id);
      if (user.failed_with(Code::UserUnknown)) continue;  // removed meanwhile
      if (!user) co_return user.error();
      const identity::AbroadUser listed{user->sub, name, asked->valid_from, asked->valid_until};
      identity::put_abroad(transaction, tenant, identity::Abroad::System, system, listed);
      if (!idms.empty()) identity::put_abroad(transaction, tenant, identity::Abroad::Partner, idms, listed);
    }
    if (transaction.empty()) continue;
    transaction.expect_version(tables::kAcmSetups, target_key(tenant, id, system), version);
    CLAVIGER_CO_TRY(committed, co_await home().store.commit(std::move(transaction)));
  }
  co_return Unit{};
}

Task<Result<Unit>> Acm::end_abroad(std::string tenant, std::string id, std::string system) {
  return identity::erase_abroad(&home(), std::move(tenant), setup_name(id, system));
}

}  // namespace claviger::administration
