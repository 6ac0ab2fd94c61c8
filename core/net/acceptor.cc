#include "core/net/acceptor.h"

#include <sys/socket.h>

#include <cerrno>

namespace claviger::net {

Acceptor::Acceptor(runtime::Shard& shard, ListenSocket socket, Callback on_accepted)
    : shard_(shard), socket_(std::move(socket)), on_accepted_(std::move(on_accepted)),
      resume_([](void* self) { static_cast<Acceptor*>(self)->poll_.watch(UV_READABLE); }, this),
      poll_([](void* self, int) { static_cast<Acceptor*>(self)->accept_waiting(); }, this) {}

Result<Unit> Acceptor::start() {
  CLAVIGER_TRY(opened, poll_.open(shard_.loop(), socket_.number()));
  poll_.watch(UV_READABLE);
  return Unit{};
}

void Acceptor::accept_waiting() {
  for (int i = 0; i < kAcceptsPerTurnMax; ++i) {
    sockaddr_storage peer{};
    socklen_t length = sizeof peer;
    Descriptor accepted(::accept4(socket_.number(), reinterpret_cast<sockaddr*>(&peer), &length,
                                  SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (accepted.is_open()) {
      on_accepted_(std::move(accepted), Address(reinterpret_cast<const sockaddr*>(&peer), length));
      continue;
    }
    // A peer that went away while it waited is no reason to stop; nor is a signal.
    if (errno == ECONNABORTED || errno == EINTR) continue;
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      ++pauses_;
      poll_.watch(0);
      shard_.timers().start(resume_, shard_.now() + kAcceptPause);
    }
    return;
  }
}

}  // namespace claviger::net
