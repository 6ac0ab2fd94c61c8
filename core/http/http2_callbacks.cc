#include "core/http/http2_callbacks.h"

#include "core/http/http2_connection.h"
#include "core/http/spare_memory.h"

namespace claviger::http {

// From C to our objects. None of them throws; each answers nghttp2's codes.
struct Http2Callbacks {
  static Http2Connection& connection(void* user) { return *static_cast<Http2Connection*>(user); }
  static Http2Exchange* exchange(nghttp2_session* session, std::int32_t id) {
    return static_cast<Http2Exchange*>(nghttp2_session_get_stream_user_data(session, id));
  }

  static int begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    Http2Connection& self = connection(user);
    self.current_ = nullptr;
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) self.current_ = &self.begin(frame->hd.stream_id);
    return 0;
  }

  static int header(nghttp2_session*, const nghttp2_frame*, nghttp2_rcbuf* name, nghttp2_rcbuf* value, std::uint8_t,
                    void* user) {
    Http2Connection& self = connection(user);
    if (self.current_ == nullptr) return 0;  // trailers: nothing of ours reads them
    return self.add_field(*self.current_, name, value) ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
  }

  static int frame_received(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    connection(user).is_fresh_ = false;
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
    Http2Exchange* const found = exchange(session, frame->hd.stream_id);
    if (found == nullptr) return 0;
    Http2Connection& self = connection(user);
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
      self.current_ = nullptr;
      self.head_complete(*found);
    }
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) self.body_complete(*found);
    return 0;
  }

  static int data_chunk(nghttp2_session* session, std::uint8_t, std::int32_t id, const std::uint8_t* data,
                        std::size_t size, void* user) {
    if (Http2Exchange* const found = exchange(session, id)) {
      connection(user).body_piece(*found, std::as_bytes(std::span(data, size)));
    }
    return 0;
  }

  static int stream_closed(nghttp2_session* session, std::int32_t id, std::uint32_t, void* user) {
    if (Http2Exchange* const found = exchange(session, id)) connection(user).remove(*found);
    return 0;
  }

  static ssize_t read(nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t length, std::uint32_t* flags,
                      nghttp2_data_source* source, void* user) {
    return static_cast<ssize_t>(connection(user).offer(*static_cast<Http2Exchange*>(source->ptr), length, *flags));
  }

  static int send_data(nghttp2_session*, nghttp2_frame*, const std::uint8_t* header_bytes, std::size_t length,
                       nghttp2_data_source* source, void* user) {
    const Bytes frame_header = std::as_bytes(std::span(header_bytes, 9));
    const bool is_sent = connection(user).send_data(*static_cast<Http2Exchange*>(source->ptr), frame_header, length);
    return is_sent ? 0 : NGHTTP2_ERR_WOULDBLOCK;
  }
};

namespace {

// RFC 9113 clause 10.5, CVE-2023-44487: 100 resets at once, then 33 a second.
constexpr std::uint64_t kResetBurst = 100;
constexpr std::uint64_t kResetsPerSecond = 33;
// Answers to PING and SETTINGS that a peer may leave unread.
constexpr std::size_t kOutboundAcksMax = 64;

struct Shared {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_option* options = nullptr;

  Shared() {
    CLAVIGER_ASSERT(nghttp2_session_callbacks_new(&callbacks) == 0 && nghttp2_option_new(&options) == 0);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, &Http2Callbacks::begin_headers);
    nghttp2_session_callbacks_set_on_header_callback2(callbacks, &Http2Callbacks::header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, &Http2Callbacks::frame_received);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &Http2Callbacks::data_chunk);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &Http2Callbacks::stream_closed);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, &Http2Callbacks::send_data);
    nghttp2_option_set_stream_reset_rate_limit(options, kResetBurst, kResetsPerSecond);
    nghttp2_option_set_max_outbound_ack(options, kOutboundAcksMax);
    // Closed streams are kept only for the dependency tree, which we do not use.
    nghttp2_option_set_no_closed_streams(options, 1);
  }
};

}  // namespace

nghttp2_session* make_http2_server_session(Http2Connection* connection) {
  static const Shared kShared;  // lives as long as the process; nghttp2 only reads it
  nghttp2_session* session = nullptr;
  CLAVIGER_ASSERT(nghttp2_session_server_new3(&session, kShared.callbacks, connection, kShared.options,
                                              spare_nghttp2_memory()) == 0);
  return session;
}

nghttp2_data_source_read_callback http2_read_callback() { return &Http2Callbacks::read; }

}  // namespace claviger::http
