// One HTTP/2 stream of a server's connection: its request while it arrives, its answer while it leaves.
//
// Owned by its connection from the stream's first HEADERS frame to its close, on the connection's shard.
#pragma once

#include <nghttp2/nghttp2.h>

#include <array>

#include "core/http/body_buffer.h"
#include "core/http/exchange.h"
#include "core/http/limits.h"
#include "core/http/spare_memory.h"

namespace claviger::http {

class Http2Connection;

// Keeps nghttp2's decoded names and values alive without copying them.
class Http2Storage final : public RequestStorage, public FromSpareMemory {
 public:
  Http2Storage() {}  // not "= default": make_unique would zero the array, 1.7 KiB a request
  Http2Storage(const Http2Storage&) = delete;
  Http2Storage& operator=(const Http2Storage&) = delete;
  ~Http2Storage() override {
    for (std::size_t i = 0; i < count_; ++i) nghttp2_rcbuf_decref(buffers_[i]);
  }
  void keep(nghttp2_rcbuf* buffer) {
    CLAVIGER_ASSERT(count_ < buffers_.size());
    nghttp2_rcbuf_incref(buffer);  // does nothing for the static table's
    buffers_[count_++] = buffer;
  }
  std::string cookie;  // put together from its crumbs

 private:
  std::size_t count_ = 0;
  std::array<nghttp2_rcbuf*, 2 * (kFieldsMax + 8)> buffers_;  // names and values, pseudo fields too
};

class Http2Exchange final : public Exchange, public FromSpareMemory {
 public:
  Http2Exchange(Http2Connection& its_connection, std::int32_t its_id, Monotonic now)
      : connection(its_connection), id(its_id), touched(now), began(now) {
    request.expect_fields(kFieldsUsual);
    auto made = std::make_unique<Http2Storage>();
    storage_ = made.get();
    request.storage = std::move(made);
  }
  // The handler first: it may look at what is below until it is gone.
  ~Http2Exchange() override { cancel(); }
  void answer(Response its_response) override;

  // One field of the request. False: the list is too large.
  bool add(nghttp2_rcbuf* name, nghttp2_rcbuf* value);
  // The list is complete. False: the target or the length is malformed, for which `refusal` has the status.
  bool finish_head(std::uint16_t& refusal);
  std::size_t header_bytes() const { return header_bytes_; }
  // Nobody needs it while the answer waits for its reader.
  void forget_request() {
    storage_ = nullptr;
    request = Request();
  }

  Http2Connection& connection;
  const std::int32_t id;
  bool is_head_complete = false;
  bool is_request_complete = false;
  bool is_answered = false;
  bool is_sent = false;       // the answer, to its END_STREAM
  std::size_t discarded = 0;  // of the request, after its answer
  Monotonic touched;          // when the answer last made progress
  Monotonic answered_at{};
  std::size_t answer_bytes = 0;  // in the connection's books
  Monotonic began;               // the first HEADERS frame; then the end of the head

  BodyBuffer body;
  std::optional<std::uint64_t> content_length;

  Response response;
  std::size_t body_sent = 0;
  std::array<char, 3> status_text{};
  std::array<char, 20> length_text{};

  Http2Exchange* previous = nullptr;
  Http2Exchange* next = nullptr;

 private:
  static constexpr std::size_t kFieldsUsual = 16;
  Http2Storage* storage_;  // only while the request is ours
  std::string_view target_;
  std::size_t header_bytes_ = 0;
};

}  // namespace claviger::http
