// HTTP/1.1 requests (RFC 9112) through Boost.Beast's parser, with the checks that it leaves out.
//
// Views point into the bytes given. One message at a time; owned by a connection. No I/O.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace claviger::http {

struct Http1Field {
  std::string_view name;  // as sent
  std::string_view value;
};

struct Http1Head {
  std::string_view method;
  std::string_view target;
  bool is_http10 = false;
  bool keeps_alive = false;
  bool is_chunked = false;
  bool expects_continue = false;
  std::string_view host;
  std::optional<std::uint64_t> content_length;
  std::vector<Http1Field> fields;

  bool has_body() const { return is_chunked || content_length.value_or(0) > 0; }
};

// A chunk's header or the trailers: nothing of ours needs extensions or trailers.
inline constexpr std::size_t kChunkHeaderMax = 4 * 1024;

class Http1Parser {
 public:
  Http1Parser();
  ~Http1Parser();
  Http1Parser(const Http1Parser&) = delete;
  Http1Parser& operator=(const Http1Parser&) = delete;

  // A complete head, found by HeadScanner. Code::ProtocolError for anything that two readers could understand
  // differently (request smuggling), Code::Unsupported for an expectation other than 100-continue.
  Result<Http1Head> parse_head(std::string_view head);

  // Body bytes behind the head. Tells how many of them it used; the pieces of the body among them are appended.
  struct Progress {
    std::size_t used = 0;
    bool is_done = false;
  };
  Result<Progress> parse_body(std::string_view bytes, std::vector<std::string_view>& pieces);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace claviger::http
