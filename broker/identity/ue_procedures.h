// What operators do to UEs (issue: shareable, gateway, lost): register, show, change, remove; and the sessions on one.
//
// Called on any shard; a change runs at home_of("ue/" tenant "/" ue_id) under the UE's turn. A key proves one UE: whoever
// registers it for a second one is refused. Losing and removing a UE ends every session on it: when they return, every
// shard refuses their tokens.
//
// Codes: UeUnknown, UeTaken (its id, or one of its keys), BadValue, TooMany; what the store says.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "broker/context.h"
#include "broker/identity/session_procedures.h"
#include "broker/identity/ue.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::identity {

// What is absent stays as it is.
struct UeChange {
  std::optional<UeClass> ue_class;
  std::optional<std::string> name;
  std::optional<std::string> owner;  // a sub that exists; empty: nobody's
  std::optional<bool> is_lost;
  std::optional<bool> replaces_others;
  std::optional<std::uint32_t> max_users;
  std::optional<std::vector<std::string>> certificates;
  std::optional<std::vector<std::string>> dpop_keys;
};
struct UePage {
  std::vector<Ue> ues;
  std::string next;  // pass as `after` for the next page; empty: this was the last
};

runtime::Task<Result<Ue>> create_ue(broker::Context* context, std::string tenant, std::string ue_id, UeChange members);
// With is_lost every session on it ends.
runtime::Task<Result<Ue>> change_ue(broker::Context* context, std::string tenant, std::string ue_id, UeChange change);
runtime::Task<Result<Unit>> remove_ue(broker::Context* context, std::string tenant, std::string ue_id);
runtime::Task<Result<Ue>> find_ue(broker::Context* context, std::string tenant, std::string ue_id);
// In order of ue_id, at most `limit` (<= storage::kRangeMax), after `after` (empty: from the first).
runtime::Task<Result<UePage>> list_ues(broker::Context* context, std::string tenant, std::string after,
                                       std::size_t limit);

// Registered or not: those that the index names and that are still there.
runtime::Task<Result<SessionPage>> list_sessions_of_ue(broker::Context* context, std::string tenant, std::string ue_id,
                                                       std::string after, std::size_t limit);
// And who is signed in on it in a browser has to sign in again (authenticators/browser_session.h). How many sessions ended;
// BadValue when `ue_id` is none.
runtime::Task<Result<std::size_t>> end_sessions_of_ue(broker::Context* context, std::string tenant, std::string ue_id,
                                                      SessionState state);

}  // namespace claviger::identity
