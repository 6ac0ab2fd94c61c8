#include "tools/load/day/tcp_link.h"

#include <algorithm>
#include <cstring>

namespace claviger::day {

TcpLink::~TcpLink() = default;

bool TcpLink::reach() {
  if (stream_ != nullptr) return true;
  is_ending_ = false;
  output_.clear();
  sent_ = 0;
  stream_ = std::make_unique<net::Stream>(shard_, buffers_, *this, net::StreamLimits());
  if (stream_->connect(address_, nullptr, {})) return true;
  stream_.reset();
  return false;
}

void TcpLink::send(std::string_view bytes) {
  output_ += bytes;
  if (stream_ != nullptr && stream_->is_open()) stream_->update();
}

std::size_t TcpLink::produce(MutableBytes room) {
  const std::size_t count = std::min(room.size(), output_.size() - sent_);
  if (count > 0) std::memcpy(room.data(), output_.data() + sent_, count);  // copy: into the stream's own
  sent_ += count;
  if (sent_ == output_.size()) {
    output_.clear();
    sent_ = 0;
  }
  return count;
}

void TcpLink::end() {
  is_ending_ = true;
  if (stream_ != nullptr) stream_->update();
}

void TcpLink::on_closed(Error) {
  // The stream calls this: it goes from the loop.
  shard_.defer([this] {
    stream_.reset();
    lost();
  });
}

}  // namespace claviger::day
