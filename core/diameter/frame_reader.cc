#include "core/diameter/frame_reader.h"

#include <algorithm>

namespace claviger::diameter {
namespace {

// RFC 6733 clause 3: a multiple of 4 that includes the header.
Result<std::size_t> message_length(const std::byte* header) {
  const std::size_t length = load_u32(header) & 0xffffffU;
  if (length < kHeaderBytes || length > kMessageBytesMax || length % 4 != 0) {
    return Error{Code::DiameterLength, "diameter.length"};
  }
  return length;
}

}  // namespace

Slice FrameReader::take(std::size_t count) {
  Slice taken = input_.part(0, count);
  input_ = input_.part(count, input_.size() - count);
  return taken;
}

Result<std::optional<Slice>> FrameReader::continue_partial() {
  if (!partial_) {
    const Slice more = take(std::min(kHeaderBytes - head_size_, input_.size()));
    std::copy_n(more.data(), more.size(), head_.begin() + static_cast<std::ptrdiff_t>(head_size_));
    head_size_ += more.size();
    if (head_size_ < kHeaderBytes) return std::optional<Slice>();
    CLAVIGER_TRY(length, message_length(head_.data()));
    wanted_ = length;
    partial_.emplace(*pool_, length);
    partial_->append(head_);
    head_size_ = 0;
  }
  const Slice more = take(std::min(wanted_ - partial_->size(), input_.size()));
  partial_->append(more.bytes());  // copy: only of a message that came in pieces
  if (partial_->size() < wanted_) return std::optional<Slice>();
  std::optional<Slice> whole(partial_->finish());
  partial_.reset();
  return whole;
}

Result<std::optional<Slice>> FrameReader::next() {
  if (has_partial()) {
    if (input_.empty()) return std::optional<Slice>();
    CLAVIGER_TRY(whole, continue_partial());
    if (!whole) input_ = Slice();
    return whole;
  }
  if (input_.empty()) {
    input_ = Slice();  // lets go of the slab
    return std::optional<Slice>();
  }
  if (input_.size() < kHeaderBytes) {
    std::copy_n(input_.data(), input_.size(), head_.begin());
    head_size_ = input_.size();
    input_ = Slice();
    return std::optional<Slice>();
  }
  CLAVIGER_TRY(length, message_length(input_.data()));
  if (length <= input_.size()) return std::optional<Slice>(take(length));
  wanted_ = length;
  partial_.emplace(*pool_, length);
  partial_->append(input_.bytes());  // copy: as above
  input_ = Slice();
  return std::optional<Slice>();
}

}  // namespace claviger::diameter
