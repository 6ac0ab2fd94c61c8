// Certificates, keys and revocation lists as files that an operator names. Read off the loop.
#pragma once

#include <string>

#include "core/base/result.h"
#include "core/base/secret.h"

namespace claviger::broker {

// Unreadable, TooLarge with `where`, a literal that says whose file it is.
Result<SecretBytes> read_pem_file(const std::string& file, std::string_view where);
// What is no secret; empty when no file is named.
Result<std::string> read_public_pem_file(const std::string& file, std::string_view where);

}  // namespace claviger::broker
