// Cuts a stream of bytes into Diameter messages.
//
// One per connection, on its shard. Messages that lie whole in a received slab are slices of it; one that is split is
// put together in a slab of its own, whose size is known from its header and bounded before anything is allocated. A
// length that cannot be right ends the connection: where the next message starts is then unknown.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "core/base/result.h"
#include "core/base/slice.h"
#include "core/diameter/header.h"

namespace claviger::diameter {

class FrameReader {
 public:
  explicit FrameReader(SlabPool& pool) : pool_(&pool) {}

  // Bytes as they came; next() must have said "nothing" before.
  void feed(Slice bytes) { input_ = std::move(bytes); }
  // The next whole message; nothing when more bytes are needed. Code::DiameterLength: close.
  Result<std::optional<Slice>> next();
  // True in the middle of a message.
  bool has_partial() const { return partial_.has_value() || head_size_ > 0; }

 private:
  Result<std::optional<Slice>> continue_partial();
  Slice take(std::size_t count);

  SlabPool* pool_;
  Slice input_;
  std::optional<SlabWriter> partial_;
  std::size_t wanted_ = 0;                      // the partial message's whole length
  std::array<std::byte, kHeaderBytes> head_{};  // of a header that was split itself
  std::size_t head_size_ = 0;
};

}  // namespace claviger::diameter
