// The mission-critical services, as far as tokens tell them apart (TS 33.180 clause B.2.2.3). A value.
#pragma once

#include <cstdint>
#include <string_view>

namespace claviger::tokens {

enum class McService : std::uint8_t { None, Ptt, Video, Data };

// The claim with the user's identity for that service.
constexpr std::string_view mc_id_claim(McService service) {
  switch (service) {
    case McService::None:
      break;
    case McService::Ptt:
      return "mcptt_id";
    case McService::Video:
      return "mcvideo_id";
    case McService::Data:
      return "mcdata_id";
  }
  return "";
}

}  // namespace claviger::tokens
