// One AVP inside a received Diameter message (RFC 6733 clause 4.1), and the walk over a row of them.
//
// Views: they own nothing and are valid while the Slice they were cut from lives. Any shard.
// Length and padding were checked against what encloses them: an AvpView that exists is well formed, but its flags and
// the children of a group are as the peer wrote them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/bytes.h"
#include "core/diameter/avp.h"
#include "core/diameter/header.h"

namespace claviger::diameter {

class AvpView {
 public:
  AvpView() = default;
  // `bytes` starts with the AVP's header and ends with its data, padding left out.
  explicit AvpView(Bytes bytes)
      : whole_(bytes),
        code_(load_u32(bytes.data())),
        flags_(std::to_integer<std::uint8_t>(bytes[4])),
        vendor_((flags_ & kAvpVendor) != 0 ? load_u32(bytes.data() + 8) : 0) {}
  // For who has read its name already.
  AvpView(Bytes bytes, std::uint32_t code, std::uint32_t vendor)
      : whole_(bytes), code_(code), flags_(std::to_integer<std::uint8_t>(bytes[4])), vendor_(vendor) {}

  std::uint32_t code() const { return code_; }
  std::uint32_t vendor() const { return vendor_; }
  std::uint8_t flags() const { return flags_; }
  bool is_mandatory() const { return (flags_ & kAvpMandatory) != 0; }
  bool is(const AvpId& id) const { return code_ == id.code && vendor_ == id.vendor; }

  std::size_t header_size() const { return (flags_ & kAvpVendor) != 0 ? kAvpVendorHeaderBytes : kAvpHeaderBytes; }
  Bytes data() const { return whole_.subspan(header_size()); }
  std::string_view text() const { return as_text(data()); }
  Bytes whole() const { return whole_; }  // header and data, without padding

  // Nothing when the data has another length.
  std::optional<std::uint32_t> u32() const {
    if (data().size() != 4) return std::nullopt;
    return load_u32(data().data());
  }
  std::optional<std::uint64_t> u64() const {
    if (data().size() != 8) return std::nullopt;
    return load_be<std::uint64_t>(data());
  }

 private:
  Bytes whole_;
  std::uint32_t code_ = 0;
  std::uint8_t flags_ = 0;
  std::uint32_t vendor_ = 0;
};

// Walks a message's or a group's AVPs in place.
class AvpWalk {
 public:
  explicit AvpWalk(Bytes avps) : left_(avps) {}

  // Nothing at the end and at the first AVP that does not fit: is_malformed() tells them apart.
  std::optional<AvpView> next() {
    if (left_.empty() || is_malformed_) return std::nullopt;
    if (left_.size() < kAvpHeaderBytes) return malformed();
    const std::uint32_t word = load_u32(left_.data() + 4);
    const std::size_t length = word & 0xffffffU;
    const std::size_t header = (word >> 24U & kAvpVendor) != 0 ? kAvpVendorHeaderBytes : kAvpHeaderBytes;
    if (length < header || length > left_.size()) return malformed();
    const Bytes whole = left_.first(length);
    // A last child without its padding is taken: some stacks leave it out of a group's length.
    left_ = left_.subspan(std::min(padded(length), left_.size()));
    return AvpView(whole);
  }
  bool is_malformed() const { return is_malformed_; }
  // What has not been walked; after a malformed AVP: from its first byte on.
  Bytes rest() const { return left_; }

 private:
  std::optional<AvpView> malformed() {
    is_malformed_ = true;
    return std::nullopt;
  }
  Bytes left_;
  bool is_malformed_ = false;
};

// The first child of a group with that name; nothing, too, when the group is malformed before it.
inline std::optional<AvpView> find_in_group(const AvpView& group, const AvpId& id) {
  AvpWalk walk(group.data());
  while (const auto child = walk.next()) {
    if (child->is(id)) return child;
  }
  return std::nullopt;
}

}  // namespace claviger::diameter
