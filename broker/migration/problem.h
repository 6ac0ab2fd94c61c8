// How the migration API answers what went wrong: RFC 9457 problems with the Code's name as member "code".
#pragma once

#include <string_view>

#include "core/base/result.h"
#include "core/http/message.h"

namespace claviger::migration {

http::Response refusal(std::string_view tenant, const Error& error);

}  // namespace claviger::migration
