#include "core/http/http2_connection.h"

#include <algorithm>
#include <charconv>

#include "core/http/http2_callbacks.h"
#include "core/http/problem.h"
#include "core/net/stream.h"

namespace claviger::http {
namespace {

// Below this, a room is given back instead of cutting a small answer's DATA frame in two.
constexpr std::size_t kFrameRoomMin = 1024;
static_assert(kFrameRoomMin < net::kProduceRoomMin);
// All streams together; each has the protocol's 64 KiB. Bodies are bounded by their routes, not by the window.
constexpr std::int32_t kConnectionWindow = 1024 * 1024;
// How often slow streams are looked for while there are streams.
constexpr Milliseconds kCheckEvery{1000};
// Between the announcement of a drain and its last GOAWAY: requests on their way meanwhile are still taken
// (RFC 9113 clause 6.8 wants a round trip).
constexpr Milliseconds kDrainNotice{500};

// An answer beside its body: the exchange, nghttp2's stream, fields on their way.
constexpr std::size_t kAnswerBytes = 1024;
// A request that is answered before its end is asked to stop with RST_STREAM(NO_ERROR), RFC 9113 clause 8.1. Not at once: a
// client that is still writing finds the reset before it reads the answer in front of it, and tells its user of a stream
// error instead of, say, 413 (curl 7.88 does). What it sends meanwhile is read and thrown away, so much and so long.
constexpr std::size_t kDiscardedMax = 1024 * 1024;
constexpr Milliseconds kLinger{1000};
// In place of Limits::unsent_max and, as a part, of Limits::send_stall when the shard holds half of what it may.
constexpr std::size_t kUnsentPressedMax = 16 * 1024;
constexpr int kPressedHaste = 10;
// A client that forgets to read an answer now and then is reset there; one that does it always is sent away.
constexpr std::uint32_t kUnreadStreamsMax = 8;

nghttp2_nv field(std::string_view name, std::string_view value, bool is_value_ours = true) {
  nghttp2_nv nv{};
  nv.name = const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(name.data()));
  nv.namelen = name.size();
  nv.value = const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(value.data()));
  nv.valuelen = value.size();
  nv.flags = NGHTTP2_NV_FLAG_NO_COPY_NAME;
  if (is_value_ours) nv.flags |= NGHTTP2_NV_FLAG_NO_COPY_VALUE;
  return nv;
}

bool has_body(std::uint16_t status) { return status != 204 && status != 304; }

}  // namespace

std::unique_ptr<Protocol> make_http2(ProtocolHost& host, Dispatcher& dispatcher, const FixedHeaders& fixed) {
  return std::make_unique<Http2Connection>(host, dispatcher, fixed);
}

Http2Connection::Http2Connection(ProtocolHost& host, Dispatcher& dispatcher, const FixedHeaders& fixed)
    : host_(host),
      dispatcher_(dispatcher),
      fixed_(fixed),
      meter_(host.now()),
      kept_(dispatcher),
      idle_since_(host.now()),
      last_sent_(host.now()) {
  session_ = make_http2_server_session(this);
  const std::array settings{
      nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, dispatcher.limits().streams_max},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, kHeaderBytesMax},
      // The dependency tree of RFC 7540 is given up by RFC 9113; without it there is nothing to rearrange.
      nghttp2_settings_entry{NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1}};
  CLAVIGER_ASSERT(nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) == 0);
  CLAVIGER_ASSERT(nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindow) == 0);
}

Http2Connection::~Http2Connection() {
  while (exchanges_ != nullptr) remove(*exchanges_);
  nghttp2_session_del(session_);
}

// ---- in

void Http2Connection::receive(Slice bytes) {
  if (is_ending_) return;
  const Monotonic now = host_.now();
  if (!meter_.feed(bytes.bytes(), now)) return end_abuse();
  input_ = std::move(bytes);
  ssize_t consumed = 0;
  Bytes left = input_.bytes();
  {
    UnpackRoom room(host_.slabs());
    while (consumed >= 0) {
      const Bytes part = unpacker_.next(left, room);
      if (part.empty()) break;
      consumed = nghttp2_session_mem_recv(session_, as_uchar(part), part.size());
    }
  }
  for (const std::int32_t id : pinned_) {
    auto* exchange = static_cast<Http2Exchange*>(nghttp2_session_get_stream_user_data(session_, id));
    if (exchange != nullptr && !exchange->is_request_complete) exchange->body.unpin();
  }
  pinned_.clear();
  input_ = Slice();
  if (consumed == NGHTTP2_ERR_FLOODED) {
    end_abuse();
  } else if (consumed < 0 && !is_ending_) {
    dispatcher_.counters().protocol_errors.add();
    end(NGHTTP2_PROTOCOL_ERROR);
  }
  host_.update();
}

