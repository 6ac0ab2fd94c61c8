// A bound, listening socket that nobody else can share: an address in use is an error, never a second daemon that
// silently takes half of the connections (so no SO_REUSEPORT).
//
// Owned by an Acceptor, moved between threads before that. A Unix socket's file is guarded by a lock file beside it
// (PATH.lock), so that a file left behind by a killed process is replaced, and a living one's never.
#pragma once

#include <sys/types.h>

#include <string>

#include "core/base/result.h"
#include "core/net/address.h"
#include "core/net/descriptor.h"

namespace claviger::net {

// Connections that the kernel completes before we accept them: more than one turn's worth, so that a burst of a
// thousand UEs after a cell comes back is not answered by dropped SYNs. The kernel cuts it to net.core.somaxconn.
inline constexpr int kListenBacklog = 4096;

class ListenSocket {
 public:
  // `unix_mode` are the permissions of a Unix socket's file, whatever the umask.
  static Result<ListenSocket> open(const Address& address, mode_t unix_mode = 0600);
  ListenSocket(ListenSocket&&) noexcept = default;
  ListenSocket& operator=(ListenSocket&&) noexcept = default;
  // Removes a Unix socket's file while the lock is still held.
  ~ListenSocket();

  int number() const { return socket_.number(); }
  const Address& address() const { return address_; }  // with the port that the kernel chose for port 0

 private:
  ListenSocket() = default;
  Descriptor lock_;  // before socket_: let go of after it
  Descriptor socket_;
  Address address_;
};

}  // namespace claviger::net
