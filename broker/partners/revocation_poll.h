// One poll of a partner's revocation feed (broker/tokens/verifier/revocation_feed.h), as its client: what is asked, what
// comes back, how far we are.
//
// On the home shard of partners.
#pragma once

#include <cstdint>
#include <string>

#include "broker/context.h"
#include "broker/partners/partner.h"
#include "broker/tokens/verifier/revocation.h"
#include "core/base/result.h"
#include "core/http/client.h"
#include "core/runtime/task.h"

namespace claviger::partners {

// The partner holds a poll this long, and we wait some seconds more before we call it unreachable.
inline constexpr Seconds kFeedPollWait{20};
inline constexpr Milliseconds kFeedPollMax{30'000};
// From one poll to the next when there were changes: whoever is behind catches up with ten thousand a second.
inline constexpr Milliseconds kFeedPollFloor{100};

// SealBroken: our credentials there do not open.
Result<http::ClientRequest> feed_request(broker::Context& context, const std::string& tenant, const Partner& partner,
                                         std::uint64_t since);
// OutOfRange unless the answer leads on from `since`: a partner that goes back, or that has changes and stays where it
// was, would be asked the same for ever.
Result<Unit> check_feed_progress(const tokens::RevocationDelta& delta, std::uint64_t since);
// Unreachable when the partner refuses, what check_feed_progress() says, else what the parser says (off the loop: a
// thousand changes are milliseconds).
runtime::Task<Result<tokens::RevocationDelta>> read_feed_answer(broker::Context* context, http::ClientResponse response,
                                                                std::uint64_t since);

// 0: from the beginning.
runtime::Task<Result<std::uint64_t>> read_feed_position(broker::Context* context, std::string tenant, std::string name);
// Conflict: the partner was changed or removed meanwhile.
runtime::Task<Result<Unit>> keep_feed_position(broker::Context* context, std::string tenant, Partner partner,
                                               std::uint64_t next);

}  // namespace claviger::partners
