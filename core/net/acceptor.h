// Takes connections from a listening socket and hands each on at once.
//
// Lives on the accepting shard; the callback decides where the connection goes (usually another shard's mailbox).
#pragma once

#include "core/base/unique_function.h"
#include "core/net/listen_socket.h"
#include "core/net/poll.h"
#include "core/runtime/shard.h"

namespace claviger::net {

// Accepted in one turn before the shard's connections get theirs: some 64 * 5 us.
inline constexpr int kAcceptsPerTurnMax = 64;
// Without descriptors or memory, accepting pauses: a level-triggered loop would spin otherwise.
inline constexpr Milliseconds kAcceptPause{100};

class Acceptor {
 public:
  using Callback = UniqueFunction<void(Descriptor connection, const Address& peer)>;

  Acceptor(runtime::Shard& shard, ListenSocket socket, Callback on_accepted);
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  Result<Unit> start();
  std::uint64_t pauses() const { return pauses_; }

 private:
  void accept_waiting();

  runtime::Shard& shard_;
  ListenSocket socket_;
  Callback on_accepted_;
  runtime::Timer resume_;
  std::uint64_t pauses_ = 0;
  Poll poll_;  // last: off the loop before the socket is closed
};

}  // namespace claviger::net
