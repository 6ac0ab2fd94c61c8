// What a relay changes in a message that it passes on: AVPs replaced, left out, or added at the end; everything else is
// copied as it came, in its order (RFC 6733 clause 2.7).
//
// Lives for one call. Borrows what it is given until the message was spliced; no allocation.
#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

#include "core/diameter/message.h"

namespace claviger::diameter {

class Edits {
 public:
  // Of a message of which all is taken out but thirty named AVPs and Route-Records: a stretch between each two of them, and
  // those that are replaced or added. What lies side by side goes as one.
  static constexpr std::size_t kMax = 48;

  // `old` is a top-level AVP of the message that is edited, each at most once, in any order. Code, vendor and flags stay.
  void replace(const Message& message, const AvpView& old, Bytes data);
  // One behind what was removed last is no edit of its own.
  void remove(const Message& message, const AvpView& old);
  void append(const AvpId& id, Bytes data);
  void append_u32(const AvpId& id, std::uint32_t value);
  // Replaces the first of that name, or adds it.
  void set(const Message& message, const AvpId& id, Bytes data);
  bool has_room_for(std::size_t more) const { return count_ + more <= kMax; }
  bool empty() const { return count_ == 0; }

  // Of the edited message, header included.
  std::size_t size_of(const Message& message) const {
    return static_cast<std::size_t>(static_cast<std::ptrdiff_t>(message.bytes().size()) + growth_);
  }
  // `to` has size_of() bytes. The header's length is filled in.
  void splice(const Message& message, Header header, MutableBytes to) const;

 private:
  enum class Kind : std::uint8_t { Replace, Remove, Append };
  // Trivial: a kilobyte of them is not cleared for the few that are used.
  struct Edit {
    Kind kind;
    bool is_small;  // the data is `small`, not `data`
    std::uint8_t flags;
    std::uint32_t offset;    // of the old AVP; appended ones: behind everything
    std::uint32_t old_size;  // padded
    std::uint32_t code;
    std::uint32_t vendor;
    std::array<std::byte, 4> small;
    const std::byte* data;
    std::size_t data_size;
    void use(Bytes bytes) {
      data = bytes.data();
      data_size = bytes.size();
    }
  };
  static_assert(std::is_trivially_default_constructible_v<Edit>);
  Bytes data_of(const Edit& edit) const { return edit.is_small ? Bytes(edit.small) : Bytes(edit.data, edit.data_size); }
  static std::size_t head_size(const Edit& edit) {
    return (edit.flags & kAvpVendor) != 0 ? kAvpVendorHeaderBytes : kAvpHeaderBytes;
  }
  Edit& insert(std::uint32_t offset);
  void replace_at(const Message& message, std::size_t offset, std::size_t length, std::uint64_t key, Bytes data);

  std::size_t count_ = 0;
  std::ptrdiff_t growth_ = 0;  // of the message, by all of them
  std::array<Edit, kMax> edits_;
  std::array<std::uint8_t, kMax> order_;  // of edits_, by offset
};

}  // namespace claviger::diameter
