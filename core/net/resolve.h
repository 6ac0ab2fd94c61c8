// Host names to addresses, off the loop (libuv's own threads ask the system's resolver).
//
// On the calling shard. Dropping the task abandons the question; its answer is thrown away when it comes.
#pragma once

#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/net/address.h"
#include "core/runtime/task.h"

namespace claviger::net {

// Addresses tried for one name: more are not looked at.
inline constexpr std::size_t kAddressesMax = 8;

// In the resolver's order. An address in text is answered at once. Code::Unreachable for a name without addresses.
runtime::Task<Result<std::vector<Address>>> resolve(std::string host, std::uint16_t port, Monotonic deadline);

}  // namespace claviger::net
