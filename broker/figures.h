// What one shard counts for /metrics and `clavigerctl status`. Written by its shard, read by any (core/base/counter.h).
//
// Rooms add to it where the thing happens: context.figures->introspections_active.add().
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/base/counter.h"

namespace claviger::broker {

enum class Grant : std::uint8_t { AuthorizationCode, RefreshToken, ClientCredentials, Other };
inline constexpr std::size_t kGrants = 4;
constexpr std::string_view name_of(Grant grant) {
  constexpr std::array<std::string_view, kGrants> kNames{"authorization_code", "refresh_token", "client_credentials",
                                                         "other"};
  return kNames[static_cast<std::size_t>(grant)];
}

struct GrantFigures {
  Counter issued;
  Counter refused;
  Histogram latency;  // from the request's arrival at the endpoint to its answer, refusals too
};

struct Figures {
  std::array<GrantFigures, kGrants> grants;
  Counter sign_ins_passed, sign_ins_failed, sign_ins_throttled;
  Histogram sign_in_latency;  // with the password hash and its queue
  Counter introspections_active, introspections_inactive;
  Counter revocations;
  Counter refresh_reuses;  // an old refresh token came again: its family was revoked
  Counter clients_refused;
  Counter sessions_started, sessions_ended;
  Counter admin_requests, admin_refused;

  GrantFigures& of(Grant grant) { return grants[static_cast<std::size_t>(grant)]; }
};

}  // namespace claviger::broker
