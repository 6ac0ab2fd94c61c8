// A subscriber comes to hand at his home shard: his record, his numbers, who serves him, his keys opened.
//
// For the procedures of this room, on the home shard with the subscriber's turn held.
#pragma once

#include <string>

#include "broker/subscriber/sip_database.h"

namespace claviger::subscriber {

// By canonical identity. The pointer survives no co_await. SubscriberUnknown, SealBroken; what the store says.
runtime::Task<Result<CachedSubscriber*>> load_subscriber(SipDatabase* database, std::string tenant,
                                                         std::string private_identity);
// Whose a public identity is. PublicIdentityUnknown.
runtime::Task<Result<std::string>> find_private_identity(broker::Context* context, std::string tenant,
                                                         std::string public_identity);
// "subscriber/alpha/<IMPI>": his home and his turn.
std::string home_name_of(std::string_view tenant, std::string_view private_identity);
// Durable, then at hand. An empty state is erased.
runtime::Task<Result<Unit>> write_server_state(SipDatabase* database, std::string tenant, std::string private_identity,
                                               ServerState state);

}  // namespace claviger::subscriber
