// Writes a Diameter message into a slab (RFC 6733 clauses 3, 4 and 6.2).
//
// One shard, one use: begin, add AVPs in order, finish(). A message that outgrows kMessageBytesMax is an error of
// finish(), not of each call. Groups nest; each is closed by end_group().
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/base/result.h"
#include "core/base/slice.h"
#include "core/diameter/check.h"
#include "core/diameter/message.h"

namespace claviger::diameter {

class MessageBuilder {
 public:
  // Hop-by-hop and end-to-end identifiers are the node's to set when it sends.
  static MessageBuilder request(SlabPool& pool, std::uint32_t application, std::uint32_t command,
                                std::uint8_t flags = kFlagProxiable);
  // RFC 6733 clause 6.2: same command and identifiers, the request's P bit, Session-Id first, Proxy-Infos in order.
  static MessageBuilder answer(SlabPool& pool, const Message& request);

  MessageBuilder& u32(const AvpId& id, std::uint32_t value);
  MessageBuilder& u64(const AvpId& id, std::uint64_t value);
  MessageBuilder& text(const AvpId& id, std::string_view value) { return octets(id, as_bytes(value)); }
  MessageBuilder& octets(const AvpId& id, Bytes value);
  // As it was received, flags included.
  MessageBuilder& copy(const AvpView& avp) { return raw(avp.whole()); }
  // One AVP's header and data; padding is added.
  MessageBuilder& raw(Bytes avp);
  MessageBuilder& begin_group(const AvpId& id);
  MessageBuilder& end_group();

  MessageBuilder& origin(std::string_view host, std::string_view realm);
  MessageBuilder& vendor_specific_application(std::uint32_t vendor, std::uint32_t application);
  // Protocol errors (3xxx) set the E bit.
  MessageBuilder& result(std::uint32_t code);
  MessageBuilder& experimental_result(std::uint32_t vendor, std::uint32_t code);
  // Result-Code, and Failed-AVP where there is one.
  MessageBuilder& fault(const Fault& fault);
  // For data that is produced in place (keys): `size` bytes to be filled before the next call.
  MutableBytes room(const AvpId& id, std::size_t size);

  Header& header() { return header_; }
  bool is_too_long() const { return is_too_long_; }
  // Code::TooLarge.
  Result<Slice> finish();

 private:
  MessageBuilder(SlabPool& pool, Header header);
  // Room for that many bytes; false when the message would be too long.
  bool make_room(std::size_t bytes);
  void put_avp_header(const AvpId& id, std::size_t data_size);

  Header header_;
  SlabWriter writer_;
  bool is_too_long_ = false;
  std::size_t depth_ = 0;
  std::array<std::uint32_t, kGroupDepthMax> groups_{};  // where the open groups start
};

}  // namespace claviger::diameter
