// One HTTP/1.1 answer of the admin socket (RFC 9112), as far as clavigerctl understands it: a status line, fields,
// a body with Content-Length or in chunks. Everything else is an error: this is no browser.
//
// Pure: takes bytes, says whether they are a whole answer yet. Any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace claviger::ctl {

// Status line and fields of our own daemon are some 300 bytes.
inline constexpr std::size_t kAnswerHeadBytesMax = 16 * 1024;
// The largest answers are pages of users: 1000 records of a few hundred bytes.
inline constexpr std::size_t kAnswerBodyBytesMax = 64 * 1024 * 1024;

struct HttpAnswer {
  int status = 0;
  std::string content_type;
  std::string body;
  bool must_close = false;  // the daemon said "Connection: close"
};

struct ScannedAnswer {
  HttpAnswer answer;
  std::size_t consumed = 0;
};

// Nothing yet: more bytes are needed. ProtocolError, HeaderTooLarge, TooLarge.
Result<std::optional<ScannedAnswer>> scan_answer(std::string_view bytes);

}  // namespace claviger::ctl
