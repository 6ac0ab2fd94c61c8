#include "core/net/stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace claviger::net {
namespace {

// Bytes received; 0 when there are none now; Code::PeerClosed at the end.
Result<std::size_t> receive(int descriptor, MutableBytes to) {
  ssize_t count = -1;
  do {
    count = ::recv(descriptor, to.data(), to.size(), 0);
  } while (count < 0 && errno == EINTR);
  if (count > 0) return static_cast<std::size_t>(count);
  if (count == 0) return Error{Code::PeerClosed, "stream.end"};
  if (errno == EAGAIN || errno == EWOULDBLOCK) return std::size_t{0};
  return Error{Code::PeerClosed, "stream.reset"};
}

}  // namespace

Stream::Stream(runtime::Shard& shard, StreamBuffers& buffers, StreamUser& user, StreamLimits limits)
    : shard_(shard),
      buffers_(buffers),
      user_(user),
      limits_(limits),
      queue_(shard.slabs()),
      timer_([](void* self) { static_cast<Stream*>(self)->on_timer(); }, this),
      hook_([](void* self) { static_cast<Stream*>(self)->flush(); }, this),
      poll_([](void* self, int events) { static_cast<Stream*>(self)->on_event(events); }, this) {}

Stream::~Stream() = default;

Result<Unit> Stream::accept(Descriptor socket, std::shared_ptr<const TlsContext> context) {
  socket_ = std::move(socket);
  CLAVIGER_TRY(opened, poll_.open(shard_.loop(), socket_.number()));
  own_deadline_ = shard_.now() + limits_.first_byte;
  if (context != nullptr) {
    CLAVIGER_TRY(tls, TlsSession::make(std::move(context), queue_));
    tls_ = std::move(tls);
    state_ = State::Handshaking;
    awaits_first_bytes_ = true;
  } else {
    established();
  }
  watch();
  arm();
  return Unit{};
}

