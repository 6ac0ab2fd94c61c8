#include "core/http/header_unpacking.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/secret.h"
#include "core/http/huffman.h"

namespace claviger::http {
namespace {

constexpr std::size_t kPriorityBytes = 5;
// Below this a string costs nghttp2 less than we would.
constexpr std::size_t kLongBytes = 48;

// Writes a header block anew. Both ends are checked; a step that fails leaves the rest undone.
class Rewriter {
 public:
  Rewriter(Bytes block, MutableBytes out, KnownString* known) : in_(block), out_(out), known_(known) {}

  // Nothing: not understood, no room, or nothing to gain.
  std::optional<std::size_t> run() {
    while (!in_.empty()) {
      const auto first = std::to_integer<std::uint8_t>(in_.front());
      if (!field(first)) return std::nullopt;
    }
    if (!has_gained_) return std::nullopt;
    return written_;
  }
  std::size_t touched() const { return touched_; }

 private:
  // RFC 7541 clause 6.
  bool field(std::uint8_t first) {
    if ((first & 0x80U) != 0) return copy_integer(7).has_value();
    if ((first & 0xE0U) == 0x20) return copy_integer(5).has_value();
    const auto index = copy_integer((first & 0xC0U) == 0x40 ? 6 : 4);
    if (!index) return false;
    if (*index == 0 && !string()) return false;
    return string();
  }

  // Clause 5.1; of more octets than any index or length of ours needs: not understood.
  struct Integer {
    std::size_t value;
    std::size_t bytes;
  };
  std::optional<Integer> integer(unsigned prefix) const {
    constexpr std::size_t kMoreMax = 3;
    if (in_.empty()) return std::nullopt;
    const std::size_t full = (std::size_t{1} << prefix) - 1;
    std::size_t value = std::to_integer<std::size_t>(in_.front()) & full;
    if (value < full) return Integer{value, 1};
    for (std::size_t more = 1; more <= kMoreMax && more < in_.size(); ++more) {
      const auto octet = std::to_integer<std::size_t>(in_[more]);
      value += (octet & 0x7FU) << (7 * (more - 1));
      if ((octet & 0x80U) == 0) return Integer{value, more + 1};
    }
    return std::nullopt;
  }

  bool copy(std::size_t count) {
    if (count > in_.size() || count > out_.size() - written_) return false;
    std::copy_n(in_.begin(), count, out_.begin() + static_cast<std::ptrdiff_t>(written_));
    in_ = in_.subspan(count);
    written_ += count;
    touched_ = std::max(touched_, written_);
    return true;
  }

  std::optional<std::size_t> copy_integer(unsigned prefix) {
    const auto read = integer(prefix);
    if (!read || !copy(read->bytes)) return std::nullopt;
    return read->value;
  }

  // Clause 5.2.
  bool string() {
    if (in_.empty()) return false;
    const bool is_coded = (std::to_integer<std::uint8_t>(in_.front()) & 0x80U) != 0;
    const auto length = integer(7);
    if (!length || length->value > in_.size() - length->bytes) return false;
    if (!is_coded || length->value < kLongBytes) return copy(length->bytes + length->value);
    return decode(in_.subspan(length->bytes, length->value), length->bytes + length->value);
  }

  bool decode(Bytes coded, std::size_t taken) {
    const Bytes decoded = known_ != nullptr ? known_->decoded(coded) : Bytes();
    return decoded.empty() ? decode_anew(coded, taken) : put_known(decoded, taken);
  }

  bool put_known(Bytes decoded, std::size_t taken) {
    constexpr std::size_t kLengthMax = 3;
    static_assert(huffman_decoded_max(KnownString::kCodedMax) < 0x7F + (1U << 14U));
    if (out_.size() - written_ < kLengthMax + decoded.size()) return false;
    const std::size_t at = put_length(decoded.size());
    std::memcpy(&out_[at], decoded.data(), decoded.size());
    written_ = at + decoded.size();
    touched_ = std::max(touched_, written_);
    in_ = in_.subspan(taken);
    has_gained_ = true;
    return true;
  }

  // Where the string itself begins.
  std::size_t put_length(std::size_t size) {
    std::size_t at = written_;
    const auto put = [&](std::size_t octet) { out_[at++] = static_cast<std::byte>(octet); };
    if (size < 0x7F) {
      put(size);
      return at;
    }
    put(0x7F);
    for (size -= 0x7F; size >= 0x80; size >>= 7U) put((size & 0x7FU) | 0x80U);
    put(size);
    return at;
  }

