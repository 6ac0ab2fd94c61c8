// A subscriber comes to hand at his home shard: his record, his keys opened.
//
// For the procedures of this room, on the home shard.
#pragma once

#include <optional>
#include <string>

#include "broker/subscriber/sip_database.h"

namespace claviger::subscriber {

// By canonical identity, with the subscriber's turn held. The pointer survives no co_await. SubscriberUnknown, SealBroken;
// what the store says.
runtime::Task<Result<CachedSubscriber*>> load_subscriber(SipDatabase* database, std::string tenant,
                                                         std::string private_identity);
// The same without waiting and without his turn: nothing is left of it that a change could overtake, for between the read
// and the use no other task runs. Null: the store has him not in memory, or there is something to be told (load_subscriber).
CachedSubscriber* load_subscriber_now(SipDatabase& database, std::string_view private_identity, std::string key,
                                      std::string_view tenant);
// Whose a public identity is. PublicIdentityUnknown.
runtime::Task<Result<std::string>> find_private_identity(broker::Context* context, std::string tenant,
                                                         std::string public_identity);
// "subscriber/alpha/<IMPI>": his home and his turn.
std::string home_name_of(std::string_view tenant, std::string_view private_identity);

// What requests of S-CSCFs change of his record; what is not given stays.
struct StateChange {
  std::optional<ServerState> server;
  std::optional<SequenceState> sequence;
};
// Durable, then at hand; his turn is held. SubscriberUnknown, Conflict; what the store says.
runtime::Task<Result<Unit>> write_state(SipDatabase* database, std::string tenant, std::string private_identity,
                                        StateChange change);

}  // namespace claviger::subscriber
