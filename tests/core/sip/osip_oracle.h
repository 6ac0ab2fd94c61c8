// libosip2 behind a wall: it and Sofia-SIP define the same names (sip_t, via_t), so no file includes both.
#pragma once

#include <functional>
#include <string>

namespace claviger::sip {

struct OsipFacts {
  int status = 0;
  std::string method, call_id, cseq, from_tag, to_tag;
  int vias = 0;
  long body = 0;
};
// Calls `on_taken` when the parser takes the message.
void osip_oracle_read(const char* text, std::size_t size, const std::function<void(const OsipFacts&)>& on_taken);

}  // namespace claviger::sip
