// What libosip2 and Sofia-SIP make of a message: two independent readers of the same RFCs, for tests alone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace claviger::sip {

// What a reader understood; compared where both took the message.
struct Reading {
  bool is_taken = false;
  std::string where;  // of ours: which check refused it
  std::uint16_t status = 0;
  std::string method;  // of a request
  std::string call_id;
  std::string cseq;  // number and method
  std::string from_tag, to_tag;
  std::size_t vias = 0;
  std::size_t body = 0;
};

Reading read_by_us(std::string_view text);
Reading read_by_osip(std::string_view text);
// Parser and sip_sanity_check().
Reading read_by_sofia(std::string_view text);

}  // namespace claviger::sip
