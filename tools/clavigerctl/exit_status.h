// What clavigerctl's exit status says, so that a script need not read its text. The table is also in its --help.
#pragma once

#include <cstdint>
#include <string_view>

namespace claviger::ctl {

enum class ExitStatus : std::uint8_t {
  Ok = 0,
  Failed = 1,        // the daemon refused, or a part of the work failed (an import with bad lines)
  Usage = 2,         // the command line was wrong; nothing was asked
  Unreachable = 3,   // no daemon behind the socket, or the connection broke
  NotFound = 4,      // no such tenant, user, client, session, key
  Conflict = 5,      // it is there already, or was changed meanwhile
  NotPermitted = 6,  // the daemon does not take orders from this user
  TryAgain = 7       // overloaded, starting, draining, or the store cannot write now
};

inline constexpr std::string_view kExitStatusHelp =
    "Exit status:\n"
    "  0 done   1 refused or failed   2 wrong command line   3 daemon not reachable\n"
    "  4 not found   5 conflict   6 not permitted   7 try again later\n";

// From an HTTP status of the admin socket.
constexpr ExitStatus exit_status_of(int http_status) {
  if (http_status >= 200 && http_status < 300) return ExitStatus::Ok;
  switch (http_status) {
    case 403: return ExitStatus::NotPermitted;
    case 404: return ExitStatus::NotFound;
    case 409: return ExitStatus::Conflict;
    case 429:
    case 503: return ExitStatus::TryAgain;
    default: return ExitStatus::Failed;
  }
}

}  // namespace claviger::ctl
