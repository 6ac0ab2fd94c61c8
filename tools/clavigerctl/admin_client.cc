#include "tools/clavigerctl/admin_client.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace claviger::ctl {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;

}  // namespace

AdminClient::AdminClient(AdminClient&& other) noexcept
    : socket_path_(std::move(other.socket_path_)),
      socket_(std::exchange(other.socket_, -1)),
      received_(std::move(other.received_)) {}

AdminClient::~AdminClient() { close(); }

void AdminClient::close() {
  if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  received_.clear();
}

Result<Unit> AdminClient::connect() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_path_.empty() || socket_path_.size() >= sizeof address.sun_path) {
    return Error{Code::AddressInvalid, "admin.socket"};
  }
  std::memcpy(address.sun_path, socket_path_.data(), socket_path_.size());
  socket_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket_ < 0) return Error{Code::Unreachable, "admin.socket"};
  const timeval wait{.tv_sec = kAnswerWaitSeconds, .tv_usec = 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const bool is_refused = errno == EACCES || errno == EPERM;
    close();
    return Error{is_refused ? Code::NotPermitted : Code::Unreachable, "admin.socket"};
  }
  return Unit{};
}

Result<Unit> AdminClient::send_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return Error{errno == EAGAIN ? Code::DeadlinePassed : Code::PeerClosed, "admin.send"};
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return Unit{};
}

Result<HttpAnswer> AdminClient::receive() {
  std::array<char, kReadBytes> buffer;
  for (;;) {  // bounded: scan_answer refuses answers beyond its limits
    CLAVIGER_TRY(scanned, scan_answer(received_));
    if (scanned) {
      received_.erase(0, scanned->consumed);
      if (scanned->answer.status < 200) continue;  // an interim answer (RFC 9110 clause 15.2)
      if (scanned->answer.must_close) close();
      return std::move(scanned->answer);
    }
    const ssize_t count = ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Error{errno == EAGAIN ? Code::DeadlinePassed : Code::PeerClosed, "admin.receive"};
    if (count == 0) return Error{Code::PeerClosed, "admin.receive"};
    received_.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

Result<HttpAnswer> AdminClient::ask(std::string_view method, std::string_view target, std::string_view body,
                                    std::string_view content_type) {
  std::string request;
  request.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: localhost\r\n");
  if (!body.empty()) request.append("Content-Type: ").append(content_type).append("\r\n");
  if (!body.empty() || method != "GET") {
    request.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  }
  request.append("\r\n").append(body);

  const bool was_open = socket_ >= 0;
  if (!was_open) {
    CLAVIGER_TRY(connected, connect());
  }
  auto sent = send_all(request);
  auto answer = sent ? receive() : Result<HttpAnswer>(sent.error());
  // A kept connection may have been closed while idle. A reading verb is simply asked again on a new one; a changing
  // one only when its bytes could not leave: else nobody knows whether it was done.
  const bool may_repeat = method == "GET" || !sent;
  if (!answer && was_open && may_repeat && answer.error().code == Code::PeerClosed) {
    close();
    CLAVIGER_TRY(connected, connect());
    sent = send_all(request);
    answer = sent ? receive() : Result<HttpAnswer>(sent.error());
  }
  if (!answer) close();
  return answer;
}

}  // namespace claviger::ctl
