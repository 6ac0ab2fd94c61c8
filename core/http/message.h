// One request/response model over HTTP/2 and HTTP/1.1 (RFC 9110).
//
// A Request is made by the server side of a connection and moved into the handler, which owns it: its views stay valid
// as long as it lives (they point into header storage and slabs that the Request keeps alive). Lives on the
// connection's shard. A Response is made by the handler and moved back.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/slice.h"

namespace claviger::http {

enum class Method : std::uint8_t { Get, Head, Post, Put, Patch, Delete, Options, Other };
std::string_view name_of(Method method);
Method method_of(std::string_view name);  // case-sensitive (RFC 9110 clause 9.1)

// Header fields that some code of ours looks at: found by index, without comparing names again.
enum class Field : std::uint8_t {
  Accept,
  Authorization,
  ContentLength,
  ContentType,
  Cookie,
  Dpop,
  Host,
  IfMatch,
  IfNoneMatch,
  Origin,
  Prefer,
  Referer,
  UserAgent,
  XForwardedFor,
  Other
};
inline constexpr std::size_t kFields = static_cast<std::size_t>(Field::Other);
Field field_of(std::string_view lower_case_name);
std::string_view name_of(Field known);  // a literal; empty for Other

// Who sent the request, as the transport knows it. Lives as long as the connection.
struct Peer {
  std::string address;  // "192.0.2.1", "2001:db8::1", empty on a Unix socket
  std::uint16_t port = 0;
  std::size_t listener = 0;  // index given when the listener was made
  bool is_tls = false;
  // SHA-256 of the DER client certificate that the peer proved to hold (x5t#S256), when it sent one.
  std::optional<std::array<std::byte, 32>> certificate_digest;
  std::string certificate_der;          // empty without one
  bool is_certificate_trusted = false;  // chains to the listener's client CA
  // Unix sockets: SO_PEERCRED.
  std::optional<std::uint32_t> uid;
  std::optional<std::int32_t> pid;
};

// Keeps the storage behind a Request's views alive; each protocol has its own.
class RequestStorage {
 public:
  virtual ~RequestStorage() = default;
};

struct Header {
  std::string_view name;  // lower case
  std::string_view value;
};

// The values of a route's "{name}" segments, in order, percent-decoded.
using PathValues = std::vector<std::string>;

class Request {
 public:
  Method method = Method::Other;
  std::string_view path;   // as sent, up to '?', percent-encoding untouched
  std::string_view query;  // after '?', empty without one
  std::string_view authority;
  Slice body;  // complete; at most the route's body_bytes_max
  const Peer* peer = nullptr;
  // For inline handlers, which are called with the request alone; null in a Handler's request, which gets them moved.
  const PathValues* path_values = nullptr;

  // The value of a known field; empty when absent. A field that came more than once: see is_repeated().
  std::string_view field(Field name) const { return known_[static_cast<std::size_t>(name)]; }
  bool has(Field name) const { return (present_ & bit(name)) != 0; }
  bool is_repeated(Field name) const { return (repeated_ & bit(name)) != 0; }
  // Every field in order, known ones too.
  const std::vector<Header>& headers() const { return headers_; }

  // For the protocol sides.
  void expect_fields(std::size_t count) { headers_.reserve(count); }
  void add(Field known, Header header) {
    headers_.push_back(header);
    if (known == Field::Other) return;
    if (has(known)) repeated_ |= bit(known);
    present_ |= bit(known);
    known_[static_cast<std::size_t>(known)] = header.value;
  }
  // A field's value put together from its repetitions: cookie crumbs (RFC 9113 clause 8.2.3).
  void replace(Field known, std::string_view value) {
    repeated_ &= ~bit(known);
    known_[static_cast<std::size_t>(known)] = value;
  }
  std::unique_ptr<RequestStorage> storage;

 private:
  static std::uint32_t bit(Field name) { return std::uint32_t{1} << static_cast<unsigned>(name); }
  std::array<std::string_view, kFields> known_{};
  std::uint32_t present_ = 0;
  std::uint32_t repeated_ = 0;
  std::vector<Header> headers_;
};

std::string_view reason_of(std::uint16_t status);  // RFC 9110 clause 15; "Unknown" for what we never send

// A body is either a slice of this shard's slabs or a string (off the hot path).
using Body = std::variant<Slice, std::string>;
inline std::string_view text_of(const Body& body) {
  return body.index() == 0 ? std::get<0>(body).text() : std::string_view(std::get<1>(body));
}

struct ResponseHeader {
  std::string_view name;  // lower case, a literal
  std::string value;
};

struct Response {
  Response() = default;
  explicit Response(std::uint16_t with_status) : status(with_status) {}
  Response(std::uint16_t with_status, std::string_view with_content_type, Body with_body)
      : status(with_status), content_type(with_content_type), body(std::move(with_body)) {}

  std::uint16_t status = 500;
  std::string_view content_type;  // a literal; empty: none sent
  // A literal such as "no-store"; empty: none sent. By itself because every answer of the token endpoints has it.
  std::string_view cache_control = "no-store";
  std::vector<ResponseHeader> headers;  // everything else
  Body body;
  // Keys, seeds, secrets that were made: wiped when it was sent, or never will be. The body is this response's alone.
  bool is_secret = false;

  Response(Response&&) noexcept = default;
  Response& operator=(Response&&) noexcept = default;
  Response(const Response&) = default;
  Response& operator=(const Response&) = default;
  ~Response() {
    if (is_secret) drop_body();
  }

  // Nobody reads it any more.
  void drop_body();
  Response& with(std::string_view name, std::string value) {
    headers.push_back({name, std::move(value)});
    return *this;
  }
};

}  // namespace claviger::http
