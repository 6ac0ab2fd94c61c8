#include "core/diameter/message_builder.h"

#include <algorithm>

namespace claviger::diameter {

MessageBuilder::MessageBuilder(SlabPool& pool, Header header) : header_(header), writer_(pool, kSlabBytes) {
  writer_.advance(kHeaderBytes);
}

MessageBuilder MessageBuilder::request(SlabPool& pool, std::uint32_t application, std::uint32_t command,
                                       std::uint8_t flags) {
  Header header;
  header.flags = static_cast<std::uint8_t>(flags | kFlagRequest);
  header.application = application;
  header.command = command;
  return MessageBuilder(pool, header);
}

MessageBuilder MessageBuilder::answer(SlabPool& pool, const Message& request) {
  Header header = request.header();
  header.version = 1;
  header.flags = header.flags & kFlagProxiable;
  MessageBuilder made(pool, header);
  if (const auto session = request.find(avp::kSessionId)) made.copy(*session);
  for (std::size_t n = 0;; ++n) {
    const auto info = request.find_nth(avp::kProxyInfo, n);
    if (!info) break;
    made.copy(*info);
  }
  return made;
}

bool MessageBuilder::make_room(std::size_t bytes) {
  if (is_too_long_ || bytes > kMessageBytesMax - writer_.size()) {
    is_too_long_ = true;
    return false;
  }
  writer_.reserve(bytes);
  return true;
}

void MessageBuilder::put_avp_header(const AvpId& id, std::size_t data_size) {
  const bool has_vendor = id.vendor != 0;
  const std::size_t header = has_vendor ? kAvpVendorHeaderBytes : kAvpHeaderBytes;
  const unsigned flags = (has_vendor ? kAvpVendor : 0U) | (id.is_mandatory ? kAvpMandatory : 0U);
  std::byte* const to = writer_.unwritten().data();
  store_u32(to, id.code);
  store_u32(to + 4, flags << 24U | static_cast<std::uint32_t>(header + data_size));
  if (has_vendor) store_u32(to + 8, id.vendor);
  writer_.advance(header);
}

MessageBuilder& MessageBuilder::octets(const AvpId& id, Bytes value) {
  const MutableBytes to = room(id, value.size());
  if (!value.empty() && !to.empty()) std::memcpy(to.data(), value.data(), value.size());
  return *this;
}

MutableBytes MessageBuilder::room(const AvpId& id, std::size_t size) {
  if (size > kMessageBytesMax || !make_room(kAvpVendorHeaderBytes + padded(size))) return {};
  put_avp_header(id, size);
  const MutableBytes whole = writer_.unwritten().first(padded(size));
  std::ranges::fill(whole.subspan(size), std::byte{0});
  writer_.advance(padded(size));
  return whole.first(size);
}

MessageBuilder& MessageBuilder::u32(const AvpId& id, std::uint32_t value) {
  std::array<std::byte, 4> bytes;
  store_u32(bytes.data(), value);
  return octets(id, bytes);
}

MessageBuilder& MessageBuilder::u64(const AvpId& id, std::uint64_t value) {
  std::array<std::byte, 8> bytes;
  store_be(MutableBytes(bytes), value);
  return octets(id, bytes);
}

MessageBuilder& MessageBuilder::raw(Bytes avp) {
  if (!make_room(padded(avp.size()))) return *this;
  writer_.append(avp);
  const std::size_t padding = padded(avp.size()) - avp.size();
  std::ranges::fill(writer_.unwritten().first(padding), std::byte{0});
  writer_.advance(padding);
  return *this;
}

MessageBuilder& MessageBuilder::begin_group(const AvpId& id) {
  CLAVIGER_ASSERT(depth_ < kGroupDepthMax);
  groups_[depth_++] = static_cast<std::uint32_t>(writer_.size());
  if (make_room(kAvpVendorHeaderBytes)) put_avp_header(id, 0);
  return *this;
}

MessageBuilder& MessageBuilder::end_group() {
  CLAVIGER_ASSERT(depth_ > 0);
  const std::uint32_t start = groups_[--depth_];
  if (is_too_long_) return *this;
  // The one part of a message that is written twice: a group's length is known at its end.
  const Bytes written = writer_.written();
  std::byte* const at = const_cast<std::byte*>(written.data()) + start;
  const std::uint32_t flags = load_u32(at + 4) & 0xff000000U;
  store_u32(at + 4, flags | static_cast<std::uint32_t>(writer_.size() - start));
  return *this;
}

MessageBuilder& MessageBuilder::origin(std::string_view host, std::string_view realm) {
  return text(avp::kOriginHost, host).text(avp::kOriginRealm, realm);
}

MessageBuilder& MessageBuilder::vendor_specific_application(std::uint32_t vendor, std::uint32_t application) {
  return begin_group(avp::kVendorSpecificApplicationId)
      .u32(avp::kVendorId, vendor)
      .u32(avp::kAuthApplicationId, application)
      .end_group();
}

MessageBuilder& MessageBuilder::result(std::uint32_t code) {
  if (result_code::is_protocol_error(code)) header_.flags |= kFlagError;
  return u32(avp::kResultCode, code);
}

MessageBuilder& MessageBuilder::experimental_result(std::uint32_t vendor, std::uint32_t code) {
  return begin_group(avp::kExperimentalResult)
      .u32(avp::kVendorId, vendor)
      .u32(avp::kExperimentalResultCode, code)
      .end_group();
}

MessageBuilder& MessageBuilder::fault(const Fault& fault) {
  result(fault.result_code);
  if (!fault.failed.empty()) begin_group(avp::kFailedAvp).raw(fault.failed).end_group();
  return *this;
}

Result<Slice> MessageBuilder::finish() {
  CLAVIGER_ASSERT(depth_ == 0);
  if (is_too_long_) return Error{Code::TooLarge, "diameter.message"};
  header_.length = static_cast<std::uint32_t>(writer_.size());
  write_header(header_, MutableBytes(const_cast<std::byte*>(writer_.written().data()), kHeaderBytes));
  return writer_.finish();
}

}  // namespace claviger::diameter
