// One bound UDP socket, read in batches by its shard's loop.
//
// Owned by its user, on one shard. What comes in a batch is handed on datagram by datagram, in memory that the next
// batch overwrites. Sending never waits: what the kernel has no room for is dropped and counted, as on any network.
#pragma once

#include <cstdint>
#include <memory>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/unique_function.h"
#include "core/net/address.h"
#include "core/net/descriptor.h"
#include "core/net/poll.h"
#include "core/runtime/shard.h"

namespace claviger::net {

// recvmmsg() of one system call. Each has room for the longest datagram: 2 MiB a socket.
inline constexpr std::size_t kDatagramBatch = 32;
inline constexpr std::size_t kDatagramBytesMax = 65'535;
// Batches of one turn before the shard's connections get theirs.
inline constexpr int kBatchesPerTurnMax = 8;
// Of the kernel: a second of requests while the shard does something else.
inline constexpr int kDatagramBufferBytes = 8 << 20;

class DatagramSocket {
 public:
  using Callback = UniqueFunction<void(Bytes datagram, const Address& peer)>;

  DatagramSocket(runtime::Shard& shard, Callback on_datagram);
  DatagramSocket(const DatagramSocket&) = delete;
  DatagramSocket& operator=(const DatagramSocket&) = delete;
  ~DatagramSocket();

  // Any thread, before start(). Binds for itself alone: AddressInUse, NotPermitted and what else the kernel says.
  Result<Unit> bind(const Address& address);
  // On the shard.
  Result<Unit> start();
  // On the shard. False: dropped.
  bool send(Bytes datagram, const Address& peer);

  const Address& address() const { return address_; }  // with the port that the kernel chose for port 0
  std::uint64_t dropped() const { return dropped_; }

 private:
  struct Batch;
  void receive();

  runtime::Shard& shard_;
  Callback on_datagram_;
  Address address_;
  std::uint64_t dropped_ = 0;
  std::unique_ptr<Batch> batch_;
  Descriptor socket_;
  Poll poll_;  // last: off the loop before the socket is closed
};

}  // namespace claviger::net
