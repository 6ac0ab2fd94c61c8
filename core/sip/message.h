// One SIP message in a buffer: start line, an index of its headers, its body (RFC 3261 clause 7).
//
// Owns nothing: all views are into the text, which must outlive it. Reused from message to message; parsing allocates
// nothing. What a header says is read on demand (name_address.h, via.h, the accessors below).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/result.h"
#include "core/sip/header_id.h"
#include "core/sip/limits.h"
#include "core/sip/via.h"

namespace claviger::sip {

enum class Method : std::uint8_t {
  Register,
  Publish,
  Subscribe,
  Notify,
  Options,
  Message,
  Invite,
  Ack,
  Bye,
  Cancel,
  Info,
  Update,
  Prack,
  Refer,
  Other
};
std::string_view name_of(Method method);

enum class Framing : std::uint8_t {
  Datagram,  // more than Content-Length says is ignored, less is an error
  Stream,    // the text is the message, a Content-Length is required
  Embedded   // message/sip: the part's length counts, whatever Content-Length says
};

struct HeaderView {
  HeaderId id;
  std::string_view name;
  std::string_view value;  // trimmed; folds are in it as they came
};

struct CSeq {
  std::uint32_t number;
  std::string_view method;
};

class Message {
 public:
  Message() = default;
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  // In place: a copy of the index would cost more than the parsing. SipSyntax, SipVersion, SipHeaderMissing (no
  // Content-Length on a stream), SipHeaderRepeated (of it), TooLarge, TooMany. After an error everything that was
  // understood can be asked for: an answer needs it.
  Result<Unit> parse(std::string_view text, Framing framing);

  bool is_request() const { return is_request_; }
  Method method() const { return method_; }
  std::string_view method_name() const { return method_name_; }
  std::string_view request_uri() const { return request_uri_; }
  std::uint16_t status() const { return status_; }
  std::string_view reason() const { return reason_; }
  std::string_view text() const { return text_; }
  std::string_view body() const { return body_; }

  std::size_t header_count() const { return count_; }
  const HeaderView& header(std::size_t index) const { return headers_[index]; }
  bool has(HeaderId id) const { return first_[static_cast<std::size_t>(id)] != kNone; }
  // The first header of that name; empty without one.
  std::string_view value(HeaderId id) const {
    const std::uint8_t index = first_[static_cast<std::size_t>(id)];
    return index == kNone ? std::string_view() : headers_[index].value;
  }
  std::size_t count(HeaderId id) const;
  template <typename Visit>
  void for_each(HeaderId id, Visit visit) const {
    for (std::size_t i = first_[static_cast<std::size_t>(id)]; i < count_; ++i) {
      if (headers_[i].id == id) visit(headers_[i].value);
    }
  }

  Result<CSeq> cseq() const;
  Result<Via> top_via() const { return parse_first_via(value(HeaderId::Via)); }
  // Of From or To; empty: none.
  std::string_view tag(HeaderId id) const;
  // Nothing when the header is absent. Whatever is no number or too large for it counts as 2^32-1 (RFC 3903, RFC 6665:
  // a lifetime is a wish).
  std::optional<std::uint32_t> expires() const;
  // The event package without its parameters.
  std::string_view event() const;
  // type "/" subtype in front of the parameters, as written.
  std::string_view media_type() const;

 private:
  static constexpr std::uint8_t kNone = 0xFF;
  static_assert(kHeadersMax < kNone);

  Result<Unit> parse_start_line(std::string_view line);
  Result<Unit> parse_status_line(std::string_view line);
  Result<Unit> add_header(std::string_view line);
  Result<Unit> frame_body(std::string_view rest, Framing framing);

  std::string_view text_;
  std::string_view method_name_;
  std::string_view request_uri_;
  std::string_view reason_;
  std::string_view body_;
  Method method_ = Method::Other;
  bool is_request_ = false;
  std::uint16_t status_ = 0;
  std::size_t count_ = 0;
  std::array<std::uint8_t, kHeaderIds> first_{};
  std::array<HeaderView, kHeadersMax> headers_;
};

// The length that a Content-Length says. SipSyntax, TooLarge.
Result<std::size_t> read_content_length(std::string_view value);

}  // namespace claviger::sip