Http2Exchange& Http2Connection::begin(std::int32_t id) {
  auto* exchange = new Http2Exchange(*this, id, host_.now());
  exchange->next = exchanges_;
  if (exchanges_ != nullptr) exchanges_->previous = exchange;
  exchanges_ = exchange;
  if (count_++ == 0) next_check_ = host_.now() + kCheckEvery;
  nghttp2_session_set_stream_user_data(session_, id, exchange);
  return *exchange;
}

void Http2Connection::remove(Http2Exchange& exchange) {
  (exchange.previous != nullptr ? exchange.previous->next : exchanges_) = exchange.next;
  if (exchange.next != nullptr) exchange.next->previous = exchange.previous;
  if (current_ == &exchange) current_ = nullptr;
  if (--count_ == 0) {
    idle_since_ = host_.now();
    next_check_ = Monotonic::max();
  }
  kept_.set(kept_.count() - exchange.answer_bytes);
  dispatcher_.ended(exchange);
  delete &exchange;
}

bool Http2Connection::add_field(Http2Exchange& exchange, nghttp2_rcbuf* name, nghttp2_rcbuf* value) {
  if (exchange.add(name, value)) return true;
  // The rest of the list would have to be decoded to keep the table in step: the connection ends instead.
  dispatcher_.counters().abuses.add();
  submit(exchange, problem(431));
  end(NGHTTP2_ENHANCE_YOUR_CALM);
  return false;
}

void Http2Connection::head_complete(Http2Exchange& exchange) {
  dispatcher_.counters().requests_http2.add();
  exchange.request.peer = &host_.peer();
  exchange.began = host_.now();
  if (is_unread()) return refuse_stream(exchange);
  std::uint16_t refusal = 0;
  if (!exchange.finish_head(refusal)) return submit(exchange, problem(refusal));
  if (!dispatcher_.hold(exchange, exchange.header_bytes())) return submit(exchange, overload_response());
  if (auto refused = dispatcher_.admit(exchange, exchange.content_length)) submit(exchange, *std::move(refused));
}

void Http2Connection::body_piece(Http2Exchange& exchange, Bytes bytes) {
  if (exchange.is_answered) {
    exchange.discarded += bytes.size();
    if (exchange.discarded > kDiscardedMax) ask_to_stop(exchange);
    return;
  }
  if (bytes.size() > exchange.route->body_bytes_max - exchange.body.size()) return submit(exchange, problem(413));
  if (!dispatcher_.hold(exchange, bytes.size())) return submit(exchange, overload_response());
  const auto offset = static_cast<std::size_t>(bytes.data() - input_.data());
  exchange.body.append(input_.part(offset, bytes.size()));
  if (exchange.body.is_pinned()) pinned_.push_back(exchange.id);
}

void Http2Connection::body_complete(Http2Exchange& exchange) {
  exchange.is_request_complete = true;
  if (exchange.is_answered) return;
  exchange.request.body = exchange.body.take(host_.slabs());
  dispatcher_.dispatch(exchange);
}

// ---- out

