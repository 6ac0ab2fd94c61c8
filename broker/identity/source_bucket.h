// What counts as one source of requests: an address, of IPv6 its network of 64 bits, of which one host has all.
//
// Pure function, any thread.
#pragma once

#include <string>
#include <string_view>

namespace claviger::identity {

// Whatever is no address stands for itself.
std::string bucket_of(std::string_view source);

}  // namespace claviger::identity
