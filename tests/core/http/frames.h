// HTTP/2 frames by hand, for tests that must send what no library would.
#pragma once

#include <nghttp2/nghttp2.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/assert.h"
#include "core/base/bytes.h"

namespace claviger::http::frames {

inline constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
enum Type : std::uint8_t {
  kData = 0, kHeaders = 1, kPriority = 2, kReset = 3, kSettings = 4, kPush = 5, kPing = 6, kGoaway = 7,
  kWindowUpdate = 8, kContinuation = 9
};
inline constexpr std::uint8_t kEndStream = 1;
inline constexpr std::uint8_t kAck = 1;
inline constexpr std::uint8_t kEndHeaders = 4;
inline constexpr std::uint8_t kPadded = 8;

inline std::string be32(std::uint32_t value) {
  std::string text(4, '\0');
  store_be<std::uint32_t>(std::as_writable_bytes(std::span(text)), value);
  return text;
}

inline std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload = {}) {
  std::string text = be32(static_cast<std::uint32_t>(payload.size())).substr(1);
  text += static_cast<char>(type);
  text += static_cast<char>(flags);
  return text + be32(stream) + std::string(payload);
}

inline std::string settings(const std::vector<std::pair<std::uint16_t, std::uint32_t>>& entries = {}) {
  std::string payload;
  for (const auto& [id, value] : entries) payload += be32(id).substr(2) + be32(value);
  return frame(kSettings, 0, 0, payload);
}
inline std::string start() { return std::string(kPreface) + settings(); }
inline std::string data(std::uint32_t stream, std::string_view payload, std::uint8_t flags = kEndStream) {
  return frame(kData, flags, stream, payload);
}
inline std::string window_update(std::uint32_t stream, std::uint32_t by) {
  return frame(kWindowUpdate, 0, stream, be32(by));
}
inline std::string reset(std::uint32_t stream, std::uint32_t code = NGHTTP2_CANCEL) {
  return frame(kReset, 0, stream, be32(code));
}
inline std::string ping() { return frame(kPing, 0, 0, "12345678"); }
inline std::string priority(std::uint32_t stream) { return frame(kPriority, 0, stream, be32(0) + "\x10"); }

using Fields = std::vector<std::pair<std::string, std::string>>;

// Literal fields without indexing (RFC 7541 clause 6.2.2): no table, so blocks may be made in any order.
inline std::string block(const Fields& fields) {
  const auto text_of = [](const std::string& text) {
    std::string coded;
    std::size_t size = text.size();
    if (size < 127) {
      coded += static_cast<char>(size);
    } else {
      coded += '\x7f';
      for (size -= 127; size >= 128; size /= 128) coded += static_cast<char>(size % 128 + 128);
      coded += static_cast<char>(size);
    }
    return coded + text;
  };
  std::string coded;
  for (const auto& [name, value] : fields) coded += '\0' + text_of(name) + text_of(value);
  return coded;
}

inline Fields request(const std::string& method, const std::string& path, const Fields& more = {}) {
  Fields fields{{":method", method}, {":scheme", "https"}, {":authority", "a.example"}, {":path", path}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}
inline std::string headers(std::uint32_t stream, const Fields& fields, std::uint8_t flags = kEndStream | kEndHeaders) {
  return frame(kHeaders, flags, stream, block(fields));
}
inline std::string get(std::uint32_t stream, const std::string& path, const Fields& more = {}) {
  return headers(stream, request("GET", path, more));
}
inline std::string post_head(std::uint32_t stream, const std::string& path, const Fields& more = {}) {
  return headers(stream, request("POST", path, more), kEndHeaders);
}

struct Frame {
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;
  std::string payload;
};

// What a server sent, put together.
class Reader {
 public:
  Reader() { CLAVIGER_ASSERT(nghttp2_hd_inflate_new(&inflater_) == 0); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() { nghttp2_hd_inflate_del(inflater_); }

  struct Answer {
    std::string status;
    std::map<std::string, std::string> fields;
    std::string body;
    bool is_ended = false;
    std::size_t data_frames = 0;
  };

  void read(std::string_view bytes) {
    waiting_ += bytes;
    while (waiting_.size() >= 9) {
      const std::size_t length = load_be<std::uint32_t>(as_bytes(waiting_)) >> 8U;
      if (waiting_.size() < 9 + length) return;
      Frame found{static_cast<std::uint8_t>(waiting_[3]), static_cast<std::uint8_t>(waiting_[4]),
                  load_be<std::uint32_t>(as_bytes(waiting_).subspan(5)), waiting_.substr(9, length)};
      waiting_.erase(0, 9 + length);
      take(found);
      all.push_back(std::move(found));
    }
  }
  std::size_t count(std::uint8_t type) const {
    std::size_t found = 0;
    for (const Frame& each : all) found += each.type == type ? 1U : 0U;
    return found;
  }

  std::vector<Frame> all;
  std::map<std::uint32_t, Answer> answers;
  std::map<std::uint32_t, std::uint32_t> resets;
  std::vector<std::uint32_t> goaways;      // error codes
  std::vector<std::uint32_t> goaway_last;  // last streams

 private:
  void take(const Frame& found) {
    if (found.type == kHeaders) inflate(found);
    if (found.type == kData) {
      answers[found.stream].body += found.payload;
      ++answers[found.stream].data_frames;
    }
    if ((found.type == kHeaders || found.type == kData) && (found.flags & kEndStream) != 0) {
      answers[found.stream].is_ended = true;
    }
    if (found.type == kReset) resets[found.stream] = load_be<std::uint32_t>(as_bytes(found.payload));
    if (found.type == kGoaway) {
      goaway_last.push_back(load_be<std::uint32_t>(as_bytes(found.payload)));
      goaways.push_back(load_be<std::uint32_t>(as_bytes(found.payload).subspan(4)));
    }
  }
  void inflate(const Frame& found) {
    auto* bytes = reinterpret_cast<const std::uint8_t*>(found.payload.data());
    std::size_t left = found.payload.size();
    for (;;) {
      nghttp2_nv nv{};
      int flags = 0;
      const ssize_t used = nghttp2_hd_inflate_hd2(inflater_, &nv, &flags, bytes, left, 1);
      CLAVIGER_ASSERT(used >= 0);
      bytes += used;
      left -= static_cast<std::size_t>(used);
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
        const std::string name(reinterpret_cast<char*>(nv.name), nv.namelen);
        const std::string value(reinterpret_cast<char*>(nv.value), nv.valuelen);
        if (name == ":status") answers[found.stream].status = value;
        answers[found.stream].fields[name] = value;
      }
      if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
    }
    nghttp2_hd_inflate_end_headers(inflater_);
  }

  nghttp2_hd_inflater* inflater_ = nullptr;
  std::string waiting_;
};

}  // namespace claviger::http::frames