void Http2Connection::submit(Http2Exchange& exchange, Response response) {
  if (exchange.is_answered) return;
  exchange.is_answered = true;
  exchange.touched = exchange.answered_at = host_.now();
  exchange.response = std::move(response);
  exchange.body = BodyBuffer();
  const Response& answer = exchange.response;
  dispatcher_.answered(exchange, answer.status);

  std::to_chars(exchange.status_text.data(), exchange.status_text.data() + 3, answer.status);
  const std::size_t size = text_of(answer.body).size();
  auto& fields = names_and_values_;
  fields.clear();
  fields.push_back(field(":status", {exchange.status_text.data(), 3}));
  fields.push_back(field("date", host_.date(), false));  // its text changes every second
  if (!answer.content_type.empty()) fields.push_back(field("content-type", answer.content_type));
  if (has_body(answer.status)) {
    const auto end = std::to_chars(exchange.length_text.begin(), exchange.length_text.end(), size).ptr;
    fields.push_back(field("content-length", {exchange.length_text.data(), end}));
  }
  if (!answer.cache_control.empty()) fields.push_back(field("cache-control", answer.cache_control));
  for (const ResponseHeader& header : answer.headers) fields.push_back(field(header.name, header.value));
  for (const ResponseHeader& header : fixed_) fields.push_back(field(header.name, header.value));

  nghttp2_data_provider provider{};
  provider.source.ptr = &exchange;
  provider.read_callback = http2_read_callback();
  const bool sends_body = size > 0 && has_body(answer.status) && exchange.request.method != Method::Head;
  exchange.forget_request();
  exchange.answer_bytes = kAnswerBytes + (sends_body ? size : 0);
  kept_.set(kept_.count() + exchange.answer_bytes);
  const int done =
      nghttp2_submit_response(session_, exchange.id, fields.data(), fields.size(), sends_body ? &provider : nullptr);
  if (done != 0) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, exchange.id, NGHTTP2_INTERNAL_ERROR);
  } else if (!sends_body) {
    exchange.is_sent = true;
  }
  host_.update();
}

void Http2Connection::ask_to_stop(Http2Exchange& exchange) {
  if (!exchange.is_sent || exchange.is_request_complete) return;
  exchange.is_request_complete = true;
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, exchange.id, NGHTTP2_NO_ERROR);
  host_.update();
}

bool Http2Connection::is_unread() const {
  const std::size_t max = dispatcher_.is_pressed() ? kUnsentPressedMax : dispatcher_.limits().unsent_max;
  if (kept_.count() <= max) return false;
  if (stuck_ > max) return true;
  // Answers of this turn have not been pulled: what the windows take of them will be gone at its end.
  const std::int32_t of_connection = std::max(nghttp2_session_get_remote_window_size(session_), 0);
  const std::uint64_t of_streams =
      std::uint64_t{nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE)} * count_;
  return kept_.count() > max + std::min<std::uint64_t>(static_cast<std::uint64_t>(of_connection), of_streams);
}

// RFC 9113 clause 8.7: nothing was done for it, the peer may try again.
void Http2Connection::refuse_stream(Http2Exchange& exchange) {
  dispatcher_.counters().requests_overload.add();
  exchange.is_answered = true;
  exchange.touched = exchange.answered_at = host_.now();
  exchange.forget_request();
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, exchange.id, NGHTTP2_REFUSED_STREAM);
  if (++refused_ > dispatcher_.limits().streams_max) end_abuse();
}

std::size_t Http2Connection::offer(Http2Exchange& exchange, std::size_t length, std::uint32_t& flags) {
  const std::size_t left = text_of(exchange.response.body).size() - exchange.body_sent;
  // What does not fit now fits the next room, which has kProduceRoomMin at least.
  const std::size_t room = std::max(room_.size() - produced_, net::kProduceRoomMin) - kFrameHeaderBytes;
  const std::size_t count = std::min({left, length, room});
  flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (count == left) {
    flags |= NGHTTP2_DATA_FLAG_EOF;
    exchange.is_sent = true;
  }
  return count;
}

bool Http2Connection::send_data(Http2Exchange& exchange, Bytes frame_header, std::size_t length) {
  if (frame_header.size() + length > room_.size() - produced_) return false;
  const std::string_view body = text_of(exchange.response.body);
  std::byte* to = room_.data() + produced_;
  std::memcpy(to, frame_header.data(), frame_header.size());
  std::memcpy(to + frame_header.size(), body.data() + exchange.body_sent, length);  // copy: into the record
  produced_ += frame_header.size() + length;
  exchange.body_sent += length;
  exchange.touched = last_sent_ = host_.now();
  if (exchange.is_sent && !exchange.is_request_complete) {  // what lingers keeps nothing
    kept_.set(kept_.count() - exchange.answer_bytes);
    exchange.answer_bytes = 0;
    exchange.response.drop_body();
  }
  meter_.data_sent();
  return true;
}

