#include "core/net/send_queue.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace claviger::net {

MutableBytes SendQueue::room(std::size_t at_least) {
  if (tail_ && tail_->room() < at_least) {
    full_.push_back(tail_->finish());
    tail_.reset();
  }
  if (!tail_) tail_.emplace(*pool_, kSlabBytes);
  return tail_->unwritten();
}

void SendQueue::commit(std::size_t written) {
  tail_->advance(written);
  size_ += written;
}

void SendQueue::append(Bytes bytes) {
  while (!bytes.empty()) {
    const MutableBytes to = room(1);
    const std::size_t count = std::min(to.size(), bytes.size());
    std::memcpy(to.data(), bytes.data(), count);
    commit(count);
    bytes = bytes.subspan(count);
  }
}

Result<std::size_t> SendQueue::write_to(int descriptor) {
  std::array<iovec, kVectorsMax> vectors;
  std::size_t count = 0;
  std::size_t skip = front_sent_;
  const auto add = [&](Bytes bytes) {
    const Bytes left = bytes.subspan(skip);
    skip = 0;
    vectors[count++] = {const_cast<std::byte*>(left.data()), left.size()};
  };
  for (auto slice = full_.begin(); slice != full_.end() && count < kVectorsMax; ++slice) add(slice->bytes());
  if (tail_ && count < kVectorsMax) add(tail_->written());

  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = count;
  ssize_t sent = -1;
  do {
    sent = ::sendmsg(descriptor, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return std::size_t{0};
    if (errno == EPIPE || errno == ECONNRESET) return Error{Code::PeerClosed, "send"};
    return Error{Code::Io, "send"};
  }

  size_ -= static_cast<std::size_t>(sent);
  if (size_ == 0) {
    full_.clear();
    tail_.reset();
    front_sent_ = 0;
    return static_cast<std::size_t>(sent);
  }
  front_sent_ += static_cast<std::size_t>(sent);
  while (!full_.empty() && front_sent_ >= full_.front().size()) {
    front_sent_ -= full_.front().size();
    full_.pop_front();
  }
  return static_cast<std::size_t>(sent);
}

}  // namespace claviger::net