Result<Unit> Stream::connect(const Address& address, std::shared_ptr<const TlsContext> context, std::string server_name,
                             TlsResumption resumption) {
  socket_ = Descriptor(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket_.is_open()) return Error{Code::Io, "stream.socket"};
  const int yes = 1;
  if (!address.is_unix()) setsockopt(socket_.number(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  const bool is_connected = ::connect(socket_.number(), address.data(), address.size()) == 0;
  if (!is_connected && errno != EINPROGRESS) return Error{Code::Unreachable, "stream.connect"};
  CLAVIGER_TRY(opened, poll_.open(shard_.loop(), socket_.number()));
  pending_context_ = std::move(context);
  server_name_ = std::move(server_name);
  pending_resumption_ = std::move(resumption);
  state_ = State::Connecting;
  own_deadline_ = shard_.now() + limits_.handshake;
  watch();  // writable comes at once when it is connected already
  arm();
  return Unit{};
}

void Stream::update() {
  if (state_ != State::Closed) shard_.at_turn_end(hook_);
}

void Stream::close(Error reason) {
  if (state_ == State::Closed) return;
  state_ = State::Closed;
  timer_.stop();
  poll_.close();
  socket_.close();
  reason_ = reason;
  shard_.at_turn_end(hook_);  // tells the user, unless it destroys us first
}

void Stream::on_event(int events) {
  if (state_ == State::Connecting) return on_connected();
  if (events < 0) return close({Code::PeerClosed, "stream.reset"});  // the socket has an error pending: a reset
  if ((events & UV_READABLE) != 0) on_readable();
  if (state_ == State::Closed) return;
  update();  // to flush when writable, and to look at what has changed
}

void Stream::on_connected() {
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(socket_.number(), SOL_SOCKET, SO_ERROR, &error, &length) != 0 || error != 0) {
    return close({Code::Unreachable, "stream.connect"});
  }
  if (pending_context_ == nullptr) {
    established();
  } else {
    auto tls = TlsSession::make(std::move(pending_context_), queue_, server_name_, pending_resumption_);
    pending_resumption_.reset();
    if (!tls) return close(tls.error());
    tls_ = *std::move(tls);
    state_ = State::Handshaking;
    continue_handshake();
  }
  if (state_ != State::Closed) update();
}

void Stream::on_readable() {
  if (state_ == State::Lingering) return discard_input();
  if (tls_ == nullptr) return receive_clear();
  receive_tls();
}

void Stream::receive_clear() {
  for (std::size_t left = user_.read_max(); left > 0;) {
    SlabWriter slab(shard_.slabs(), kSlabBytes);
    const std::size_t room = std::min(left, kSlabBytes);
    const auto count = receive(socket_.number(), slab.unwritten().first(room));
    if (!count) return close(count.error());
    if (*count == 0) return;
    slab.advance(*count);
    left -= *count;
    user_.on_received(slab.finish());
    // A slab that was not filled emptied the socket: asking again would cost a call to hear that.
    if (*count < room || state_ != State::Open || !user_.wants_input()) return;
  }
}

void Stream::receive_tls() {
  const std::size_t room = std::min(std::max(user_.read_max(), kSlabBytes), buffers_.ciphertext.size());
  const auto count = receive(socket_.number(), MutableBytes(buffers_.ciphertext).first(room));
  if (!count) return close(count.error());
  if (*count == 0) return;
  if (awaits_first_bytes_) {
    awaits_first_bytes_ = false;
    own_deadline_ = shard_.now() + limits_.handshake;
    user_.on_first_bytes();
    if (state_ == State::Closed) return;
  }
  tls_->set_input({buffers_.ciphertext.data(), *count});
  if (state_ == State::Handshaking) continue_handshake();
  while (state_ == State::Open) {
    SlabWriter slab(shard_.slabs(), kSlabBytes);
    bool is_all = false;
    while (slab.room() > 0) {
      const auto plain = tls_->read(slab.unwritten());
      if (!plain && slab.size() == 0) return close(plain.error());
      is_all = !plain || *plain == 0;  // an error after good bytes comes again with the next call
      if (is_all) break;
      slab.advance(*plain);
    }
    if (slab.size() > 0) user_.on_received(slab.finish());
    if (is_all && !tls_->has_input()) return;
  }
}

void Stream::continue_handshake() {
  const auto done = tls_->handshake();
  if (!done) {
    if (!queue_.empty()) static_cast<void>(queue_.write_to(socket_.number()).has_value());  // the alert
    return close(done.error());
  }
  if (*done) established();
}

void Stream::established() {
  state_ = State::Open;
  own_deadline_ = Monotonic::max();
  user_.on_established();
}

void Stream::discard_input() {
  const auto count = receive(socket_.number(), buffers_.ciphertext);
  if (!count) return close(count.error());
  discarded_ += *count;
  if (discarded_ > kLingerBytesMax) close({Code::TooLarge, "stream.linger"});
}

bool Stream::fill() {
  while (queue_.size() < kUnsentMax) {
    if (tls_ == nullptr) {
      const std::size_t count = user_.produce(queue_.room(kProduceRoomMin));
      if (count == 0) return false;
      queue_.commit(count);
      continue;
    }
    const std::size_t count = user_.produce(buffers_.plaintext);
    if (count == 0) return false;
    const auto written = tls_->write(Bytes(buffers_.plaintext).first(count));
    if (!written) {
      close(written.error());
      return false;
    }
  }
  return true;
}

void Stream::flush() {
  if (state_ == State::Closed) return user_.on_closed(reason_);
  has_more_to_produce_ = false;
  const SendQueue::Borrowed borrowed(queue_, buffers_.records);
  if (state_ == State::Open) has_more_to_produce_ = fill();
  if (state_ == State::Closed) return;
  if (!queue_.empty()) {
    const auto sent = queue_.write_to(socket_.number());
    if (!sent) return close(sent.error());
    if (state_ == State::Open) {
      // An emptied queue with more to come waits for the socket all the same.
      if (queue_.empty() && !has_more_to_produce_) {
        own_deadline_ = Monotonic::max();
      } else {
        const Monotonic latest = shard_.now() + limits_.write_stall;
        const auto earned = Milliseconds(1000 * *sent / limits_.write_rate_min);
        own_deadline_ = own_deadline_ == Monotonic::max() ? latest : std::min(latest, own_deadline_ + earned);
      }
    }
  }
  if (queue_.size() != unsent_told_) {
    unsent_told_ = queue_.size();
    user_.on_unsent(unsent_told_);
  }
  if (state_ == State::Open && queue_.empty() && !has_more_to_produce_ && user_.is_finished()) linger();
  if (state_ == State::Closed) return;
  watch();
  arm();
}

void Stream::linger() {
  state_ = State::Lingering;
  own_deadline_ = shard_.now() + kLinger;
  if (tls_ != nullptr) {
    tls_->close_notify();
    // One try: a full socket buffer right after it was emptied means that the peer is in no hurry to hear it.
    if (!queue_.empty()) static_cast<void>(queue_.write_to(socket_.number()).has_value());
  }
  ::shutdown(socket_.number(), SHUT_WR);
}

void Stream::watch() {
  int events = 0;
  switch (state_) {
    case State::Connecting:
      events = UV_WRITABLE;
      break;
    case State::Handshaking:
      events = UV_READABLE;
      break;
    case State::Open:
      events = user_.wants_input() ? UV_READABLE : 0;
      break;
    case State::Lingering:
      events = UV_READABLE;
      break;
    case State::Idle:
    case State::Closed:
      return;
  }
  if ((!queue_.empty() || has_more_to_produce_) && state_ != State::Lingering) events |= UV_WRITABLE;
  poll_.watch(events);
}

Monotonic Stream::due() const {
  return state_ == State::Open ? std::min(own_deadline_, user_.deadline()) : own_deadline_;
}

// The timer is moved only towards the present: deadlines that recede with each request cost nothing but a comparison,
// and a timer that comes too early is set again.
void Stream::arm() {
  const Monotonic next = due();
  if (next == Monotonic::max() || (timer_.is_running() && armed_ <= next)) return;
  armed_ = next;
  shard_.timers().start(timer_, next);
}

void Stream::on_timer() {
  const Monotonic now = shard_.now();
  if (own_deadline_ <= now) return close({Code::DeadlinePassed, "stream"});
  if (state_ == State::Open && user_.deadline() <= now) {
    user_.on_deadline();
    update();
    return;
  }
  arm();
}

}  // namespace claviger::net
