// Where we stand alone against libosip2 and Sofia-SIP, each case by name with its reason. What is not on these lists is
// most likely a fault of ours; where the two differ from each other, one of them is on our side.
#pragma once

#include <string_view>

#include "tests/core/sip/oracles.h"

namespace claviger::sip {

// Why we take what both refuse; empty: no reason is known.
std::string_view reason_to_take(std::string_view text);
// Why we refuse, at the check `where`, what both take; empty: no reason is known.
std::string_view reason_to_refuse(std::string_view where);

}  // namespace claviger::sip
