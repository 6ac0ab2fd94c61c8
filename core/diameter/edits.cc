#include "core/diameter/edits.h"

#include <algorithm>
#include <limits>

namespace claviger::diameter {
namespace {

constexpr std::uint32_t kBehindAll = std::numeric_limits<std::uint32_t>::max();

// Of an AVP with its padding, which the last one may lack.
std::uint32_t padded_size(const Message& message, std::size_t offset, std::size_t length) {
  return static_cast<std::uint32_t>(std::min(padded(length), message.bytes().size() - offset));
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

void Edits::replace_at(const Message& message, std::size_t offset, std::size_t length, std::uint64_t key, Bytes data) {
  Edit& edit = insert(static_cast<std::uint32_t>(offset));
  edit.kind = Kind::Replace;
  edit.old_size = padded_size(message, offset, length);
  edit.code = static_cast<std::uint32_t>(key);
  edit.vendor = static_cast<std::uint32_t>(key >> 32U);
  edit.flags = std::to_integer<std::uint8_t>(message.bytes()[offset + 4]);
  edit.use(data);
  growth_ += static_cast<std::ptrdiff_t>(head_size(edit) + padded(data.size())) - edit.old_size;
}

void Edits::replace(const Message& message, const AvpView& old, Bytes data) {
  replace_at(message, message.offset_of(old), old.whole().size(), AvpId{old.code(), old.vendor()}.key(), data);
}

void Edits::remove(const Message& message, const AvpView& old) {
  const auto offset = static_cast<std::uint32_t>(message.offset_of(old));
  const std::uint32_t size = padded_size(message, offset, old.whole().size());
  growth_ -= size;
  if (count_ > 0) {
    Edit& last = edits_[count_ - 1];
    if (last.kind == Kind::Remove && last.offset + last.old_size == offset) {
      last.old_size += size;
      return;
    }
  }
  Edit& edit = insert(offset);
  edit.kind = Kind::Remove;
  edit.old_size = size;
}

void Edits::append(const AvpId& id, Bytes data) {
  Edit& edit = insert(kBehindAll);
  edit.kind = Kind::Append;
  edit.code = id.code;
  edit.vendor = id.vendor;
  edit.flags = static_cast<std::uint8_t>((id.vendor != 0 ? kAvpVendor : 0U) | (id.is_mandatory ? kAvpMandatory : 0U));
  edit.use(data);
  growth_ += static_cast<std::ptrdiff_t>(head_size(edit) + padded(data.size()));
}

void Edits::append_u32(const AvpId& id, std::uint32_t value) {
  append(id, {});
  Edit& edit = edits_[count_ - 1];
  edit.is_small = true;
  growth_ += static_cast<std::ptrdiff_t>(edit.small.size());
  store_u32(edit.small.data(), value);
}

void Edits::set(const Message& message, const AvpId& id, Bytes data) {
  if (const Message::Place* const old = message.place_of(id)) {
    return replace_at(message, old->offset, old->length, old->key, data);
  }
  if (const auto old = message.find(id)) return replace(message, *old, data);
  append(id, data);
}

void Edits::splice(const Message& message, Header header, MutableBytes to) const {
  const Bytes from = message.bytes();
  header.length = static_cast<std::uint32_t>(to.size());
  write_header(header, to);
  std::size_t read = kHeaderBytes;
  std::byte* at = to.data() + kHeaderBytes;
  const std::byte* const end = to.data() + to.size();
  const auto has_room = [&](std::size_t size) { return size <= static_cast<std::size_t>(end - at); };
  const auto copy = [&](Bytes bytes) {
    if (bytes.empty()) return;
    CLAVIGER_ASSERT(has_room(bytes.size()));
    std::memcpy(at, bytes.data(), bytes.size());
    at += bytes.size();
  };
  for (std::size_t i = 0; i < count_; ++i) {
    const Edit& edit = edits_[order_[i]];
    const std::size_t until = std::min<std::size_t>(edit.offset, from.size());
    copy(from.subspan(read, until - read));
    read = until + edit.old_size;
    if (edit.kind == Kind::Remove) continue;
    const Bytes data = data_of(edit);
    const std::size_t head = head_size(edit);
    const std::size_t room = padded(data.size());
    CLAVIGER_ASSERT(has_room(head + room));
    store_u32(at, edit.code);
    store_u32(at + 4, static_cast<std::uint32_t>(edit.flags) << 24U | static_cast<std::uint32_t>(head + data.size()));
    if (head == kAvpVendorHeaderBytes) store_u32(at + 8, edit.vendor);
    at += head;
    if (data.empty()) continue;
    store_u32(at + room - 4, 0);  // the padding, and data over it
    std::memcpy(at, data.data(), data.size());
    at += room;
  }
  copy(from.subspan(read));
  CLAVIGER_ASSERT(at == end);
}

}  // namespace claviger::diameter
