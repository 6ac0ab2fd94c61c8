#include "core/net/send_queue.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>

namespace claviger::net {

MutableBytes SendQueue::room(std::size_t at_least) {
  if (tail_ && tail_->room() < at_least) finish_tail();
  if (!tail_) tail_.emplace(*pool_, kSlabBytes);
  return tail_->unwritten();
}

void SendQueue::commit(std::size_t written) {
  tail_->advance(written);
  size_ += written;
}

void SendQueue::append(Bytes bytes) {
  const bool has_slabs = tail_.has_value() || !full_.empty();
  if (!has_slabs && bytes.size() <= scratch_.size() - scratch_filled_) {
    if (!bytes.empty()) std::memcpy(scratch_.data() + scratch_filled_, bytes.data(), bytes.size());
    scratch_filled_ += bytes.size();
    size_ += bytes.size();
    return;
  }
  append_to_slabs(bytes);
}

void SendQueue::append_to_slabs(Bytes bytes) {
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
  if (scratch_filled_ > scratch_sent_) {
    add(Bytes(scratch_).first(scratch_filled_).subspan(scratch_sent_));
  }
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

  drop_sent(static_cast<std::size_t>(sent));
  return static_cast<std::size_t>(sent);
}

void SendQueue::drop_sent(std::size_t sent) {
  size_ -= sent;
  if (size_ == 0) {
    full_.clear();
    tail_.reset();
    front_sent_ = scratch_filled_ = scratch_sent_ = 0;
    return;
  }
  const std::size_t of_scratch = std::min(sent, scratch_filled_ - scratch_sent_);
  scratch_sent_ += of_scratch;
  front_sent_ += sent - of_scratch;
  while (!full_.empty() && front_sent_ >= full_.front().size()) {
    front_sent_ -= full_.front().size();
    full_.pop_front();
  }
}

// Not one flush in a thousand: the socket did not take all.
void SendQueue::leave_scratch() {
  const Bytes left = Bytes(scratch_).first(scratch_filled_).subspan(scratch_sent_);
  scratch_ = {};
  scratch_filled_ = scratch_sent_ = 0;
  if (left.empty()) return;
  // In front of what did not fit into it.
  finish_tail();
  std::deque<Slice> behind;
  behind.swap(full_);
  size_ -= left.size();
  append_to_slabs(left);  // copy: others use the scratch next
  if (behind.empty()) return;
  finish_tail();
  std::ranges::move(behind, std::back_inserter(full_));
}

void SendQueue::finish_tail() {
  if (!tail_) return;
  full_.push_back(tail_->finish());
  tail_.reset();
}

}  // namespace claviger::net
