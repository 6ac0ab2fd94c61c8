// Answers and requests of ours as text (RFC 3261 clauses 8.2.6, 18.2.1, RFC 3581).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/sip/message.h"

namespace claviger::sip {

struct Header {
  std::string name;
  std::string value;  // one line, written by us or taken from a message that was checked
};

// What a handler answers.
struct Response {
  std::uint16_t status = 200;
  std::string reason;  // empty: the standard's
  std::string to_tag;  // empty: one is made from the request
  std::vector<Header> headers;
  std::string content_type;
  std::string body;
  // Let go of once the answer was handed to its connection, or is not going to be: for whoever must not come before it.
  std::shared_ptr<const void> until_sent;

  Response() = default;
  explicit Response(std::uint16_t its_status) : status(its_status) {}
  Response& with(std::string name, std::string value) {
    headers.push_back({std::move(name), std::move(value)});
    return *this;
  }
};

// From where the request came, as the topmost Via of its answer must say.
struct Source {
  std::string host;  // without brackets
  std::uint16_t port = 0;
};

// Via, From, To, Call-ID, CSeq and Record-Route are the request's; what of them is missing stays missing.
std::string write_response(const Message& request, const Response& response, const Source& source,
                           std::string_view default_to_tag);

// A folded value on one line.
std::string unfolded(std::string_view value);
// Text in a quoted string: quotes and backslashes escaped, control characters left out.
std::string quoted(std::string_view text);

}  // namespace claviger::sip
