// Answers to requests that went wrong, as RFC 9457 problem details. Any shard.
#pragma once

#include <string_view>

#include "core/http/message.h"

namespace claviger::http {

// `detail` is text of ours (never a secret, never a peer's bytes unescaped: it is escaped here); empty: left out.
Response problem(std::uint16_t status, std::string_view detail = {});

}  // namespace claviger::http
