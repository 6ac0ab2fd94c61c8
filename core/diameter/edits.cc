#include "core/diameter/edits.h"

#include <algorithm>
#include <limits>

namespace claviger::diameter {
namespace {

constexpr std::uint32_t kBehindAll = std::numeric_limits<std::uint32_t>::max();

std::uint32_t padded_size(const Message& message, const AvpView& avp) {
  const std::size_t left = message.bytes().size() - message.offset_of(avp);
  return static_cast<std::uint32_t>(std::min(padded(avp.whole().size()), left));
}

}  // namespace

Edits::Edit& Edits::insert(std::uint32_t offset) {
  CLAVIGER_ASSERT(count_ < kMax);
  std::size_t at = count_;
  for (; at > 0 && edits_[order_[at - 1]].offset > offset; --at) order_[at] = order_[at - 1];
  order_[at] = static_cast<std::uint8_t>(count_);
  Edit& edit = edits_[count_++];
  edit.is_small = false;
  edit.offset = offset;
  edit.old_size = 0;
  edit.flags = 0;
  edit.use({});
  return edit;
}

void Edits::replace(const Message& message, const AvpView& old, Bytes data) {
  Edit& edit = insert(static_cast<std::uint32_t>(message.offset_of(old)));
  edit.kind = Kind::Replace;
  edit.old_size = padded_size(message, old);
  edit.code = old.code();
  edit.vendor = old.vendor();
  edit.flags = old.flags();
  edit.use(data);
}

void Edits::remove(const Message& message, const AvpView& old) {
  Edit& edit = insert(static_cast<std::uint32_t>(message.offset_of(old)));
  edit.kind = Kind::Remove;
  edit.old_size = padded_size(message, old);
}

void Edits::append(const AvpId& id, Bytes data) {
  Edit& edit = insert(kBehindAll);
  edit.kind = Kind::Append;
  edit.code = id.code;
  edit.vendor = id.vendor;
  edit.flags = static_cast<std::uint8_t>((id.vendor != 0 ? kAvpVendor : 0U) | (id.is_mandatory ? kAvpMandatory : 0U));
  edit.use(data);
}

void Edits::append_u32(const AvpId& id, std::uint32_t value) {
  append(id, {});
  Edit& edit = edits_[count_ - 1];
  edit.is_small = true;
  store_u32(edit.small.data(), value);
}

void Edits::set(const Message& message, const AvpId& id, Bytes data) {
  if (const auto old = message.find(id)) return replace(message, *old, data);
  append(id, data);
}

std::size_t Edits::new_size(const Edit& edit, std::size_t data_size) {
  if (edit.kind == Kind::Remove) return 0;
  return ((edit.flags & kAvpVendor) != 0 ? kAvpVendorHeaderBytes : kAvpHeaderBytes) + padded(data_size);
}

std::size_t Edits::size_of(const Message& message) const {
  std::size_t size = message.bytes().size();
  for (std::size_t i = 0; i < count_; ++i) {
    size = size - edits_[i].old_size + new_size(edits_[i], data_of(edits_[i]).size());
  }
  return size;
}

void Edits::splice(const Message& message, Header header, MutableBytes to) const {
  const Bytes from = message.bytes();
  header.length = static_cast<std::uint32_t>(to.size());
  write_header(header, to);
  std::size_t read = kHeaderBytes;
  std::size_t written = kHeaderBytes;
  const auto copy = [&](Bytes bytes) {
    if (bytes.empty()) return;
    CLAVIGER_ASSERT(bytes.size() <= to.size() - written);
    std::memcpy(to.data() + written, bytes.data(), bytes.size());
    written += bytes.size();
  };
  for (std::size_t i = 0; i < count_; ++i) {
    const Edit& edit = edits_[order_[i]];
    const std::size_t at = std::min<std::size_t>(edit.offset, from.size());
    copy(from.subspan(read, at - read));
    read = at + edit.old_size;
    if (edit.kind == Kind::Remove) continue;
    const Bytes data = data_of(edit);
    std::array<std::byte, kAvpVendorHeaderBytes> head;
    const std::size_t head_size = (edit.flags & kAvpVendor) != 0 ? kAvpVendorHeaderBytes : kAvpHeaderBytes;
    store_u32(head.data(), edit.code);
    store_u32(head.data() + 4,
              static_cast<std::uint32_t>(edit.flags) << 24U | static_cast<std::uint32_t>(head_size + data.size()));
    store_u32(head.data() + 8, edit.vendor);
    copy(Bytes(head).first(head_size));
    copy(data);
    constexpr std::array<std::byte, 3> kZeros{};
    copy(Bytes(kZeros).first(padded(data.size()) - data.size()));
  }
  copy(from.subspan(read));
  CLAVIGER_ASSERT(written == to.size());
}

}  // namespace claviger::diameter
