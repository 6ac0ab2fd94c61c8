// AdminClient: one connection to a daemon's admin socket, one request at a time, blocking: a command has nothing else
// to do meanwhile.
//
// Owned by one thread. Reconnects once when the daemon closed an idle connection before a request went out.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "tools/clavigerctl/http_answer.h"

namespace claviger::ctl {

// Longer than the daemon's own bound for any verb but `audit verify`, which says so itself.
inline constexpr int kAnswerWaitSeconds = 120;

class AdminClient {
 public:
  explicit AdminClient(std::string socket_path) : socket_path_(std::move(socket_path)) {}
  AdminClient(AdminClient&& other) noexcept;
  AdminClient& operator=(AdminClient&&) = delete;
  ~AdminClient();

  // `method` and `target` are ours: no blanks, no controls. AddressInvalid, Unreachable, PeerClosed, DeadlinePassed,
  // or what scan_answer says.
  Result<HttpAnswer> ask(std::string_view method, std::string_view target, std::string_view body = {},
                         std::string_view content_type = "application/json");

  const std::string& socket_path() const { return socket_path_; }

 private:
  Result<Unit> connect();
  Result<Unit> send_all(std::string_view bytes);
  Result<HttpAnswer> receive();
  void close();

  std::string socket_path_;
  int socket_ = -1;
  std::string received_;  // bytes behind the last answer
};

}  // namespace claviger::ctl
