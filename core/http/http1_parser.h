// HTTP/1.1 messages (RFC 9112) through Boost.Beast's parser, with the checks that it leaves out.
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
// No body of ours may be larger as a whole: who announces such a chunk is refused before sending it.
inline constexpr std::uint64_t kChunkBytesMax = std::uint64_t{1} << 30U;

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
  // Code::TooLarge for a chunk above kChunkBytesMax, Code::ProtocolError for what is no body.
  struct Progress {
    std::size_t used = 0;
    bool is_done = false;
  };
  Result<Progress> parse_body(std::string_view bytes, std::vector<std::string_view>& pieces);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct Http1ResponseHead {
  std::uint16_t status = 0;
  bool keeps_alive = false;
  bool is_done = false;  // there is no body
  std::vector<Http1Field> fields;
};

// The same for what servers answer.
class Http1ResponseParser {
 public:
  Http1ResponseParser();
  ~Http1ResponseParser();
  Http1ResponseParser(const Http1ResponseParser&) = delete;
  Http1ResponseParser& operator=(const Http1ResponseParser&) = delete;

  // `is_to_head`: the answer to HEAD has no body whatever its fields say.
  Result<Http1ResponseHead> parse_head(std::string_view head, bool is_to_head);
  Result<Http1Parser::Progress> parse_body(std::string_view bytes, std::vector<std::string_view>& pieces);
  // The connection ended: true when that ends the body as it should.
  bool ends_here();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace claviger::http
