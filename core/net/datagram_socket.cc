#include "core/net/datagram_socket.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <vector>

namespace claviger::net {

struct DatagramSocket::Batch {
  Batch() : storage(kDatagramBatch * kDatagramBytesMax) {
    for (std::size_t i = 0; i < kDatagramBatch; ++i) {
      vectors[i] = {storage.data() + i * kDatagramBytesMax, kDatagramBytesMax};
    }
  }
  void rearm() {
    for (std::size_t i = 0; i < kDatagramBatch; ++i) {
      messages[i] = {};
      messages[i].msg_hdr.msg_name = &peers[i];
      messages[i].msg_hdr.msg_namelen = sizeof peers[i];
      messages[i].msg_hdr.msg_iov = &vectors[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
  }
  std::vector<std::byte> storage;
  std::array<sockaddr_storage, kDatagramBatch> peers{};
  std::array<iovec, kDatagramBatch> vectors{};
  std::array<mmsghdr, kDatagramBatch> messages{};
};

DatagramSocket::DatagramSocket(runtime::Shard& shard, Callback on_datagram)
    : shard_(shard),
      on_datagram_(std::move(on_datagram)),
      batch_(std::make_unique<Batch>()),
      poll_([](void* self, int) { static_cast<DatagramSocket*>(self)->receive(); }, this) {}
DatagramSocket::~DatagramSocket() = default;

Result<Unit> DatagramSocket::bind(const Address& address) {
  Descriptor socket(::socket(address.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) return Error{Code::Io, "datagram.socket"};
  // Less than asked for is less patience, not an error.
  const int wanted = kDatagramBufferBytes;
  ::setsockopt(socket.number(), SOL_SOCKET, SO_RCVBUF, &wanted, sizeof wanted);
  ::setsockopt(socket.number(), SOL_SOCKET, SO_SNDBUF, &wanted, sizeof wanted);
  if (::bind(socket.number(), address.data(), address.size()) != 0) {
    if (errno == EADDRINUSE) return Error{Code::AddressInUse, "datagram.bind"};
    if (errno == EACCES) return Error{Code::NotPermitted, "datagram.bind"};
    return Error{Code::Unreachable, "datagram.bind"};
  }
  CLAVIGER_TRY(local, Address::of_local_end(socket.number()));
  address_ = local;
  socket_ = std::move(socket);
  return Unit{};
}

Result<Unit> DatagramSocket::start() {
  CLAVIGER_TRY(opened, poll_.open(shard_.loop(), socket_.number()));
  poll_.watch(UV_READABLE);
  return Unit{};
}

void DatagramSocket::receive() {
  for (int round = 0; round < kBatchesPerTurnMax; ++round) {
    batch_->rearm();
    const int count = ::recvmmsg(socket_.number(), batch_->messages.data(), kDatagramBatch, MSG_DONTWAIT, nullptr);
    if (count <= 0) return;
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      const mmsghdr& message = batch_->messages[i];
      const Address peer(reinterpret_cast<const sockaddr*>(&batch_->peers[i]), message.msg_hdr.msg_namelen);
      on_datagram_({static_cast<const std::byte*>(batch_->vectors[i].iov_base), message.msg_len}, peer);
    }
    if (static_cast<std::size_t>(count) < kDatagramBatch) return;
  }
}

bool DatagramSocket::send(Bytes datagram, const Address& peer) {
  const ssize_t sent = ::sendto(socket_.number(), datagram.data(), datagram.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                                peer.data(), peer.size());
  if (sent >= 0) return true;
  ++dropped_;
  return false;
}

}  // namespace claviger::net
