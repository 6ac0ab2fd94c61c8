#include "core/sip/connection.h"

#include <algorithm>
#include <cstring>

#include "core/sip/endpoint_shard.h"
#include "core/sip/limits.h"

namespace claviger::sip {
namespace {

// Kept between messages; what a large one needed is given back.
constexpr std::size_t kBufferKept = 16 * 1024;

}  // namespace

Connection::Connection(EndpointShard& owner, std::uint64_t id, const Peer& peer, ConnectionSlots::Slot slot)
    : owner_(owner),
      id_(id),
      peer_(peer),
      slot_(std::move(slot)),
      since_(owner.shard().now()),
      stream_(owner.shard(), owner.buffers, *this, net::StreamLimits()) {
  owner_.counters.connections.add();
}
Connection::~Connection() { owner_.counters.connections.subtract(); }

Result<Unit> Connection::accept(net::Descriptor socket, std::shared_ptr<const net::TlsContext> tls) {
  return stream_.accept(std::move(socket), std::move(tls));
}

Result<Unit> Connection::connect(std::shared_ptr<const net::TlsContext> tls, const std::string& host) {
  return stream_.connect(peer_.address, std::move(tls), host);
}

void Connection::on_established() {
  since_ = owner_.shard().now();
  if (stream_.tls() == nullptr) return;
  if (const auto certificate = stream_.tls()->peer_certificate())
    peer_.is_certificate_trusted = certificate->is_trusted;
  // Whoever he is, nothing that he says would be heard.
  if (!slot_.is_strangers() || (peer_.is_certificate_trusted && slot_.trust())) return;
  owner_.counters.connections_refused.add();
  stream_.close({Code::NotPermitted, "sip.stranger"});
}

Result<Unit> Connection::send(std::string_view text) {
  if (is_ending_) return Error{Code::Closed, "sip.connection"};
  if (output_.size() - sent_ + text.size() > kUnsentBytesMax) return Error{Code::Overload, "sip.unsent"};
  output_ += text;
  stream_.update();
  return Unit{};
}

void Connection::on_received(Slice bytes) {
  if (is_ending_) return;
  if (!scanner_.has_begun()) since_ = owner_.shard().now();
  input_ += bytes.text();  // copy: a message must lie in one piece
  std::size_t taken = 0;
  while (!is_ending_) {
    const std::string_view rest = std::string_view(input_).substr(taken);
    const FrameScanner::Frame frame = scanner_.scan(rest);
    if (frame.is_ping && !send("\r\n")) is_ending_ = true;
    taken += frame.skip;
    if (frame.state == FrameScanner::State::NeedMore) break;
    const bool may_go_on = owner_.receive(rest.substr(frame.skip, frame.size), peer_, id_);
    taken += frame.size;
    since_ = owner_.shard().now();
    // Behind a message without an end nobody knows where the next one begins.
    if (!may_go_on || frame.state == FrameScanner::State::Broken) is_ending_ = true;
  }
  input_.erase(0, taken);
  if (input_.empty() && input_.capacity() > kBufferKept) input_ = std::string();
  stream_.update();
}

std::size_t Connection::produce(MutableBytes room) {
  const std::size_t count = std::min(room.size(), output_.size() - sent_);
  if (count > 0) std::memcpy(room.data(), output_.data() + sent_, count);  // copy: into the record
  sent_ += count;
  if (sent_ == output_.size()) {
    output_.clear();
    sent_ = 0;
    if (output_.capacity() > kBufferKept) output_ = std::string();
  }
  return count;
}

Monotonic Connection::deadline() const {
  if (is_ending_) return Monotonic::max();
  return since_ + (scanner_.has_begun() ? kMessageMax : kIdleMax);
}

void Connection::on_closed(Error reason) { owner_.closed(*this, reason); }  // destroys this

}  // namespace claviger::sip
