// HTTP/2 (RFC 9113) of a server over nghttp2: frames in, requests to the dispatcher, frames out when pulled.
//
// Owned by a server's connection, on its shard. Bodies of answers are pulled by the peer's window straight from the
// Response; nothing is queued as frames but headers.
#pragma once

#include <nghttp2/nghttp2.h>

#include "core/http/frame_meter.h"
#include "core/http/header_unpacking.h"
#include "core/http/http2_exchange.h"
#include "core/http/protocol.h"

namespace claviger::http {

class Http2Connection final : public Protocol {
 public:
  Http2Connection(ProtocolHost& host, Dispatcher& dispatcher, const FixedHeaders& fixed);
  Http2Connection(const Http2Connection&) = delete;
  Http2Connection& operator=(const Http2Connection&) = delete;
  ~Http2Connection() override;

  void receive(Slice bytes) override;
  std::size_t produce(MutableBytes room) override;
  bool wants_input() const override { return !is_ending_; }
  bool is_finished() const override { return is_ending_; }
  Monotonic deadline() const override;
  void on_deadline() override;
  void drain() override;

  // For its exchanges.
  void submit(Http2Exchange& exchange, Response response);

 private:
  friend struct Http2Callbacks;
  // Of one connection, counted against its allowance: the peer is told why, and the connection ends.
  void end(std::uint32_t error_code);
  void end_abuse();
  void check_streams(Monotonic now);
  bool is_slow(const Http2Exchange& exchange, Monotonic now, Milliseconds stall) const;
  // Its answers wait for the peer, more of them than it may have waiting.
  bool is_unread() const;
  // It was answered before its end, and has had time to see that (RFC 9113 clause 8.1).
  void ask_to_stop(Http2Exchange& exchange);
  void refuse_stream(Http2Exchange& exchange);

  Http2Exchange& begin(std::int32_t id);
  bool add_field(Http2Exchange& exchange, nghttp2_rcbuf* name, nghttp2_rcbuf* value);
  void head_complete(Http2Exchange& exchange);
  void body_piece(Http2Exchange& exchange, Bytes bytes);
  void body_complete(Http2Exchange& exchange);
  void remove(Http2Exchange& exchange);
  std::size_t offer(Http2Exchange& exchange, std::size_t length, std::uint32_t& flags);
  bool send_data(Http2Exchange& exchange, Bytes frame_header, std::size_t length);

  ProtocolHost& host_;
  Dispatcher& dispatcher_;
  const FixedHeaders& fixed_;
  nghttp2_session* session_ = nullptr;
  FrameMeter meter_;
  HeaderUnpacker unpacker_;
  bool is_ending_ = false;
  bool is_fresh_ = true;  // no whole frame received yet: half a preface gets no idle time
  bool is_draining_ = false;
  bool has_said_goodbye_ = false;  // the last GOAWAY of a drain

  Http2Exchange* exchanges_ = nullptr;  // a list, linked both ways
  std::size_t count_ = 0;
  Http2Exchange* current_ = nullptr;  // whose header block is being decoded: blocks are never interleaved
  Slice input_;                       // while it is being fed
  std::vector<std::int32_t> pinned_;  // streams whose body may pin input_

  MutableBytes room_;  // while producing
  std::size_t produced_ = 0;
  Bytes left_over_;                           // of nghttp2's last frame, when the room was too small for it
  std::vector<nghttp2_nv> names_and_values_;  // scratch, kept for its capacity
  KeptBytes kept_;                            // answers not yet sent
  std::size_t stuck_ = 0;                     // what of them the last pull has left
  std::uint32_t refused_ = 0;                 // streams, because of those
  std::uint32_t unread_ = 0;                  // streams reset because nobody read them
  Monotonic idle_since_;
  Monotonic next_check_ = Monotonic::max();
  Monotonic last_sent_;
};

}  // namespace claviger::http