  bool decode_anew(Bytes coded, std::size_t taken) {
    // Decoded behind the longest length there can be, then moved up to the one that it has.
    constexpr std::size_t kLengthMax = 4;
    const std::size_t room = out_.size() - written_;
    if (room < kLengthMax + huffman_decoded_max(coded.size())) return false;
    const MutableBytes text = out_.subspan(written_ + kLengthMax);
    touched_ = std::max(touched_, written_ + kLengthMax + huffman_decoded_max(coded.size()));
    const auto size = huffman_decode(coded, text);
    if (!size) return false;
    if (known_ != nullptr) known_->keep(coded, text.first(*size));
    const std::size_t at = put_length(*size);
    std::memmove(&out_[at], text.data(), *size);
    written_ = at + *size;
    in_ = in_.subspan(taken);
    has_gained_ = true;
    return true;
  }

  Bytes in_;
  MutableBytes out_;
  KnownString* known_;
  std::size_t written_ = 0;
  std::size_t touched_ = 0;  // decoding goes ahead of what is written in the end
  bool has_gained_ = false;
};

}  // namespace

Bytes KnownString::decoded(Bytes coded) const {
  if (coded_size_ == 0 || !equals_constant_time(coded, memory_.reveal().first(coded_size_))) return {};
  return memory_.reveal().subspan(coded_size_, decoded_size_);
}

void KnownString::keep(Bytes coded, Bytes decoded) {
  if (coded.size() < kCodedMin || coded.size() > kCodedMax) return;
  if (memory_.size() < coded.size() + decoded.size()) memory_ = SecretBytes(coded.size() + decoded.size());
  std::byte* const to = memory_.reveal_for_writing().data();
  std::memcpy(to, coded.data(), coded.size());
  if (!decoded.empty()) std::memcpy(to + coded.size(), decoded.data(), decoded.size());
  coded_size_ = coded.size();
  decoded_size_ = decoded.size();
}

std::optional<std::size_t> unpack_headers(Bytes frame, MutableBytes out, std::size_t* touched, KnownString* known) {
  const std::uint8_t flags = read_frame_header(frame).flags;
  if ((flags & frame_flag::kEndHeaders) == 0 || (flags & frame_flag::kPadded) != 0) return std::nullopt;
  const std::size_t before = kFrameHeaderBytes + ((flags & frame_flag::kPriority) != 0 ? kPriorityBytes : 0);
  if (frame.size() < before || out.size() < before) return std::nullopt;
  Rewriter rewriter(frame.subspan(before), out.subspan(before), known);
  const auto block = rewriter.run();
  if (touched != nullptr) *touched = before + rewriter.touched();
  if (!block) return std::nullopt;
  std::ranges::copy(frame.first(before), out.begin());
  const auto length = static_cast<std::uint32_t>(before - kFrameHeaderBytes + *block);
  store_be(out, length << 8U | frame_type::kHeaders);
  return before + *block;
}

void UnpackRoom::wipe() {
  if (used_ > 0) claviger::wipe(slab_->unwritten().first(std::exchange(used_, 0)));
}

Bytes HeaderUnpacker::next(Bytes& bytes, UnpackRoom& room) {
  room.wipe();
  const Bytes begin = bytes;
  const auto passed = [&](Bytes rest) {
    bytes = rest;
    return begin.first(begin.size() - rest.size());
  };
  Bytes rest = bytes;
  for (walk_.to_frame(rest); !rest.empty(); walk_.to_frame(rest)) {
    if (walk_.is_between() && rest.size() >= kFrameHeaderBytes) {
      const FrameHeader header = read_frame_header(rest);
      const std::size_t size = kFrameHeaderBytes + header.length;
      if (header.type == frame_type::kHeaders && size <= rest.size() && size > kLongBytes) {
        if (rest.size() < begin.size()) return passed(rest);
        if (!room.slab_) room.slab_.emplace(room.pool_, kSlabBytes);
        const MutableBytes out = room.slab_->unwritten();
        const auto unpacked = unpack_headers(rest.first(size), out, &room.used_, &known_);
        if (unpacked) {
          bytes = rest.subspan(size);
          return Bytes(out).first(*unpacked);
        }
        // Goes through; not looked at again.
      }
    }
    walk_.take_header(rest);
  }
  return passed(rest);
}

}  // namespace claviger::http
