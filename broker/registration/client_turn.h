// One client that several identities authorise at once: their changes take the client from each other, and who starts from
// what another has changed meanwhile starts again. Whoever lost once waits for the client's turn.
#pragma once

#include <string>
#include <type_traits>
#include <utility>

#include "broker/registration/registrar.h"
#include "core/base/result.h"
#include "core/runtime/call.h"
#include "core/runtime/task.h"

namespace claviger::registration {

// In the client's turn only first tries of newcomers are in the way: as many as come while one change is committed.
inline constexpr int kConflictTriesAlone = 16;

// Home of the client. The one place where a turn is held while a second home is waited for (broker/README.md): the client's before
// the identity's, never the other way, so that no two wait for each other. runtime/turns.h bounds both: whom neither has room or
// time for is told Overload, and an identity that is slow holds up those of the same client for so long at most.
template <typename Start>
std::invoke_result_t<Start&> in_clients_turn(Registrar* registrar, std::string client_id, std::string impu,
                                             Start start) {
  auto turn = co_await registrar->turns().take("client " + client_id);
  if (!turn) co_return turn.error();
  auto done = co_await runtime::call_on(&registrar->home_of_identity(impu), std::move(start));
  co_return done;
}

// Any shard, without a turn: `start`, a change, at the home of the identity in the turn of the client. Overload.
template <typename Start>
std::invoke_result_t<Start&> alone_with_client(Registrar* registrar, std::string client_id, std::string impu,
                                               Start start) {
  auto begin = [registrar, client_id, impu, start] { return in_clients_turn(registrar, client_id, impu, start); };
  auto done = co_await runtime::call_on(&registrar->home_of_client(client_id), std::move(begin));
  co_return done;
}

}  // namespace claviger::registration
