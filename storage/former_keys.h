// Key-encryption keys that wrap no more: each rotation keeps the one before in a file beside the present one,
// PATH.former-20261122T141500Z, mode 0600, for copies of the store that were made under it. Who needs no such copy any more
// destroys it.
//
// Blocking: off the loop.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "storage/wrapping_keys.h"

namespace claviger::storage {

// `path`: of the present keys' file; `now`: NumericDate. Returns the new file's path. Io, NoSpace, TooMany.
Result<std::string> keep_former_keys(const WrappingKeys& keys, const std::string& path, std::int64_t now);
// The former keys' files beside `path`, oldest first.
std::vector<std::string> former_key_files(const std::string& path);

}  // namespace claviger::storage
