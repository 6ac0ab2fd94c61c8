// Whom a sign-in on a UE signs off, and whether it may be (spec 3.3 "login commit"; TS 22.280 shareable and gateway UEs).
//
// Steps of the redemption of a code, at home_of("ue/" tenant "/" ue_id) and under the UE's turn. Everything happens in
// the redemption's own transaction: a sign-in that fails, or is never finished, signs nobody off, and of two at the same
// time the second replaces the first.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/context.h"
#include "broker/identity/session.h"
#include "broker/identity/ue.h"
#include "core/base/result.h"
#include "core/runtime/task.h"
#include "storage/transaction.h"

namespace claviger::identity {

struct Admission {
  std::string ue_id;     // empty: the session is on no UE
  std::optional<Ue> ue;  // nothing: not registered
  std::vector<Session> replaced;
  std::vector<std::string> stale;  // sids of index rows whose sessions have ended by themselves
};

// Pages of the index that one sign-in looks through: a full gateway with some sessions of each user. Beyond: UeFull.
inline constexpr std::size_t kUePagesMax = 8;

// Steps 1 to 4. UeLost, UeOfAnother, UeFull; what the store says.
runtime::Task<Result<Admission>> admit_on_ue(broker::Context* context, std::string tenant, std::string ue_id,
                                             std::string sub, std::string client_id);
// Step 5: into the transaction that writes `session`. NotFound (the tenant is gone).
Result<Unit> add_admission(const broker::Context& context, storage::Transaction& transaction, std::string_view tenant,
                           const Admission& admission, const Session& session);
// When that is durable: returns when every shard refuses what was replaced.
runtime::Task<Result<Unit>> publish_admission(broker::Context* context, std::string tenant, Admission admission,
                                              Session session);

}  // namespace claviger::identity