std::size_t Http2Connection::produce(MutableBytes room) {
  room_ = room;
  produced_ = 0;
  for (;;) {
    const std::size_t count = std::min(left_over_.size(), room_.size() - produced_);
    if (count > 0) {
      std::memcpy(room_.data() + produced_, left_over_.data(), count);  // copy: into the record
      produced_ += count;
      left_over_ = left_over_.subspan(count);
    }
    if (room_.size() - produced_ < kFrameRoomMin) break;
    const std::uint8_t* frame = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &frame);
    if (size < 0) is_ending_ = true;
    if (size <= 0) break;
    left_over_ = std::as_bytes(std::span(frame, static_cast<std::size_t>(size)));
  }
  room_ = {};
  stuck_ = kept_.count();
  if (produced_ == 0) {
    const bool is_over = nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0;
    if (is_over || (has_said_goodbye_ && count_ == 0)) is_ending_ = true;
  }
  return produced_;
}

// ---- ends and deadlines

void Http2Connection::end(std::uint32_t error_code) {
  if (is_ending_) return;
  is_ending_ = true;
  const std::int32_t last = nghttp2_session_get_last_proc_stream_id(session_);
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, last, error_code, nullptr, 0);
  host_.update();
}

void Http2Connection::end_abuse() {
  dispatcher_.counters().abuses.add();
  end(NGHTTP2_ENHANCE_YOUR_CALM);
}

void Http2Connection::drain() {
  if (is_draining_ || is_ending_) return;
  is_draining_ = true;
  nghttp2_submit_shutdown_notice(session_);
  next_check_ = host_.now() + kDrainNotice;
  host_.update();
}

Monotonic Http2Connection::deadline() const {
  if (is_ending_) return Monotonic::max();
  if (count_ > 0 || is_draining_) return next_check_;
  return idle_since_ + (is_fresh_ ? dispatcher_.limits().head : dispatcher_.limits().idle);
}

void Http2Connection::on_deadline() {
  if (is_ending_) return;
  const Monotonic now = host_.now();
  if (is_draining_ && !has_said_goodbye_) {
    has_said_goodbye_ = true;
    const std::int32_t last = nghttp2_session_get_last_proc_stream_id(session_);
    nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, nullptr, 0);
  }
  if (count_ == 0 && !is_draining_) return end(NGHTTP2_NO_ERROR);
  next_check_ = now + kCheckEvery;
  check_streams(now);
}

// Streams share the connection's window and its link: each earns as if all moved as it does.
bool Http2Connection::is_slow(const Http2Exchange& exchange, Monotonic now, Milliseconds stall) const {
  const auto earned = Milliseconds(1000 * exchange.body_sent * count_ / dispatcher_.limits().answer_rate_min);
  return now - exchange.touched >= stall || now - exchange.answered_at >= stall + earned;
}

void Http2Connection::check_streams(Monotonic now) {
  const Limits& limits = dispatcher_.limits();
  const Milliseconds stall = dispatcher_.is_pressed() ? limits.send_stall / kPressedHaste : limits.send_stall;
  Counter& timeouts = dispatcher_.counters().timeouts;
  for (Http2Exchange* exchange = exchanges_; exchange != nullptr; exchange = exchange->next) {
    if (exchange->is_answered) {
      if (exchange->is_sent && !exchange->is_request_complete) {
        if (now - exchange->touched >= kLinger) ask_to_stop(*exchange);
        continue;
      }
      if (!is_slow(*exchange, now, stall)) continue;
      timeouts.add();
      // It reads nothing at all, or next to nothing of anything.
      if (now - last_sent_ >= stall || ++unread_ > kUnreadStreamsMax) return end(NGHTTP2_ENHANCE_YOUR_CALM);
      nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, exchange->id, NGHTTP2_CANCEL);
    } else if (!exchange->is_head_complete) {
      if (now - exchange->began < limits.head) continue;
      timeouts.add();
      return end(NGHTTP2_ENHANCE_YOUR_CALM);  // the rest of the connection hangs behind this header block
    } else if (!exchange->is_request_complete) {
      const auto earned = Milliseconds(1000 * exchange->body.size() / limits.body_rate_min);
      if (now - exchange->began < limits.body + earned) continue;
      timeouts.add();
      submit(*exchange, problem(408));
    }
  }
}

}  // namespace claviger::http
